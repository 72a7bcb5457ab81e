// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: calls that need the reservation lock, by somebody who has not
 * got it. It is told, and then all happens under it.
 */
#include <linux/debug_locks.h>
#include <linux/dma-buf.h>
#include <linux/irqflags.h>
#include <linux/sched/mm.h>

#include "mock.h"

/**
 * struct unlocked - what the calls are made with
 * @exp: an exporter that can do everything
 * @pinned: of a dynamic importer
 * @mapped: of a static importer
 * @sgt: mapped
 * @map: mapped as well
 */
struct unlocked {
	struct mock_exporter *exp;
	struct dma_buf_attachment *pinned, *mapped;
	struct sg_table *sgt;
	struct iosys_map map;
};

static void call_pin(struct unlocked *call)
{
	dma_buf_pin(call->pinned);
}

static void call_unpin(struct unlocked *call)
{
	dma_buf_unpin(call->pinned);
}

static void call_map(struct unlocked *call)
{
	call->sgt = dma_buf_map_attachment(call->mapped, DMA_TO_DEVICE);
}

static void call_unmap(struct unlocked *call)
{
	dma_buf_unmap_attachment(call->mapped, call->sgt, DMA_TO_DEVICE);
}

static void call_vmap(struct unlocked *call)
{
	dma_buf_vmap(call->exp->dmabuf, &call->map);
}

static void call_vunmap(struct unlocked *call)
{
	dma_buf_vunmap(call->exp->dmabuf, &call->map);
}

static void call_invalidate(struct unlocked *call)
{
	dma_buf_invalidate_mappings(call->exp->dmabuf);
}

/* Each of the first of a pair is followed by the other. */
static const struct unlocked_row {
	const char *name;
	void (*call)(struct unlocked *call);
	const char *twin;
	bool pins, maps;
} unlocked_rows[] = {
	{ "dma_buf_pin", call_pin, "dma_resv_lock", .pins = true },
	{ "dma_buf_unpin", call_unpin, "dma_resv_lock", .pins = true },
	{ "dma_buf_map_attachment", call_map,
	  "dma_buf_map_attachment_unlocked", .maps = true },
	{ "dma_buf_unmap_attachment", call_unmap,
	  "dma_buf_unmap_attachment_unlocked", .maps = true },
	{ "dma_buf_vmap", call_vmap, "dma_buf_vmap_unlocked" },
	{ "dma_buf_vunmap", call_vunmap, "dma_buf_vunmap_unlocked" },
	{ "dma_buf_invalidate_mappings", call_invalidate, "dma_resv_lock" },
};

static void expect_unlocked(struct kunit *test, struct mock_exporter *exp,
			    struct mock_importer *imp,
			    const struct unlocked_row *row)
{
	mock_expect_unlocked(test, exp, imp, row->name, row->twin);
}

/* The mock exporter sees to it that its operations run under the lock. */
static void forgotten_lock_is_told_and_taken(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *told = mock_importer(test, "told");
	struct mock_importer *fixed = mock_importer(test, "fixed");
	struct unlocked call = {
		.exp = exp,
		.pinned = mock_attach_dynamic(told, exp),
		.mapped = mock_attach(fixed, exp),
	};
	unsigned int i;

	mock_reports(test);
	for (i = 0; i < ARRAY_SIZE(unlocked_rows); i++) {
		const struct unlocked_row *row = &unlocked_rows[i];

		row->call(&call);
		KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(exp->dmabuf->resv));
		expect_unlocked(test, exp, row->pins ? told :
				row->maps ? fixed : NULL, row);
	}
	KUNIT_EXPECT_NE(test, 0, exp->calls[MOCK_PIN]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	KUNIT_EXPECT_EQ(test, 1, told->invalidated);
}

/* qaic, and drivers that were not ported to the locking of Linux 6.2. */
static void old_importer_works_as_with_the_lock(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "qaic");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;

	mock_reports(test);
	mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	mock_signal_begin(test);
	sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
	mock_signal_end(test);
	expect_unlocked(test, exp, imp, &unlocked_rows[2]);
	/* A signal: all is undone, under the lock as well. */
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ERESTARTSYS), sgt);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_PIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(exp->dmabuf->resv));
}

/*
 * etnaviv's submit: dma_buf_vmap() without the lock, and with one of its own that
 * others take inside of it. Whoever waited for either would wait for ever.
 */
static void forgotten_lock_is_not_waited_for(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_holder *holder;
	struct iosys_map map;

	mock_reports(test);
	holder = mock_hold(exp);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_vmap(exp->dmabuf, &map));
	dma_buf_vunmap(exp->dmabuf, &map);
	KUNIT_EXPECT_FALSE(test, completion_done(&holder->task->done));
	mock_let_go(holder);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_VUNMAP]);
	if (IS_ENABLED(CONFIG_PROVE_LOCKING))
		expect_unlocked(test, exp, NULL, &unlocked_rows[4]);
}

static long invalidate_in_task(void *exp)
{
	dma_buf_invalidate_mappings(((struct mock_exporter *)exp)->dmabuf);
	return 0;
}

/* That somebody has the lock anyone sees; that it is not the caller, lockdep. */
static void lockdep_tells_who_has_the_lock(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct mock_reports *reports = mock_reports(test);
	struct mock_holder *holder;
	struct mock_task *task;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "this kernel has no lockdep");
	mock_attach_dynamic(imp, exp);
	holder = mock_hold(exp);
	task = mock_task(test, invalidate_in_task, exp);
	mock_wait_for(test, (mock_read_reports(test), reports->warnings));
	KUNIT_EXPECT_EQ(test, 0, imp->invalidated);
	mock_let_go(holder);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 1, imp->invalidated);
	expect_unlocked(test, exp, NULL, &unlocked_rows[6]);
}

/* As pin_user_pages_fast() does. Lockdep goes on as if nothing had been found. */
static void map_looks_at_a_process(struct mock_exporter *exp, enum mock_op op)
{
	unsigned long flags;

	if (op != MOCK_MAP)
		return;
	local_irq_save(flags);
	debug_locks_silent = 1;
	might_lock_read(&((struct mm_struct *)exp->hook_data)->mmap_lock);
	exp->hook_data = debug_locks ? NULL : exp;
	debug_locks = 1;
	debug_locks_silent = 0;
	local_irq_restore(flags);
}

/*
 * The fault handlers of exporters take the reservation lock under the mmap lock. An exporter that
 * does the opposite is found by its first map, not by the first deadlock.
 */
static void lockdep_knows_the_mmap_lock_is_outside(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_attachment *attach = mock_attach(mock_importer(test, "imp"), exp);
	struct lockdep_map own __maybe_unused;
	static struct lock_class_key key;
	static bool ran;
	struct mm_struct *mm;
	struct sg_table *sgt;

	/* Nobody else takes a lock while lockdep does not look. It tells once for each chain. */
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || num_online_cpus() > 1 || !debug_locks || ran)
		kunit_skip(test, "it takes lockdep, one processor, and the first time");
	ran = true;
	mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, mm);
	might_lock_read(&mm->mmap_lock);
	KUNIT_EXPECT_TRUE(test, debug_locks);
	exp->hook_data = mm;
	exp->hook = map_looks_at_a_process;
	/* A chain that no other exporter has, whose maps are to be looked at, too. */
	lockdep_init_map(&own, "own", &key, 0);
	lock_map_acquire(&own);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	lock_map_release(&own);
	exp->hook = NULL;
	KUNIT_EXPECT_PTR_EQ(test, exp, exp->hook_data);
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	mmput(mm);
}

static struct kunit_case dma_buf_lock_cases[] = {
	KUNIT_CASE(forgotten_lock_is_told_and_taken),
	KUNIT_CASE(old_importer_works_as_with_the_lock),
	KUNIT_CASE(forgotten_lock_is_not_waited_for),
	KUNIT_CASE(lockdep_tells_who_has_the_lock),
	KUNIT_CASE(lockdep_knows_the_mmap_lock_is_outside),
	{}
};

static struct kunit_suite dma_buf_lock_suite = {
	.name = "dma_buf_lock",
	.test_cases = dma_buf_lock_cases,
};

kunit_test_suite(dma_buf_lock_suite);
