// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: access by the CPU.
 */
#include <linux/init.h>
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

static const struct bench_op bench_cpu_ops[] = {
	{
		.name = "cpu",
		.setup = bench_setup_one,
		.run = bench_run_cpu,
		.teardown = bench_teardown_buffer,
	}, {
		.name = "vmap",
		.setup = bench_setup_one,
		.run = bench_run_vmap,
		.teardown = bench_teardown_buffer,
	},
	{ }
};

bench_operations(bench_cpu_ops);
