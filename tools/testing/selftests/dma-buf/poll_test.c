// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waiting for a buffer: poll, select, epoll and io_uring. Readable when all writers are done,
 * writable when everybody is.
 */
#define ONE_EXPORTER

#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "fence_fixture.h"
#include "process.h"
#include "result.h"
#include "uring.h"

/* What poll says of the buffer at this moment. */
static int ready_now(int fd, int events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

static int wait_until_ready(int fd, int events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ready = poll(&pfd, 1, HANG_GUARD_MS);

	if (ready < 0)
		return -errno;
	return ready ? pfd.revents : -ETIMEDOUT;
}

/* A child that advances the timeline as soon as its parent sleeps. */
static pid_t signaler(int timeline)
{
	pid_t parent = getpid();
	pid_t pid = process_start();

	if (pid)
		return pid;
	_exit(!process_sleeps(parent) || timeline_advance(timeline, 1));
}

/* A child that polls until the buffer is ready, and whose exit status is 0 if it is for all. */
static pid_t poller(int fd, int events)
{
	pid_t pid = process_start();

	if (pid)
		return pid;
	_exit(wait_until_ready(fd, events) != events);
}

static void epoll_watch(struct __test_metadata *_metadata, int epoll, int fd, unsigned int events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

/* The events that epoll has to tell within the time, 0 for none. */
static int epoll_events(int epoll, int timeout)
{
	struct epoll_event event = { 0 };
	int ready = epoll_wait(epoll, &event, 1, timeout);

	if (ready < 0)
		return -errno;
	return ready ? (int)event.events : 0;
}

TEST_F(fenced, idle_is_ready)
{
	EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN));
	EXPECT_EQ(POLLOUT, ready_now(self->buf.fd, POLLOUT));
	EXPECT_EQ(POLLIN | POLLOUT, ready_now(self->buf.fd, POLLIN | POLLOUT));
}

TEST_F(fenced, other_events_never_come)
{
	int others = POLLPRI | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP;

	EXPECT_EQ(0, ready_now(self->buf.fd, 0));
	EXPECT_EQ(0, ready_now(self->buf.fd, others));
	EXPECT_EQ(POLLIN, ready_now(self->buf.fd, others | POLLIN));
}

TEST_F(fenced, writer_holds_up_everyone)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLOUT));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN | POLLOUT));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLIN | POLLOUT, ready_now(self->buf.fd, POLLIN | POLLOUT));
}

TEST_F(fenced, reader_holds_up_writers)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLOUT));
	EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN | POLLOUT));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLOUT, ready_now(self->buf.fd, POLLOUT));
	EXPECT_EQ(POLLIN | POLLOUT, ready_now(self->buf.fd, POLLIN | POLLOUT));
}

TEST_F(fenced, looking_changes_nothing)
{
	int i;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN | POLLOUT));
		EXPECT_EQ(0, ready_now(self->buf.fd, POLLOUT));
		EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN));
	}
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLOUT, ready_now(self->buf.fd, POLLOUT));
}

TEST_F(fenced, signal_wakes_poll)
{
	static const struct {
		unsigned int fence;
		int events;
	} cases[] = {
		{ DMA_BUF_SYNC_WRITE, POLLIN }, { DMA_BUF_SYNC_WRITE, POLLOUT },
		{ DMA_BUF_SYNC_READ, POLLOUT }, { DMA_BUF_SYNC_WRITE, POLLIN | POLLOUT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid;

		ASSERT_EQ(0, fence_add(self->buf.fd, cases[i].fence, self->timeline, i + 1));
		pid = signaler(self->timeline);
		ASSERT_GE(pid, 0);
		EXPECT_EQ(cases[i].events, wait_until_ready(self->buf.fd, cases[i].events));
		EXPECT_EQ(0, process_end(pid));
	}
}

/* The first of two fences is not enough. */
TEST_F(fenced, waits_for_the_last_fence)
{
	int other = timeline_open();

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, other, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN));
	ASSERT_EQ(0, timeline_advance(other, 1));
	EXPECT_EQ(POLLIN, ready_now(self->buf.fd, POLLIN));
	close(other);
}

/* One that comes after the poll was armed counts as well. */
TEST_F(fenced, fence_added_after_polling)
{
	int other = timeline_open();

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, other, 1));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN));
	ASSERT_EQ(0, timeline_advance(other, 1));
	EXPECT_EQ(POLLIN, wait_until_ready(self->buf.fd, POLLIN));
	close(other);
}

TEST_F(fenced, failed_fence_is_ready)
{
	int doomed = timeline_open();

	ASSERT_GE(doomed, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, doomed, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN | POLLOUT));
	close(doomed);
	EXPECT_EQ(POLLIN | POLLOUT, wait_until_ready(self->buf.fd, POLLIN | POLLOUT));
}

TEST_F(fenced, several_pollers)
{
	static const int events[] = { POLLIN, POLLOUT, POLLIN, POLLIN | POLLOUT };
	pid_t pids[ARRAY_SIZE(events)];
	size_t i;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	for (i = 0; i < ARRAY_SIZE(events); i++) {
		pids[i] = poller(self->buf.fd, events[i]);
		ASSERT_GE(pids[i], 0);
		ASSERT_TRUE(process_sleeps(pids[i]));
	}
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	for (i = 0; i < ARRAY_SIZE(events); i++)
		EXPECT_EQ(0, process_end(pids[i]));
}

TEST_F(fenced, duplicate_descriptor)
{
	int copy = dup(self->buf.fd);

	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	EXPECT_EQ(POLLIN, ready_now(copy, POLLIN | POLLOUT));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLIN | POLLOUT, ready_now(copy, POLLIN | POLLOUT));
	close(copy);
}

TEST_F(fenced, several_buffers_in_one_poll)
{
	struct pollfd pfds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct buffer other;
	int err;

	err = buffer_create(&system_heap, 1, O_RDWR, &other);
	if (err == -ENODEV)
		SKIP(return, "no system heap to make a second buffer");
	ASSERT_EQ(0, err);
	pfds[0].fd = self->buf.fd;
	pfds[1].fd = other.fd;
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, fence_add(other.fd, DMA_BUF_SYNC_WRITE, self->timeline, 2));
	EXPECT_EQ(0, poll(pfds, 2, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, poll(pfds, 2, HANG_GUARD_MS));
	EXPECT_EQ(POLLIN, pfds[0].revents);
	EXPECT_EQ(0, pfds[1].revents);
	buffer_destroy(&other);
}

TEST_F(fenced, select)
{
	struct timeval now = { 0 };
	fd_set in, out, err;
	int fd = self->buf.fd;

	ASSERT_EQ(0, fence_add(fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&err);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &err);
	EXPECT_EQ(1, select(fd + 1, &in, &out, &err, &now));
	EXPECT_TRUE(FD_ISSET(fd, &in));
	EXPECT_FALSE(FD_ISSET(fd, &out));
	EXPECT_FALSE(FD_ISSET(fd, &err));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	FD_SET(fd, &out);
	EXPECT_EQ(1, select(fd + 1, NULL, &out, NULL, NULL));
	EXPECT_TRUE(FD_ISSET(fd, &out));
}

TEST_F(fenced, epoll_level)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(epoll, 0);
	epoll_watch(_metadata, epoll, self->buf.fd, EPOLLIN | EPOLLOUT);
	EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, 0));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, 0));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll, 0));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 2));
	EXPECT_EQ(0, epoll_events(epoll, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 2));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, HANG_GUARD_MS));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, 0));
	close(epoll);
}

/* Each time that the buffer gets ready is an edge. */
TEST_F(fenced, epoll_edge)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned int i;

	ASSERT_GE(epoll, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	epoll_watch(_metadata, epoll, self->buf.fd, EPOLLIN | EPOLLET);
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(0, epoll_events(epoll, 0));
		ASSERT_EQ(0, timeline_advance(self->timeline, 1));
		EXPECT_EQ(EPOLLIN, epoll_events(epoll, HANG_GUARD_MS));
		ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, i + 1));
	}
	EXPECT_EQ(0, epoll_events(epoll, 0));
	close(epoll);
}

/*
 * Nobody tells a buffer of the fences that are put into it, so an edge-triggered watch is told of a
 * ready buffer each time that it asks: else it would never hear of the next fence.
 */
TEST_F(fenced, epoll_edge_while_ready)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int i;

	ASSERT_GE(epoll, 0);
	epoll_watch(_metadata, epoll, self->buf.fd, EPOLLIN | EPOLLOUT | EPOLLET);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, 0));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, epoll_events(epoll, HANG_GUARD_MS));
	close(epoll);
}

TEST_F(fenced, epoll_one_shot)
{
	struct epoll_event again = { .events = EPOLLIN | EPOLLONESHOT };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(epoll, 0);
	epoll_watch(_metadata, epoll, self->buf.fd, EPOLLIN | EPOLLONESHOT);
	EXPECT_EQ(EPOLLIN, epoll_events(epoll, 0));
	EXPECT_EQ(0, epoll_events(epoll, 0));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_MOD, self->buf.fd, &again));
	EXPECT_EQ(0, epoll_events(epoll, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(epoll, HANG_GUARD_MS));
	EXPECT_EQ(0, epoll_events(epoll, 0));
	close(epoll);
}

TEST_F(fenced, several_epolls)
{
	int in = epoll_create1(EPOLL_CLOEXEC), out = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(in, 0);
	ASSERT_GE(out, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	epoll_watch(_metadata, in, self->buf.fd, EPOLLIN);
	epoll_watch(_metadata, out, self->buf.fd, EPOLLOUT | EPOLLET);
	EXPECT_EQ(0, epoll_events(in, 0));
	EXPECT_EQ(0, epoll_events(out, 0));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 2));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(EPOLLIN, epoll_events(in, HANG_GUARD_MS));
	EXPECT_EQ(0, epoll_events(out, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(EPOLLOUT, epoll_events(out, HANG_GUARD_MS));
	close(in);
	close(out);
}

/* Polling pins nothing for userspace to trip over: the descriptor goes, the fence comes later. */
TEST_F(fenced, close_with_a_pending_fence)
{
	struct buffer other;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(epoll, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 2));
	epoll_watch(_metadata, epoll, self->buf.fd, EPOLLIN | EPOLLOUT);
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN | POLLOUT));
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, timeline_advance(self->timeline, 2));
	ASSERT_EQ(0, buffer_create(variant->exporter, 1, O_RDWR, &other));
	EXPECT_EQ(POLLIN | POLLOUT, ready_now(other.fd, POLLIN | POLLOUT));
	buffer_destroy(&other);
	close(epoll);
}

/* The same with nobody ever to signal it: the timeline goes last, and ends the fence. */
TEST_F(fenced, close_before_the_timeline)
{
	int doomed = timeline_open();

	ASSERT_GE(doomed, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, doomed, 1));
	EXPECT_EQ(0, ready_now(self->buf.fd, POLLIN | POLLOUT));
	buffer_destroy(&self->buf);
	EXPECT_EQ(0, close(doomed));
}

TEST_F(fenced, ring_is_told)
{
	struct uring ring;
	int err = uring_open(&ring);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no io_uring");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 2));
	ASSERT_EQ(0, uring_poll(&ring, self->buf.fd, POLLIN));
	ASSERT_EQ(0, uring_poll(&ring, self->buf.fd, POLLOUT));
	EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLIN, uring_result(&ring, HANG_GUARD_MS));
	EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLOUT, uring_result(&ring, HANG_GUARD_MS));
	uring_close(&ring);
}

/* A request has the buffer's file, and ends with its ring. */
TEST_F(fenced, ring_has_the_file)
{
	struct uring ring;
	int err = uring_open(&ring);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no io_uring");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, uring_poll(&ring, self->buf.fd, POLLIN));
	buffer_destroy(&self->buf);
	EXPECT_EQ(-ETIMEDOUT, uring_result(&ring, 0));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(POLLIN, uring_result(&ring, HANG_GUARD_MS));
	uring_close(&ring);
}

TEST_F(fenced, ring_closed_with_a_pending_fence)
{
	struct uring ring;
	int err = uring_open(&ring);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no io_uring");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, uring_poll(&ring, self->buf.fd, POLLIN));
	buffer_destroy(&self->buf);
	uring_close(&ring);
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
}

TEST_HARNESS_MAIN
