// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: how much memory of the slab allocator a buffer takes,
 * with its file, and an attachment.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BENCH_SAMPLE	10000

static unsigned long bench_slab_bytes(void)
{
	rcu_barrier();
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) <<
	       PAGE_SHIFT;
}

static int bench_make_buffer(struct bench *b, unsigned int i)
{
	struct dma_buf *dmabuf = bench_export(b->exp);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	b->others[i] = dmabuf;
	return 0;
}

static void bench_drop_buffer(struct bench *b, unsigned int i)
{
	bench_release(b->others[i]);
}

static int bench_make_attachment(struct bench *b, unsigned int i)
{
	struct dma_buf_attachment *attach;

	attach = dma_buf_attach(b->dmabuf, bench_device());
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	b->others[i] = attach;
	return 0;
}

static void bench_drop_attachment(struct bench *b, unsigned int i)
{
	dma_buf_detach(b->dmabuf, b->others[i]);
}

/*
 * The first half takes what is still free in slabs that exist already. The
 * second half is what counts.
 */
static int bench_measure_memory(struct bench *b,
				int (*make)(struct bench *b, unsigned int i),
				void (*drop)(struct bench *b, unsigned int i))
{
	unsigned long before = 0;
	unsigned int i;
	int err = 0;

	b->others = kvcalloc(2 * BENCH_SAMPLE, sizeof(*b->others), GFP_KERNEL);
	if (!b->others)
		return -ENOMEM;
	for (i = 0; i < 2 * BENCH_SAMPLE; i++) {
		if (i == BENCH_SAMPLE)
			before = bench_slab_bytes();
		err = make(b, i);
		if (err)
			break;
		cond_resched();
	}
	if (!err)
		bench_result("bytes", "%lu",
			     (bench_slab_bytes() - before) / BENCH_SAMPLE);
	while (i--) {
		drop(b, i);
		cond_resched();
	}
	kvfree(b->others);
	return err;
}

static int bench_measure_buffer(struct bench *b)
{
	return bench_measure_memory(b, bench_make_buffer, bench_drop_buffer);
}

static int bench_measure_attachment(struct bench *b)
{
	return bench_measure_memory(b, bench_make_attachment,
				    bench_drop_attachment);
}

static const struct bench_op bench_memory_ops[] = {
	{
		.name = "memory-buffer",
		.setup = bench_setup_one,
		.measure = bench_measure_buffer,
		.teardown = bench_teardown_buffer,
	}, {
		.name = "memory-attachment",
		.setup = bench_setup_one,
		.measure = bench_measure_attachment,
		.teardown = bench_teardown_buffer,
	},
	{ }
};

bench_operations(bench_memory_ops);
