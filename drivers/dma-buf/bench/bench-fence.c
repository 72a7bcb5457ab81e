// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: fences which are signaled when the bench says so.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "bench.h"

static const char *bench_fence_name(struct dma_fence *fence)
{
	return "bench";
}

static const struct dma_fence_ops bench_fence_ops = {
	.get_driver_name = bench_fence_name,
	.get_timeline_name = bench_fence_name,
};

/**
 * bench_fences_init - get ready to make as many fences as the order says
 * @b: the order
 *
 * Each fence will have a context of its own, the same whenever they are made
 * again: a reservation object then puts the new ones in place of the old.
 *
 * Return: 0, and bench_fences_exit() must follow, or -ENOMEM.
 */
int bench_fences_init(struct bench *b)
{
	b->others = kvcalloc(b->arg, sizeof(*b->others), GFP_KERNEL);
	if (!b->others)
		return -ENOMEM;
	b->context = dma_fence_context_alloc(b->arg ?: 1);
	return 0;
}

static int bench_fences_make(struct bench *b)
{
	unsigned int i;

	b->seqno++;
	for (i = 0; i < b->arg; i++) {
		struct bench_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

		b->others[i] = fence;
		if (!fence)
			goto err;
		spin_lock_init(&fence->lock);
		dma_fence_init(&fence->base, &bench_fence_ops, &fence->lock,
			       b->context + i, b->seqno);
	}
	return 0;

err:
	bench_fences_put(b);
	return -ENOMEM;
}

/**
 * bench_fences_add - make the fences, and have writers of the buffer use them
 * @b: the order, with a buffer, after bench_fences_init()
 *
 * Return: 0, and bench_fences_put() must follow, or -ENOMEM.
 */
int bench_fences_add(struct bench *b)
{
	struct dma_resv *resv = b->dmabuf->resv;
	unsigned int i;
	int err = bench_fences_make(b);

	if (err)
		return err;
	dma_resv_lock(resv, NULL);
	err = dma_resv_reserve_fences(resv, b->arg ?: 1);
	for (i = 0; i < b->arg && !err; i++) {
		struct bench_fence *fence = b->others[i];

		dma_resv_add_fence(resv, &fence->base, DMA_RESV_USAGE_WRITE);
	}
	dma_resv_unlock(resv);
	if (err)
		bench_fences_put(b);
	return err;
}

/**
 * bench_fences_put - signal what has not signaled, and forget them all
 * @b: the order
 */
void bench_fences_put(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < b->arg; i++) {
		struct bench_fence *fence = b->others[i];

		if (!fence)
			break;
		dma_fence_signal(&fence->base);
		dma_fence_put(&fence->base);
	}
}

/**
 * bench_fences_exit - undo bench_fences_init()
 * @b: the order
 */
void bench_fences_exit(struct bench *b)
{
	kvfree(b->others);
}
