// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: orders and results.
 *
 * A process writes "OPERATION [NUMBER]" to /sys/kernel/debug/dma_buf_bench/run.
 * The operation runs in the context of that process, which lends it memory and
 * a table of descriptors. Reading the file afterwards gives the results, one
 * "UNIT VALUE" a line.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bench.h"

static LIST_HEAD(bench_groups);

/* One order at a time. Guards bench_results as well. */
static DEFINE_MUTEX(bench_mutex);
static char bench_text[1024];
static struct seq_buf bench_results;

/**
 * bench_register - make operations known
 * @group: of them, for good
 *
 * Context: Only while the kernel starts.
 */
void __init bench_register(struct bench_group *group)
{
	list_add_tail(&group->node, &bench_groups);
}

/**
 * bench_result - say what was found
 * @unit: of the value, a word
 * @fmt: the value, as for printf()
 *
 * Context: In an operation.
 */
void bench_result(const char *unit, const char *fmt, ...)
{
	va_list args;

	lockdep_assert_held(&bench_mutex);

	seq_buf_printf(&bench_results, "%s ", unit);
	va_start(args, fmt);
	seq_buf_vprintf(&bench_results, fmt, args);
	va_end(args);
	seq_buf_putc(&bench_results, '\n');
}

static const struct bench_op *bench_find(const char *name)
{
	const struct bench_op *op;
	struct bench_group *group;

	list_for_each_entry(group, &bench_groups, node) {
		for (op = group->ops; op->name; op++) {
			if (!strcmp(op->name, name))
				return op;
		}
	}
	return NULL;
}

/**
 * bench_setup - get ready for an operation
 * @b: to be filled
 * @op: the operation
 * @arg: the number in the order
 *
 * Return: 0, and bench_teardown() must follow, or an errno.
 */
int bench_setup(struct bench *b, const struct bench_op *op, unsigned int arg)
{
	*b = (struct bench){ .arg = arg, .fd = -1 };
	return op->setup ? op->setup(b) : 0;
}

/**
 * bench_teardown - clear away after an operation
 * @b: the order, after bench_setup()
 * @op: the operation
 */
void bench_teardown(struct bench *b, const struct bench_op *op)
{
	if (op->teardown)
		op->teardown(b);
}

static int bench_measure(const struct bench_op *op, unsigned int arg)
{
	struct bench b;
	int err = bench_setup(&b, op, arg);

	if (err)
		return err;
	err = op->measure(&b);
	bench_teardown(&b, op);
	return err;
}

static int bench_carry_out(const struct bench_op *op, unsigned int arg)
{
	int err;

	guard(mutex)(&bench_mutex);
	seq_buf_init(&bench_results, bench_text, sizeof(bench_text));
	err = op->measure ? bench_measure(op, arg) : bench_time(op, arg);
	if (!err && seq_buf_has_overflowed(&bench_results))
		err = -ENOSPC;
	return err;
}

static ssize_t bench_write(struct file *file, const char __user *from,
			   size_t size, loff_t *pos)
{
	const struct bench_op *op;
	char order[64], name[32];
	unsigned int arg = 0;
	ssize_t err;

	if (size >= sizeof(order))
		return -EINVAL;
	if (copy_from_user(order, from, size))
		return -EFAULT;
	order[size] = '\0';
	if (sscanf(order, "%31s %u", name, &arg) < 1)
		return -EINVAL;

	op = bench_find(name);
	if (!op)
		return -ENOENT;
	err = bench_carry_out(op, arg);
	return err ?: size;
}

static int bench_show(struct seq_file *m, void *unused)
{
	guard(mutex)(&bench_mutex);
	seq_write(m, bench_text, seq_buf_used(&bench_results));
	return 0;
}

static int bench_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_show, NULL);
}

static const struct file_operations bench_fops = {
	.open = bench_open,
	.read = seq_read,
	.write = bench_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	struct dentry *dir = debugfs_create_dir("dma_buf_bench", NULL);

	debugfs_create_file("run", 0600, dir, NULL, &bench_fops);
	return 0;
}
late_initcall(bench_init);
