// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: a buffer's life, and what it cannot be cheaper than: a
 * file with an inode of its own, and the memory of an object.
 */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "bench.h"

#define BENCH_MAGIC	0x64626265

static struct vfsmount *bench_mnt;

static int bench_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, BENCH_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type bench_fs_type = {
	.name = "dma_buf_bench",
	.init_fs_context = bench_init_fs_context,
	.kill_sb = kill_anon_super,
};

static const struct file_operations bench_bare_fops = { };

static struct file *bench_bare_file(void)
{
	struct inode *inode = alloc_anon_inode(bench_mnt->mnt_sb);
	struct file *file;

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	file = alloc_file_pseudo(inode, bench_mnt, "bench", O_RDWR,
				 &bench_bare_fops);
	if (IS_ERR(file))
		iput(inode);
	return file;
}

static int bench_run_floor(struct bench *b, unsigned int count)
{
	while (count--) {
		struct file *file = bench_bare_file();

		if (IS_ERR(file))
			return PTR_ERR(file);
		__fput_sync(file);
	}
	return 0;
}

static struct kmem_cache *bench_object_cache;

/* The buffer is there for its size. It is the first thing in its object. */
static int bench_setup_floor_alloc(struct bench *b)
{
	int err = bench_setup_one(b);

	if (err || bench_object_cache)
		return err;
	bench_object_cache = kmem_cache_create("dma_buf_bench_object",
					       ksize(b->dmabuf), 0,
					       SLAB_NO_MERGE, NULL);
	if (!bench_object_cache) {
		bench_teardown_buffer(b);
		return -ENOMEM;
	}
	return 0;
}

static int bench_run_floor_alloc(struct bench *b, unsigned int count)
{
	while (count--) {
		void *object = kmem_cache_zalloc(bench_object_cache, GFP_KERNEL);
		struct file *file;

		if (!object)
			return -ENOMEM;
		file = bench_bare_file();
		if (IS_ERR(file)) {
			kmem_cache_free(bench_object_cache, object);
			return PTR_ERR(file);
		}
		__fput_sync(file);
		kmem_cache_free(bench_object_cache, object);
	}
	return 0;
}

static int bench_run_export(struct bench *b, unsigned int count)
{
	while (count--) {
		struct dma_buf *dmabuf = bench_export(b->exp);

		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		bench_release(dmabuf);
	}
	return 0;
}

static int bench_run_export_fd(struct bench *b, unsigned int count)
{
	while (count--) {
		struct dma_buf *dmabuf = bench_export(b->exp);
		int fd;

		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		fd = dma_buf_fd(dmabuf, O_CLOEXEC);
		if (fd < 0) {
			bench_release(dmabuf);
			return fd;
		}
		close_fd(fd);
		/* As on the way back from close(2). */
		task_work_run();
	}
	return 0;
}

static int bench_setup_get(struct bench *b)
{
	return bench_setup_fd(b, BENCH_STATIC, 1);
}

static int bench_run_get(struct bench *b, unsigned int count)
{
	while (count--) {
		struct dma_buf *dmabuf = dma_buf_get(b->fd);

		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		dma_buf_put(dmabuf);
	}
	return 0;
}

static const struct bench_op bench_life_ops[] = {
	{
		.name = "floor",
		.run = bench_run_floor,
		.frees_later = true,
	}, {
		.name = "floor-alloc",
		.setup = bench_setup_floor_alloc,
		.run = bench_run_floor_alloc,
		.frees_later = true,
		.teardown = bench_teardown_buffer,
	}, {
		.name = "export",
		.setup = bench_setup_one,
		.run = bench_run_export,
		.frees_later = true,
		.teardown = bench_teardown_buffer,
	}, {
		.name = "export-fd",
		.setup = bench_setup_one,
		.run = bench_run_export_fd,
		.frees_later = true,
		.teardown = bench_teardown_buffer,
	}, {
		.name = "get",
		.setup = bench_setup_get,
		.run = bench_run_get,
		.teardown = bench_teardown_fd,
	},
	{ }
};

bench_operations(bench_life_ops);

static int __init bench_mount(void)
{
	bench_mnt = kern_mount(&bench_fs_type);
	return PTR_ERR_OR_ZERO(bench_mnt);
}
device_initcall(bench_mount);
