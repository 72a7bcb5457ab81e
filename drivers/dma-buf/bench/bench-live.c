// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: many buffers that do nothing but live, and a reader of
 * all of them.
 */
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
#define BENCH_READ_SIZE	(16 * PAGE_SIZE)

/* They outlive the order that made them; orders come one at a time. */
static struct dma_buf **bench_live;
static unsigned int bench_live_count;
static struct bench_exporter *bench_live_exp;

static int bench_live_add(void)
{
	struct dma_buf *dmabuf = bench_export(bench_live_exp);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	bench_live[bench_live_count++] = dmabuf;
	return 0;
}

/* Make them as many as the order says. */
static int bench_measure_live(struct bench *b)
{
	int err = 0;

	if (b->arg > BENCH_LIVE_MAX)
		return -EINVAL;
	while (bench_live_count > b->arg) {
		bench_release(bench_live[--bench_live_count]);
		cond_resched();
	}
	while (bench_live_count < b->arg && !err) {
		err = bench_live_add();
		cond_resched();
	}
	rcu_barrier();
	return err;
}

static int bench_setup_bufinfo(struct bench *b)
{
	return bench_user(b, BENCH_READ_SIZE);
}

static void bench_teardown_bufinfo(struct bench *b)
{
	bench_user_free(b, BENCH_READ_SIZE);
}

static int bench_read_bufinfo(struct bench *b)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t len;

	file = filp_open("/sys/kernel/debug/dma_buf/bufinfo", O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	do
		len = vfs_read(file, (char __user *)b->user, BENCH_READ_SIZE,
			       &pos);
	while (len > 0);
	__fput_sync(file);
	return len;
}

static int bench_run_bufinfo(struct bench *b, unsigned int count)
{
	int err = 0;

	while (count-- && !err)
		err = bench_read_bufinfo(b);
	return err;
}

static const struct bench_op bench_live_ops[] = {
	{
		.name = "live",
		.measure = bench_measure_live,
	}, {
		.name = "bufinfo",
		.setup = bench_setup_bufinfo,
		.run = bench_run_bufinfo,
		.teardown = bench_teardown_bufinfo,
	},
	{ }
};

bench_operations(bench_live_ops);

static int __init bench_live_init(void)
{
	bench_live = kvcalloc(BENCH_LIVE_MAX, sizeof(*bench_live), GFP_KERNEL);
	bench_live_exp = bench_exporter(BENCH_STATIC, 1);
	return bench_live && bench_live_exp ? 0 : -ENOMEM;
}
device_initcall(bench_live_init);
