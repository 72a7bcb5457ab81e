// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: calls that need the reservation lock, by somebody who has not
 * got it. Lockdep says so, and nothing else happens than with it.
 */
#include <linux/dma-buf.h>

#include "mock.h"

/**
 * struct unlocked - what the calls are made with
 * @exp: an exporter that can do everything
 * @attach: of a dynamic importer
 * @sgt: mapped
 * @map: mapped as well
 */
struct unlocked {
	struct mock_exporter *exp;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct iosys_map map;
};

static void call_pin(struct unlocked *call)
{
	dma_buf_pin(call->attach);
}

static void call_unpin(struct unlocked *call)
{
	dma_buf_unpin(call->attach);
}

static void call_map(struct unlocked *call)
{
	call->sgt = dma_buf_map_attachment(call->attach, DMA_TO_DEVICE);
}

static void call_unmap(struct unlocked *call)
{
	dma_buf_unmap_attachment(call->attach, call->sgt, DMA_TO_DEVICE);
}

static void call_vmap(struct unlocked *call)
{
	dma_buf_vmap(call->exp->dmabuf, &call->map);
}

static void call_vunmap(struct unlocked *call)
{
	dma_buf_vunmap(call->exp->dmabuf, &call->map);
}

/* Each of the first of a pair is followed by the other. */
static const struct unlocked_row {
	const char *name;
	void (*call)(struct unlocked *call);
	void (*undo)(struct unlocked *call);
} unlocked_rows[] = {
	{ "pin and unpin", call_pin, call_unpin },
	{ "map and unmap", call_map, call_unmap },
	{ "vmap and vunmap", call_vmap, call_vunmap },
};

static void unlocked_desc(const struct unlocked_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(unlocked, unlocked_rows, unlocked_desc);

static void expect_one_warning(struct kunit *test, struct unlocked *call,
			       void (*fn)(struct unlocked *call))
{
	struct mock_reports *reports = test->priv;

	kunit_info(test, "expect a warning: drivers/dma-buf/dma-buf\n");
	reports->warnings = 0;
	fn(call);
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 1, reports->warnings);
}

static void lockdep_tells_who_forgets_the_lock(struct kunit *test)
{
	const struct unlocked_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct unlocked call = {
		.exp = exp,
		.attach = mock_attach_dynamic(imp, exp),
	};

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "this kernel has no lockdep");
	mock_reports(test);
	exp->unlocked = true;
	expect_one_warning(test, &call, row->call);
	expect_one_warning(test, &call, row->undo);
	exp->unlocked = false;
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_MAP], exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_VMAP], exp->calls[MOCK_VUNMAP]);
}

struct holder {
	struct dma_resv *resv;
	struct completion locked;
	struct completion enough;
};

static long hold(void *arg)
{
	struct holder *holder = arg;

	dma_resv_lock(holder->resv, NULL);
	complete(&holder->locked);
	wait_for_completion(&holder->enough);
	dma_resv_unlock(holder->resv);
	return 0;
}

static void call_invalidate(struct unlocked *call)
{
	dma_buf_invalidate_mappings(call->exp->dmabuf);
}

/* That somebody has the lock the core sees by itself; that it is the caller, lockdep. */
static void lockdep_tells_who_has_the_lock(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct unlocked call = { .exp = exp };
	struct holder holder = { .resv = exp->dmabuf->resv };
	struct mock_task *task;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "this kernel has no lockdep");
	mock_reports(test);
	init_completion(&holder.locked);
	init_completion(&holder.enough);
	task = mock_task(test, hold, &holder);
	mock_wait(test, &holder.locked);
	expect_one_warning(test, &call, call_invalidate);
	complete(&holder.enough);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
}

static struct kunit_case dma_buf_lock_cases[] = {
	KUNIT_CASE_PARAM(lockdep_tells_who_forgets_the_lock,
			 unlocked_gen_params),
	KUNIT_CASE(lockdep_tells_who_has_the_lock),
	{}
};

static struct kunit_suite dma_buf_lock_suite = {
	.name = "dma_buf_lock",
	.test_cases = dma_buf_lock_cases,
};

kunit_test_suite(dma_buf_lock_suite);
