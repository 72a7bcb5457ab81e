// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this core promises and the kernel's own does not keep: there, all of these fail. Each test
 * says what is different.
 */
#define ONE_EXPORTER

#include <ctype.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "buffer_info.h"
#include "fence_fixture.h"
#include "process.h"
#include "result.h"

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text))
			return true;
	}
	return false;
}

/* Copies what stands between the start and the end of line into seen. */
static bool rest_of_line(const char *text, const char *start, char *seen, size_t len)
{
	const char *at = strstr(text, start);

	if (!at)
		return false;
	at += strlen(start);
	snprintf(seen, len, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

/* The name as fdinfo and bufinfo print it, if both print the same; else an empty text. */
static void printed_name(int fd, char *seen, size_t len)
{
	char fdinfo[512], start[64], again[256];
	char *block = bufinfo_block(buffer_ino(fd));

	*seen = '\0';
	snprintf(start, sizeof(start), "\t%08lu\t", (unsigned long)buffer_ino(fd));
	if (!block || buffer_fdinfo(fd, fdinfo, sizeof(fdinfo)) < 0 ||
	    !rest_of_line(fdinfo, "\nname:\t", seen, len) ||
	    !rest_of_line(block, start, again, sizeof(again)) || strcmp(seen, again))
		*seen = '\0';
	free(block);
}

static unsigned int count_lines(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* There, a name with a newline in it adds lines of its owner's choice to fdinfo and bufinfo. */
TEST_F(fenced, name_cannot_forge_lines)
{
	static const char forged[] = "a\nsize:\t1\ncount:\t0";
	char fdinfo[512], *block;

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, forged));
	ASSERT_LT(0, buffer_fdinfo(self->buf.fd, fdinfo, sizeof(fdinfo)));
	EXPECT_EQ(4, count_lines(fdinfo)) TH_LOG("%s", fdinfo);
	EXPECT_NULL(strstr(fdinfo, "\nsize:\t1\n"));
	block = bufinfo_block(buffer_ino(self->buf.fd));
	ASSERT_NE(NULL, block);
	EXPECT_EQ(4, count_lines(block)) TH_LOG("%s", block);
	free(block);
}

TEST_F(fenced, printed_names_are_plain_and_differ)
{
	static const char *const names[] = {
		"a\nb", "a\\nb", "a\tb", "a\\tb", "a\\b", "a\\\\b", "a\033[2Jb", "a\177b", "a\rb",
		"a\\012b", "a\001b",
	};
	char seen[ARRAY_SIZE(names)][256];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, names[i]));
		printed_name(self->buf.fd, seen[i], sizeof(seen[i]));
		EXPECT_STRNE("", seen[i]);
		EXPECT_FALSE(has_control(seen[i])) TH_LOG("name %zu: %s", i, seen[i]);
		for (k = 0; k < i; k++)
			EXPECT_STRNE(seen[k], seen[i]);
	}
}

/* There, it leaves bufinfo with its last open file, while the memory is still taken. */
TEST_F(fenced, listed_while_a_path_descriptor_holds_it)
{
	ino_t ino = buffer_ino(self->buf.fd);
	int path = buffer_open_path(self->buf.fd);

	ASSERT_GE(path, 0);
	buffer_destroy(&self->buf);
	EXPECT_TRUE(lists_say(ino, true));
	close(path);
	EXPECT_TRUE(lists_say(ino, false));
}

/* There, a poll that found a pending fence keeps the buffer until the fence signals. */
TEST_F(fenced, gone_with_a_fence_pending)
{
	struct pollfd pfd = { .fd = self->buf.fd, .events = POLLIN | POLLOUT };
	ino_t ino = buffer_ino(self->buf.fd);

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, poll(&pfd, 1, 0));
	buffer_destroy(&self->buf);
	EXPECT_TRUE(lists_say(ino, false));
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
}

/* How often the process has gone to sleep so far. */
static long sleeps_of(pid_t pid)
{
	static const char start[] = "\nvoluntary_ctxt_switches:\t";
	char path[64], text[4096], *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, start);
	return at ? atol(at + strlen(start)) : -1;
}

/* There, every fence that signals wakes who polls, to go back to sleep for the next one. */
TEST_F(fenced, one_wakeup_for_many_fences)
{
	struct pollfd pfd = { .fd = self->buf.fd, .events = POLLIN };
	int timelines[32];
	long before, after;
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(timelines); i++) {
		timelines[i] = timeline_open();
		ASSERT_GE(timelines[i], 0);
		ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, timelines[i], 1));
	}
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(poll(&pfd, 1, HANG_GUARD_MS) != 1);
	ASSERT_TRUE(process_sleeps(pid));
	before = sleeps_of(pid);
	ASSERT_LT(0, before);
	for (i = 0; i < ARRAY_SIZE(timelines) - 1; i++) {
		ASSERT_EQ(0, timeline_advance(timelines[i], 1));
		/* If it woke up it runs now, and is asleep again after this. */
		ASSERT_TRUE(process_sleeps(pid));
	}
	after = sleeps_of(pid);
	EXPECT_EQ(before, after);
	ASSERT_EQ(0, timeline_advance(timelines[i], 1));
	EXPECT_EQ(0, process_end(pid));
}

/* What follows looks at what a memory cgroup is charged. */

#define CGROUP	"/sys/fs/cgroup/dma_buf_test"
#define MANY	1000

/* The bytes of kernel objects that the cgroup pays for. */
static long charged(void)
{
	static char text[1 << 14];
	char *at;

	/* Reading memory.stat gathers only large changes; small ones are every two seconds. */
	sleep(3);
	if (read_text(CGROUP "/memory.stat", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "\nslab ");
	return at ? atol(at + strlen("\nslab ")) : -1;
}

static bool enter_cgroup(const char *cgroup)
{
	char path[128], pid[16];
	int fd, len;
	bool done;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	len = snprintf(pid, sizeof(pid), "%d", getpid());
	done = write(fd, pid, len) == len;
	close(fd);
	return done;
}

static bool limit_cgroup(const char *limit)
{
	int fd = open(CGROUP "/memory.max", O_WRONLY);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, limit, strlen(limit)) == (ssize_t)strlen(limit);
	close(fd);
	return done;
}

static bool make_cgroup(void)
{
	int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY);
	bool enabled;

	if (fd < 0)
		return false;
	enabled = write(fd, "+memory", 7) == 7;
	close(fd);
	if (!enabled || (mkdir(CGROUP, 0755) && errno != EEXIST))
		return false;
	return limit_cgroup("64M") && charged() >= 0 && enter_cgroup(CGROUP);
}

static void close_all(int *fds)
{
	int i;

	for (i = 0; i < MANY; i++)
		close(fds[i]);
}

/* This process in a cgroup of its own, and buffers to be had. */
FIXTURE(charged)
{
	int fds[MANY];
};

FIXTURE_SETUP(charged)
{
	struct buffer buf;
	int err;

	if (!make_cgroup())
		SKIP(return, "this kernel has no memory cgroup (version 2)");
	err = buffer_create(&system_heap, 1, O_RDWR, &buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no system heap");
	ASSERT_EQ(0, err);
	buffer_destroy(&buf);
}

FIXTURE_TEARDOWN(charged)
{
	EXPECT_TRUE(enter_cgroup("/sys/fs/cgroup"));
	EXPECT_EQ(0, rmdir(CGROUP));
}

static void create_many(struct __test_metadata *_metadata, int *fds)
{
	struct buffer buf;
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, buffer_create(&system_heap, 1, O_RDWR, &buf));
		buffer_close_device(&buf);
		fds[i] = buf.fd;
	}
}

/* There, names are free for whoever makes them, and fill the memory that everyone shares. */
TEST_F(charged, names_are_charged)
{
	static const char name[DMA_BUF_NAME_LEN] = "thirty-one bytes, then the NUL.";
	long before, named, after;
	int i;

	create_many(_metadata, self->fds);
	before = charged();
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, ioctl(self->fds[i], DMA_BUF_SET_NAME, name));
	named = charged();
	close_all(self->fds);
	after = charged();
	/* A page or two less than all: the accounts are kept in batches. */
	EXPECT_LE(before + MANY * DMA_BUF_NAME_LEN - 2 * (long)page_align(1), named);
	EXPECT_GT(before, after);
}

/* How many bytes each object of a slab cache takes; 0 if that is not to be had. */
static long object_size(const char *cache)
{
	static char text[1 << 16];
	char start[32];
	long size;
	char *at;

	snprintf(start, sizeof(start), "\n%s ", cache);
	if (read_text("/proc/slabinfo", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, start);
	return at && sscanf(at, " %*s %*d %*d %ld", &size) == 1 ? size : 0;
}

/* There, the object of the buffer is free, and only what any file consists of is charged. */
TEST_F(charged, buffers_are_charged)
{
	static const char * const parts[] = { "filp", "dentry", "inode_cache", "dma_buf_object" };
	long before, buffers, after, size = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		EXPECT_LT(0, object_size(parts[i])) TH_LOG("no cache %s", parts[i]);
		size += object_size(parts[i]);
	}
	before = charged();
	create_many(_metadata, self->fds);
	buffers = charged();
	close_all(self->fds);
	after = charged();
	/* As above, a page or two less. */
	EXPECT_LE(before + MANY * size - 2 * (long)page_align(1), buffers);
	EXPECT_GT(buffers - MANY * size / 2, after);
}

TEST_F(charged, cgroup_is_named)
{
	char number[24], *block;
	struct buffer buf;
	struct stat st;

	ASSERT_EQ(0, buffer_create(&system_heap, 1, O_RDWR, &buf));
	ASSERT_EQ(0, stat(CGROUP, &st));
	snprintf(number, sizeof(number), "%lu", (unsigned long)st.st_ino);
	block = facts_block(buffer_ino(buf.fd));
	EXPECT_TRUE(has_fact(block, "cgroup", number)) TH_LOG("%s: %s", number, block);
	free(block);
	buffer_destroy(&buf);
}

TEST_HARNESS_MAIN
