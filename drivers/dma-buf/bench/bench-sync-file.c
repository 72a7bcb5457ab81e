// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: fences out of a buffer as a sync file, and into one.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include <uapi/linux/dma-buf.h>

#include "bench.h"

static long bench_ioctl(struct bench *b, unsigned int command)
{
	struct file *file = b->dmabuf->file;

	return file->f_op->unlocked_ioctl(file, command, b->user);
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

/* As many writers as the order says, and a request for either direction. */
static int bench_pend(struct bench *b)
{
	__u32 __user *flags = (void __user *)b->user;

	/* Both requests begin with the flags. */
	if (put_user((__u32)DMA_BUF_SYNC_RW, flags))
		return -EFAULT;
	return bench_fences_add(b);
}

static int bench_run_sync_export(struct bench *b, unsigned int count)
{
	int fd = 0, err;

	bench_stop(b);
	err = bench_pend(b);
	bench_go(b);
	if (err)
		return err;
	while (count-- && fd >= 0) {
		fd = bench_sync_file(b);
		if (fd >= 0)
			bench_close(fd);
	}
	bench_stop(b);
	bench_fences_put(b);
	bench_go(b);
	return min(fd, 0);
}

/* The request for the import is the answer to the export. */
static int bench_run_sync_import(struct bench *b, unsigned int count)
{
	int fd, err;

	bench_stop(b);
	err = bench_pend(b);
	if (err)
		return err;
	fd = bench_sync_file(b);
	bench_go(b);
	err = min(fd, 0);
	while (count-- && !err)
		err = bench_ioctl(b, DMA_BUF_IOCTL_IMPORT_SYNC_FILE);
	bench_stop(b);
	if (fd >= 0)
		bench_close(fd);
	bench_fences_put(b);
	bench_go(b);
	return err;
}

const struct bench_op bench_sync_file_ops[] = {
	{ .name = "sync-export", .run = bench_run_sync_export },
	{ .name = "sync-import", .run = bench_run_sync_import },
	{ }
};
