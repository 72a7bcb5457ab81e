// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: map and unmap, by every kind of importer that suits the
 * exporter. The exporter has its table ready, so only the core takes time, and
 * it takes longer for a longer table only if it copies it (CONFIG_DMABUF_DEBUG).
 */
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/init.h>

#include "bench.h"

static int bench_setup_map(struct bench *b, enum bench_kind kind,
			   const struct dma_buf_attach_ops *importer)
{
	int err = bench_setup_buffer(b, kind, b->arg);

	if (err)
		return err;
	b->attach = dma_buf_dynamic_attach(b->dmabuf, bench_device(), importer,
					   importer ? b : NULL);
	if (IS_ERR(b->attach)) {
		bench_teardown_buffer(b);
		return PTR_ERR(b->attach);
	}
	return 0;
}

static int bench_setup_static(struct bench *b)
{
	return bench_setup_map(b, BENCH_STATIC, NULL);
}

static int bench_setup_cached(struct bench *b)
{
	return bench_setup_map(b, BENCH_CACHED, NULL);
}

static int bench_setup_dynamic(struct bench *b)
{
	return bench_setup_map(b, BENCH_DYNAMIC, &bench_importer_ops);
}

/* An importer that wants the buffer to stay, and an exporter that moves it. */
static int bench_setup_pinned(struct bench *b)
{
	return bench_setup_map(b, BENCH_DYNAMIC, NULL);
}

static void bench_teardown_map(struct bench *b)
{
	dma_buf_detach(b->dmabuf, b->attach);
	bench_teardown_buffer(b);
}

static int bench_run_map(struct bench *b, unsigned int count)
{
	struct dma_buf_attachment *attach = b->attach;

	while (count--) {
		struct sg_table *sgt;

		sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	}
	return 0;
}

/* A dynamic importer has the lock already, for the fences it is about to add. */
static int bench_run_map_locked(struct bench *b, unsigned int count)
{
	struct dma_buf_attachment *attach = b->attach;
	int err = 0;

	dma_resv_lock(b->dmabuf->resv, NULL);
	while (count--) {
		struct sg_table *sgt;

		sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
		if (IS_ERR(sgt)) {
			err = PTR_ERR(sgt);
			break;
		}
		dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
	}
	dma_resv_unlock(b->dmabuf->resv);
	return err;
}

static const struct bench_op bench_map_ops[] = {
	{
		.name = "map-static",
		.setup = bench_setup_static,
		.run = bench_run_map,
		.teardown = bench_teardown_map,
	}, {
		.name = "map-cached",
		.setup = bench_setup_cached,
		.run = bench_run_map,
		.teardown = bench_teardown_map,
	}, {
		.name = "map-dynamic",
		.setup = bench_setup_dynamic,
		.run = bench_run_map_locked,
		.teardown = bench_teardown_map,
	}, {
		.name = "map-pinned",
		.setup = bench_setup_pinned,
		.run = bench_run_map,
		.teardown = bench_teardown_map,
	},
	{ }
};

bench_operations(bench_map_ops);
