// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: a buffer's life, and what it cannot be cheaper than: a
 * file with an inode of its own, and the memory of an object.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BENCH_MAGIC	0x64626265

static struct vfsmount *bench_mnt;
static struct kmem_cache *bench_object_cache;

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
		struct dma_buf *dmabuf = bench_export(BENCH_STATIC);

		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		bench_release(dmabuf);
	}
	return 0;
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

static int bench_export_each(u64 *ns, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		u64 start = ktime_get_ns();
		struct dma_buf *dmabuf = bench_export(BENCH_STATIC);

		ns[i] = ktime_get_ns() - start;
		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		bench_release(dmabuf);
		cond_resched();
	}
	return 0;
}

/* So many exports, each timed by itself. */
static int bench_measure_exports(struct bench *b, struct seq_buf *results)
{
	u64 *ns;
	int err;

	if (!b->arg)
		return -EINVAL;
	ns = kvcalloc(b->arg, sizeof(*ns), GFP_KERNEL);
	if (!ns)
		return -ENOMEM;
	err = bench_export_each(ns, b->arg);
	if (!err) {
		bench_sort(ns, b->arg);
		seq_buf_printf(results, "median %llu\n", ns[b->arg / 2]);
		seq_buf_printf(results, "worst %llu\n", ns[b->arg - 1]);
	}
	kvfree(ns);
	return err;
}

const struct bench_op bench_life_ops[] = {
	{ .name = "floor", .run = bench_run_floor },
	{ .name = "export", .run = bench_run_export },
	{ .name = "get", .run = bench_run_get },
	{ .name = "exports", .measure = bench_measure_exports },
	{ }
};

/* A buffer is the first thing in its object, and tells its size. */
static int __init bench_floor_init(void)
{
	struct dma_buf *dmabuf = bench_export(BENCH_STATIC);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	bench_object_cache = kmem_cache_create("dma_buf_bench_object",
					       ksize(dmabuf), 0, SLAB_NO_MERGE,
					       NULL);
	bench_release(dmabuf);
	if (!bench_object_cache)
		return -ENOMEM;
	bench_mnt = kern_mount(&bench_fs_type);
	return PTR_ERR_OR_ZERO(bench_mnt);
}
late_initcall(bench_floor_init);
