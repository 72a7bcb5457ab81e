// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: access by the CPU.
 */
#include <linux/iosys-map.h>

#include "bench.h"

static int bench_run_cpu(struct bench *b, unsigned int count)
{
	int err = 0;

	while (count-- && !err) {
		err = dma_buf_begin_cpu_access(b->dmabuf, DMA_BIDIRECTIONAL);
		if (err)
			break;
		err = dma_buf_end_cpu_access(b->dmabuf, DMA_BIDIRECTIONAL);
	}
	return err;
}

static int bench_run_vmap(struct bench *b, unsigned int count)
{
	while (count--) {
		struct iosys_map map;
		int err = dma_buf_vmap_unlocked(b->dmabuf, &map);

		if (err)
			return err;
		dma_buf_vunmap_unlocked(b->dmabuf, &map);
	}
	return 0;
}

const struct bench_op bench_cpu_ops[] = {
	{ .name = "cpu", .run = bench_run_cpu },
	{ .name = "vmap", .run = bench_run_vmap },
	{ }
};
