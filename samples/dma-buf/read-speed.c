// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the CPU reads a buffer: it copies out of one of each heap, of udmabuf, and of a video
 * device if one is named, and out of as much ordinary memory.
 *
 * usage: read-speed [/dev/videoN]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/types.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>

#define BYTES	(4UL * 1024 * 1024)
#define ENOUGH	200000000	/* nanoseconds */

/* How many were measured, and how many could not be. */
static unsigned int measured, missed;

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void sync_buffer(int buffer, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };

	while (ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync)) {
		if (errno != EINTR && errno != EAGAIN)
			err(1, "DMA_BUF_IOCTL_SYNC");
	}
}

/*
 * What one copy takes, and the two calls of SYNC around it, in ns. Copies long enough for a clock
 * that goes by ticks.
 */
static double copy_time(int buffer, const void *memory, size_t size, double *sync_time)
{
	__u64 copying = 0, syncing = 0, begin, synced, copied;
	void *copy = malloc(size);
	unsigned int rounds;

	if (!copy)
		err(1, "%zu bytes", size);
	/* The first comes with page faults. */
	memcpy(copy, memory, size);
	for (rounds = 0; copying < ENOUGH; rounds++) {
		begin = now();
		if (buffer >= 0)
			sync_buffer(buffer, DMA_BUF_SYNC_START);
		synced = now();
		memcpy(copy, memory, size);
		__asm__ volatile("" : : "r" (copy) : "memory");
		copied = now();
		if (buffer >= 0)
			sync_buffer(buffer, DMA_BUF_SYNC_END);
		copying += copied - synced;
		syncing += now() - copied + synced - begin;
	}
	free(copy);
	*sync_time = (double)syncing / rounds;
	return (double)copying / rounds;
}

static void measure(const char *name, int buffer, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, buffer, 0);
	void *other = malloc(size);
	double copy, sync, ordinary;

	if (!other)
		err(1, "%zu bytes", size);
	/* Pages of its own, and not the one of zeros. */
	memset(other, 1, size);
	if (memory == MAP_FAILED) {
		warn("%s: mmap", name);
		missed++;
	} else {
		measured++;
		ordinary = copy_time(-1, other, size, &sync);
		copy = copy_time(buffer, memory, size, &sync);
		printf("%-24s %8zu %8.0f %8.0f %8.1f %8.1f\n", name, size, size * 1000 / copy,
		       size * 1000 / ordinary, copy / ordinary, sync / 1000);
		munmap(memory, size);
	}
	free(other);
	close(buffer);
}

static void measure_heaps(void)
{
	DIR *heaps = opendir("/dev/dma_heap");
	struct dirent *entry;

	while (heaps && (entry = readdir(heaps))) {
		struct dma_heap_allocation_data data = {
			.len = BYTES,
			.fd_flags = O_RDWR | O_CLOEXEC,
		};
		char name[280];
		int heap;

		if (entry->d_name[0] == '.')
			continue;
		heap = openat(dirfd(heaps), entry->d_name, O_RDWR | O_CLOEXEC);
		snprintf(name, sizeof(name), "heap %s", entry->d_name);
		if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data)) {
			warn("%s", name);
			missed++;
		} else {
			measure(name, data.fd, BYTES);
		}
		if (heap >= 0)
			close(heap);
	}
	if (heaps)
		closedir(heaps);
}

static void measure_udmabuf(void)
{
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = BYTES };
	int buffer;

	if (device < 0)
		return;
	create.memfd = memfd_create("read-speed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (ftruncate(create.memfd, BYTES) || fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		err(1, "memfd");
	buffer = ioctl(device, UDMABUF_CREATE, &create);
	if (buffer < 0)
		err(1, "UDMABUF_CREATE");
	measure("udmabuf", buffer, BYTES);
	close(create.memfd);
	close(device);
}

static void measure_video(const char *path)
{
	struct v4l2_requestbuffers request = {
		.count = 1,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	struct v4l2_exportbuffer exported = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.flags = O_RDWR | O_CLOEXEC,
	};
	int video = open(path, O_RDWR | O_CLOEXEC);

	if (video < 0 || ioctl(video, VIDIOC_REQBUFS, &request) ||
	    ioctl(video, VIDIOC_EXPBUF, &exported))
		err(1, "%s", path);
	measure(path, exported.fd, lseek(exported.fd, 0, SEEK_END));
	close(video);
}

int main(int argc, char **argv)
{
	printf("%-24s %8s %8s %8s %8s %8s\n", "copy out of", "bytes", "MB/s", "memory's", "times",
	       "SYNC, us");
	measure_heaps();
	measure_udmabuf();
	if (argc > 1)
		measure_video(argv[1]);
	if (!missed && !measured)
		warnx("neither a heap nor /dev/udmabuf is here, and no video device was named");
	return missed || !measured;
}
