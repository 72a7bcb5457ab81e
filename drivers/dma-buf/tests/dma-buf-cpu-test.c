// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: begin and end of CPU access, vmap, mmap for importers.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "mock.h"

static const enum dma_data_direction dirs[] = {
	DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE,
};

static void dir_desc(const enum dma_data_direction *dir, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "direction %d", *dir);
}

KUNIT_ARRAY_PARAM(dir, dirs, dir_desc);

static void access_begins_and_ends(struct kunit *test)
{
	const enum dma_data_direction *dir = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	exp->dir = DMA_NONE;
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf, *dir));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_BEGIN_CPU]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_END_CPU]);
	KUNIT_EXPECT_EQ(test, exp->dir, *dir);

	exp->dir = DMA_NONE;
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(exp->dmabuf, *dir));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_END_CPU]);
	KUNIT_EXPECT_EQ(test, exp->dir, *dir);
}

static void access_needs_no_exporter(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);

	exp->ops.begin_cpu_access = NULL;
	exp->ops.end_cpu_access = NULL;
	mock_export(exp);
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(exp->dmabuf, DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_end_cpu_access(exp->dmabuf, DMA_TO_DEVICE));

	/* The fences count all the same. */
	mock_busy(exp, DMA_RESV_USAGE_READ);
	mock_signal_begin(test);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS,
			dma_buf_begin_cpu_access(exp->dmabuf, DMA_TO_DEVICE));
	mock_signal_end(test);
}

static void exporters_begin_may_fail(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	exp->errors[MOCK_BEGIN_CPU] = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO,
			dma_buf_begin_cpu_access(exp->dmabuf, DMA_TO_DEVICE));
	/* What has not begun is not ended. */
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_END_CPU]);
}

static void exporters_end_may_fail(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	exp->errors[MOCK_END_CPU] = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO,
			dma_buf_end_cpu_access(exp->dmabuf, DMA_TO_DEVICE));
}

static void access_refuses_nothing(struct kunit *test)
{
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_buf_begin_cpu_access(NULL, DMA_TO_DEVICE));
	mock_expect_bad_args(test, "dma_buf_begin_cpu_access");
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dma_buf_end_cpu_access(NULL, DMA_TO_DEVICE));
	mock_expect_bad_args(test, "dma_buf_end_cpu_access");
}

struct wait_row {
	enum dma_data_direction dir;
	enum dma_resv_usage usage;
	bool waits;
};

static const struct wait_row wait_rows[] = {
	{ DMA_FROM_DEVICE, DMA_RESV_USAGE_KERNEL, true },
	{ DMA_FROM_DEVICE, DMA_RESV_USAGE_WRITE, true },
	{ DMA_FROM_DEVICE, DMA_RESV_USAGE_READ, false },
	{ DMA_FROM_DEVICE, DMA_RESV_USAGE_BOOKKEEP, false },
	{ DMA_TO_DEVICE, DMA_RESV_USAGE_KERNEL, true },
	{ DMA_TO_DEVICE, DMA_RESV_USAGE_WRITE, true },
	{ DMA_TO_DEVICE, DMA_RESV_USAGE_READ, true },
	{ DMA_TO_DEVICE, DMA_RESV_USAGE_BOOKKEEP, false },
	{ DMA_BIDIRECTIONAL, DMA_RESV_USAGE_WRITE, true },
	{ DMA_BIDIRECTIONAL, DMA_RESV_USAGE_READ, true },
	{ DMA_BIDIRECTIONAL, DMA_RESV_USAGE_BOOKKEEP, false },
};

static void wait_desc(const struct wait_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "direction %d, usage %d",
		 row->dir, row->usage);
}

KUNIT_ARRAY_PARAM(wait, wait_rows, wait_desc);

static void interrupted_wait_begins_nothing(struct kunit *test)
{
	const struct wait_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, row->usage);

	mock_signal_begin(test);
	KUNIT_EXPECT_EQ(test, row->waits ? -ERESTARTSYS : 0,
			dma_buf_begin_cpu_access(exp->dmabuf, row->dir));
	mock_signal_end(test);
	KUNIT_EXPECT_EQ(test, !row->waits, exp->calls[MOCK_BEGIN_CPU]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_END_CPU]);

	dma_fence_signal(&fence->base);
	mock_signal_begin(test);
	KUNIT_EXPECT_EQ(test, 0,
			dma_buf_begin_cpu_access(exp->dmabuf, row->dir));
	mock_signal_end(test);
}

static long begin_in_task(void *arg)
{
	struct mock_exporter *exp = arg;

	return dma_buf_begin_cpu_access(exp->dmabuf, DMA_TO_DEVICE);
}

static void begin_waits_until_signaled(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_task *task = mock_task(test, begin_in_task, exp);

	mock_wait(test, &fence->waited);
	KUNIT_EXPECT_FALSE(test, completion_done(&task->done));
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(exp->dmabuf->resv));
	/* A bounce buffer is copied when the device is done, not before. */
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_BEGIN_CPU]);

	/* An error is the producer's business, not that of who waits. */
	dma_fence_set_error(&fence->base, -EIO);
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_BEGIN_CPU]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_END_CPU]);
}

static void signal_ends_the_wait_of_begin(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_task *task = mock_task(test, begin_in_task, exp);

	mock_wait(test, &fence->waited);
	mock_task_signal(task);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_BEGIN_CPU]);
}

/* As an exporter does that moves the buffer to where the CPU can reach it. */
static void start_a_move(struct mock_exporter *exp, enum mock_op op)
{
	if (op == MOCK_BEGIN_CPU)
		mock_fence_add(exp->test, exp->dmabuf->resv, exp->hook_data,
			       DMA_RESV_USAGE_KERNEL);
}

static void exporters_work_is_waited_for(struct kunit *test)
{
	const enum dma_data_direction *dir = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	exp->hook_data = mock_fence(test);
	exp->hook = start_a_move;
	/* What the exporter says to the end of it is not the caller's error. */
	exp->errors[MOCK_END_CPU] = -EIO;
	mock_signal_begin(test);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS,
			dma_buf_begin_cpu_access(exp->dmabuf, *dir));
	mock_signal_end(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_BEGIN_CPU]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_END_CPU]);
	KUNIT_EXPECT_EQ(test, exp->dir, *dir);
}

/* With and without the lock. */
struct how {
	const char *what;
	bool locked;
};

static const struct how hows[] = {
	{ "locked", true },
	{ "unlocked", false },
};

static void how_desc(const struct how *how, char *desc)
{
	strscpy(desc, how->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(how, hows, how_desc);

static int map(struct mock_exporter *exp, struct iosys_map *map, bool locked)
{
	int err;

	/* What a caller had in there before must not matter. */
	iosys_map_set_vaddr(map, exp);
	if (!locked)
		return dma_buf_vmap_unlocked(exp->dmabuf, map);
	dma_resv_lock(exp->dmabuf->resv, NULL);
	err = dma_buf_vmap(exp->dmabuf, map);
	dma_resv_unlock(exp->dmabuf->resv);
	return err;
}

static void unmap(struct mock_exporter *exp, struct iosys_map *map, bool locked)
{
	if (!locked) {
		dma_buf_vunmap_unlocked(exp->dmabuf, map);
		return;
	}
	dma_resv_lock(exp->dmabuf->resv, NULL);
	dma_buf_vunmap(exp->dmabuf, map);
	dma_resv_unlock(exp->dmabuf->resv);
}

static void vmap_is_shared(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a, b;

	mock_reports(test);
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, how->locked));
	KUNIT_ASSERT_EQ(test, 0, map(exp, &b, how->locked));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_equal(&a, &b));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VMAP]);

	iosys_map_wr(&a, PAGE_SIZE, u32, 0x600df00d);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(exp->pages[1]), 0x600df00d);

	unmap(exp, &a, how->locked);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_VUNMAP]);
	KUNIT_EXPECT_EQ(test, iosys_map_rd(&b, PAGE_SIZE, u32), 0x600df00d);
	unmap(exp, &b, how->locked);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	mock_expect_no_report(test);

	/* And again, from the beginning. */
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, how->locked));
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_VMAP]);
	unmap(exp, &a, how->locked);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_VUNMAP]);
}

static void vmap_without_vunmap_op(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct iosys_map a;
	void *addr;

	mock_reports(test);
	exp->ops.vunmap = NULL;
	mock_export(exp);
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, false));
	addr = a.vaddr;
	unmap(exp, &a, false);
	KUNIT_EXPECT_EQ(test, 0, mock_vmap_count(exp->dmabuf));
	mock_expect_no_report(test);
	vunmap(addr);
}

static void vmap_needs_the_exporter(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct iosys_map a;

	exp->ops.vmap = NULL;
	mock_export(exp);
	KUNIT_EXPECT_EQ(test, -EINVAL, map(exp, &a, how->locked));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));
}

static void failed_vmap_leaves_nothing(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a;

	exp->errors[MOCK_VMAP] = -ENOMEM;
	KUNIT_EXPECT_EQ(test, -ENOMEM, map(exp, &a, how->locked));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));

	/* So the next one asks the exporter again. */
	exp->errors[MOCK_VMAP] = 0;
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, how->locked));
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_VMAP]);
	unmap(exp, &a, how->locked);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
}

static void vmap_without_an_address_is_reported(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a;

	mock_reports(test);
	/* An address that was good once is none. */
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, false));
	unmap(exp, &a, false);
	exp->vmap_null = true;
	KUNIT_EXPECT_EQ(test, -EINVAL, map(exp, &a, false));
	mock_expect_report(test, exp, NULL, "exporter's vmap gave no address");
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	KUNIT_EXPECT_EQ(test, 0, mock_vmap_count(exp->dmabuf));
}

/* It would be taken for what the next vmap gave. */
static void what_a_failed_vmap_wrote_is_forgotten(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a;

	mock_reports(test);
	exp->vmap_dirty = true;
	exp->errors[MOCK_VMAP] = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, map(exp, &a, false));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));

	exp->errors[MOCK_VMAP] = 0;
	exp->vmap_null = true;
	KUNIT_EXPECT_EQ(test, -EINVAL, map(exp, &a, false));
	mock_expect_report(test, exp, NULL, "exporter's vmap gave no address");
}

static void vmap_refuses_nothing(struct kunit *test)
{
	struct iosys_map a = IOSYS_MAP_INIT_VADDR(&a);

	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_vmap(NULL, &a));
	mock_expect_bad_args(test, "dma_buf_vmap");
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));

	iosys_map_set_vaddr(&a, &a);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_vmap_unlocked(NULL, &a));
	mock_expect_bad_args(test, "dma_buf_vmap_unlocked");
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&a));

	dma_buf_vunmap(NULL, &a);
	mock_expect_bad_args(test, "dma_buf_vunmap");
	dma_buf_vunmap_unlocked(NULL, &a);
	mock_expect_bad_args(test, "dma_buf_vunmap_unlocked");
}

/* drm_gem_dma and others keep the address alone, and make a map of it again. */
static void vunmap_takes_a_map_made_anew(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map given, anew;

	mock_reports(test);
	exp->vmap_is_iomem = true;
	KUNIT_ASSERT_EQ(test, 0, map(exp, &given, how->locked));
	KUNIT_EXPECT_TRUE(test, given.is_iomem);
	iosys_map_set_vaddr(&anew, given.vaddr);
	unmap(exp, &anew, how->locked);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	KUNIT_EXPECT_PTR_EQ(test, exp->vunmapped.vaddr, given.vaddr);
	KUNIT_EXPECT_TRUE(test, exp->vunmapped.is_iomem);
	mock_expect_no_report(test);
}

static void vunmap_needs_a_vmap(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a, other;

	mock_reports(test);
	iosys_map_set_vaddr(&other, exp);
	unmap(exp, &other, how->locked);
	mock_expect_report(test, exp, NULL, "vunmap without vmap");

	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, how->locked));
	unmap(exp, &other, how->locked);
	mock_expect_report(test, exp, NULL, "vunmap of another mapping");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_VUNMAP]);

	/* The mapping is still there, and can be given back. */
	iosys_map_wr(&a, 0, u32, 1);
	other = a;
	unmap(exp, &a, how->locked);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);

	unmap(exp, &other, how->locked);
	mock_expect_report(test, exp, NULL, "vunmap without vmap");
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
}

static void release_while_vmapped_keeps_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map a, b;

	mock_reports(test);
	KUNIT_ASSERT_EQ(test, 0, map(exp, &a, false));
	KUNIT_ASSERT_EQ(test, 0, map(exp, &b, false));
	mock_release(exp);
	mock_expect_report(test, exp, NULL, "released with 2 kernel mappings");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_VUNMAP]);

	iosys_map_wr(&a, 0, u32, 1);
	unmap(exp, &a, false);
	unmap(exp, &b, false);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	mock_free_leaked(exp);
}

static struct kunit_case dma_buf_cpu_cases[] = {
	KUNIT_CASE_PARAM(access_begins_and_ends, dir_gen_params),
	KUNIT_CASE(access_needs_no_exporter),
	KUNIT_CASE(exporters_begin_may_fail),
	KUNIT_CASE(exporters_end_may_fail),
	KUNIT_CASE(access_refuses_nothing),
	KUNIT_CASE_PARAM(interrupted_wait_begins_nothing, wait_gen_params),
	KUNIT_CASE(begin_waits_until_signaled),
	KUNIT_CASE(signal_ends_the_wait_of_begin),
	KUNIT_CASE_PARAM(exporters_work_is_waited_for, dir_gen_params),
	KUNIT_CASE_PARAM(vmap_is_shared, how_gen_params),
	KUNIT_CASE(vmap_without_vunmap_op),
	KUNIT_CASE_PARAM(vmap_needs_the_exporter, how_gen_params),
	KUNIT_CASE_PARAM(failed_vmap_leaves_nothing, how_gen_params),
	KUNIT_CASE(vmap_without_an_address_is_reported),
	KUNIT_CASE(what_a_failed_vmap_wrote_is_forgotten),
	KUNIT_CASE(vmap_refuses_nothing),
	KUNIT_CASE_PARAM(vunmap_takes_a_map_made_anew, how_gen_params),
	KUNIT_CASE_PARAM(vunmap_needs_a_vmap, how_gen_params),
	KUNIT_CASE(release_while_vmapped_keeps_all),
	{}
};

static struct kunit_suite dma_buf_cpu_suite = {
	.name = "dma_buf_cpu",
	.test_cases = dma_buf_cpu_cases,
};

kunit_test_suite(dma_buf_cpu_suite);
