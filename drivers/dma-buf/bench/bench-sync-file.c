// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: fences out of a buffer as a sync file, and into one.
 */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include <uapi/linux/dma-buf.h>

#include "bench.h"

static long bench_ioctl(struct bench *b, unsigned int command)
{
	struct file *file = b->dmabuf->file;

	return file->f_op->unlocked_ioctl(file, command, b->user);
}

static void bench_close(int fd)
{
	close_fd(fd);
	task_work_run();
}

/* A sync file of what is pending. Returns its descriptor or an errno. */
static int bench_sync_file(struct bench *b)
{
	struct dma_buf_export_sync_file __user *request =
		(void __user *)b->user;
	int fd, err;

	err = bench_ioctl(b, DMA_BUF_IOCTL_EXPORT_SYNC_FILE);
	if (err)
		return err;
	return get_user(fd, &request->fd) ? -EFAULT : fd;
}

/* Both requests begin with the flags. */
static int bench_set_flags(struct bench *b)
{
	__u32 __user *flags = (void __user *)b->user;

	return put_user((__u32)DMA_BUF_SYNC_RW, flags);
}

static int bench_setup_pending(struct bench *b)
{
	int err = bench_setup_one(b);

	if (err)
		return err;
	err = bench_user(b, PAGE_SIZE);
	if (err)
		goto err_buffer;
	err = bench_set_flags(b);
	if (err)
		goto err_user;
	err = bench_fences_init(b);
	if (err)
		goto err_user;
	err = bench_fences_add(b);
	if (err)
		goto err_fences;
	return 0;

err_fences:
	bench_fences_exit(b);
err_user:
	bench_user_free(b, PAGE_SIZE);
err_buffer:
	bench_teardown_buffer(b);
	return err;
}

static void bench_teardown_pending(struct bench *b)
{
	bench_fences_put(b);
	bench_fences_exit(b);
	bench_user_free(b, PAGE_SIZE);
	bench_teardown_buffer(b);
}

static int bench_run_sync_export(struct bench *b, unsigned int count)
{
	while (count--) {
		int fd = bench_sync_file(b);

		if (fd < 0)
			return fd;
		bench_close(fd);
	}
	return 0;
}

/* The request for the import is the answer to the export. */
static int bench_setup_import(struct bench *b)
{
	int err = bench_setup_pending(b);

	if (err)
		return err;
	b->fd = bench_sync_file(b);
	if (b->fd < 0) {
		bench_teardown_pending(b);
		return b->fd;
	}
	return 0;
}

static void bench_teardown_import(struct bench *b)
{
	bench_close(b->fd);
	bench_teardown_pending(b);
}

static int bench_run_sync_import(struct bench *b, unsigned int count)
{
	int err = 0;

	while (count-- && !err)
		err = bench_ioctl(b, DMA_BUF_IOCTL_IMPORT_SYNC_FILE);
	return err;
}

static const struct bench_op bench_sync_file_ops[] = {
	{
		.name = "sync-export",
		.setup = bench_setup_pending,
		.run = bench_run_sync_export,
		.frees_later = true,
		.teardown = bench_teardown_pending,
	}, {
		.name = "sync-import",
		.setup = bench_setup_import,
		.run = bench_run_sync_import,
		.frees_later = true,
		.teardown = bench_teardown_import,
	},
	{ }
};

bench_operations(bench_sync_file_ops);
