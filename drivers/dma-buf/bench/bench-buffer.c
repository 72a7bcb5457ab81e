// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: a buffer with all that an operation needs of it, of an
 * exporter that does as little as possible, so that what is measured is the core.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "bench.h"

#define BENCH_SEGMENTS	256

/* The device that imports. */
struct device *bench_importer;

/* All buffers are the same memory: one page, as often as there are segments. */
static struct page *bench_page;
static struct sg_table bench_sgt;

static int bench_op_pin(struct dma_buf_attachment *attach)
{
	return 0;
}

static void bench_op_unpin(struct dma_buf_attachment *attach)
{
}

static struct sg_table *bench_op_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	return &bench_sgt;
}

static void bench_op_unmap(struct dma_buf_attachment *attach,
			   struct sg_table *sgt, enum dma_data_direction dir)
{
}

static void bench_op_release(struct dma_buf *dmabuf)
{
}

static int bench_op_cpu(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	return 0;
}

static int bench_op_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, page_address(bench_page));
	return 0;
}

#define BENCH_COMMON_OPS			\
	.map_dma_buf = bench_op_map,		\
	.unmap_dma_buf = bench_op_unmap,	\
	.release = bench_op_release,		\
	.begin_cpu_access = bench_op_cpu,	\
	.end_cpu_access = bench_op_cpu,		\
	.vmap = bench_op_vmap

static const struct dma_buf_ops bench_ops[] = {
	[BENCH_STATIC] = { BENCH_COMMON_OPS },
	[BENCH_CACHED] = { BENCH_COMMON_OPS, .cache_sgt_mapping = true },
	[BENCH_DYNAMIC] = { BENCH_COMMON_OPS,
			    .pin = bench_op_pin,
			    .unpin = bench_op_unpin },
};

static void bench_op_move(struct dma_buf_attachment *attach)
{
}

/* Of an importer that can live with moves. */
const struct dma_buf_attach_ops bench_dynamic_importer = {
	.invalidate_mappings = bench_op_move,
};

/* As dma_buf_export(). */
struct dma_buf *bench_export(enum bench_kind kind)
{
	struct dma_buf_export_info info = {
		.exp_name = "bench",
		.owner = THIS_MODULE,
		.ops = &bench_ops[kind],
		.size = BENCH_SEGMENTS * PAGE_SIZE,
		.flags = O_RDWR,
		.priv = bench_page,
	};

	return dma_buf_export(&info);
}

/* Put the last reference; dma_buf_put() would leave what follows to later. */
void bench_release(struct dma_buf *dmabuf)
{
	__fput_sync(dmabuf->file);
}

/* As close(2), with what follows on the way back from it. */
void bench_close(int fd)
{
	close_fd(fd);
	task_work_run();
}

/* Undo bench_begin(), or as much of it as was done. */
void bench_end(struct bench *b)
{
	if (b->user)
		vm_munmap(b->user, BENCH_USER_SIZE);
	if (!IS_ERR_OR_NULL(b->attach))
		dma_buf_detach(b->dmabuf, b->attach);
	if (b->fd >= 0)
		bench_close(b->fd);
	else if (!IS_ERR(b->dmabuf))
		bench_release(b->dmabuf);
	kfree(b);
}

static int bench_make(struct bench *b, const struct bench_op *op)
{
	unsigned long addr;

	b->dmabuf = bench_export(op->kind);
	if (IS_ERR(b->dmabuf))
		return PTR_ERR(b->dmabuf);
	b->fd = dma_buf_fd(b->dmabuf, O_CLOEXEC);
	if (b->fd < 0)
		return b->fd;
	b->attach = dma_buf_dynamic_attach(b->dmabuf, bench_importer,
					   op->importer, b);
	if (IS_ERR(b->attach))
		return PTR_ERR(b->attach);
	addr = vm_mmap(NULL, 0, BENCH_USER_SIZE, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (IS_ERR_VALUE(addr))
		return addr;
	b->user = addr;
	return 0;
}

/* Make what an operation works on, for bench_end(); or an error pointer. */
struct bench *bench_begin(const struct bench_op *op, unsigned int arg)
{
	struct bench *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int err;

	if (!b)
		return ERR_PTR(-ENOMEM);
	b->arg = arg;
	b->fd = -1;
	b->context = dma_fence_context_alloc(BENCH_FENCES_MAX);
	err = bench_make(b, op);
	if (err) {
		bench_end(b);
		return ERR_PTR(err);
	}
	return b;
}

static int __init bench_buffer_init(void)
{
	struct scatterlist *sg;
	unsigned int i;
	int err;

	bench_importer = root_device_register("dma_buf_bench");
	if (IS_ERR(bench_importer))
		return PTR_ERR(bench_importer);
	bench_page = alloc_page(GFP_KERNEL);
	if (!bench_page)
		return -ENOMEM;
	err = sg_alloc_table(&bench_sgt, BENCH_SEGMENTS, GFP_KERNEL);
	if (err)
		return err;
	for_each_sgtable_sg(&bench_sgt, sg, i) {
		sg_set_page(sg, bench_page, PAGE_SIZE, 0);
		sg_dma_address(sg) = page_to_phys(bench_page);
		sg_dma_len(sg) = PAGE_SIZE;
	}
	return 0;
}
device_initcall(bench_buffer_init);
