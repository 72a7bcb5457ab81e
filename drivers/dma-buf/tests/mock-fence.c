// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: fences that the test signals, and pollers that wait.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "mock.h"

static const char *mock_fence_name(struct dma_fence *fence)
{
	return "mock";
}

static bool mock_fence_enable_signaling(struct dma_fence *base)
{
	struct mock_fence *fence = container_of(base, struct mock_fence, base);

	complete_all(&fence->waited);
	return !fence->refuses;
}

/* As drivers do which keep a list of their fences. */
static void mock_fence_release(struct dma_fence *base)
{
	struct mock_fence *fence = container_of(base, struct mock_fence, base);
	unsigned long flags;

	spin_lock_irqsave(&fence->lock, flags);
	spin_unlock_irqrestore(&fence->lock, flags);
	if (fence->released)
		*fence->released = true;
	dma_fence_free(base);
}

static const struct dma_fence_ops mock_fence_ops = {
	.get_driver_name = mock_fence_name,
	.get_timeline_name = mock_fence_name,
	.enable_signaling = mock_fence_enable_signaling,
	.release = mock_fence_release,
};

static void mock_fence_end(void *data)
{
	struct mock_fence *fence = data;

	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

/**
 * mock_fence - a fence that the test signals with dma_fence_signal()
 * @test: whose it will be
 *
 * It signals at the latest when the test ends.
 *
 * Return: the fence, with a reference of the test's own.
 */
struct mock_fence *mock_fence(struct kunit *test)
{
	/* Not the test's: others may hold references after the end of it. */
	struct mock_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	init_completion(&fence->waited);
	dma_fence_init(&fence->base, &mock_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_fence_end,
							   fence));
	return fence;
}

/**
 * mock_fence_disown - give back the reference of the test's own
 * @test: whose it was
 * @fence: the fence
 */
void mock_fence_disown(struct kunit *test, struct mock_fence *fence)
{
	kunit_remove_action(test, mock_fence_end, fence);
	dma_fence_put(&fence->base);
}

/**
 * mock_fence_add - let a fence stand in the way of others
 * @test: which test
 * @resv: of a buffer
 * @fence: the fence
 * @usage: who it stands in the way of
 */
void mock_fence_add(struct kunit *test, struct dma_resv *resv,
		    struct mock_fence *fence, enum dma_resv_usage usage)
{
	int err;

	dma_resv_lock(resv, NULL);
	err = dma_resv_reserve_fences(resv, 1);
	if (!err)
		dma_resv_add_fence(resv, &fence->base, usage);
	dma_resv_unlock(resv);
	KUNIT_ASSERT_EQ(test, 0, err);
}

/**
 * mock_busy - make a buffer busy
 * @exp: its exporter
 * @usage: with what
 *
 * Return: the new fence which it is busy with.
 */
struct mock_fence *mock_busy(struct mock_exporter *exp,
			     enum dma_resv_usage usage)
{
	struct mock_fence *fence = mock_fence(exp->test);

	mock_fence_add(exp->test, exp->dmabuf->resv, fence, usage);
	return fence;
}

static int mock_poller_wake(wait_queue_entry_t *wait, unsigned int mode,
			    int sync, void *key)
{
	struct mock_poller *poller = container_of(wait, struct mock_poller,
						  wait);

	/* As poll and epoll do: a wakeup for something else is none. */
	if (!(key_to_poll(key) & poller->table._key))
		return 0;
	poller->wakeups++;
	complete(&poller->woken);
	return 1;
}

static void mock_poller_queue(struct file *file, wait_queue_head_t *head,
			      poll_table *table)
{
	struct mock_poller *poller = container_of(table, struct mock_poller,
						  table);

	if (poller->head)
		return;
	poller->head = head;
	add_wait_queue(head, &poller->wait);
}

static void mock_poller_leave(void *data)
{
	mock_unpoll(data);
}

/**
 * mock_poller - somebody to poll one buffer
 * @test: whose it will be
 * @events: what it waits for
 *
 * Return: the poller, in no wait queue yet.
 */
struct mock_poller *mock_poller(struct kunit *test, __poll_t events)
{
	struct mock_poller *poller;

	poller = kunit_kzalloc(test, sizeof(*poller), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, poller);
	init_poll_funcptr(&poller->table, mock_poller_queue);
	poller->table._key = events;
	init_waitqueue_func_entry(&poller->wait, mock_poller_wake);
	init_completion(&poller->woken);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, mock_poller_leave,
						  poller));
	return poller;
}

/**
 * mock_poll - poll a buffer
 * @poller: who; in the wait queue from the first call on
 * @dmabuf: the buffer, always the same
 *
 * Return: what is ready.
 */
__poll_t mock_poll(struct mock_poller *poller, struct dma_buf *dmabuf)
{
	return vfs_poll(dmabuf->file, &poller->table);
}

/**
 * mock_unpoll - lose interest
 * @poller: who; can poll again, another buffer as well
 */
void mock_unpoll(struct mock_poller *poller)
{
	if (poller->head)
		remove_wait_queue(poller->head, &poller->wait);
	poller->head = NULL;
}
