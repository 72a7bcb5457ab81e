// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: many buffers that do nothing but live, the memory that
 * they take, and a reader of all of them.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BENCH_LIVE_MAX	100000
#define BENCH_SAMPLE	10000

/* They outlive the order that made them. */
static DEFINE_MUTEX(bench_live_mutex);
static struct dma_buf **bench_live;
static unsigned int bench_live_count;

/* Make them so many. */
static int bench_live_set(unsigned int wanted)
{
	if (wanted > BENCH_LIVE_MAX)
		return -EINVAL;
	while (bench_live_count > wanted) {
		bench_release(bench_live[--bench_live_count]);
		cond_resched();
	}
	while (bench_live_count < wanted) {
		struct dma_buf *dmabuf = bench_export(BENCH_STATIC);

		if (IS_ERR(dmabuf))
			return PTR_ERR(dmabuf);
		bench_live[bench_live_count++] = dmabuf;
		cond_resched();
	}
	rcu_barrier();
	return 0;
}

static int bench_measure_live(struct bench *b, struct seq_buf *results)
{
	guard(mutex)(&bench_live_mutex);
	return bench_live_set(b->arg);
}

static unsigned long bench_slab_bytes(void)
{
	return (global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
		global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B)) <<
	       PAGE_SHIFT;
}

/*
 * The first half takes what is still free in slabs that exist already. The
 * second half is what counts.
 */
static int bench_measure_memory(struct bench *b, struct seq_buf *results)
{
	unsigned long before;
	int err;

	guard(mutex)(&bench_live_mutex);
	err = bench_live_set(bench_live_count + BENCH_SAMPLE);
	if (err)
		return err;
	before = bench_slab_bytes();
	err = bench_live_set(bench_live_count + BENCH_SAMPLE);
	if (err)
		return err;
	seq_buf_printf(results, "bytes %lu\n",
		       (bench_slab_bytes() - before) / BENCH_SAMPLE);
	return bench_live_set(bench_live_count - 2 * BENCH_SAMPLE);
}

static int bench_read(struct bench *b, const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t pos = 0;
	ssize_t len;

	if (IS_ERR(file))
		return PTR_ERR(file);
	do
		len = vfs_read(file, (char __user *)b->user, BENCH_USER_SIZE,
			       &pos);
	while (len > 0);
	__fput_sync(file);
	return len;
}

static int bench_read_often(struct bench *b, const char *path,
			    unsigned int count)
{
	int err = 0;

	while (count-- && !err)
		err = bench_read(b, path);
	return err;
}

static int bench_run_bufinfo(struct bench *b, unsigned int count)
{
	return bench_read_often(b, "/sys/kernel/debug/dma_buf/bufinfo", count);
}

/* What there is for programs: on the kernel's own core, bufinfo. */
static int bench_run_buffers(struct bench *b, unsigned int count)
{
	int err = bench_read_often(b, "/sys/kernel/debug/dma_buf/buffers",
				   count);

	return err == -ENOENT ? bench_run_bufinfo(b, count) : err;
}

const struct bench_op bench_many_ops[] = {
	{ .name = "live", .measure = bench_measure_live },
	{ .name = "memory", .measure = bench_measure_memory },
	{ .name = "bufinfo", .run = bench_run_bufinfo },
	{ .name = "buffers", .run = bench_run_buffers },
	{ }
};

static int __init bench_live_init(void)
{
	bench_live = kvcalloc(BENCH_LIVE_MAX, sizeof(*bench_live), GFP_KERNEL);
	return bench_live ? 0 : -ENOMEM;
}
device_initcall(bench_live_init);
