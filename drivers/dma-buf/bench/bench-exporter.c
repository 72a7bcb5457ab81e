// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: an exporter that does as little as possible, so that
 * what is measured is the core, and a device to import.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "bench.h"

static struct device *bench_importer;

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
	struct bench_exporter *exp = attach->dmabuf->priv;

	return &exp->sgt;
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
	struct bench_exporter *exp = dmabuf->priv;

	iosys_map_set_vaddr(map, page_address(exp->page));
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

/* Of an importer that can live with moves, by the name that every header has. */
const struct dma_buf_attach_ops bench_importer_ops = {
	.move_notify = bench_op_move,
};

/**
 * bench_device - the device that imports
 *
 * Return: the device.
 */
struct device *bench_device(void)
{
	return bench_importer;
}

/**
 * bench_exporter - memory to be exported
 * @kind: how it is mapped
 * @segments: how many, each of a page
 *
 * Return: the exporter for bench_exporter_free(), or NULL if there is no memory.
 */
struct bench_exporter *bench_exporter(enum bench_kind kind,
				      unsigned int segments)
{
	struct bench_exporter *exp = kzalloc(sizeof(*exp), GFP_KERNEL);
	struct scatterlist *sg;
	unsigned int i;

	if (!exp)
		return NULL;
	exp->ops = &bench_ops[kind];
	exp->size = (size_t)segments * PAGE_SIZE;
	exp->page = alloc_page(GFP_KERNEL);
	if (!exp->page)
		goto err_exporter;
	if (sg_alloc_table(&exp->sgt, segments, GFP_KERNEL))
		goto err_page;
	for_each_sgtable_sg(&exp->sgt, sg, i) {
		sg_set_page(sg, exp->page, PAGE_SIZE, 0);
		sg_dma_address(sg) = page_to_phys(exp->page);
		sg_dma_len(sg) = PAGE_SIZE;
	}
	return exp;

err_page:
	__free_page(exp->page);
err_exporter:
	kfree(exp);
	return NULL;
}

/**
 * bench_exporter_free - free the memory
 * @exp: an exporter whose buffers are all released
 */
void bench_exporter_free(struct bench_exporter *exp)
{
	sg_free_table(&exp->sgt);
	__free_page(exp->page);
	kfree(exp);
}

/**
 * bench_export - export the memory, perhaps not for the first time
 * @exp: the exporter
 *
 * Return: as dma_buf_export().
 */
struct dma_buf *bench_export(struct bench_exporter *exp)
{
	struct dma_buf_export_info info = {
		.exp_name = "bench",
		.owner = THIS_MODULE,
		.ops = exp->ops,
		.size = exp->size,
		.flags = O_RDWR,
		.priv = exp,
	};

	return dma_buf_export(&info);
}

/**
 * bench_release - put the last reference, and wait for all that follows
 * @dmabuf: the buffer
 *
 * dma_buf_put() would leave the release to a later moment.
 */
void bench_release(struct dma_buf *dmabuf)
{
	__fput_sync(dmabuf->file);
}

/**
 * bench_setup_buffer - an exporter and its buffer
 * @b: the order
 * @kind: as for bench_exporter()
 * @segments: as for bench_exporter()
 *
 * Return: 0, and bench_teardown_buffer() must follow, or an errno.
 */
int bench_setup_buffer(struct bench *b, enum bench_kind kind,
		       unsigned int segments)
{
	b->exp = bench_exporter(kind, segments);
	if (!b->exp)
		return -ENOMEM;
	b->dmabuf = bench_export(b->exp);
	if (IS_ERR(b->dmabuf)) {
		bench_exporter_free(b->exp);
		return PTR_ERR(b->dmabuf);
	}
	return 0;
}

/**
 * bench_setup_one - a plain buffer of one page
 * @b: the order
 *
 * Return: as bench_setup_buffer().
 */
int bench_setup_one(struct bench *b)
{
	return bench_setup_buffer(b, BENCH_STATIC, 1);
}

/**
 * bench_teardown_buffer - release the buffer and its memory
 * @b: the order, after bench_setup_buffer()
 */
void bench_teardown_buffer(struct bench *b)
{
	bench_release(b->dmabuf);
	bench_exporter_free(b->exp);
}

/**
 * bench_setup_fd - a buffer behind a descriptor
 * @b: the order; &bench.fd will be the descriptor
 * @kind: as for bench_exporter()
 * @segments: as for bench_exporter()
 *
 * Return: 0, and bench_teardown_fd() must follow, or an errno.
 */
int bench_setup_fd(struct bench *b, enum bench_kind kind, unsigned int segments)
{
	int err = bench_setup_buffer(b, kind, segments);

	if (err)
		return err;
	b->fd = dma_buf_fd(b->dmabuf, O_CLOEXEC);
	if (b->fd < 0) {
		bench_teardown_buffer(b);
		return b->fd;
	}
	return 0;
}

/**
 * bench_teardown_fd - close the descriptor, and release all behind it
 * @b: the order, after bench_setup_fd()
 */
void bench_teardown_fd(struct bench *b)
{
	close_fd(b->fd);
	task_work_run();
	bench_exporter_free(b->exp);
}

/**
 * bench_user - borrow memory from the process that gave the order
 * @b: the order
 * @size: how many bytes
 *
 * Return: 0, and &bench.user is its address there, or an errno.
 */
int bench_user(struct bench *b, size_t size)
{
	unsigned long addr = vm_mmap(NULL, 0, size, PROT_READ | PROT_WRITE,
				     MAP_ANONYMOUS | MAP_PRIVATE, 0);

	if (IS_ERR_VALUE(addr))
		return addr;
	b->user = addr;
	return 0;
}

/**
 * bench_user_free - give it back
 * @b: the order, after bench_user()
 * @size: as it was there
 */
void bench_user_free(struct bench *b, size_t size)
{
	vm_munmap(b->user, size);
}

static int __init bench_exporter_init(void)
{
	bench_importer = root_device_register("dma_buf_bench");
	return PTR_ERR_OR_ZERO(bench_importer);
}
device_initcall(bench_exporter_init);
