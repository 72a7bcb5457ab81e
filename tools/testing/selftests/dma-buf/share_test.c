// SPDX-License-Identifier: GPL-2.0-only
/*
 * One buffer, many holders: other processes, copies of the descriptor, mappings, messages on their
 * way. It is one and the same buffer for all, and it lives until the last of them lets go.
 */
#define ONE_EXPORTER

#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "buffer_info.h"
#include "fences.h"
#include "fixture.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"

/* A pattern that says which buffer it is in, and where. */
static void fill(unsigned char *at, size_t size, ino_t ino)
{
	size_t i;

	for (i = 0; i < size; i++)
		at[i] = i + i / 251 + ino;
}

static bool filled(const unsigned char *at, size_t size, ino_t ino)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (at[i] != (unsigned char)(i + i / 251 + ino))
			return false;
	}
	return true;
}

static int fill_buffer(const struct buffer *buf)
{
	void *at = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	fill(at, buf->size, buffer_ino(buf->fd));
	return munmap(at, buf->size) ? -errno : 0;
}

static bool buffer_filled(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	bool same;

	if (at == MAP_FAILED)
		return false;
	same = filled(at, size, buffer_ino(fd));
	munmap(at, size);
	return same;
}

/* That a test that looks into the lists can do so at all. */
static bool lists_present(void)
{
	return !access(BUFINFO, F_OK) || stats_present();
}

/* What the receiver of a buffer finds: 0, or the number of the first thing that is not so. */
static int inspect_received(int fd, size_t size, ino_t ino)
{
	if (fd < 0)
		return 1;
	if (buffer_ino(fd) != ino)
		return 2;
	if ((size_t)lseek(fd, 0, SEEK_END) != size)
		return 3;
	if (!buffer_filled(fd, size))
		return 4;
	return ioctl(fd, DMA_BUF_SET_NAME, "received") ? 5 : 0;
}

TEST_F(shared, another_process)
{
	ino_t ino = buffer_ino(self->buf.fd);
	int ends[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, fill_buffer(&self->buf));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		size_t size = self->buf.size;
		int fd;

		/* What it inherited is not what it shall work with. */
		buffer_destroy(&self->buf);
		close(ends[0]);
		fd = receive_fd(ends[1]);
		/* Wait for the sender to let go. */
		if (read(ends[1], &byte, 1) != 1)
			_exit(100);
		_exit(inspect_received(fd, size, ino));
	}
	close(ends[1]);
	ASSERT_EQ(0, send_fd(ends[0], self->buf.fd));
	buffer_destroy(&self->buf);
	ASSERT_EQ(1, write(ends[0], "x", 1));
	EXPECT_EQ(0, process_end(pid));
	close(ends[0]);
	EXPECT_TRUE(lists_say(ino, false));
}

/* Handed on from process to process, each of which keeps nothing. */
TEST_F(shared, chain_of_processes)
{
	ino_t ino = buffer_ino(self->buf.fd);
	size_t size = self->buf.size;
	int ends[4][2], i, fd;
	pid_t pids[3];

	ASSERT_EQ(0, fill_buffer(&self->buf));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]));
	for (i = 0; i < 3; i++) {
		pids[i] = process_start();
		ASSERT_GE(pids[i], 0);
		if (!pids[i]) {
			buffer_destroy(&self->buf);
			fd = receive_fd(ends[i][1]);
			_exit(fd < 0 || send_fd(ends[i + 1][0], fd));
		}
	}
	ASSERT_EQ(0, send_fd(ends[0][0], self->buf.fd));
	buffer_destroy(&self->buf);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, process_end(pids[i]));
	fd = receive_fd(ends[3][1]);
	EXPECT_EQ(0, inspect_received(fd, size, ino));
	close(fd);
	EXPECT_TRUE(lists_say(ino, false));
}

/* The exporting process dies by force, while what it exported is in use elsewhere. */
TEST_F(shared, exporting_process_is_killed)
{
	int ends[2], hold[2], fd;
	size_t size = self->buf.size;
	struct buffer buf;
	char byte;
	pid_t pid;
	ino_t ino;

	/* A camera's buffers are for one process at a time. */
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, pipe(hold));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(hold[1]);
		if (buffer_create(variant->exporter, size, O_RDWR, &buf) || fill_buffer(&buf) ||
		    send_fd(ends[0], buf.fd))
			_exit(1);
		_exit(read(hold[0], &byte, 1) < 0);
	}
	fd = receive_fd(ends[1]);
	ASSERT_GE(fd, 0);
	ino = buffer_ino(fd);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-1, process_end(pid));
	EXPECT_EQ(1, buffer_count(fd));
	EXPECT_EQ(0, inspect_received(fd, size, ino));
	close(fd);
	EXPECT_TRUE(lists_say(ino, false));
}

/* The buffer has all its abilities without the device that it came from. */
TEST_F(shared, device_is_closed)
{
	struct pollfd pfd = { .fd = self->buf.fd, .events = POLLIN | POLLOUT };
	ino_t ino = buffer_ino(self->buf.fd);
	int fence;

	ASSERT_EQ(0, fill_buffer(&self->buf));
	buffer_close_device(&self->buf);
	EXPECT_EQ(0, inspect_received(self->buf.fd, self->buf.size, ino));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, pfd.revents);
	fence = fence_export(self->buf.fd, DMA_BUF_SYNC_READ);
	/* In a kernel without sync files that is no ioctl. */
	EXPECT_TRUE(fence >= 0 || fence == -ENOTTY) TH_LOG("%d", fence);
	close(fence);
	buffer_destroy(&self->buf);
	EXPECT_TRUE(lists_say(ino, false));
}

/* Nothing but a message that nobody will ever take out of its socket. */
TEST_F(shared, message_never_received)
{
	ino_t ino = buffer_ino(self->buf.fd);
	int ends[2];

	if (!lists_present())
		SKIP(return, "this kernel has neither " BUFINFO " nor " STATS);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, send_fd(ends[0], self->buf.fd));
	buffer_destroy(&self->buf);
	EXPECT_TRUE(lists_say(ino, true));
	close(ends[0]);
	EXPECT_TRUE(lists_say(ino, true));
	close(ends[1]);
	EXPECT_TRUE(lists_say(ino, false));
}

TEST_F(shared, two_buffers_stay_apart)
{
	struct buffer other;
	int err;

	err = buffer_create(&system_heap, self->buf.size, O_RDWR, &other);
	if (err == -ENODEV)
		SKIP(return, "no system heap to make a second buffer");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fill_buffer(&self->buf));
	ASSERT_EQ(0, fill_buffer(&other));
	EXPECT_TRUE(buffer_filled(self->buf.fd, self->buf.size));
	EXPECT_TRUE(buffer_filled(other.fd, other.size));
	buffer_destroy(&self->buf);
	EXPECT_TRUE(buffer_filled(other.fd, other.size));
	buffer_destroy(&other);
}

/* What follows closes the holders of a buffer in each order that there is. */

enum holder { DESCRIPTOR, MAPPING, MESSAGE, CHILD, HOLDERS };

struct holders {
	struct buffer buf;
	void *mapping;
	int ends[2];	/* the socket with the message */
	int hold[2];	/* the pipe that the child waits on */
	pid_t child;
};

static void hold(struct __test_metadata *_metadata, struct holders *h)
{
	char byte;

	h->mapping = mmap(NULL, h->buf.size, PROT_READ | PROT_WRITE, MAP_SHARED, h->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, h->mapping);
	fill(h->mapping, h->buf.size, buffer_ino(h->buf.fd));
	ASSERT_EQ(0, pipe(h->hold));
	h->child = process_start();
	ASSERT_GE(h->child, 0);
	if (!h->child) {
		close(h->hold[1]);
		munmap(h->mapping, h->buf.size);
		buffer_close_device(&h->buf);
		if (read(h->hold[0], &byte, 1) < 0)
			_exit(1);
		_exit(!buffer_filled(h->buf.fd, h->buf.size));
	}
	close(h->hold[0]);
	buffer_close_device(&h->buf);
	/* Only now, so that the child does not hold the message. */
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, h->ends));
	ASSERT_EQ(0, send_fd(h->ends[0], h->buf.fd));
}

static void let_go(struct __test_metadata *_metadata, struct holders *h, enum holder which,
		   ino_t ino)
{
	switch (which) {
	case DESCRIPTOR:
		EXPECT_TRUE(buffer_filled(h->buf.fd, h->buf.size));
		buffer_destroy(&h->buf);
		break;
	case MAPPING:
		EXPECT_TRUE(filled(h->mapping, h->buf.size, ino));
		ASSERT_EQ(0, munmap(h->mapping, h->buf.size));
		break;
	case MESSAGE:
		close(h->ends[0]);
		close(h->ends[1]);
		break;
	case CHILD:
		close(h->hold[1]);
		EXPECT_EQ(0, process_end(h->child));
		break;
	default:
		break;
	}
}

/* The holders in the order of that number, 0 to HOLDERS! - 1. */
static void order_of(int number, enum holder order[HOLDERS])
{
	enum holder left[HOLDERS] = { DESCRIPTOR, MAPPING, MESSAGE, CHILD };
	int i, n;

	for (n = HOLDERS; n > 0; n--) {
		i = number % n;
		number /= n;
		order[HOLDERS - n] = left[i];
		left[i] = left[n - 1];
	}
}

TEST_F(shared, closed_in_any_order)
{
	enum holder order[HOLDERS];
	int number, i;

	if (!lists_present())
		SKIP(return, "this kernel has neither " BUFINFO " nor " STATS);
	buffer_destroy(&self->buf);
	for (number = 0; number < 24; number++) {
		struct holders h;
		ino_t ino;

		ASSERT_EQ(0, buffer_create(variant->exporter, self->page, O_RDWR, &h.buf));
		ino = buffer_ino(h.buf.fd);
		hold(_metadata, &h);
		order_of(number, order);
		for (i = 0; i < HOLDERS; i++) {
			EXPECT_TRUE(lists_say(ino, true)) TH_LOG("order %d, step %d", number, i);
			let_go(_metadata, &h, order[i], ino);
		}
		EXPECT_TRUE(lists_say(ino, false)) TH_LOG("order %d, at the end", number);
	}
}

TEST_HARNESS_MAIN
