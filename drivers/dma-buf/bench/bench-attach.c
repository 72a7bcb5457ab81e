// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: devices that come and go, alone and among others.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/slab.h>

#include "bench.h"

static int bench_run_attach(struct bench *b, unsigned int count)
{
	struct device *dev = bench_device();

	while (count--) {
		struct dma_buf_attachment *attach;

		attach = dma_buf_attach(b->dmabuf, dev);
		if (IS_ERR(attach))
			return PTR_ERR(attach);
		dma_buf_detach(b->dmabuf, attach);
	}
	return 0;
}

static void bench_detach_others(struct bench *b, unsigned int count)
{
	while (count--)
		dma_buf_detach(b->dmabuf, b->others[count]);
	kvfree(b->others);
}

static int bench_attach_others(struct bench *b)
{
	unsigned int i;

	b->others = kvcalloc(b->arg, sizeof(*b->others), GFP_KERNEL);
	if (!b->others)
		return -ENOMEM;
	for (i = 0; i < b->arg; i++) {
		struct dma_buf_attachment *attach;

		attach = dma_buf_attach(b->dmabuf, bench_device());
		if (IS_ERR(attach)) {
			bench_detach_others(b, i);
			return PTR_ERR(attach);
		}
		b->others[i] = attach;
	}
	return 0;
}

/* A buffer with as many devices as the order says. */
static int bench_setup_among(struct bench *b)
{
	int err = bench_setup_one(b);

	if (err)
		return err;
	err = bench_attach_others(b);
	if (err)
		bench_teardown_buffer(b);
	return err;
}

static void bench_teardown_among(struct bench *b)
{
	bench_detach_others(b, b->arg);
	bench_teardown_buffer(b);
}

static int bench_setup_frame_static(struct bench *b)
{
	return bench_setup_fd(b, BENCH_STATIC, b->arg);
}

static int bench_setup_frame_dynamic(struct bench *b)
{
	return bench_setup_fd(b, BENCH_DYNAMIC, b->arg);
}

static int bench_frame(int fd, struct device *dev)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, dev);
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
	struct device *dev = bench_device();
	int err = 0;

	while (count-- && !err)
		err = bench_frame(b->fd, dev);
	return err;
}

static const struct bench_op bench_attach_ops[] = {
	{
		.name = "attach",
		.setup = bench_setup_among,
		.run = bench_run_attach,
		.teardown = bench_teardown_among,
	}, {
		.name = "frame-static",
		.setup = bench_setup_frame_static,
		.run = bench_run_frame,
		.teardown = bench_teardown_fd,
	}, {
		.name = "frame-dynamic",
		.setup = bench_setup_frame_dynamic,
		.run = bench_run_frame,
		.teardown = bench_teardown_fd,
	},
	{ }
};

bench_operations(bench_attach_ops);
