// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: poll. Its other half, sync files, is in dma-buf-sync-file-test.c.
 */
#include <linux/hardirq.h>
#include <linux/irq_work.h>
#include <linux/path.h>
#include <linux/slab.h>

#include "mock.h"

#define INOUT	(EPOLLIN | EPOLLOUT)

struct ready_row {
	__poll_t wanted;
	bool busy;
	enum dma_resv_usage usage;
	__poll_t ready;
};

static const struct ready_row ready_rows[] = {
	{ INOUT, false, 0, INOUT },
	{ EPOLLIN, false, 0, EPOLLIN },
	{ EPOLLOUT, false, 0, EPOLLOUT },
	{ INOUT | EPOLLPRI | EPOLLERR | EPOLLHUP, false, 0, INOUT },
	{ INOUT, true, DMA_RESV_USAGE_KERNEL, 0 },
	{ INOUT, true, DMA_RESV_USAGE_WRITE, 0 },
	{ INOUT, true, DMA_RESV_USAGE_READ, EPOLLIN },
	{ INOUT, true, DMA_RESV_USAGE_BOOKKEEP, INOUT },
	{ EPOLLIN, true, DMA_RESV_USAGE_WRITE, 0 },
	{ EPOLLIN, true, DMA_RESV_USAGE_READ, EPOLLIN },
	{ EPOLLOUT, true, DMA_RESV_USAGE_WRITE, 0 },
	{ EPOLLOUT, true, DMA_RESV_USAGE_READ, 0 },
	{ EPOLLOUT, true, DMA_RESV_USAGE_BOOKKEEP, EPOLLOUT },
};

static void ready_desc(const struct ready_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "events %#x, usage %d",
		 (__force unsigned int)row->wanted,
		 row->busy ? (int)row->usage : -1);
}

KUNIT_ARRAY_PARAM(ready, ready_rows, ready_desc);

static void poll_tells_what_is_free(struct kunit *test)
{
	const struct ready_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = NULL;
	struct mock_poller *poller;

	if (row->busy)
		fence = mock_busy(exp, row->usage);
	poller = mock_poller(test, row->wanted);
	KUNIT_EXPECT_EQ(test, (__force int)mock_poll(poller, exp->dmabuf),
			(__force int)row->ready);
	KUNIT_EXPECT_PTR_EQ(test, poller->head,
			    mock_poll_head(exp->dmabuf));

	if (!fence)
		return;
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, (__force int)mock_poll(poller, exp->dmabuf),
			(__force int)(row->wanted & INOUT));
}

static void poll_for_other_events_is_for_nothing(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *poller = mock_poller(test, EPOLLPRI | EPOLLERR);

	KUNIT_EXPECT_EQ(test, 0, (__force int)mock_poll(poller, exp->dmabuf));
	KUNIT_EXPECT_FALSE(test, completion_done(&fence->waited));
	/* It may want more later, and epoll queues itself only once. */
	KUNIT_EXPECT_PTR_EQ(test, poller->head,
			    mock_poll_head(exp->dmabuf));
}

static void poll_without_waiting(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct file *file = exp->dmabuf->file;

	KUNIT_EXPECT_EQ(test, (__force int)INOUT,
			(__force int)vfs_poll(file, NULL));
	mock_busy(exp, DMA_RESV_USAGE_READ);
	KUNIT_EXPECT_EQ(test, (__force int)EPOLLIN,
			(__force int)vfs_poll(file, NULL));
}

static void expect_idle(struct mock_poller *poller, struct mock_exporter *exp)
{
	KUNIT_EXPECT_EQ(exp->test, 0,
			(__force int)mock_poll(poller, exp->dmabuf));
	KUNIT_EXPECT_EQ(exp->test, 0, poller->wakeups);
}

static void expect_woken_once(struct kunit *test, struct mock_poller *poller)
{
	mock_wait(test, &poller->woken);
	KUNIT_EXPECT_EQ(test, 1, poller->wakeups);
}

/* One wakeup, and then the buffer is what the poller asked for. */
static void expect_ready(struct mock_poller *poller, struct mock_exporter *exp)
{
	expect_woken_once(exp->test, poller);
	KUNIT_EXPECT_EQ(exp->test,
			(__force int)mock_poll(poller, exp->dmabuf),
			(__force int)poller->table._key);
}

static const unsigned int fence_counts[] = { 1, 2, 3, 16 };

static void count_desc(const unsigned int *count, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u fences", *count);
}

KUNIT_ARRAY_PARAM(count, fence_counts, count_desc);

static unsigned int all_references(struct mock_fence *fence[], unsigned int count)
{
	unsigned int all = 0;

	while (count--)
		all += kref_read(&fence[count]->base.refcount);
	return all;
}

static void many_fences_are_one_wakeup(struct kunit *test)
{
	const unsigned int *count = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller;
	struct mock_fence *fence[16];
	unsigned int i, references;

	for (i = 0; i < *count; i++)
		fence[i] = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	poller = mock_poller(test, EPOLLIN);
	expect_idle(poller, exp);
	references = all_references(fence, *count);
	/* Another look keeps none of those that it meets. */
	expect_idle(poller, exp);
	KUNIT_EXPECT_EQ(test, references, all_references(fence, *count));

	/* Neither the first of them nor the last but one is the right one. */
	for (i = 0; i + 1 < *count; i++) {
		dma_fence_signal(&fence[i]->base);
		expect_idle(poller, exp);
	}
	dma_fence_signal(&fence[i]->base);
	expect_ready(poller, exp);
}

static void failed_work_is_work_done(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *a = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_fence *b = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *poller = mock_poller(test, EPOLLIN);

	expect_idle(poller, exp);
	dma_fence_set_error(&a->base, -EIO);
	dma_fence_signal(&a->base);
	expect_idle(poller, exp);
	dma_fence_set_error(&b->base, -ECANCELED);
	dma_fence_signal(&b->base);
	expect_ready(poller, exp);
}

static void late_fence_is_waited_for(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *early = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_fence *late = mock_fence(test);
	struct mock_poller *poller = mock_poller(test, EPOLLIN);

	expect_idle(poller, exp);
	mock_fence_add(test, exp->dmabuf->resv, late, DMA_RESV_USAGE_WRITE);
	dma_fence_signal(&early->base);

	/* The poller looks again, and waits for another round. */
	mock_wait(test, &poller->woken);
	poller->wakeups = 0;
	expect_idle(poller, exp);
	dma_fence_signal(&late->base);
	expect_ready(poller, exp);
}

/**
 * struct irq_signal - a device that is done, and says so with an interrupt
 * @work: runs in the interrupt
 * @fence: what it signals
 * @in_hardirq: it really did
 */
struct irq_signal {
	struct irq_work work;
	struct mock_fence *fence;
	bool in_hardirq;
};

static void signal_in_interrupt(struct irq_work *work)
{
	struct irq_signal *irq = container_of(work, struct irq_signal, work);

	irq->in_hardirq = in_hardirq();
	dma_fence_signal(&irq->fence->base);
}

static void fence_may_signal_in_an_interrupt(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller = mock_poller(test, EPOLLIN);
	struct irq_signal *irq;

	irq = kunit_kzalloc(test, sizeof(*irq), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, irq);
	irq->fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	irq->work = IRQ_WORK_INIT(signal_in_interrupt);
	expect_idle(poller, exp);
	irq_work_queue(&irq->work);
	irq_work_sync(&irq->work);
	/* Where the lock of a fence may sleep, interrupts are threads. */
	KUNIT_EXPECT_EQ(test, irq->in_hardirq, !IS_ENABLED(CONFIG_PREEMPT_RT));
	expect_ready(poller, exp);
}

/*
 * Some drivers hold the lock of their fences with interrupts on, since nothing
 * takes it in one. But pollers of a buffer have one lock for all fences, and
 * lockdep has seen it taken in an interrupt.
 */
static void fence_may_signal_with_interrupts_on(struct kunit *test)
{
	static struct lock_class_key key;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller = mock_poller(test, EPOLLOUT);
	struct mock_fence *fence = mock_fence(test);

	lockdep_set_class(&fence->lock, &key);
	mock_fence_add(test, exp->dmabuf->resv, fence, DMA_RESV_USAGE_READ);
	expect_idle(poller, exp);
	spin_lock(&fence->lock);
	dma_fence_signal_locked(&fence->base);
	spin_unlock(&fence->lock);
	expect_ready(poller, exp);
}

/*
 * sw_sync signals what is left on a timeline that is closed, in the lock that the
 * release of each fence takes, and has no reference to any.
 */
static void signaler_may_have_no_reference(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller = mock_poller(test, EPOLLIN);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct dma_fence *stub = dma_fence_get_stub();
	struct dma_resv *resv = exp->dmabuf->resv;
	static bool released;

	released = false;
	fence->released = &released;
	expect_idle(poller, exp);
	dma_resv_lock(resv, NULL);
	dma_resv_replace_fences(resv, fence->base.context, stub,
				DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(resv);
	dma_fence_put(stub);
	mock_fence_disown(test, fence);
	KUNIT_ASSERT_EQ(test, 1, kref_read(&fence->base.refcount));

	rcu_read_lock();
	spin_lock_irq(&fence->lock);
	dma_fence_signal_locked(&fence->base);
	spin_unlock_irq(&fence->lock);
	rcu_read_unlock();
	/* Whoever polls next puts the last one. */
	KUNIT_EXPECT_FALSE(test, released);
	expect_ready(poller, exp);
	KUNIT_EXPECT_TRUE(test, released);
}

/* One that was pending when it was seen can have signaled when it is asked. */
static void fence_may_refuse_to_be_waited_for(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller = mock_poller(test, EPOLLIN);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);

	fence->refuses = true;
	KUNIT_EXPECT_EQ(test, (__force int)EPOLLIN,
			(__force int)mock_poll(poller, exp->dmabuf));
	/* The test has one, the reservation object the other. */
	KUNIT_EXPECT_EQ(test, 2, kref_read(&fence->base.refcount));

	/* The next one is waited for. */
	fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	poller->wakeups = 0;
	expect_idle(poller, exp);
	reinit_completion(&poller->woken);
	dma_fence_signal(&fence->base);
	expect_ready(poller, exp);
}

static void pollers_with_one_wish_wake_together(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_poller *a = mock_poller(test, EPOLLOUT);
	struct mock_poller *b = mock_poller(test, EPOLLOUT);

	expect_idle(a, exp);
	expect_idle(b, exp);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&fence->base.cb_list));
	dma_fence_signal(&fence->base);
	expect_woken_once(test, a);
	expect_woken_once(test, b);
}

static void pollers_with_other_wishes_wake_apart(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *writer = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_fence *reader = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_poller *in = mock_poller(test, EPOLLIN);
	struct mock_poller *out = mock_poller(test, EPOLLOUT);

	expect_idle(in, exp);
	expect_idle(out, exp);
	dma_fence_signal(&writer->base);
	expect_ready(in, exp);
	expect_idle(out, exp);
	dma_fence_signal(&reader->base);
	expect_ready(out, exp);
}

/*
 * Nothing is armed while the buffer is free. An edge-triggered epoll that was
 * not told again now would sleep through the fences to come.
 */
static void free_access_is_told_again(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *in = mock_poller(test, EPOLLIN);
	struct mock_poller *out = mock_poller(test, EPOLLOUT);
	struct mock_fence *reader;

	mock_poll(out, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, out->wakeups);
	mock_poll(in, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, in->wakeups);
	KUNIT_EXPECT_EQ(test, 1, out->wakeups);

	/* What is not free is not told. */
	reader = mock_busy(exp, DMA_RESV_USAGE_READ);
	mock_poll(out, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, out->wakeups);
	dma_fence_signal(&reader->base);
}

static long poll_in_task(void *arg)
{
	struct mock_exporter *exp = arg;
	struct mock_poller *poller = exp->hook_data;

	return (__force long)mock_poll(poller, exp->dmabuf);
}

static void poll_needs_no_lock(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_task *task;
	unsigned long left;

	mock_busy(exp, DMA_RESV_USAGE_READ);
	mock_busy(exp, DMA_RESV_USAGE_READ);
	exp->hook_data = mock_poller(test, INOUT);

	dma_resv_lock(exp->dmabuf->resv, NULL);
	task = mock_task(test, poll_in_task, exp);
	left = wait_for_completion_timeout(&task->done, MOCK_DEADLOCK);
	dma_resv_unlock(exp->dmabuf->resv);
	KUNIT_EXPECT_NE(test, 0, left);
	KUNIT_EXPECT_EQ(test, (__force long)EPOLLIN, mock_task_join(task));
}

static void poll_keeps_no_file(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller = mock_poller(test, INOUT);

	mock_busy(exp, DMA_RESV_USAGE_WRITE);
	mock_poll(poller, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

static void close_takes_the_callbacks_off(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *poller = mock_poller(test, INOUT);

	mock_poll(poller, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 2, list_count_nodes(&fence->base.cb_list));
	mock_unpoll(poller);

	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&fence->base));
	KUNIT_EXPECT_TRUE(test, list_empty(&fence->base.cb_list));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&fence->base.refcount));
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 0, poller->wakeups);
}

/* The fence has called, and nobody looked since. */
static void close_after_the_callback(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *poller = mock_poller(test, INOUT);

	mock_reports(test);
	mock_poll(poller, exp->dmabuf);
	dma_fence_signal(&fence->base);
	mock_unpoll(poller);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, 1, kref_read(&fence->base.refcount));
	mock_expect_no_report(test);
}

static struct kunit_case dma_buf_poll_cases[] = {
	KUNIT_CASE_PARAM(poll_tells_what_is_free, ready_gen_params),
	KUNIT_CASE(poll_for_other_events_is_for_nothing),
	KUNIT_CASE(poll_without_waiting),
	KUNIT_CASE_PARAM(many_fences_are_one_wakeup, count_gen_params),
	KUNIT_CASE(failed_work_is_work_done),
	KUNIT_CASE(late_fence_is_waited_for),
	KUNIT_CASE(fence_may_signal_in_an_interrupt),
	KUNIT_CASE(fence_may_signal_with_interrupts_on),
	KUNIT_CASE(signaler_may_have_no_reference),
	KUNIT_CASE(fence_may_refuse_to_be_waited_for),
	KUNIT_CASE(pollers_with_one_wish_wake_together),
	KUNIT_CASE(pollers_with_other_wishes_wake_apart),
	KUNIT_CASE(free_access_is_told_again),
	KUNIT_CASE(poll_needs_no_lock),
	KUNIT_CASE(poll_keeps_no_file),
	KUNIT_CASE(close_takes_the_callbacks_off),
	KUNIT_CASE(close_after_the_callback),
	{}
};

static struct kunit_suite dma_buf_poll_suite = {
	.name = "dma_buf_poll",
	.test_cases = dma_buf_poll_cases,
};

kunit_test_suite(dma_buf_poll_suite);
