// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what only the core itself sees, and what Linux 6.12 has no call
 * for.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/path.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/dma_buf.h>

#include "../dma-buf-internal.h"
#include "mock.h"

#define INOUT	(EPOLLIN | EPOLLOUT)

static void copy_name_tells_none_from_empty(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	char name[DMA_BUF_NAME_LEN] = "stale";

	KUNIT_EXPECT_FALSE(test, dma_buf_copy_name(exp->dmabuf, name));
	KUNIT_EXPECT_STREQ(test, "", name);

	exp->dmabuf->name = kstrdup("", GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, dma_buf_copy_name(exp->dmabuf, name));
	KUNIT_EXPECT_STREQ(test, "", name);

	kfree(exp->dmabuf->name);
	exp->dmabuf->name = kstrdup("0123456789012345678901234567890",
				    GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, dma_buf_copy_name(exp->dmabuf, name));
	KUNIT_EXPECT_STREQ(test, name, exp->dmabuf->name);
}

static void fd_install_takes_a_reserved_number(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	KUNIT_ASSERT_GE(test, fd, 0);
	dma_buf_fd_install(exp->dmabuf, fd);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	file = fget(fd);
	KUNIT_EXPECT_PTR_EQ(test, file, exp->dmabuf->file);
	fput(file);

	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	mock_wait_released(exp);
}

static void revocable_means_the_importer_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *fixed = mock_importer(test, "fixed");
	struct mock_importer *told = mock_importer(test, "told");
	struct mock_importer *deaf = mock_importer(test, "deaf");

	deaf->ops.invalidate_mappings = NULL;
	KUNIT_EXPECT_FALSE(test,
			   dma_buf_attach_revocable(mock_attach(fixed, exp)));
	KUNIT_EXPECT_TRUE(test,
			  dma_buf_attach_revocable(mock_attach_dynamic(told, exp)));
	KUNIT_EXPECT_FALSE(test,
			   dma_buf_attach_revocable(mock_attach_dynamic(deaf, exp)));
	KUNIT_EXPECT_TRUE(test, dma_buf_attachment_is_dynamic(deaf->attach));
}

static void waiting_is_visible(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_object *obj = to_dma_buf_object(exp->dmabuf);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_poller *poller = mock_poller(test, INOUT);

	mock_poll(poller, exp->dmabuf);
	KUNIT_EXPECT_FALSE(test, obj->poll_armed[DMA_BUF_POLL_IN]);
	KUNIT_EXPECT_TRUE(test, obj->poll_armed[DMA_BUF_POLL_OUT]);
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_FALSE(test, obj->poll_armed[DMA_BUF_POLL_OUT]);
	/*
	 * The test has one, the reservation object the other: none is kept for
	 * nothing, or the driver behind it would be called when the file goes.
	 */
	KUNIT_EXPECT_EQ(test, 2, kref_read(&fence->base.refcount));
	KUNIT_EXPECT_EQ(test, (__force int)INOUT,
			(__force int)mock_poll(poller, exp->dmabuf));
	KUNIT_EXPECT_EQ(test, 2, kref_read(&fence->base.refcount));
}

/* One page holds sixteen buffers, or forty-two attachments. */
/* Prints a letter for each, and makes the set another one at the first. */
static void show_and_change(struct seq_file *m, struct dma_fence *fence,
			    const char *usage)
{
	struct mock_exporter *exp = m->private;

	seq_putc(m, usage[0]);
	if (!exp->hook_data)
		return;
	dma_resv_lock(exp->dmabuf->resv, NULL);
	/* More than there is room for: a new list. */
	KUNIT_EXPECT_EQ(exp->test, 0,
			dma_resv_reserve_fences(exp->dmabuf->resv, 64));
	dma_resv_add_fence(exp->dmabuf->resv, exp->hook_data, DMA_RESV_USAGE_READ);
	dma_resv_unlock(exp->dmabuf->resv);
	exp->hook_data = NULL;
}

static void changed_set_is_printed_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	char text[16] = "before ";
	struct seq_file m = {
		.buf = text, .size = sizeof(text), .count = 7, .private = exp,
	};

	mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	mock_busy(exp, DMA_RESV_USAGE_WRITE);
	exp->hook_data = &mock_fence(test)->base;
	dma_buf_seq_fences(&m, exp->dmabuf->resv, DMA_RESV_USAGE_READ,
			   show_and_change);
	text[m.count] = '\0';
	KUNIT_EXPECT_STREQ(test, "before kwr", text);
}

static void objects_are_small(struct kunit *test)
{
	if (sizeof(spinlock_t) > 4 || sizeof(long) != 8 ||
	    IS_ENABLED(CONFIG_DMABUF_SYSFS_STATS))
		kunit_skip(test, "not a kernel as it ships");
	KUNIT_EXPECT_LE(test, sizeof(struct dma_buf_object), 256);
	KUNIT_EXPECT_LE(test, sizeof(struct dma_buf_attachment_object), 96);
}

static int driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	return dma_buf_mmap(file->private_data, vma, 0);
}

static const struct file_operations driver_fops = {
	.mmap = driver_mmap,
};

static void count_event(void *count, struct dma_buf *dmabuf)
{
	++*(unsigned int *)count;
}

static void mmap_by_a_driver_is_traced(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned int count = 0;
	unsigned long addr;
	struct file *file;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "this kernel has no tracepoints");
	file = anon_inode_getfile("driver", &driver_fops, exp->dmabuf, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_EXPECT_EQ(test, 0,
			register_trace_dma_buf_mmap(count_event, &count));
	addr = mock_mmap(test, file, 1, 0, PROT_READ);
	unregister_trace_dma_buf_mmap(count_event, &count);
	tracepoint_synchronize_unregister();
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, 1, count);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
}

struct range_row {
	size_t size;
	unsigned long first, count;
	bool within;
};

#define LAST_PAGE	(ULONG_MAX >> PAGE_SHIFT)

static const struct range_row range_rows[] = {
	{ 4 * PAGE_SIZE, 0, 0, true },
	{ 4 * PAGE_SIZE, 0, 1, true },
	{ 4 * PAGE_SIZE, 0, 4, true },
	{ 4 * PAGE_SIZE, 0, 5, false },
	{ 4 * PAGE_SIZE, 1, 3, true },
	{ 4 * PAGE_SIZE, 1, 4, false },
	{ 4 * PAGE_SIZE, 3, 1, true },
	{ 4 * PAGE_SIZE, 3, 2, false },
	{ 4 * PAGE_SIZE, 4, 0, true },
	{ 4 * PAGE_SIZE, 4, 1, false },
	{ 4 * PAGE_SIZE, 5, 0, false },
	{ 4 * PAGE_SIZE, LAST_PAGE, 1, false },
	{ 4 * PAGE_SIZE, LAST_PAGE + 1, 1, false },
	{ 4 * PAGE_SIZE, ULONG_MAX, 0, false },
	{ 4 * PAGE_SIZE, ULONG_MAX, 1, false },
	{ 4 * PAGE_SIZE, ULONG_MAX, 2, false },
	{ 4 * PAGE_SIZE, ULONG_MAX - 3, 4, false },
	{ 4 * PAGE_SIZE, ULONG_MAX - 3, 5, false },
	{ 4 * PAGE_SIZE, 0, ULONG_MAX, false },
	{ 4 * PAGE_SIZE, 1, ULONG_MAX, false },
	{ 4 * PAGE_SIZE, 4, ULONG_MAX - 3, false },
	{ 4 * PAGE_SIZE, ULONG_MAX, ULONG_MAX, false },
	{ 4 * PAGE_SIZE, ULONG_MAX / 2 + 1, ULONG_MAX / 2 + 1, false },
	{ 4 * PAGE_SIZE - 1, 0, 3, true },
	{ 4 * PAGE_SIZE - 1, 0, 4, false },
	{ 4 * PAGE_SIZE + 1, 0, 4, true },
	{ 4 * PAGE_SIZE + 1, 0, 5, false },
	{ 1, 0, 0, true },
	{ 1, 0, 1, false },
	{ 0, 0, 0, true },
	{ 0, 0, 1, false },
	{ 0, ULONG_MAX, 1, false },
	{ SIZE_MAX, 0, LAST_PAGE, true },
	{ SIZE_MAX, 0, LAST_PAGE + 1, false },
	{ SIZE_MAX, LAST_PAGE, 1, false },
	{ SIZE_MAX, LAST_PAGE - 1, 1, true },
	{ SIZE_MAX, 1, ULONG_MAX, false },
};

static void range_desc(const struct range_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%#zx bytes, page %#lx + %#lx",
		 row->size, row->first, row->count);
}

KUNIT_ARRAY_PARAM(range, range_rows, range_desc);

static void range_is_within_the_buffer(struct kunit *test)
{
	const struct range_row *row = test->param_value;
	struct dma_buf dmabuf = { .size = row->size };

	KUNIT_EXPECT_EQ(test, row->within,
			dma_buf_has_pages(&dmabuf, row->first, row->count));
}

static struct kunit_case dma_buf_internal_cases[] = {
	KUNIT_CASE(copy_name_tells_none_from_empty),
	KUNIT_CASE(fd_install_takes_a_reserved_number),
	KUNIT_CASE(revocable_means_the_importer_is_told),
	KUNIT_CASE(waiting_is_visible),
	KUNIT_CASE(changed_set_is_printed_once),
	KUNIT_CASE(objects_are_small),
	KUNIT_CASE(mmap_by_a_driver_is_traced),
	KUNIT_CASE_PARAM(range_is_within_the_buffer, range_gen_params),
	{}
};

static struct kunit_suite dma_buf_internal_suite = {
	.name = "dma_buf_internal",
	.test_cases = dma_buf_internal_cases,
};

kunit_test_suite(dma_buf_internal_suite);
