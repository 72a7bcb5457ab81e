// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: memory that is taken back from processes.
 */
#include <linux/dcache.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "mock.h"

static unsigned int told_exporter;
static u32 __user *mapped_area;

/* No process may have the memory by then. */
static void tell_exporter(struct dma_buf *dmabuf)
{
	struct mock_exporter *exp = dmabuf->priv;
	u32 value;

	if (mapped_area)
		KUNIT_EXPECT_EQ(exp->test, -EFAULT,
				copy_from_user_nofault(&value, mapped_area,
						       sizeof(value)));
	told_exporter++;
}

/* What a process has mapped is empty, and nothing fills it again. */
static void processes_see_nothing(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned long size = MOCK_PAGES << PAGE_SHIFT;
	struct file *file = exp->dmabuf->file;
	unsigned long area, addr;

	addr = mock_mmap(test, file, MOCK_PAGES, 0, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 0, put_user(1, (u32 __user *)addr));

	exp->ops.revoked = tell_exporter;
	mapped_area = (u32 __user *)addr;
	told_exporter = 0;
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 1, told_exporter);
	mapped_area = NULL;
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(2, (u32 __user *)addr));
	/* One that is refused keeps nobody waiting, even before its end. */
	area = kunit_vm_mmap(test, file, 0, size, PROT_READ, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, (unsigned long)-ENODEV, area);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MMAP]);
	KUNIT_EXPECT_EQ(test, 1, *(u32 *)page_address(exp->pages[0]));

	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	area = mock_mmap(test, file, MOCK_PAGES, 0, PROT_READ);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(area));
	vm_munmap(area, size);
	vm_munmap(addr, size);
}

static long revoke_in_task(void *arg)
{
	struct mock_exporter *exp = arg;

	return dma_buf_revoke(exp->dmabuf, MAX_SCHEDULE_TIMEOUT);
}

static DECLARE_COMPLETION(areas_locked);
static DECLARE_COMPLETION(unlock_areas);

/* In a task of its own: who lets go may not have this lock. */
static long lock_areas(void *arg)
{
	struct address_space *mapping = arg;

	i_mmap_lock_write(mapping);
	complete(&areas_locked);
	wait_for_completion(&unlock_areas);
	i_mmap_unlock_write(mapping);
	return 0;
}

/* The last device lets go while areas of processes are being emptied. */
static void not_free_before_areas_are_empty(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);
	struct mock_task *locker, *task;
	unsigned long addr;

	addr = mock_mmap(test, exp->dmabuf->file, MOCK_PAGES, 0, PROT_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	exp->ops.revoked = tell_exporter;
	told_exporter = 0;

	reinit_completion(&areas_locked);
	reinit_completion(&unlock_areas);
	locker = mock_task(test, lock_areas, exp->dmabuf->file->f_mapping);
	mock_wait(test, &areas_locked);
	task = mock_task(test, revoke_in_task, exp);
	mock_wait_for(test, dma_buf_is_revoked(exp->dmabuf));
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 0, told_exporter);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_restore(exp->dmabuf));
	complete(&unlock_areas);

	KUNIT_EXPECT_EQ(test, 0, mock_task_join(locker));
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 1, told_exporter);
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(2, (u32 __user *)addr));
	vm_munmap(addr, MOCK_PAGES << PAGE_SHIFT);
}

/* While the exporter is about to put pages where nobody finds them yet. */
static void revoke_in_mmap(struct mock_exporter *exp, enum mock_op op)
{
	if (op != MOCK_MMAP)
		return;
	KUNIT_EXPECT_EQ(exp->test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(exp->test, -EBUSY, dma_buf_restore(exp->dmabuf));
	exp->hook_data = mock_task(exp->test, revoke_in_task, exp);
	/* It has emptied the areas that it found, and waits for this one. */
	mock_wait_for(exp->test, waitqueue_active(mock_poll_head(exp->dmabuf)));
}

static const int mmap_results[] = { 0, -EIO };

static void result_desc(const int *result, char *desc)
{
	strscpy(desc, *result ? "fails" : "succeeds", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(result, mmap_results, result_desc);

/* An mmap that had begun is waited for, and what it mapped is taken, too. */
static void mmap_in_progress(struct kunit *test)
{
	const int *result = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned long addr;

	exp->hook = revoke_in_mmap;
	exp->ops.revoked = tell_exporter;
	exp->errors[MOCK_MMAP] = *result;
	told_exporter = 0;
	addr = mock_mmap(test, exp->dmabuf->file, MOCK_PAGES, 0, PROT_WRITE);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(exp->hook_data));
	KUNIT_EXPECT_EQ(test, 1, told_exporter);
	KUNIT_EXPECT_EQ(test, !*result, !IS_ERR_VALUE(addr));
	if (IS_ERR_VALUE(addr))
		return;
	KUNIT_EXPECT_EQ(test, -EFAULT, put_user(1, (u32 __user *)addr));
	vm_munmap(addr, MOCK_PAGES << PAGE_SHIFT);
}

static const bool other_files[] = { true, false };

static void other_desc(const bool *other, char *desc)
{
	strscpy(desc, *other ? "another file" : "another mapping",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(other, other_files, other_desc);

/* As DRM drivers do it: the pages of other buffers may be there, too. */
static void areas_elsewhere(struct kunit *test)
{
	const bool *other = test->param_value;
	struct file *common = mock_buffer(test, MOCK_STATIC)->dmabuf->file;
	struct mock_exporter *exps[] = { mock_buffer(test, MOCK_STATIC),
					 mock_buffer(test, MOCK_STATIC) };
	struct dma_buf *dmabuf = exps[0]->dmabuf;
	unsigned long addrs[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (*other)
			exps[i]->vm_other = common;
		else
			exps[i]->dmabuf->file->f_mapping = common->f_mapping;
		addrs[i] = mock_mmap(test, exps[i]->dmabuf->file, MOCK_PAGES, 0,
				     PROT_WRITE);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addrs[i]));
	}
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(dmabuf, 0));
	mock_expect_remark(test, exps[0], NULL,
			   "was mapped by processes where only its exporter can empty it");
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, 0, put_user(1, (u32 __user *)addrs[i]));
		vm_munmap(addrs[i], MOCK_PAGES << PAGE_SHIFT);
	}
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(dmabuf));
	mock_expect_no_report(test);
}

/* The exporter still has it, and its file may be that of another one already. */
static void buffer_without_a_file(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf *dmabuf = exp->dmabuf;
	struct mock_exporter *other;
	struct dentry *dentry;
	unsigned int i = 0;
	unsigned long addr;

	dentry = dget(dmabuf->file->f_path.dentry);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
	do {
		other = mock_buffer(test, MOCK_STATIC);
	} while (other->dmabuf->file != dmabuf->file && ++i < 10);
	/* KASAN keeps what was freed from use for long. */
	if (other->dmabuf->file != dmabuf->file) {
		dput(dentry);
		kunit_skip(test, "no other file came to its place");
	}
	addr = mock_mmap(test, other->dmabuf->file, MOCK_PAGES, 0, PROT_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 0, put_user(1, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(dmabuf));
	vm_munmap(addr, MOCK_PAGES << PAGE_SHIFT);
	dput(dentry);
}

static struct kunit_case revoke_mmap_cases[] = {
	KUNIT_CASE(processes_see_nothing),
	KUNIT_CASE(not_free_before_areas_are_empty),
	KUNIT_CASE_PARAM(mmap_in_progress, result_gen_params),
	KUNIT_CASE_PARAM(areas_elsewhere, other_gen_params),
	KUNIT_CASE(buffer_without_a_file),
	{}
};

static struct kunit_suite revoke_mmap_suite = {
	.name = "dma_buf_revoke_mmap",
	.test_cases = revoke_mmap_cases,
};

kunit_test_suite(revoke_mmap_suite);
