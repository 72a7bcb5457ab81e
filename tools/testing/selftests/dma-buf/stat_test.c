// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer as a file: what stat and statfs say, seeking, the calls that it refuses, the flags of
 * its descriptor, and opening it again through /proc.
 */
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#include "buffer_info.h"
#include "fixture.h"
#include "process.h"
#include "result.h"

#define EXPORTS	500
#define FILE_MAX "/proc/sys/fs/file-max"

TEST_F(shared, file_system)
{
	struct statfs fs;

	ASSERT_EQ(0, fstatfs(self->buf.fd, &fs));
	EXPECT_EQ(DMA_BUF_MAGIC, fs.f_type);
	EXPECT_EQ(self->page, (size_t)fs.f_bsize);
	EXPECT_EQ(self->page, (size_t)fs.f_frsize);
	EXPECT_EQ(255, fs.f_namelen);
	EXPECT_EQ(0, fs.f_blocks);
	EXPECT_EQ(0, fs.f_files);
}

TEST_F(shared, stat)
{
	struct stat st;

	ASSERT_EQ(0, fstat(self->buf.fd, &st));
	EXPECT_EQ(self->buf.size, (size_t)st.st_size);
	EXPECT_EQ(self->buf.size / 512, (size_t)st.st_blocks);
	EXPECT_EQ(self->page, (size_t)st.st_blksize);
	EXPECT_EQ(0600, st.st_mode);
	EXPECT_EQ(1, st.st_nlink);
	EXPECT_EQ(geteuid(), st.st_uid);
	EXPECT_EQ(getegid(), st.st_gid);
	EXPECT_EQ(0, st.st_rdev);
	EXPECT_NE(0, st.st_ino);
}

/* All buffers are files of one file system, whoever exported them. */
TEST_F(shared, same_file_system)
{
	struct stat st, heap_st;
	struct buffer heap;
	int err = buffer_create(&system_heap, self->page, O_RDWR, &heap);

	if (err == -ENODEV)
		SKIP(return, "no system heap to compare with");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fstat(self->buf.fd, &st));
	ASSERT_EQ(0, fstat(heap.fd, &heap_st));
	EXPECT_EQ(heap_st.st_dev, st.st_dev);
	EXPECT_NE(heap_st.st_ino, st.st_ino);
	buffer_destroy(&heap);
}

static int compare_ino(const void *a, const void *b)
{
	const ino_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* Neither two living buffers nor a buffer and a dead one ever have the same number. */
TEST_F(shared, inode_numbers_never_return)
{
	static ino_t seen[EXPORTS];
	struct buffer buf, kept = { .fd = -1, .device = -1 };
	size_t i;

	/* A camera lends its buffers to one process at a time. */
	buffer_destroy(&self->buf);
	for (i = 0; i < EXPORTS; i++) {
		ASSERT_EQ(0, buffer_create(variant->exporter, self->page, O_RDWR, &buf));
		seen[i] = buffer_ino(buf.fd);
		ASSERT_NE(0, seen[i]);
		buffer_close_device(&buf);
		/* Every other buffer outlives the next. */
		if (i % 2) {
			buffer_destroy(&kept);
			kept = buf;
		} else {
			buffer_destroy(&buf);
		}
	}
	buffer_destroy(&kept);
	qsort(seen, EXPORTS, sizeof(*seen), compare_ino);
	for (i = 1; i < EXPORTS; i++)
		EXPECT_NE(seen[i - 1], seen[i]);
}

TEST_F(shared, seek_finds_the_size)
{
	int fd = self->buf.fd;

	EXPECT_EQ(self->buf.size, (size_t)lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(self->buf.size, (size_t)lseek(fd, 0, SEEK_END));
}

TEST_F(shared, seek_elsewhere_refused)
{
	static const struct {
		off_t offset;
		int whence;
	} refused[] = {
		{ 1, SEEK_END }, { -1, SEEK_END }, { 1, SEEK_SET }, { -1, SEEK_SET },
		{ 4096, SEEK_SET }, { 0, SEEK_CUR }, { 1, SEEK_CUR }, { -1, SEEK_CUR },
		{ 0, SEEK_DATA }, { 0, SEEK_HOLE }, { 0, SEEK_HOLE + 1 }, { 0, -1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		EXPECT_EQ(-EINVAL,
			  result(lseek(self->buf.fd, refused[i].offset, refused[i].whence))) {
			TH_LOG("offset %jd, whence %d", (intmax_t)refused[i].offset,
			       refused[i].whence);
		}
	}
}

/* Seeking to the end tells the size and moves nothing. */
TEST_F(shared, seek_moves_nothing)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->buf.fd);
	ASSERT_EQ(self->buf.size, (size_t)lseek(self->buf.fd, 0, SEEK_END));
	ASSERT_LT(0, read_text(path, text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "pos:\t0\n", strlen("pos:\t0\n"))) TH_LOG("%s", text);
}

TEST_F(shared, read_and_write_refused)
{
	struct iovec vec;
	char byte = 0;
	int fd = self->buf.fd, null;

	vec.iov_base = &byte;
	vec.iov_len = 1;
	EXPECT_EQ(-EINVAL, result(read(fd, &byte, 1)));
	EXPECT_EQ(-EINVAL, result(read(fd, &byte, 0)));
	EXPECT_EQ(-EINVAL, result(write(fd, &byte, 1)));
	EXPECT_EQ(-EINVAL, result(readv(fd, &vec, 1)));
	EXPECT_EQ(-EINVAL, result(writev(fd, &vec, 1)));
	EXPECT_EQ(-ESPIPE, result(pread(fd, &byte, 1, 0)));
	EXPECT_EQ(-ESPIPE, result(pwrite(fd, &byte, 1, 0)));

	null = open("/dev/null", O_RDWR);
	ASSERT_GE(null, 0);
	EXPECT_EQ(-EINVAL, result(copy_file_range(fd, NULL, null, NULL, 1, 0)));
	close(null);
}

TEST_F(shared, file_calls_refused)
{
	int fd = self->buf.fd;

	EXPECT_EQ(-EINVAL, result(ftruncate(fd, 0)));
	EXPECT_EQ(-EINVAL, result(ftruncate(fd, 2 * self->buf.size)));
	EXPECT_EQ(-ENODEV, result(fallocate(fd, 0, 0, self->page)));
	EXPECT_EQ(-EINVAL, result(fsync(fd)));
	EXPECT_EQ(-ENOTDIR, result(fchdir(fd)));
	EXPECT_EQ(-EINVAL, result(fcntl(fd, F_SETFL, O_DIRECT)));
	EXPECT_EQ(self->buf.size, (size_t)lseek(fd, 0, SEEK_END));
}

TEST_F(shared, close_on_exec)
{
	struct buffer buf;

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->buf.fd, F_GETFD));
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, self->page, O_RDWR, &buf));
	EXPECT_EQ(0, fcntl(buf.fd, F_GETFD));
	buffer_destroy(&buf);
}

TEST_F(shared, access_mode)
{
	char byte = 0;
	int asked;

	buffer_destroy(&self->buf);
	for (asked = O_RDONLY; asked <= O_RDWR; asked++) {
		int access = variant->exporter->access[asked];
		struct buffer buf;

		ASSERT_EQ(access < 0 ? access : 0,
			  buffer_create(variant->exporter, self->page, asked, &buf));
		if (access < 0)
			continue;
		EXPECT_EQ(access, fcntl(buf.fd, F_GETFL));
		EXPECT_EQ(access == O_WRONLY ? -EBADF : -EINVAL, result(read(buf.fd, &byte, 1)));
		EXPECT_EQ(access == O_RDONLY ? -EBADF : -EINVAL, result(write(buf.fd, &byte, 1)));
		EXPECT_EQ(buf.size, (size_t)lseek(buf.fd, 0, SEEK_END));
		buffer_destroy(&buf);
	}
}

TEST_F(shared, status_flags)
{
	EXPECT_EQ(0, fcntl(self->buf.fd, F_SETFL, O_NONBLOCK | O_APPEND));
	EXPECT_EQ(O_RDWR | O_NONBLOCK | O_APPEND, fcntl(self->buf.fd, F_GETFL));
	EXPECT_EQ(0, fcntl(self->buf.fd, F_SETFL, 0));
	EXPECT_EQ(O_RDWR, fcntl(self->buf.fd, F_GETFL));
}

/* The file behind the descriptor is open already; there is nothing on the file system to open. */
TEST_F(shared, cannot_be_reopened)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK };
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->buf.fd);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		EXPECT_EQ(-ENXIO, result(open(path, flags[i])));
	EXPECT_EQ(-ENOTDIR, result(open(path, O_RDONLY | O_DIRECTORY)));
	EXPECT_EQ(-ELOOP, result(open(path, O_RDONLY | O_NOFOLLOW)));
}

/* An O_PATH descriptor names the buffer, and gives no access to it. */
TEST_F(shared, path_descriptor)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ };
	char text[128];
	int fd;

	ASSERT_EQ(0, result(ioctl(self->buf.fd, DMA_BUF_SET_NAME, "seen from afar")));
	fd = buffer_open_path(self->buf.fd);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(buffer_ino(self->buf.fd), buffer_ino(fd));
	EXPECT_EQ(1, buffer_count(self->buf.fd) - variant->exporter->references);
	ASSERT_LT(0, buffer_link(fd, text, sizeof(text)));
	EXPECT_STREQ("/dmabuf:seen from afar", text);
	EXPECT_EQ(0, buffer_fdinfo(fd, text, sizeof(text)));
	EXPECT_EQ(-EBADF, result(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync)));
	EXPECT_EQ(-EBADF, result(lseek(fd, 0, SEEK_END)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EBADF, errno);

	/* It goes on naming it when all other descriptors are gone. */
	close(self->buf.fd);
	self->buf.fd = -1;
	ASSERT_LT(0, buffer_link(fd, text, sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "/dmabuf:seen from afar", strlen("/dmabuf:seen from afar")));
	close(fd);
}

/* A watch keeps the inode when the file is gone, but the buffer is gone as well. */
TEST_F(shared, watched)
{
	ino_t ino = buffer_ino(self->buf.fd);
	int notify = inotify_init1(IN_CLOEXEC);
	char path[64];

	if (access("/proc/sys/fs/inotify", F_OK))
		SKIP(return, "this kernel has no inotify");
	ASSERT_GE(notify, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->buf.fd);
	ASSERT_LE(0, result(inotify_add_watch(notify, path, IN_ALL_EVENTS)));
	EXPECT_TRUE(lists_say(ino, true));
	buffer_destroy(&self->buf);
	EXPECT_TRUE(lists_say(ino, false));
	EXPECT_EQ(0, close(notify));
}

/* In a process without privileges. Returns the error that it gets. */
static int export_with_one_file_allowed(int heap)
{
	struct dma_heap_allocation_data data = { .len = page_align(1), .fd_flags = O_RDWR };
	pid_t pid = process_start();

	if (!pid) {
		int limit = open(FILE_MAX, O_WRONLY), i;

		/* Each processor counts some dozens before it tells the others. */
		for (i = 0; i < 200; i++)
			open("/dev/null", O_RDONLY);
		if (write(limit, "1", 1) != 1 || setgid(65534) || setuid(65534) ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL))
			_exit(0);
		_exit(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? errno : 0);
	}
	return process_end(pid);
}

TEST(no_file_left_in_the_system)
{
	int heap = open("/dev/dma_heap/system", O_RDWR), limit = open(FILE_MAX, O_RDWR);
	char usual[32];
	ssize_t len;

	if (heap < 0)
		SKIP(return, "this kernel has no system heap");
	if (limit < 0)
		SKIP(return, "this kernel has no " FILE_MAX);
	len = read(limit, usual, sizeof(usual));
	ASSERT_LT(0, len);
	EXPECT_EQ(ENFILE, export_with_one_file_allowed(heap));
	EXPECT_EQ(len, pwrite(limit, usual, len, 0));
	close(limit);
	close(heap);
}

TEST_HARNESS_MAIN
