// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: orders and results.
 *
 * A process writes "OPERATION [NUMBER]" to /sys/kernel/debug/dma_buf_bench/run.
 * The operation runs in the context of that process, which lends it memory and
 * a table of descriptors. Reading from the same descriptor afterwards gives the
 * results, one "UNIT VALUE" a line.
 */
#include <linux/array_size.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/string.h>

#include "bench.h"

static const struct bench_op *const bench_files[] = {
	bench_life_ops,
	bench_many_ops,
	bench_device_ops,
	bench_cpu_ops,
	bench_poll_ops,
	bench_sync_file_ops,
};

static const struct bench_op *bench_find(const char *name)
{
	const struct bench_op *op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bench_files); i++) {
		for (op = bench_files[i]; op->name; op++) {
			if (!strcmp(op->name, name))
				return op;
		}
	}
	return NULL;
}

static int bench_measure(const struct bench_op *op, unsigned int arg,
			 struct seq_buf *results)
{
	struct bench *b = bench_begin(op, arg);
	int err;

	if (IS_ERR(b))
		return PTR_ERR(b);
	err = op->measure(b, results);
	bench_end(b);
	return err;
}

/* The results take the place of the order. */
static ssize_t bench_write(struct file *file, const char __user *from,
			   size_t size, loff_t *pos)
{
	char *text = simple_transaction_get(file, from, size);
	const struct bench_op *op;
	struct seq_buf results;
	unsigned int arg = 0;
	char name[32];
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (sscanf(text, "%31s %u", name, &arg) < 1)
		return -EINVAL;
	op = bench_find(name);
	if (!op)
		return -ENOENT;
	seq_buf_init(&results, text, SIMPLE_TRANSACTION_LIMIT);
	if (op->measure)
		err = bench_measure(op, arg, &results);
	else
		err = bench_time(op, arg, &results);
	if (err)
		return err;
	simple_transaction_set(file, seq_buf_used(&results));
	return size;
}

static const struct file_operations bench_fops = {
	.write = bench_write,
	.read = simple_transaction_read,
	.release = simple_transaction_release,
};

static int __init bench_init(void)
{
	struct dentry *dir = debugfs_create_dir("dma_buf_bench", NULL);

	debugfs_create_file("run", 0600, dir, NULL, &bench_fops);
	return 0;
}
late_initcall(bench_init);
