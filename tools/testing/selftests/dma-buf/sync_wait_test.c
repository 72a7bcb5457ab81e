// SPDX-License-Identifier: GPL-2.0-only
/* The SYNC ioctl starts CPU access when the fences of the buffer have signaled, and not before. */
#include <linux/dma-buf.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "buffer_info.h"
#include "fence_fixture.h"
#include "result.h"

static int sync_access(int fd, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return result(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
}

/* The state letter of a process, from /proc. */
static char process_state(pid_t pid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return '?';
	end = strrchr(text, ')');
	return end ? end[2] : '?';
}

static void ignore_signal(int sig)
{
	(void)sig;
}

/* A child that makes one SYNC call and exits with its errno. */
static pid_t sync_in_child(int fd, __u64 flags, int sa_flags)
{
	struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = sa_flags };
	pid_t pid = fork();

	if (pid)
		return pid;
	/* A test that fails leaves no one behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &action, NULL);
	_exit(-sync_access(fd, flags));
}

/* True once the child sleeps in the call, false when it ended instead. */
static bool sleeps(pid_t pid)
{
	char state;

	do {
		sched_yield();
		state = process_state(pid);
	} while (state != 'S' && state != 'Z');
	return state == 'S';
}

static int exit_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
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
		EXPECT_EQ(cases[i].waits, sleeps(pid)) TH_LOG("case %u", i);
		EXPECT_EQ(0, timeline_advance(self->timeline, 1));
		EXPECT_EQ(0, exit_status(pid));
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
	ASSERT_TRUE(sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_EQ(EINTR, exit_status(pid));
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
	ASSERT_TRUE(sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGUSR1));
	EXPECT_TRUE(sleeps(pid));
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, exit_status(pid));
}

/* A fatal signal ends the wait too: nobody has to wait for a stuck device to get rid of a task. */
TEST_F(fenced, wait_can_be_killed)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	pid = sync_in_child(self->buf.fd, DMA_BUF_SYNC_RW, 0);
	ASSERT_GE(pid, 0);
	ASSERT_TRUE(sleeps(pid));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_HARNESS_MAIN
