// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: what userspace does with the file of a buffer.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/* The last descriptor and the last mapping are gone; the memory is not yet. */
static int dma_buf_file_release(struct inode *inode, struct file *file)
{
	struct dma_buf_object *obj = to_dma_buf_object(file->private_data);
	struct dentry *dentry = file->f_path.dentry;

	dma_buf_poll_end(obj);
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		dma_buf_debug_closed(obj);
	/*
	 * If nobody else has it, the memory goes with the file, and no reader may
	 * stand between the two: exporters look at &dma_buf.file until their release.
	 */
	obj->dentry = data_race(d_count(dentry)) > 1 ? dentry : NULL;
	/* Pairs with dma_buf_cursor_hold(), which then reads the dentry. */
	smp_store_release(&obj->closed, true);
	return 0;
}

static int dma_buf_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = file->private_data;

	if (!dmabuf->ops->mmap ||
	    !dma_buf_has_pages(dmabuf, vma->vm_pgoff, vma_pages(vma)))
		return dma_buf_refused(dmabuf, NULL, "mmap", "core", -EINVAL);

	trace_dma_buf_mmap_internal(dmabuf);
	return dma_buf_exporter_mmap(dmabuf, vma, "mmap");
}

/*
 * There is no position to move. Seeking is how programs ask for the size, and
 * then go back to where they think they came from.
 */
static loff_t dma_buf_file_llseek(struct file *file, loff_t offset, int whence)
{
	struct dma_buf *dmabuf = file->private_data;

	if (offset || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;
	return whence == SEEK_END ? dmabuf->size : 0;
}

static long dma_buf_ioctl_sync(struct dma_buf *dmabuf, const void __user *arg)
{
	static const enum dma_data_direction dirs[] = {
		[DMA_BUF_SYNC_READ] = DMA_FROM_DEVICE,
		[DMA_BUF_SYNC_WRITE] = DMA_TO_DEVICE,
		[DMA_BUF_SYNC_RW] = DMA_BIDIRECTIONAL,
	};
	enum dma_data_direction dir;
	struct dma_buf_sync sync;

	if (copy_from_user(&sync, arg, sizeof(sync)))
		return -EFAULT;
	if (sync.flags & ~DMA_BUF_SYNC_VALID_FLAGS_MASK ||
	    !(sync.flags & DMA_BUF_SYNC_RW))
		return -EINVAL;

	dir = dirs[sync.flags & DMA_BUF_SYNC_RW];
	if (sync.flags & DMA_BUF_SYNC_END)
		return dma_buf_end_cpu_access(dmabuf, dir);
	return dma_buf_begin_cpu_access(dmabuf, dir);
}

static long dma_buf_ioctl_set_name(struct dma_buf *dmabuf,
				   const char __user *arg)
{
	char text[DMA_BUF_NAME_LEN];
	const char *name;
	long len;

	len = strncpy_from_user(text, arg, sizeof(text));
	if (len < 0)
		return len;
	if (len == sizeof(text))
		return -EINVAL;

	/* Charged to the caller, like the buffer to its exporter. */
	name = kmemdup(text, len + 1, GFP_KERNEL_ACCOUNT);
	if (!name)
		return -ENOMEM;

	scoped_guard(spinlock, &dmabuf->name_lock)
		swap(dmabuf->name, name);
	kfree(name);
	return 0;
}

static long dma_buf_file_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct dma_buf *dmabuf = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case DMA_BUF_IOCTL_SYNC:
		return dma_buf_ioctl_sync(dmabuf, argp);
	case DMA_BUF_SET_NAME_A:
	case DMA_BUF_SET_NAME_B:
		return dma_buf_ioctl_set_name(dmabuf, argp);
	case DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
		return IS_ENABLED(CONFIG_SYNC_FILE) ?
		       dma_buf_export_sync_file(dmabuf, argp) : -ENOTTY;
	case DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
		return IS_ENABLED(CONFIG_SYNC_FILE) ?
		       dma_buf_import_sync_file(dmabuf, argp) : -ENOTTY;
	default:
		return -ENOTTY;
	}
}

/* What could forge a line or a column of a report, or an escape sequence. */
#define DMA_BUF_NAME_UNSAFE						\
	"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017"	\
	"\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037" \
	"\\\177"

/**
 * dma_buf_seq_name - print a name that userspace may have given
 * @m: where to
 * @name: the name
 *
 * Control characters and backslashes become octal escapes.
 */
void dma_buf_seq_name(struct seq_file *m, const char *name)
{
	seq_escape(m, name, DMA_BUF_NAME_UNSAFE);
}

static void dma_buf_file_fdinfo(struct seq_file *m, struct file *file)
{
	struct dma_buf *dmabuf = file->private_data;
	char name[DMA_BUF_NAME_LEN];

	seq_printf(m, "size:\t%zu\n", dmabuf->size);
	/* procfs itself holds one reference while it asks. */
	seq_printf(m, "count:\t%ld\n", file_count(file) - 1);
	seq_printf(m, "exp_name:\t%s\n", dmabuf->exp_name);

	if (!dma_buf_copy_name(dmabuf, name))
		return;
	seq_puts(m, "name:\t");
	dma_buf_seq_name(m, name);
	seq_putc(m, '\n');
}

const struct file_operations dma_buf_fops = {
	.release = dma_buf_file_release,
	.mmap = dma_buf_file_mmap,
	.llseek = dma_buf_file_llseek,
	.poll = dma_buf_poll,
	.unlocked_ioctl = dma_buf_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = dma_buf_file_fdinfo,
};
