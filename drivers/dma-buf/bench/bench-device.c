// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: devices attach, map, unmap and detach, with every kind
 * of importer that suits the exporter.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>

#include "bench.h"

static int bench_run_attach(struct bench *b, unsigned int count)
{
	while (count--) {
		struct dma_buf_attachment *attach;

		attach = dma_buf_attach(b->dmabuf, bench_importer);
		if (IS_ERR(attach))
			return PTR_ERR(attach);
		dma_buf_detach(b->dmabuf, attach);
	}
	return 0;
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

static int bench_frame(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, bench_importer);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	return PTR_ERR_OR_ZERO(sgt);
}

/* What an importer does for each frame if it remembers nothing. */
static int bench_run_frame(struct bench *b, unsigned int count)
{
	int err = 0;

	while (count-- && !err)
		err = bench_frame(b->fd);
	return err;
}

const struct bench_op bench_device_ops[] = {
	{
		.name = "attach",
		.run = bench_run_attach,
	}, {
		.name = "map-static",
		.run = bench_run_map,
	}, {
		.name = "map-cached",
		.kind = BENCH_CACHED,
		.run = bench_run_map,
	}, {
		.name = "map-dynamic",
		.kind = BENCH_DYNAMIC,
		.importer = &bench_dynamic_importer,
		.run = bench_run_map_locked,
	}, {
		.name = "map-pinned",
		.kind = BENCH_DYNAMIC,
		.run = bench_run_map,
	}, {
		.name = "frame-static",
		.run = bench_run_frame,
	}, {
		.name = "frame-dynamic",
		.kind = BENCH_DYNAMIC,
		.run = bench_run_frame,
	},
	{ }
};
