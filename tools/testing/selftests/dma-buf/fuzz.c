// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: fuzz SECONDS [SEED]
 *
 * Processes that do at random all that a program can do with buffers, while memory runs out now and
 * then and any of them is killed at any moment. What each does follows from SEED, which is printed.
 * A kernel with KCOV says what is worth doing again. At the end nothing may be left over; the rest
 * is for who reads the kernel's log.
 *
 * Not for User Mode Linux: a fork that is killed half-way is its end, whatever else goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/kcov.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buffer_info.h"
#include "exporters.h"
#include "faults.h"
#include "fences.h"
#include "memory.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"
#include "uring.h"

#define WORKERS		4
#define SLOTS		12	/* of each kind, in each worker */
#define STRETCH		16	/* calls that are judged, and repeated, together */
#define CORPUS		1024
#define PLACES		65536	/* as many as 16 bits tell apart */
#define CALLS		25
#define COVER		(64 << 10)
/* Objects that come and go by chance in a cache, whatever is done. */
#define BY_CHANCE	400

/* What all processes share. */
static struct shared {
	uint64_t corpus[CORPUS];
	unsigned long corpus_size;
	unsigned char place[PLACES];
	unsigned long places;
	unsigned long calls[CALLS];
	unsigned long failed[CALLS];
} *shared;

static int sockets[WORKERS][2];
static uint64_t chance;
static int buffers[SLOTS], others[SLOTS];
static void *maps[SLOTS];
static size_t sizes[SLOTS];
static int timeline, devices[2];
static unsigned long *cover;

static unsigned int draw(unsigned int below)
{
	/* splitmix64 */
	uint64_t z = chance += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

/* A place for a new one; what was there goes. */
static int *place(int *slots)
{
	int *slot = &slots[draw(SLOTS)];

	if (*slot >= 0)
		close(*slot);
	*slot = -1;
	return slot;
}

static int keep(int *slots, int fd)
{
	int *slot = place(slots);

	if (fd >= 0)
		*slot = fd;
	return fd;
}

/* Most often there is one; now and then it is no buffer at all. */
static int buffer(void)
{
	int fd, patience = 4;

	do {
		fd = buffers[draw(SLOTS)];
	} while (fd < 0 && --patience);
	return draw(32) ? fd : others[draw(SLOTS)];
}

static int do_export(void)
{
	static const struct exporter *const exporters[] = {
		&system_heap, &udmabuf, &vgem, &vivid,
	};
	struct buffer buf = { .fd = -1, .device = -1 };
	int err = buffer_create(exporters[draw(4)], (1 + draw(8)) * page_align(1),
				draw(2) ? O_RDWR | O_CLOEXEC : O_RDONLY, &buf);

	buffer_close_device(&buf);
	return err ? err : keep(buffers, buf.fd);
}

static int do_dup(void)
{
	return keep(buffers, result(dup(buffer())));
}

static int do_close(void)
{
	int fd = *place(draw(4) ? buffers : others);

	return fd < 0 ? 0 : fd;
}

static int do_path(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer());
	return keep(buffers, result(open(path, draw(3) ? O_PATH : O_RDWR)));
}

static int do_send(void)
{
	return send_fd(sockets[draw(WORKERS)][1], draw(8) ? buffer() : others[draw(SLOTS)]);
}

static int do_receive(void)
{
	return keep(buffers, receive_fd(sockets[draw(WORKERS)][0]));
}

static int do_mmap(void)
{
	unsigned int i = draw(SLOTS);

	if (maps[i])
		munmap(maps[i], sizes[i]);
	sizes[i] = (1 + draw(9)) * page_align(1);
	maps[i] = mmap(NULL, sizes[i], draw(4) ? PROT_READ | PROT_WRITE : PROT_READ,
		       draw(8) ? MAP_SHARED : MAP_PRIVATE, buffer(), draw(3) * page_align(1));
	if (maps[i] == MAP_FAILED)
		maps[i] = NULL;
	return maps[i] ? 0 : -errno;
}

/* Which mapping, if any. */
static unsigned int mapping(void)
{
	unsigned int i, patience = 4;

	do {
		i = draw(SLOTS);
	} while (!maps[i] && --patience);
	return i;
}

static int do_mremap(void)
{
	unsigned int i = mapping();
	size_t size = (1 + draw(9)) * page_align(1);
	void *moved;

	if (!maps[i])
		return -ENOENT;
	moved = mremap(maps[i], sizes[i], size, draw(2) ? MREMAP_MAYMOVE : 0);
	if (moved == MAP_FAILED)
		return -errno;
	maps[i] = moved;
	sizes[i] = size;
	return 0;
}

/* By a call, which answers an address that is not good where an access would be a signal. */
static int do_touch(void)
{
	unsigned int i = mapping();
	int pipes[2], err;

	if (!maps[i])
		return -ENOENT;
	if (pipe2(pipes, O_NONBLOCK))
		return -errno;
	err = result(write(pipes[1], maps[i], 64));
	if (err > 0 && draw(2))
		err = result(read(pipes[0], maps[i], 64));
	close(pipes[0]);
	close(pipes[1]);
	return err;
}

static int do_fork(void)
{
	pid_t pid = process_start();

	if (pid < 0)
		return -errno;
	if (!pid) {
		do_touch();
		_exit(0);
	}
	return process_end(pid);
}

static int do_name(void)
{
	char name[40];
	size_t i;

	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = draw(256);
	name[draw(sizeof(name))] = '\0';
	name[sizeof(name) - 1] = '\0';
	return result(ioctl(buffer(), draw(2) ? DMA_BUF_SET_NAME_A : DMA_BUF_SET_NAME_B, name));
}

static int do_sync(void)
{
	return sync_access(buffer(), draw(16) ? draw(8) : draw(1 << 30));
}

/* Any call of any size, with anything in it. */
static int do_ioctl(void)
{
	static uint32_t words[64];
	size_t i;

	for (i = 0; i < 64; i++)
		words[i] = draw(2) ? draw(16) : draw(~0U);
	return result(ioctl(buffer(), _IOC(draw(4), draw(8) ? DMA_BUF_BASE : draw(256), draw(6),
					   draw(2) ? 8 : draw(64)),
			    draw(8) ? words : (void *)(uintptr_t)draw(~0U)));
}

static int do_fence(void)
{
	return keep(others, timeline_fence(timeline, draw(8) ? draw(200) : draw(1 << 30)));
}

static int do_signal(void)
{
	return timeline_advance(timeline, draw(8));
}

/* The fences of a timeline that goes before they signal have an error. */
static int do_timeline(void)
{
	close(timeline);
	timeline = timeline_open();
	return timeline;
}

static int do_fence_in(void)
{
	return fence_import(buffer(), 1 + draw(3), others[draw(SLOTS)]);
}

static int do_fence_out(void)
{
	return keep(others, fence_export(buffer(), 1 + draw(3)));
}

static int do_merge(void)
{
	return keep(others, fence_merge(others[draw(SLOTS)], others[draw(SLOTS)]));
}

static int do_poll(void)
{
	struct pollfd fds[3];
	int i;

	for (i = 0; i < 3; i++)
		fds[i] = (struct pollfd) { .fd = buffer(), .events = draw(64) };
	return result(poll(fds, 3, draw(4) ? 0 : draw(5)));
}

static int do_epoll(void)
{
	struct epoll_event event = { .events = draw(2) ? EPOLLIN | EPOLLOUT | EPOLLET : draw(~0U) };
	int fd = others[draw(SLOTS)], err;

	err = result(epoll_ctl(fd, draw(4) ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, buffer(), &event));
	if (err == -EINVAL || err == -EBADF)
		return keep(others, result(epoll_create1(EPOLL_CLOEXEC)));
	return err ? err : result(epoll_wait(fd, &event, 1, 0));
}

/* Leaves the ring with its request pending. */
static int do_ring(void)
{
	struct uring ring;
	int err = uring_open(&ring), fd;

	if (err)
		return err;
	uring_poll(&ring, buffer(), draw(2) ? POLLIN : POLLOUT);
	fd = dup(ring.fd);
	uring_close(&ring);
	return keep(others, fd);
}

static int do_import(void)
{
	int device = devices[draw(2)], err;
	__u32 handle;

	err = import_handle(device, buffer(), &handle);
	if (err)
		return err;
	if (draw(2))
		keep(buffers, export_handle(device, handle));
	return draw(4) ? close_handle(device, handle) : 0;
}

/* The display, and all that it still has. */
static int do_reopen(void)
{
	unsigned int i = draw(2);

	close(devices[i]);
	devices[i] = drm_open(i ? "vgem" : "vkms");
	return devices[i];
}

static int do_read(void)
{
	static char text[1 << 16];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buffer());
	return read_text(draw(4) ? path : BUFINFO, text, sizeof(text));
}

static const struct call {
	const char *name;
	int (*make)(void);
} calls[CALLS] = {
	{ "export", do_export }, { "dup", do_dup }, { "close", do_close }, { "path", do_path },
	{ "send", do_send }, { "receive", do_receive }, { "mmap", do_mmap },
	{ "mremap", do_mremap }, { "touch", do_touch }, { "fork", do_fork }, { "name", do_name },
	{ "sync", do_sync }, { "ioctl", do_ioctl }, { "fence", do_fence }, { "signal", do_signal },
	{ "timeline", do_timeline }, { "fence-in", do_fence_in }, { "fence-out", do_fence_out },
	{ "merge", do_merge }, { "poll", do_poll }, { "epoll", do_epoll }, { "ring", do_ring },
	{ "import", do_import }, { "reopen", do_reopen }, { "read", do_read },
};

static void start_coverage(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, COVER))
		return;
	cover = mmap(NULL, COVER * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		cover = NULL;
}

/* How many places of the kernel nobody had come to before. */
static unsigned int new_places(void)
{
	unsigned long i, count = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0;
	unsigned int found = 0;

	for (i = 1; i <= count; i++) {
		unsigned char *seen = &shared->place[(cover[i] * 0x9e3779b97f4a7c15) >> 48];

		found += !__atomic_exchange_n(seen, 1, __ATOMIC_RELAXED);
	}
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->places, found, __ATOMIC_RELAXED);
	return found;
}

/* Some calls, which are worth repeating if they come to where nobody was. */
static void stretch(bool faults)
{
	uint64_t start;
	int i;

	if (shared->corpus_size && !draw(4))
		chance = shared->corpus[draw(shared->corpus_size % CORPUS + 1)] + draw(2);
	start = chance;
	for (i = 0; i < STRETCH; i++) {
		unsigned int nr = draw(CALLS);
		bool fail = faults && !draw(8);
		int err;

		if (fail)
			faults_arm(1 + draw(24));
		err = calls[nr].make();
		if (fail)
			faults_disarm();
		__atomic_add_fetch(&shared->calls[nr], 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&shared->failed[nr], err < 0, __ATOMIC_RELAXED);
	}
	if (new_places())
		shared->corpus[__atomic_fetch_add(&shared->corpus_size, 1, __ATOMIC_RELAXED) %
			       CORPUS] = start;
}

static void wake(int signal)
{
	(void)signal;
}

static void work(unsigned int number, unsigned long generation, uint64_t seed)
{
	/* Ends what would wait for ever, again and again. */
	static const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction action = { .sa_handler = wake };
	bool faults = faults_open() == 0;

	chance = (seed << 32) + generation * WORKERS + number;
	memset(buffers, -1, sizeof(buffers));
	memset(others, -1, sizeof(others));
	timeline = timeline_open();
	devices[0] = drm_open("vkms");
	devices[1] = drm_open("vgem");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	start_coverage();
	for (;;)
		stretch(faults);
}

static pid_t start_worker(unsigned int number, unsigned long generation, uint64_t seed)
{
	pid_t pid = process_start();

	if (!pid)
		work(number, generation, seed);
	return pid;
}

/* Waits for what is freed later. Returns how many buffers or objects are left. */
static long left_over(long alive, const struct slabs *before, const char **what)
{
	static struct slabs after;
	int patience = 100;
	long grown = 0;

	do {
		*what = "buffers";
		if (buffers_alive() == alive && slabs_count(&after) == 0) {
			*what = slabs_most_grown(before, &after, &grown);
			if (grown < BY_CHANCE)
				return 0;
		}
	} while (--patience && !usleep(200000));
	return grown ? grown : buffers_alive() - alive;
}

static void fuzz(unsigned int seconds, uint64_t seed)
{
	time_t end = time(NULL) + seconds;
	unsigned long generation = WORKERS;
	pid_t pids[WORKERS];
	unsigned int i;

	for (i = 0; i < WORKERS; i++) {
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets[i]);
		pids[i] = start_worker(i, i, seed);
	}
	while (time(NULL) < end) {
		usleep(100000 + draw(400000));
		i = draw(WORKERS);
		kill(pids[i], SIGKILL);
		process_end(pids[i]);
		pids[i] = start_worker(i, generation++, seed);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(pids[i], SIGKILL);
		process_end(pids[i]);
		close(sockets[i][0]);
		close(sockets[i][1]);
	}
	printf("%lu processes were killed, coverage: %lu places\n", generation, shared->places);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 10;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	static struct slabs before;
	const char *what;
	long alive, left;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", (unsigned long long)seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	chance = seed;
	alive = buffers_alive();
	/* What is only ever filled once is filled first. */
	fuzz(1, seed + 1);
	if (slabs_count(&before))
		printf("this kernel does not count its objects\n");
	fuzz(seconds, seed);
	for (i = 0; i < CALLS; i++)
		printf("%-10s %9lu calls, %9lu failed\n", calls[i].name, shared->calls[i],
		       shared->failed[i]);
	left = left_over(alive, &before, &what);
	if (left)
		printf("%ld %s are left over\n", left, what);
	return left != 0;
}
