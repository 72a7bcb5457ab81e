// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: a reader of all buffers, and what people read about each.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/seq_file.h>

#include "dma-buf-internal.h"

/**
 * struct dma_buf_info - one reader
 * @cursor: where it is
 * @count: buffers read so far
 * @bytes: their size
 * @at_total: all that is left is the last line
 */
struct dma_buf_info {
	struct dma_buf_cursor cursor;
	unsigned int count;
	size_t bytes;
	bool at_total;
};

/* In place of a buffer, for the last line. */
static char dma_buf_info_total;

static void *dma_buf_info_here(struct dma_buf_info *info)
{
	struct dma_buf_object *obj;

	if (info->at_total)
		return NULL;
	obj = dma_buf_cursor_get(&info->cursor);
	return obj ?: (void *)&dma_buf_info_total;
}

static void *dma_buf_info_start(struct seq_file *m, loff_t *pos)
{
	struct dma_buf_info *info = m->private;

	if (*pos)
		return dma_buf_info_here(info);

	dma_buf_cursor_start(&info->cursor);
	info->count = 0;
	info->bytes = 0;
	info->at_total = false;
	return SEQ_START_TOKEN;
}

static void *dma_buf_info_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dma_buf_info *info = m->private;

	++*pos;
	if (v == &dma_buf_info_total) {
		info->at_total = true;
	} else if (v != SEQ_START_TOKEN) {
		struct dma_buf_object *obj = v;

		info->count++;
		info->bytes += obj->base.size;
		dma_buf_cursor_pass(&info->cursor, obj);
		dma_buf_cursor_put(&info->cursor);
		cond_resched();
	}
	return dma_buf_info_here(info);
}

/* No reference is held while the reader is away with what it has. */
static void dma_buf_info_stop(struct seq_file *m, void *v)
{
	struct dma_buf_info *info = m->private;

	dma_buf_cursor_put(&info->cursor);
}

/* @file is NULL for a buffer that has outlived its own. */
static void dma_buf_info_show_line(struct seq_file *m,
				   struct dma_buf_object *obj,
				   struct file *file)
{
	struct dma_buf *dmabuf = &obj->base;
	char name[DMA_BUF_NAME_LEN];

	/* One reference is the cursor's. */
	seq_printf(m, "%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t", dmabuf->size,
		   file ? file->f_flags : 0,
		   file ? (__force unsigned int)file->f_mode : 0,
		   file ? (long)file_count(file) - 1 : 0, dmabuf->exp_name,
		   obj->ino);
	if (dma_buf_copy_name(dmabuf, name))
		dma_buf_seq_name(m, name);
	else
		seq_puts(m, "<none>");
	seq_putc(m, '\n');
}

/* A line as dma_resv_describe() has it, which needs the lock. */
static void dma_buf_info_show_fence(struct seq_file *m, struct dma_fence *fence,
				    const char *usage)
{
	seq_printf(m, "\t%s fence:", usage);
	dma_fence_describe(fence, m);
}

/*
 * Whoever holds the reservation lock may do so for long, and nobody here wants
 * to wait with him. Someone who looks for the cause of a hang still learns what
 * can be told without it.
 */
static void dma_buf_info_show_users(struct seq_file *m,
				    struct dma_buf_object *obj)
{
	struct dma_buf_attachment *attach;

	if (!dma_resv_trylock(obj->base.resv)) {
		dma_buf_seq_fences(m, obj->base.resv, DMA_RESV_USAGE_READ,
				   dma_buf_info_show_fence);
		seq_printf(m, "\tBusy: %u devices attached, their names cannot be read now\n\n",
			   READ_ONCE(obj->devices));
		return;
	}
	dma_resv_describe(obj->base.resv, m);
	seq_puts(m, "\tAttached Devices:\n");
	list_for_each_entry(attach, &obj->base.attachments, node)
		seq_printf(m, "\t%s\n", dev_name(attach->dev));
	seq_put_decimal_ull(m, "Total ", obj->devices);
	dma_resv_unlock(obj->base.resv);
	seq_puts(m, " devices attached\n\n");
}

static int dma_buf_info_show(struct seq_file *m, void *v)
{
	struct dma_buf_info *info = m->private;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "\nDma-buf Objects:\n"
			 "size    \tflags   \tmode    \tcount   \t"
			 "exp_name\tino     \tname\n");
	} else if (v == &dma_buf_info_total) {
		seq_printf(m, "\nTotal %u objects, %zu bytes\n", info->count,
			   info->bytes);
	} else {
		struct dma_buf_object *obj = v;

		dma_buf_info_show_line(m, obj, info->cursor.file);
		dma_buf_info_show_users(m, obj);
	}
	return 0;
}

static int dma_buf_info_show_facts(struct seq_file *m, void *v)
{
	struct dma_buf_info *info = m->private;

	if (v == SEQ_START_TOKEN)
		seq_puts(m, "dma-buf\t1\n");
	else if (v != &dma_buf_info_total)
		dma_buf_facts(m, v, info->cursor.file);
	return 0;
}

static const struct seq_operations dma_buf_info_ops = {
	.start = dma_buf_info_start,
	.next = dma_buf_info_next,
	.stop = dma_buf_info_stop,
	.show = dma_buf_info_show,
};

static const struct seq_operations dma_buf_info_facts_ops = {
	.start = dma_buf_info_start,
	.next = dma_buf_info_next,
	.stop = dma_buf_info_stop,
	.show = dma_buf_info_show_facts,
};

static int dma_buf_info_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, inode->i_private,
				sizeof(struct dma_buf_info));
}

static int dma_buf_info_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct dma_buf_info *info = m->private;

	dma_buf_cursor_end(&info->cursor);
	return seq_release_private(inode, file);
}

static const struct file_operations dma_buf_info_fops = {
	.open = dma_buf_info_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = dma_buf_info_release,
};

static int __init dma_buf_info_init(void)
{
	struct dentry *dir = debugfs_create_dir("dma_buf", NULL);

	debugfs_create_file("bufinfo", 0444, dir, (void *)&dma_buf_info_ops,
			    &dma_buf_info_fops);
	debugfs_create_file("buffers", 0400, dir,
			    (void *)&dma_buf_info_facts_ops, &dma_buf_info_fops);
	return 0;
}
subsys_initcall(dma_buf_info_init);
