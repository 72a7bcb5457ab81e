// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ioctls that move fences between a buffer and sync_files: which fences come out for a
 * reader and for a writer, and every way to call them wrongly.
 */
#define ONE_EXPORTER

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "fence_fixture.h"
#include "result.h"

/* The state of the fences that a reader, or a writer, would have to wait for. */
static int exported_status(int buffer, unsigned int flags)
{
	int fence = fence_export(buffer, flags);
	int status;

	if (fence < 0)
		return fence;
	status = fence_status(fence);
	close(fence);
	return status;
}

static int exported_number(int buffer, unsigned int flags)
{
	int fence = fence_export(buffer, flags);
	int number;

	if (fence < 0)
		return fence;
	number = fence_number(fence);
	close(fence);
	return number;
}

TEST_F(fenced, idle_buffer_exports_a_signaled_fence)
{
	unsigned int flags;

	for (flags = DMA_BUF_SYNC_READ; flags <= DMA_BUF_SYNC_RW; flags++) {
		EXPECT_EQ(1, exported_status(self->buf.fd, flags));
		EXPECT_EQ(1, exported_number(self->buf.fd, flags));
	}
}

TEST_F(fenced, everyone_waits_for_a_writer)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_RW));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
}

TEST_F(fenced, writers_wait_for_a_reader)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, self->timeline, 1));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_RW));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
}

TEST_F(fenced, import_for_both_is_a_write)
{
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_RW, self->timeline, 1));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
}

/* A snapshot: what is added after the export is not waited for. */
TEST_F(fenced, export_is_a_snapshot)
{
	int before, after;

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	before = fence_export(self->buf.fd, DMA_BUF_SYNC_WRITE);
	ASSERT_GE(before, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 2));
	after = fence_export(self->buf.fd, DMA_BUF_SYNC_WRITE);
	ASSERT_GE(after, 0);
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, fence_status(before));
	EXPECT_EQ(0, fence_status(after));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, fence_status(after));
	close(before);
	close(after);
}

/* Of one timeline the last fence stands for all, of two timelines both count. */
TEST_F(fenced, fences_of_several_timelines)
{
	int other = timeline_open(), both;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 2));
	EXPECT_EQ(1, exported_number(self->buf.fd, DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, other, 1));
	EXPECT_EQ(1, exported_number(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(2, exported_number(self->buf.fd, DMA_BUF_SYNC_WRITE));

	both = fence_export(self->buf.fd, DMA_BUF_SYNC_WRITE);
	ASSERT_GE(both, 0);
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(1, exported_number(self->buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(0, fence_status(both));
	ASSERT_EQ(0, timeline_advance(other, 1));
	EXPECT_EQ(1, fence_status(both));
	close(both);
	close(other);
}

/* Importing the parts of a merged sync_file one by one, not the merged fence as an opaque whole. */
TEST_F(fenced, merged_fences)
{
	int other = timeline_open();
	int first, second, merged;

	ASSERT_GE(other, 0);
	first = timeline_fence(self->timeline, 1);
	second = timeline_fence(other, 1);
	ASSERT_GE(first, 0);
	ASSERT_GE(second, 0);
	merged = fence_merge(first, second);
	ASSERT_GE(merged, 0);
	ASSERT_EQ(0, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, merged));
	close(merged);
	close(second);
	close(first);
	EXPECT_EQ(2, exported_number(self->buf.fd, DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, timeline_advance(other, 1));
	EXPECT_EQ(1, exported_number(self->buf.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	close(other);
}

TEST_F(fenced, fences_move_to_another_buffer)
{
	struct buffer other;
	int fence, err;

	err = buffer_create(&system_heap, 1, O_RDWR, &other);
	if (err == -ENODEV)
		SKIP(return, "no system heap to make a second buffer");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	fence = fence_export(self->buf.fd, DMA_BUF_SYNC_READ);
	ASSERT_GE(fence, 0);
	ASSERT_EQ(0, fence_import(other.fd, DMA_BUF_SYNC_READ, fence));
	close(fence);
	EXPECT_EQ(1, exported_status(other.fd, DMA_BUF_SYNC_READ));
	EXPECT_EQ(0, exported_status(other.fd, DMA_BUF_SYNC_WRITE));
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(other.fd, DMA_BUF_SYNC_WRITE));
	buffer_destroy(&other);
}

/* A fence that ended in an error has signaled; its error shows in its own sync_file alone. */
TEST_F(fenced, failed_fence)
{
	int doomed = timeline_open(), fence;

	ASSERT_GE(doomed, 0);
	fence = timeline_fence(doomed, 1);
	ASSERT_GE(fence, 0);
	ASSERT_EQ(0, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, fence));
	EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	/* Closing a timeline ends what is pending on it with ENOENT. */
	close(doomed);
	EXPECT_EQ(-ENOENT, fence_status(fence));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	close(fence);
}

TEST_F(fenced, import_of_a_signaled_fence)
{
	int fence = timeline_fence(self->timeline, 1);

	ASSERT_GE(fence, 0);
	ASSERT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(0, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, fence));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	close(fence);
}

/* Fences are no matter of the access mode of the descriptor. */
TEST_F(fenced, read_only_descriptor)
{
	struct buffer buf;

	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, 1, O_RDONLY, &buf));
	EXPECT_EQ(0, fence_add(buf.fd, DMA_BUF_SYNC_WRITE, self->timeline, 1));
	EXPECT_EQ(0, exported_status(buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(0, timeline_advance(self->timeline, 1));
	EXPECT_EQ(1, exported_status(buf.fd, DMA_BUF_SYNC_WRITE));
	buffer_destroy(&buf);
}

TEST_F(fenced, exported_descriptor)
{
	int fence = fence_export(self->buf.fd, DMA_BUF_SYNC_READ);

	ASSERT_GE(fence, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fence, F_GETFD));
	close(fence);
}

TEST_F(fenced, export_flags)
{
	int bit;

	EXPECT_EQ(-EINVAL, fence_export(self->buf.fd, 0));
	for (bit = 2; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, fence_export(self->buf.fd, 1U << bit));
		EXPECT_EQ(-EINVAL, fence_export(self->buf.fd, 1U << bit | DMA_BUF_SYNC_RW));
	}
}

TEST_F(fenced, import_flags)
{
	int fence = timeline_fence(self->timeline, 1);
	int bit;

	ASSERT_GE(fence, 0);
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, 0, fence));
	for (bit = 2; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, 1U << bit, fence));
		EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, 1U << bit | DMA_BUF_SYNC_RW, fence));
	}
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
	close(fence);
}

TEST_F(fenced, import_of_what_is_no_sync_file)
{
	int null = open("/dev/null", O_RDWR);

	ASSERT_GE(null, 0);
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, DMA_BUF_SYNC_READ, -1));
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, 0x7fffffff));
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, null));
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, self->buf.fd));
	EXPECT_EQ(-EINVAL, fence_import(self->buf.fd, DMA_BUF_SYNC_WRITE, self->timeline));
	close(null);
}

TEST_F(fenced, bad_pointers)
{
	struct dma_buf_export_sync_file *arg;
	int next;

	arg = mmap(NULL, page_align(1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, arg);
	EXPECT_EQ(-EFAULT, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, NULL)));
	EXPECT_EQ(-EFAULT, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, NULL)));

	/* When the answer cannot be told, the descriptor is not left behind either. */
	arg->flags = DMA_BUF_SYNC_READ;
	ASSERT_EQ(0, mprotect(arg, page_align(1), PROT_READ));
	next = dup(self->buf.fd);
	ASSERT_GE(next, 0);
	close(next);
	EXPECT_EQ(-EFAULT, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg)));
	EXPECT_EQ(next, dup(self->buf.fd));
}

/* A failed export leaves the caller's structure as it was. */
TEST_F(fenced, export_with_a_full_table)
{
	struct dma_buf_export_sync_file arg = { .flags = DMA_BUF_SYNC_READ, .fd = -77 };
	struct rlimit limit, old;
	int next = dup(self->buf.fd);

	ASSERT_GE(next, 0);
	close(next);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = next;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg)));
	EXPECT_EQ(-77, arg.fd);
	EXPECT_EQ(DMA_BUF_SYNC_READ, (int)arg.flags);
	/* The flags are looked at first. */
	EXPECT_EQ(-EINVAL, fence_export(self->buf.fd, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
}

/* Many timelines at once, so that the lists of fences have to grow. */
TEST_F(fenced, many_timelines)
{
	int timelines[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timelines); i++) {
		timelines[i] = timeline_open();
		ASSERT_GE(timelines[i], 0);
		ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_READ, timelines[i], 1));
	}
	EXPECT_EQ(64, exported_number(self->buf.fd, DMA_BUF_SYNC_WRITE));
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_READ));
	for (i = 0; i < ARRAY_SIZE(timelines); i++) {
		EXPECT_EQ(0, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
		ASSERT_EQ(0, timeline_advance(timelines[i], 1));
		close(timelines[i]);
	}
	EXPECT_EQ(1, exported_status(self->buf.fd, DMA_BUF_SYNC_WRITE));
}

TEST_HARNESS_MAIN
