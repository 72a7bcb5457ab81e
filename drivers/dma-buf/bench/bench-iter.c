// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: a walk over all buffers, where the core offers one.
 */
#include <linux/init.h>

#include "bench.h"

static int bench_run_walk(struct bench *b, unsigned int count)
{
	while (count--) {
		struct dma_buf *dmabuf = dma_buf_iter_begin();

		while (dmabuf)
			dmabuf = dma_buf_iter_next(dmabuf);
	}
	return 0;
}

static const struct bench_op bench_iter_ops[] = {
	{
		.name = "walk",
		.run = bench_run_walk,
	},
	{ }
};

bench_operations(bench_iter_ops);
