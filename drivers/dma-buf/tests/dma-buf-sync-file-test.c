// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: fences of a buffer as sync files, and back.
 */
#include <linux/dma-fence-array.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

#include "mock.h"

static long ioctl_at(struct mock_exporter *exp, unsigned int cmd,
		     void __user *arg)
{
	return mock_ioctl(exp->dmabuf->file, cmd, arg);
}

/* The descriptor, or the error. */
static long export(struct mock_exporter *exp, u32 flags)
{
	struct dma_buf_export_sync_file request = { .flags = flags, .fd = -1 };
	void __user *arg = mock_user(exp->test, &request, sizeof(request));
	long err = ioctl_at(exp, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg);

	KUNIT_ASSERT_EQ(exp->test, 0, copy_from_user(&request, arg,
						     sizeof(request)));
	KUNIT_EXPECT_EQ(exp->test, request.flags, flags);
	if (!err)
		return request.fd;
	KUNIT_EXPECT_EQ(exp->test, -1, request.fd);
	return err;
}

static long import(struct mock_exporter *exp, u32 flags, int fd)
{
	struct dma_buf_import_sync_file request = { .flags = flags, .fd = fd };

	return ioctl_at(exp, DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
			mock_user(exp->test, &request, sizeof(request)));
}

/* Shows whether a failed call left a descriptor behind. */
static int next_fd(struct kunit *test)
{
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_GE(test, fd, 0);
	put_unused_fd(fd);
	return fd;
}

struct export_row {
	u32 flags;
	bool writer, reader;
};

static const struct export_row export_rows[] = {
	{ DMA_BUF_SYNC_READ, true, false },
	{ DMA_BUF_SYNC_WRITE, true, true },
	{ DMA_BUF_SYNC_RW, true, true },
};

static void export_desc(const struct export_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "flags %u", row->flags);
}

KUNIT_ARRAY_PARAM(export, export_rows, export_desc);

static bool has_signaled(struct kunit *test, int fd)
{
	struct dma_fence *fence = sync_file_get_fence(fd);
	bool signaled;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	signaled = dma_fence_is_signaled(fence);
	dma_fence_put(fence);
	return signaled;
}

static void export_takes_who_is_in_the_way(struct kunit *test)
{
	const struct export_row *row = test->param_value;
	enum dma_resv_usage usage;

	for (usage = DMA_RESV_USAGE_KERNEL; usage <= DMA_RESV_USAGE_BOOKKEEP;
	     usage++) {
		struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
		struct mock_fence *fence = mock_busy(exp, usage);
		bool counts = usage == DMA_RESV_USAGE_KERNEL ||
			      (usage == DMA_RESV_USAGE_WRITE && row->writer) ||
			      (usage == DMA_RESV_USAGE_READ && row->reader);
		long fd = export(exp, row->flags);

		KUNIT_ASSERT_GE(test, fd, 0);
		KUNIT_EXPECT_TRUE(test, get_close_on_exec(fd));
		KUNIT_EXPECT_EQ(test, has_signaled(test, fd), !counts);
		dma_fence_signal(&fence->base);
		KUNIT_EXPECT_TRUE(test, has_signaled(test, fd));
		KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	}
}

static void export_takes_all_at_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *a = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_fence *b = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_fence *late = mock_fence(test);
	long fd = export(exp, DMA_BUF_SYNC_WRITE);

	KUNIT_ASSERT_GE(test, fd, 0);
	/* What comes later is not in it. */
	mock_fence_add(test, exp->dmabuf->resv, late, DMA_RESV_USAGE_WRITE);
	dma_fence_signal(&a->base);
	KUNIT_EXPECT_FALSE(test, has_signaled(test, fd));
	dma_fence_signal(&b->base);
	KUNIT_EXPECT_TRUE(test, has_signaled(test, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
}

static const u32 bad_flags[] = {
	0, DMA_BUF_SYNC_END, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END, 1U << 31,
	DMA_BUF_SYNC_RW | 8,
};

static void bad_flags_desc(const u32 *flags, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "flags %#x", *flags);
}

KUNIT_ARRAY_PARAM(bad_flags, bad_flags, bad_flags_desc);

static void sync_files_need_a_direction(struct kunit *test)
{
	const u32 *flags = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	int fd = next_fd(test);
	long good;

	KUNIT_EXPECT_EQ(test, -EINVAL, export(exp, *flags));
	KUNIT_EXPECT_EQ(test, next_fd(test), fd);

	good = export(exp, DMA_BUF_SYNC_READ);
	KUNIT_ASSERT_GE(test, good, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, import(exp, *flags, good));
	KUNIT_EXPECT_EQ(test, 0, close_fd(good));
}

static void export_without_descriptors_fails(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = 0;
	KUNIT_EXPECT_EQ(test, -EMFILE, export(exp, DMA_BUF_SYNC_READ));
}

static void requests_must_be_readable(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	void __user *gone = mock_user(test, "", 1);

	KUNIT_ASSERT_EQ(test, 0, vm_munmap((unsigned long)gone, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			ioctl_at(exp, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, gone));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			ioctl_at(exp, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, gone));
}

/* A program that maps its request read-only never learns of a descriptor. */
static void answer_must_be_writable(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct dma_buf_export_sync_file *request = page_address(exp->pages[0]);
	unsigned long addr;
	int fd;

	request->flags = DMA_BUF_SYNC_READ;
	addr = mock_mmap(test, exp->dmabuf->file, 1, 0, PROT_READ);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	fd = next_fd(test);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			ioctl_at(exp, DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
				 (void __user *)addr));
	KUNIT_EXPECT_EQ(test, next_fd(test), fd);
	/* The test has one, the buffer the other. The file goes in a worker. */
	mock_wait_for(test, kref_read(&fence->base.refcount) == 2);
}

struct import_row {
	u32 flags;
	bool blocks_readers;
};

static const struct import_row import_rows[] = {
	{ DMA_BUF_SYNC_READ, false },
	{ DMA_BUF_SYNC_WRITE, true },
	{ DMA_BUF_SYNC_RW, true },
};

static void import_desc(const struct import_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "flags %u", row->flags);
}

KUNIT_ARRAY_PARAM(import, import_rows, import_desc);

static int sync_file_fd(struct kunit *test, struct dma_fence *fence)
{
	struct sync_file *file = sync_file_create(fence);
	int fd = get_unused_fd_flags(O_CLOEXEC);

	KUNIT_ASSERT_NOT_NULL(test, file);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file->file);
	return fd;
}

static void import_stands_in_the_way(struct kunit *test)
{
	const struct import_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_resv *resv = exp->dmabuf->resv;
	struct mock_fence *fence = mock_fence(test);
	int fd = sync_file_fd(test, &fence->base);

	KUNIT_EXPECT_EQ(test, 0, import(exp, row->flags, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(resv,
						       DMA_RESV_USAGE_KERNEL));
	KUNIT_EXPECT_EQ(test, !row->blocks_readers,
			dma_resv_test_signaled(resv, DMA_RESV_USAGE_WRITE));
	KUNIT_EXPECT_FALSE(test, dma_resv_test_signaled(resv,
							DMA_RESV_USAGE_READ));
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(resv,
						       DMA_RESV_USAGE_READ));
}

static unsigned int count_fences(struct dma_resv *resv,
				 enum dma_resv_usage usage)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int count = 0;

	dma_resv_lock(resv, NULL);
	dma_resv_for_each_fence(&cursor, resv, usage, fence) {
		/* Containers have no place in a reservation object. */
		if (!dma_fence_is_container(fence))
			count++;
	}
	dma_resv_unlock(resv);
	return count;
}

/* What a merged sync file holds goes in one by one. */
static void import_takes_sets_apart(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *a = mock_fence(test);
	struct mock_fence *b = mock_fence(test);
	struct dma_fence *both = dma_fence_unwrap_merge(&a->base, &b->base);
	int fd;

	KUNIT_ASSERT_NOT_NULL(test, both);
	fd = sync_file_fd(test, both);
	dma_fence_put(both);

	KUNIT_EXPECT_EQ(test, 0, import(exp, DMA_BUF_SYNC_WRITE, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_EQ(test, 2,
			count_fences(exp->dmabuf->resv, DMA_RESV_USAGE_WRITE));
}

static void import_of_an_empty_set_blocks_nobody(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *a = mock_fence(test);
	struct mock_fence *b = mock_fence(test);
	struct dma_fence *both = dma_fence_unwrap_merge(&a->base, &b->base);
	struct dma_fence_array *set = to_dma_fence_array(both);
	int fd;

	KUNIT_ASSERT_NOT_NULL(test, set);
	fd = sync_file_fd(test, both);

	set->num_fences = 0;
	KUNIT_EXPECT_EQ(test, 0, import(exp, DMA_BUF_SYNC_WRITE, fd));
	set->num_fences = 2;
	dma_fence_put(both);
	/* A walk over a set keeps its reference if it finds nothing in it. */
	dma_fence_put(both);
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_EQ(test, 0,
			count_fences(exp->dmabuf->resv, DMA_RESV_USAGE_WRITE));
}

static void import_of_what_is_done_blocks_nobody(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_fence(test);
	int fd = sync_file_fd(test, &fence->base);

	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 0, import(exp, DMA_BUF_SYNC_WRITE, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(exp->dmabuf->resv,
						       DMA_RESV_USAGE_BOOKKEEP));
}

static void import_needs_a_sync_file(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	int fd;

	KUNIT_EXPECT_EQ(test, -EINVAL, import(exp, DMA_BUF_SYNC_READ, -1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			import(exp, DMA_BUF_SYNC_READ, next_fd(test)));

	get_dma_buf(exp->dmabuf);
	fd = dma_buf_fd(exp->dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, import(exp, DMA_BUF_SYNC_READ, fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(exp->dmabuf->resv,
						       DMA_RESV_USAGE_BOOKKEEP));
}

static struct kunit_case dma_buf_sync_file_cases[] = {
	KUNIT_CASE_PARAM(export_takes_who_is_in_the_way, export_gen_params),
	KUNIT_CASE(export_takes_all_at_once),
	KUNIT_CASE_PARAM(sync_files_need_a_direction, bad_flags_gen_params),
	KUNIT_CASE(export_without_descriptors_fails),
	KUNIT_CASE(requests_must_be_readable),
	KUNIT_CASE(answer_must_be_writable),
	KUNIT_CASE_PARAM(import_stands_in_the_way, import_gen_params),
	KUNIT_CASE(import_takes_sets_apart),
	KUNIT_CASE(import_of_an_empty_set_blocks_nobody),
	KUNIT_CASE(import_of_what_is_done_blocks_nobody),
	KUNIT_CASE(import_needs_a_sync_file),
	{}
};

static struct kunit_suite dma_buf_sync_file_suite = {
	.name = "dma_buf_sync_file",
	.test_cases = dma_buf_sync_file_cases,
};

kunit_test_suite(dma_buf_sync_file_suite);
