// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what map waits for, and how.
 */
#include "mock.h"

struct wait_row {
	const char *what;
	enum mock_importer_kind importer;
	enum dma_resv_usage usage;
	bool waits;
};

static const struct wait_row wait_rows[] = {
	{ "static importer, kernel fence", MOCK_FIXED, DMA_RESV_USAGE_KERNEL, true },
	{ "static importer, writer", MOCK_FIXED, DMA_RESV_USAGE_WRITE, false },
	{ "static importer, reader", MOCK_FIXED, DMA_RESV_USAGE_READ, false },
	{ "dynamic importer, kernel fence", MOCK_TOLD, DMA_RESV_USAGE_KERNEL, false },
	{ "no invalidate op, kernel fence", MOCK_DEAF, DMA_RESV_USAGE_KERNEL, false },
};

static void wait_desc(const struct wait_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wait, wait_rows, wait_desc);

/* And where it waits and must not, it leaves nothing behind. */
static void map_waits_for_moves(struct kunit *test)
{
	const struct wait_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_as(imp, exp, row->importer);
	unsigned int i;

	mock_busy(exp, row->usage);
	for (i = 0; i < 2; i++) {
		bool locked = i;
		struct sg_table *sgt;

		mock_signal_begin(test);
		sgt = mock_map(attach, DMA_TO_DEVICE, locked);
		mock_signal_end(test);
		if (row->waits)
			KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ERESTARTSYS), sgt);
		else
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
		KUNIT_EXPECT_EQ(test, !row->waits, mock_is_mapped(attach));
		KUNIT_EXPECT_EQ(test, exp->calls[MOCK_MAP], i + 1);
		if (!row->waits)
			mock_unmap(attach, sgt, DMA_TO_DEVICE, locked);
		KUNIT_EXPECT_EQ(test, exp->calls[MOCK_UNMAP], i + 1);
		KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN],
				exp->calls[MOCK_UNPIN]);
	}
}

static long map_in_task(void *arg)
{
	struct mock_importer *imp = arg;
	struct sg_table *sgt;

	sgt = dma_buf_map_attachment_unlocked(imp->attach, DMA_TO_DEVICE);
	if (IS_ERR_OR_NULL(sgt))
		return PTR_ERR(sgt);
	dma_buf_unmap_attachment_unlocked(imp->attach, sgt, DMA_TO_DEVICE);
	return 0;
}

static void others_go_on_while_map_waits(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");
	struct mock_poller *poller = mock_poller(test, EPOLLIN);
	struct mock_task *task;
	bool free;

	mock_attach(a, exp);
	task = mock_task(test, map_in_task, a);
	mock_wait(test, &fence->waited);

	/* Waiting for this thread to end would hang the test, not fail it. */
	free = dma_resv_trylock(exp->dmabuf->resv);
	KUNIT_ASSERT_TRUE(test, free);
	dma_resv_unlock(exp->dmabuf->resv);
	/* What is waited for is mapped and pinned already. */
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_PIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	mock_attach(b, exp);
	mock_detach(b);
	KUNIT_EXPECT_EQ(test, 0, (__force int)mock_poll(poller, exp->dmabuf));

	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 1, poller->wakeups);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNPIN]);
}

static void signal_ends_the_wait_of_map(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct mock_task *task;

	mock_attach(imp, exp);
	task = mock_task(test, map_in_task, imp);
	mock_wait(test, &fence->waited);
	mock_task_signal(task);
	KUNIT_EXPECT_EQ(test, -ERESTARTSYS, mock_task_join(task));
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(imp->attach));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&fence->base));
}

static struct kunit_case dma_buf_map_wait_cases[] = {
	KUNIT_CASE_PARAM(map_waits_for_moves, wait_gen_params),
	KUNIT_CASE(others_go_on_while_map_waits),
	KUNIT_CASE(signal_ends_the_wait_of_map),
	{}
};

static struct kunit_suite dma_buf_map_wait_suite = {
	.name = "dma_buf_map_wait",
	.test_cases = dma_buf_map_wait_cases,
};

kunit_test_suite(dma_buf_map_wait_suite);
