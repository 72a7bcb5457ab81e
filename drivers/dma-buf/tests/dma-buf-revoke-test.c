// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: memory that is taken back from everybody.
 */
#include "../dma-buf-internal.h"
#include "mock.h"

static void expect_refused(struct kunit *test, struct mock_exporter *exp,
			   struct dma_buf_attachment *attach, bool refused)
{
	int expected = refused ? -ENODEV : 0;
	struct iosys_map map;
	struct sg_table *sgt;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, refused, dma_buf_is_revoked(exp->dmabuf));
	for (i = 0; i < 2; i++) {
		sgt = mock_map(attach, DMA_TO_DEVICE, i);
		KUNIT_EXPECT_EQ(test, expected, PTR_ERR_OR_ZERO(sgt));
		if (!IS_ERR_OR_NULL(sgt))
			mock_unmap(attach, sgt, DMA_TO_DEVICE, i);
	}
	KUNIT_EXPECT_EQ(test, expected, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	KUNIT_EXPECT_EQ(test, refused, iosys_map_is_null(&map));
	if (!refused)
		dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	KUNIT_EXPECT_EQ(test, expected,
			dma_buf_begin_cpu_access(exp->dmabuf, DMA_FROM_DEVICE));
	if (!refused)
		dma_buf_end_cpu_access(exp->dmabuf, DMA_FROM_DEVICE);
	dma_resv_lock(exp->dmabuf->resv, NULL);
	if (dma_buf_attachment_is_dynamic(attach)) {
		KUNIT_EXPECT_EQ(test, expected, dma_buf_pin(attach));
		if (!refused)
			dma_buf_unpin(attach);
	}
	dma_resv_unlock(exp->dmabuf->resv);
}

static const enum mock_kind kinds[] = { MOCK_STATIC, MOCK_CACHED, MOCK_DYNAMIC };

static void kind_desc(const enum mock_kind *kind, char *desc)
{
	static const char * const names[] = { "static", "cached", "dynamic" };

	strscpy(desc, names[*kind], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

/* Before, after, and once it is back, for devices that came before and after. */
static void nobody_gets_at_it(struct kunit *test)
{
	const enum mock_kind *kind = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, *kind);
	struct mock_importer *told = mock_importer(test, "told");
	struct mock_importer *fixed = mock_importer(test, "fixed");
	struct mock_importer *late = mock_importer(test, "late");
	unsigned int maps;

	mock_reports(test);
	mock_attach_dynamic(told, exp);
	mock_attach(fixed, exp);
	expect_refused(test, exp, told->attach, false);
	expect_refused(test, exp, fixed->attach, false);

	/* A table that was only kept is nobody's. */
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 0, exp->users);
	mock_attach(late, exp);
	maps = exp->calls[MOCK_MAP];
	expect_refused(test, exp, told->attach, true);
	expect_refused(test, exp, fixed->attach, true);
	expect_refused(test, exp, late->attach, true);
	KUNIT_EXPECT_EQ(test, maps, exp->calls[MOCK_MAP]);
	mock_detach(late);

	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	expect_refused(test, exp, told->attach, false);
	expect_refused(test, exp, fixed->attach, false);
	KUNIT_EXPECT_EQ(test, 1, told->invalidated);
	mock_expect_no_report(test);
}

/* A cached table is made anew, waits for the new memory, and is cached again. */
static void cached_after_restore(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct mock_fence *fence;
	struct sg_table *sgt;

	mock_unmap(attach, mock_map(attach, DMA_TO_DEVICE, false),
		   DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));

	fence = mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	mock_signal_begin(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	mock_signal_end(test);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ERESTARTSYS), sgt);
	dma_fence_signal(&fence->base);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 1, exp->users);
	KUNIT_EXPECT_PTR_EQ(test, sgt, mock_map(attach, DMA_TO_DEVICE, false));
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
}

struct holder_row {
	const char *what;
	enum mock_importer_kind importer;
	int err;
	const char *said;
};

static const struct holder_row holder_rows[] = {
	{ "static importer", MOCK_FIXED, -EBUSY,
	  "still mapped after it was revoked, by an importer that cannot be told" },
	{ "no invalidate op", MOCK_DEAF, -EBUSY,
	  "still mapped after it was revoked, by an importer that cannot be told" },
	{ "dynamic importer that keeps it", MOCK_TOLD, -ETIMEDOUT,
	  "still mapped after it was revoked, by an importer that was told" },
};

static void holder_desc(const struct holder_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(holder, holder_rows, holder_desc);

static void holders_are_named_once(struct kunit *test)
{
	const struct holder_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_as(imp, exp, row->importer);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, row->err, dma_buf_revoke(exp->dmabuf, 1));
	mock_expect_remark(test, exp, imp, row->said);
	KUNIT_EXPECT_EQ(test, row->err, dma_buf_revoke(exp->dmabuf, 1));
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_restore(exp->dmabuf));
	KUNIT_EXPECT_EQ(test, row->importer == MOCK_TOLD, imp->invalidated);

	/* It comes late, and is welcome. */
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 1));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	mock_expect_no_report(test);
}

/* An importer that left its mapping behind is not there to be told. */
static void abandoned_mapping_cannot_be_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	KUNIT_EXPECT_FALSE(test, dma_buf_attach_revocable(attach));
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(exp->dmabuf, 1));
	mock_expect_remark(test, exp, imp,
			   "still mapped after it was revoked, by an importer that cannot be told");
	KUNIT_EXPECT_EQ(test, 0, imp->invalidated);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
}

/* Two devices have a line each. */
static void each_holder_is_named(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imps[] = { mock_importer(test, "a"),
					 mock_importer(test, "b") };
	struct mock_reports *reports = mock_reports(test);
	struct sg_table *sgts[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		sgts[i] = mock_map(mock_attach(imps[i], exp), DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(exp->dmabuf, 0));
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 2, reports->count);
	for (i = 0; i < 2; i++)
		mock_unmap(imps[i]->attach, sgts[i], DMA_TO_DEVICE, false);
}

static void kernel_mapping_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(exp->dmabuf, 0));
	mock_expect_remark(test, exp, NULL,
			   "still mapped in the kernel after it was revoked");
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_restore(exp->dmabuf));
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	mock_expect_no_report(test);
}

static struct sg_table *to_let_go;

/* Under the lock, in the midst of the walk over all that are told. */
static void let_go_at_once(struct dma_buf_attachment *attach)
{
	dma_buf_unmap_attachment(attach, to_let_go, DMA_TO_DEVICE);
}

static unsigned int told_exporter;

static void tell_exporter(struct dma_buf *dmabuf)
{
	struct mock_exporter *exp = dmabuf->priv;

	KUNIT_EXPECT_TRUE(exp->test, dma_resv_is_locked(dmabuf->resv));
	KUNIT_EXPECT_TRUE(exp->test, dma_buf_is_revoked(dmabuf));
	KUNIT_EXPECT_EQ(exp->test, 0, exp->users);
	told_exporter++;
}

static void importer_lets_go_at_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->ops.revoked = tell_exporter;
	told_exporter = 0;
	imp->ops.invalidate_mappings = let_go_at_once;
	mock_attach_dynamic(imp, exp);
	to_let_go = mock_map(imp->attach, DMA_TO_DEVICE, false);
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 0, exp->users);
	KUNIT_EXPECT_EQ(test, 1, told_exporter);
	mock_expect_no_report(test);
}

/* By the last one to let go, whoever that is, and once. */
static void exporter_is_told_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;
	struct iosys_map map;
	unsigned int last;

	exp->ops.revoked = tell_exporter;
	for (last = 0; last < 2; last++) {
		told_exporter = 0;
		sgt = mock_map(attach, DMA_TO_DEVICE, false);
		KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
		KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(exp->dmabuf, 0));
		if (last)
			mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
		else
			dma_buf_vunmap_unlocked(exp->dmabuf, &map);
		KUNIT_EXPECT_EQ(test, 0, told_exporter);
		if (last)
			dma_buf_vunmap_unlocked(exp->dmabuf, &map);
		else
			mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
		KUNIT_EXPECT_EQ(test, 1, told_exporter);
		KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
		KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
		KUNIT_EXPECT_EQ(test, 1, told_exporter);
	}
}

static long revoke_in_task(void *arg)
{
	struct mock_exporter *exp = arg;

	return dma_buf_revoke(exp->dmabuf, MAX_SCHEDULE_TIMEOUT);
}

/* For a holder who was told, and has not let go. */
static struct mock_task *somebody_waits(struct mock_exporter *exp)
{
	struct dma_buf_object *obj = to_dma_buf_object(exp->dmabuf);
	struct mock_task *task = mock_task(exp->test, revoke_in_task, exp);

	/* It sleeps, or is about to. */
	mock_wait_for(exp->test, waitqueue_active(&obj->poll_wait));
	return task;
}

/* First a fence, then two importers, and no signal ends the wait. */
static void revoke_waits_for_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_BOOKKEEP);
	struct mock_importer *imps[] = { mock_importer(test, "a"),
					 mock_importer(test, "b") };
	struct sg_table *sgts[2];
	struct mock_task *task;
	unsigned int i;

	for (i = 0; i < 2; i++)
		sgts[i] = mock_map(mock_attach_dynamic(imps[i], exp),
				   DMA_TO_DEVICE, false);
	mock_reports(test);
	task = mock_task(test, revoke_in_task, exp);
	mock_wait(test, &fence->waited);
	mock_task_signal(task);
	KUNIT_EXPECT_TRUE(test, dma_buf_is_revoked(exp->dmabuf));
	dma_fence_signal(&fence->base);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_FALSE(test, completion_done(&task->done));
		mock_unmap(imps[i]->attach, sgts[i], DMA_TO_DEVICE, false);
		KUNIT_EXPECT_EQ(test, 1, imps[i]->invalidated);
	}
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	mock_expect_no_report(test);
}

static long begin_in_task(void *data)
{
	struct mock_exporter *exp = data;

	return dma_buf_begin_cpu_access(exp->dmabuf, DMA_FROM_DEVICE);
}

/* Both wait for the same fence, and after that the memory may be gone. */
static void revoked_while_access_waits(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_task *task = mock_task(test, begin_in_task, exp);

	mock_wait(test, &fence->waited);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, -ENODEV, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_BEGIN_CPU]);
}

/* Whom he waits for leaves the mapping behind, and is not there any more to let go. */
static void abandoned_while_somebody_waits(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);
	unsigned int pins = exp->calls[MOCK_PIN];
	struct mock_task *task;

	mock_reports(test);
	task = somebody_waits(exp);
	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, -EBUSY, mock_task_join(task));
	/* There is no memory to choose a place for. */
	KUNIT_EXPECT_EQ(test, pins, exp->calls[MOCK_PIN]);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
}

static void fence_that_never_signals(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_BOOKKEEP);

	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 2));
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
}

static void expect_poll(struct kunit *test, struct mock_poller *poller,
			struct mock_exporter *exp, __poll_t ready)
{
	KUNIT_EXPECT_EQ(test, (__force int)ready,
			(__force int)mock_poll(poller, exp->dmabuf));
}

/* Whoever polls is woken, and sees it beside what is ready. */
static void pollers_see_it(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	/* As poll and epoll ask, whatever a program asks of them. */
	struct mock_poller *poller = mock_poller(test, EPOLLIN | EPOLLERR | EPOLLHUP);

	expect_poll(test, poller, exp, 0);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	KUNIT_EXPECT_NE(test, 0, poller->wakeups);
	expect_poll(test, poller, exp, EPOLLERR | EPOLLHUP);
	dma_fence_signal(&fence->base);
	expect_poll(test, poller, exp, EPOLLIN | EPOLLERR | EPOLLHUP);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	expect_poll(test, poller, exp, EPOLLIN);
}

/* The last one has counted down and not yet taken the lock, and is late. */
static void last_one_is_late(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_object *obj = to_dma_buf_object(exp->dmabuf);
	unsigned int restored;

	exp->ops.revoked = tell_exporter;
	for (restored = 0; restored < 2; restored++) {
		told_exporter = 0;
		atomic_inc(&obj->mmap_calls);
		KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
		KUNIT_EXPECT_EQ(test, 0, told_exporter);
		atomic_dec(&obj->mmap_calls);
		if (!restored)
			KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
		KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
		KUNIT_EXPECT_EQ(test, 1, told_exporter);

		dma_resv_lock(exp->dmabuf->resv, NULL);
		dma_buf_let_go(obj);
		dma_resv_unlock(exp->dmabuf->resv);
		KUNIT_EXPECT_EQ(test, 1, told_exporter);
	}
}

/* Who waits for the last one hears of it, even if the last one is too late to say so. */
static void restored_while_somebody_waits(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_object *obj = to_dma_buf_object(exp->dmabuf);
	struct mock_task *task;

	atomic_inc(&obj->mmap_calls);
	task = somebody_waits(exp);
	atomic_dec(&obj->mmap_calls);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mock_task_join(task));
}

/* Who was told is named once he had time, and who cannot be told at once. */
static void named_in_time(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 1));
	mock_expect_remark(test, exp, imp,
			   "still mapped after it was revoked, by an importer that was told");
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
}

static long pin_in_task(void *attach)
{
	return dma_buf_pin(attach);
}

/*
 * amdgpu does this when its card is unplugged. Of a dynamic importer nobody looks, as a
 * rule; but who still has memory that was revoked is counted under the lock.
 */
static void forgotten_lock_is_taken_once_revoked(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "amdgpu");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, dma_buf_revoke(exp->dmabuf, 0));
	mock_reports(test);
	dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
	mock_expect_unlocked(test, exp, imp, "dma_buf_unmap_attachment",
			     "dma_buf_unmap_attachment_unlocked");
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
}

/* Its exporter has no pin. The buffer was revoked, and is not any more once the lock is had. */
static void forgotten_lock_is_had_after_restore(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_attachment *attach =
		mock_attach_dynamic(mock_importer(test, "imp"), exp);
	struct mock_reports *reports = mock_reports(test);
	struct mock_holder *holder;
	struct mock_task *task;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "this kernel has no lockdep");
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	holder = mock_hold(exp);
	task = mock_task(test, pin_in_task, attach);
	mock_wait_for(test, (mock_read_reports(test), reports->warnings));
	/* As dma_buf_restore() does, which waited before, and so was first. */
	WRITE_ONCE(to_dma_buf_object(exp->dmabuf)->revoked, false);
	mock_let_go(holder);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	KUNIT_EXPECT_EQ(test, 0, (int)to_attachment_object(attach)->pins);
}

static void bad_arguments(struct kunit *test)
{
	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_revoke(NULL, 0));
	mock_expect_bad_args(test, "dma_buf_revoke");
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_restore(NULL));
	mock_expect_bad_args(test, "dma_buf_restore");
}

/* Of what was never taken nothing has to come back. */
static void restore_without_revoke(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	KUNIT_EXPECT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
}

static struct kunit_case revoke_cases[] = {
	KUNIT_CASE_PARAM(nobody_gets_at_it, kind_gen_params),
	KUNIT_CASE(cached_after_restore),
	KUNIT_CASE_PARAM(holders_are_named_once, holder_gen_params),
	KUNIT_CASE(abandoned_mapping_cannot_be_told),
	KUNIT_CASE(revoked_while_access_waits),
	KUNIT_CASE(abandoned_while_somebody_waits),
	KUNIT_CASE(each_holder_is_named),
	KUNIT_CASE(kernel_mapping_is_told),
	KUNIT_CASE(importer_lets_go_at_once),
	KUNIT_CASE(exporter_is_told_once),
	KUNIT_CASE(revoke_waits_for_all),
	KUNIT_CASE(fence_that_never_signals),
	KUNIT_CASE(pollers_see_it),
	KUNIT_CASE(last_one_is_late),
	KUNIT_CASE(restored_while_somebody_waits),
	KUNIT_CASE(named_in_time),
	KUNIT_CASE(forgotten_lock_is_taken_once_revoked),
	KUNIT_CASE(forgotten_lock_is_had_after_restore),
	KUNIT_CASE(bad_arguments),
	KUNIT_CASE(restore_without_revoke),
	{}
};

static struct kunit_suite revoke_suite = {
	.name = "dma_buf_revoke",
	.test_cases = revoke_cases,
};

kunit_test_suite(revoke_suite);
