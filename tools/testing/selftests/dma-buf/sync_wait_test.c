// SPDX-License-Identifier: GPL-2.0-only
/* The SYNC ioctl starts CPU access when the fences of the buffer have signaled, and not before. */
#define ONE_EXPORTER

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "fence_fixture.h"
#include "process.h"
#include "result.h"

static void ignore_signal(int sig)
{
	(void)sig;
}

/* A child that makes one SYNC call and exits with its errno. */
static pid_t sync_in_child(int fd, __u64 flags, int sa_flags)
{
	struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = sa_flags };
	pid_t pid = process_start();

	if (pid)
		return pid;
	sigaction(SIGUSR1, &action, NULL);
	_exit(-sync_access(fd, flags));
}

TEST_F(fenced, start_waits_for_fences)
{
	static const struct {
		unsigned int fence;
		__u64 access;
		bool waits;
	} cases[] = {
		{ DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_READ, true },
		{ DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_WRITE, true },
		{ DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW, true },
		{ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_READ, false },
		{ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, true },
		{ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_RW, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pid_t pid;

		ASSERT_EQ(0, fence_add(self->buf.fd, cases[i].fence, self->timeline, i + 1));
		pid = sync_in_child(self->buf.fd, cases[i].access | DMA_BUF_SYNC_START, 0);
		ASSERT_GE(pid, 0);
		EXPECT_EQ(cases[i].waits, process_sleeps(pid)) TH_LOG("case %u", i);
		EXPECT_EQ(0, timeline_advance(self->timeline, 1));
		EXPECT_EQ(0, process_end(pid));
	}
}

TEST_F(fenced, end_waits_for_nothing)
{
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
}

/* Bad flags are refused before anything is waited for. */
TEST_F(fenced, bad_flags_do_not_wait)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, DMA_BUF_SYNC_START));
	EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | 8));
}

TEST_F(fenced, signal_interrupts_the_wait)
{
	pid_t pid;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	pid = sync_in_child(self->buf.fd, DMA_BUF_SYNC_READ, 0);
	ASSERT_GE(pid, 0);
	ASSERT_TRUE(process_sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(EINTR, process_end(pid));
	/* The buffer is none the worse for it. */
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
}

TEST_F(fenced, wait_restarts_after_a_signal)
{
	pid_t pid;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	pid = sync_in_child(self->buf.fd, DMA_BUF_SYNC_READ, SA_RESTART);
	ASSERT_GE(pid, 0);
	ASSERT_TRUE(process_sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_TRUE(process_sleeps(pid));
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, process_end(pid));
}

/* A fatal signal ends the wait too: nobody has to wait for a stuck device to get rid of a task. */
TEST_F(fenced, wait_can_be_killed)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	pid = sync_in_child(self->buf.fd, DMA_BUF_SYNC_RW, 0);
	ASSERT_GE(pid, 0);
	ASSERT_TRUE(process_sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_HARNESS_MAIN
