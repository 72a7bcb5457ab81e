// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: fences which are signaled when the bench says so.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "bench.h"

/* Of every fence; nothing else is guarded by it. */
static DEFINE_SPINLOCK(bench_fence_lock);

static const char *bench_fence_name(struct dma_fence *fence)
{
	return "bench";
}

static const struct dma_fence_ops bench_fence_ops = {
	.get_driver_name = bench_fence_name,
	.get_timeline_name = bench_fence_name,
};

static int bench_fences_make(struct bench *b)
{
	unsigned int i;

	b->seqno++;
	for (i = 0; i < b->arg; i++) {
		b->fences[i] = kzalloc(sizeof(*b->fences[i]), GFP_KERNEL);
		if (!b->fences[i])
			return -ENOMEM;
		dma_fence_init(b->fences[i], &bench_fence_ops,
			       &bench_fence_lock, b->context + i, b->seqno);
	}
	return 0;
}

/*
 * Have as many writers of the buffer as the order says, until bench_fences_put().
 * Each fence has a context of its own, the same whenever they are made again: a
 * reservation object then puts the new ones in place of the old.
 */
int bench_fences_add(struct bench *b)
{
	struct dma_resv *resv = b->dmabuf->resv;
	unsigned int i;
	int err;

	if (b->arg > BENCH_FENCES_MAX)
		return -EINVAL;
	err = bench_fences_make(b);
	if (!err && b->arg) {
		dma_resv_lock(resv, NULL);
		err = dma_resv_reserve_fences(resv, b->arg);
		for (i = 0; i < b->arg && !err; i++)
			dma_resv_add_fence(resv, b->fences[i],
					   DMA_RESV_USAGE_WRITE);
		dma_resv_unlock(resv);
	}
	if (err)
		bench_fences_put(b);
	return err;
}

/* Signal what has not signaled, and forget them all. */
void bench_fences_put(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < b->arg && b->fences[i]; i++) {
		dma_fence_signal(b->fences[i]);
		dma_fence_put(b->fences[i]);
		b->fences[i] = NULL;
	}
}
