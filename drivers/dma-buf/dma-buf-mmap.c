// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: what processes have mapped.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/**
 * struct dma_buf_mmap_call - an mmap that has not returned to its program
 * @work: for when it does
 * @file: reference to the buffer's
 */
struct dma_buf_mmap_call {
	struct callback_head work;
	struct file *file;
};

/**
 * dma_buf_has_pages - does a range lie within a buffer?
 * @dmabuf: the buffer
 * @first: of the range, in pages
 * @count: of pages
 *
 * A last page that the buffer fills only in part does not count.
 *
 * Return: true if it does.
 */
bool dma_buf_has_pages(const struct dma_buf *dmabuf, unsigned long first,
		       unsigned long count)
{
	unsigned long pages = dmabuf->size >> PAGE_SHIFT;

	return count <= pages && first <= pages - count;
}

/**
 * dma_buf_empty_areas - take a buffer's pages from all processes
 * @obj: the buffer, whose file may be gone
 *
 * Not from areas of another file, or of a file of the buffer's that shares
 * &file.f_mapping with others, as that of a DRM driver does: what else is in there
 * may have no fault operation.
 *
 * Context: May sleep. Takes locks that are also taken inside of a process's mmap
 * lock, and inside of the reservation lock, neither of which it takes.
 */
void dma_buf_empty_areas(struct dma_buf_object *obj)
{
	struct file *file = dma_buf_get_file(obj);

	if (!file)
		return;
	unmap_mapping_range(file_inode(file)->i_mapping, 0, 0, 1);
	fput(file);
}

/*
 * Back in user mode, or at the task's end. By now the area is one of those that
 * dma_buf_empty_areas() finds. A buffer that was revoked before lost those that it
 * found then, and whoever revokes it from now on finds this one.
 */
static void dma_buf_mmap_returns(struct callback_head *work)
{
	struct dma_buf_mmap_call *call =
		container_of(work, struct dma_buf_mmap_call, work);
	struct dma_buf *dmabuf = call->file->private_data;
	struct dma_buf_object *obj = to_dma_buf_object(dmabuf);

	/* Pairs with the one in dma_buf_begin_revoke(). */
	smp_mb();
	if (dma_buf_is_gone(dmabuf))
		dma_buf_empty_areas(obj);
	/* Ordered on both sides: the areas are empty, and who counted this is woken. */
	atomic_dec_return(&obj->mmap_calls);
	if (dma_buf_is_gone(dmabuf)) {
		dma_resv_lock(dmabuf->resv, NULL);
		dma_buf_let_go(obj);
		dma_resv_unlock(dmabuf->resv);
	}
	fput(call->file);
	kfree(call);
}

/*
 * The exporter may put pages into an area that nobody else can find yet: mm links
 * it after the mmap operation, and tells nobody. So the call counts as a mapping
 * until it is over.
 */
static int dma_buf_mmap_begin(struct dma_buf_object *obj)
{
	struct dma_buf_mmap_call *call = kmalloc(sizeof(*call), GFP_KERNEL);
	int err;

	if (!call)
		return -ENOMEM;
	call->file = obj->base.file;
	init_task_work(&call->work, dma_buf_mmap_returns);
	err = task_work_add(current, &call->work, TWA_RESUME);
	if (err) {
		kfree(call);
		return err;
	}
	get_file(call->file);
	atomic_inc(&obj->mmap_calls);
	/* Pairs with the one in dma_buf_begin_revoke(). */
	smp_mb__after_atomic();
	return 0;
}

/**
 * dma_buf_exporter_mmap - have the exporter show a buffer in an area
 * @dmabuf: the buffer, in which the area lies
 * @vma: the area
 * @call: what the caller was called
 *
 * Return: 0, or what the caller returns.
 */
int dma_buf_exporter_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma,
			  const char *call)
{
	struct dma_buf_object *obj = to_dma_buf_object(dmabuf);
	struct file *file = dmabuf->file;
	int err;

	/* Who comes later does not count, or could keep it from ever being free. */
	if (dma_buf_is_gone(dmabuf))
		return dma_buf_refused(dmabuf, NULL, call, "core", -ENODEV);
	err = dma_buf_mmap_begin(obj);
	if (err)
		return dma_buf_refused(dmabuf, NULL, call, err == -ENOMEM ?
				       "memory" : "process", err);
	if (dma_buf_is_gone(dmabuf))
		return dma_buf_refused(dmabuf, NULL, call, "core", -ENODEV);

	/* What was checked must stay true: no mremap past the end. */
	vm_flags_set(vma, VM_DONTEXPAND);
	err = dmabuf->ops->mmap(dmabuf, vma);
	if (err)
		return dma_buf_refused(dmabuf, NULL, call, "exporter:mmap", err);
	if (vma->vm_file != file || file->f_mapping != file_inode(file)->i_mapping)
		WRITE_ONCE(obj->mapped_elsewhere, true);
	return 0;
}

/**
 * dma_buf_mmap - show a buffer in an area that was mapped from another file
 * @dmabuf: the buffer
 * @vma: the area, all of which is to show the buffer
 * @pgoff: where in the buffer it begins, in pages
 *
 * For a driver which offers a mapping of its own of something that it
 * imported. The area changes hands: its file is the buffer's from now on, and
 * it cannot grow.
 *
 * Context: In the driver's mmap operation, with the mmap lock held.
 * Return: 0. Otherwise -EINVAL if there is no buffer or area, the exporter has
 * no mmap, or the range is not within the buffer; -EOVERFLOW if it wraps around;
 * -ENODEV if the buffer is revoked; -ENOMEM; -ESRCH in a task that exits; or what the
 * exporter returned.
 */
int dma_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma,
		 unsigned long pgoff)
{
	if (dma_buf_bad_args(!dmabuf || !vma, __func__))
		return -EINVAL;
	might_sleep();

	if (pgoff + vma_pages(vma) < pgoff && dmabuf->ops->mmap)
		return dma_buf_refused(dmabuf, NULL, __func__, "core",
				       -EOVERFLOW);
	if (!dmabuf->ops->mmap ||
	    !dma_buf_has_pages(dmabuf, pgoff, vma_pages(vma)))
		return dma_buf_refused(dmabuf, NULL, __func__, "core", -EINVAL);

	vma_set_file(vma, dmabuf->file);
	vma->vm_pgoff = pgoff;
	trace_dma_buf_mmap(dmabuf);
	return dma_buf_exporter_mmap(dmabuf, vma, __func__);
}
EXPORT_SYMBOL_GPL(dma_buf_mmap);
