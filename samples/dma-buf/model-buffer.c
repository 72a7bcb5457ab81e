// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model exporter of dma-bufs: the buffers.
 *
 * It exports ordinary memory, allocated late: when the first device maps it, or
 * the CPU touches it. By then it is known which devices are attached, so the
 * memory can be of a kind that all of them reach. Should a device come later
 * that does not reach it, or a program ask for it, the memory moves. It stays
 * where it is as long as somebody has it pinned. model-card.c has the device, with
 * which it goes.
 *
 * Documentation/dma-buf-sharing.txt explains it part by part.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "model-exporter.h"

/**
 * struct model_store - the memory of a buffer, in one place
 * @users: the buffer, until it moves, and every mapping
 * @mask: what a device must reach to reach all of it
 * @count: of pages
 * @pages: the memory
 */
struct model_store {
	refcount_t users;
	u64 mask;
	unsigned long count;
	struct page *pages[] __counted_by(count);
};

/**
 * struct model_mapping - the view that one device has
 * @node: in &model_buffer.mappings
 * @sgt: the table that the importer has
 * @dev: the importer's device
 * @dir: of the transfers
 * @store: what was mapped, which may no longer be where the buffer is
 */
struct model_mapping {
	struct list_head node;
	struct sg_table sgt;
	struct device *dev;
	enum dma_data_direction dir;
	struct model_store *store;
};

static void model_store_put(struct model_store *store)
{
	unsigned long i;

	if (!store || !refcount_dec_and_test(&store->users))
		return;
	for (i = 0; i < store->count && store->pages[i]; i++)
		__free_page(store->pages[i]);
	kvfree(store);
}

static gfp_t model_zone(u64 mask)
{
	if (mask < DMA_BIT_MASK(32))
		return GFP_DMA;
	if (mask < DMA_BIT_MASK(64))
		return GFP_DMA32;
	return 0;
}

/* The memory is charged to whoever needs it first, and never shown unwiped. */
static struct model_store *model_store_alloc(unsigned long count, u64 mask)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | model_zone(mask);
	struct model_store *store;
	unsigned long i;

	store = kvzalloc(struct_size(store, pages, count), GFP_KERNEL_ACCOUNT);
	if (!store)
		return NULL;
	refcount_set(&store->users, 1);
	store->mask = mask;
	store->count = count;
	for (i = 0; i < count; i++) {
		store->pages[i] = alloc_page(gfp);
		if (!store->pages[i]) {
			model_store_put(store);
			return NULL;
		}
	}
	return store;
}

static void model_sync(struct model_buffer *buf, bool for_cpu)
{
	struct model_mapping *mapping;

	list_for_each_entry(mapping, &buf->mappings, node) {
		if (for_cpu)
			dma_sync_sgtable_for_cpu(mapping->dev, &mapping->sgt,
						 mapping->dir);
		else
			dma_sync_sgtable_for_device(mapping->dev, &mapping->sgt,
						    mapping->dir);
	}
}

/* Take what is in the buffer from where it is now to @to. */
static int model_copy(struct model_buffer *buf, struct model_store *to)
{
	struct dma_buf *dmabuf = buf->dmabuf;
	unsigned long i;
	long left;

	/* From here on importers map anew, and processes fault anew. */
	dma_buf_invalidate_mappings(dmabuf);
	unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);

	/* What devices have begun they finish, in the old place. */
	left = dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				     true, MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;

	model_sync(buf, true);
	for (i = 0; i < to->count; i++)
		copy_highpage(to->pages[i], buf->store->pages[i]);
	return 0;
}

static int model_move(struct model_buffer *buf, u64 mask)
{
	struct model_store *store;
	int err;

	if (buf->pins)
		return -EBUSY;

	store = model_store_alloc(PHYS_PFN(buf->dmabuf->size), mask);
	if (!store)
		return -ENOMEM;
	err = buf->store ? model_copy(buf, store) : 0;
	if (!err)
		swap(buf->store, store);
	/* Importers may still have the old place mapped; they keep it alive. */
	model_store_put(store);
	return err;
}

/* What the weakest of the attached devices reaches. */
static u64 model_mask(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	u64 mask = DMA_BIT_MASK(64);

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		struct device *dev = attach->dev;

		mask = min(mask, min_not_zero(dma_get_mask(dev),
					      dev->bus_dma_limit));
	}
	return mask;
}

/* Make sure that there is memory, and that all attached devices reach it. */
static int model_place(struct model_buffer *buf)
{
	u64 mask = model_mask(buf->dmabuf);

	if (buf->store && buf->store->mask <= mask)
		return 0;
	return model_move(buf, mask);
}

static int model_pin(struct dma_buf_attachment *attach)
{
	struct model_buffer *buf = attach->dmabuf->priv;
	int err = model_place(buf);

	if (!err)
		buf->pins++;
	return err;
}

static void model_unpin(struct dma_buf_attachment *attach)
{
	struct model_buffer *buf = attach->dmabuf->priv;

	buf->pins--;
}

static struct sg_table *model_map(struct dma_buf_attachment *attach,
				  enum dma_data_direction dir)
{
	struct model_buffer *buf = attach->dmabuf->priv;
	struct model_mapping *mapping;
	int err;

	err = model_place(buf);
	if (err)
		return ERR_PTR(err);

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dev = attach->dev;
	mapping->dir = dir;
	mapping->store = buf->store;

	err = sg_alloc_table_from_pages_segment(&mapping->sgt, buf->store->pages,
						buf->store->count, 0,
						attach->dmabuf->size,
						dma_get_max_seg_size(attach->dev),
						GFP_KERNEL);
	if (err)
		goto err_mapping;
	err = dma_map_sgtable(attach->dev, &mapping->sgt, dir, 0);
	if (err)
		goto err_table;

	refcount_inc(&buf->store->users);
	list_add(&mapping->node, &buf->mappings);
	return &mapping->sgt;

err_table:
	sg_free_table(&mapping->sgt);
err_mapping:
	kfree(mapping);
	return ERR_PTR(err);
}

static void model_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			enum dma_data_direction dir)
{
	struct model_mapping *mapping =
		container_of(sgt, struct model_mapping, sgt);

	list_del(&mapping->node);
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	model_store_put(mapping->store);
	kfree(mapping);
}

static int model_begin_cpu_access(struct dma_buf *dmabuf,
				  enum dma_data_direction dir)
{
	struct model_buffer *buf = dmabuf->priv;
	bool write = dir != DMA_FROM_DEVICE;
	long left;
	int err;

	/* Older cores wait after this: too late for what devices write till then. */
	left = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write),
				     true, MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;

	err = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (err)
		return err;
	/* Of memory that was revoked and is gone, nothing is mapped any more. */
	model_sync(buf, true);
	/* Devices wrote behind the back of a cache that goes by this address. */
	if (buf->vaddr)
		invalidate_kernel_vmap_range(buf->vaddr, dmabuf->size);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int model_end_cpu_access(struct dma_buf *dmabuf,
				enum dma_data_direction dir)
{
	struct model_buffer *buf = dmabuf->priv;

	dma_resv_lock(dmabuf->resv, NULL);
	if (buf->vaddr)
		flush_kernel_vmap_range(buf->vaddr, dmabuf->size);
	model_sync(buf, false);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static vm_fault_t model_fault(struct vm_fault *vmf)
{
	struct model_buffer *buf = vmf->vma->vm_private_data;
	struct dma_resv *resv = buf->dmabuf->resv;
	vm_fault_t ret;
	int err;

	/* A signal came: let it be handled, the fault comes again. */
	if (dma_resv_lock_interruptible(resv, NULL))
		return VM_FAULT_NOPAGE;

	/* Looked at under the lock, or the page might come after all were taken. */
	if (dma_buf_is_revoked(buf->dmabuf)) {
		dma_resv_unlock(resv);
		return VM_FAULT_SIGBUS;
	}
	err = buf->store ? 0 : model_place(buf);
	if (err)
		ret = vmf_error(err);
	else
		ret = vmf_insert_pfn(vmf->vma, vmf->address,
				     page_to_pfn(buf->store->pages[vmf->pgoff]));
	dma_resv_unlock(resv);
	return ret;
}

static const struct vm_operations_struct model_vm_ops = {
	.fault = model_fault,
};

static int model_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	/* A private copy would see nothing of what devices do. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = dmabuf->priv;
	vma->vm_ops = &model_vm_ops;
	return 0;
}

static int model_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct model_buffer *buf = dmabuf->priv;
	int err;

	err = model_place(buf);
	if (err)
		return err;
	buf->vaddr = vmap(buf->store->pages, buf->store->count, VM_MAP,
			  PAGE_KERNEL);
	if (!buf->vaddr)
		return -ENOMEM;
	buf->pins++;
	iosys_map_set_vaddr(map, buf->vaddr);
	return 0;
}

static void model_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct model_buffer *buf = dmabuf->priv;

	vunmap(buf->vaddr);
	buf->vaddr = NULL;
	buf->pins--;
}

/* Nobody has it mapped any more; only who said he was at work may still be. */
static void model_revoked(struct dma_buf *dmabuf)
{
	struct model_buffer *buf = dmabuf->priv;

	if (buf->pins || !dma_resv_test_signaled(dmabuf->resv,
						 DMA_RESV_USAGE_BOOKKEEP))
		return;
	model_store_put(buf->store);
	buf->store = NULL;
}

/**
 * model_forget - the memory of a buffer is gone for all
 * @buf: the buffer, of which dma_buf_revoke() said so; that stays so meanwhile
 *
 * model_revoked() may have been too early, with a fence pending.
 */
void model_forget(struct model_buffer *buf)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	model_revoked(buf->dmabuf);
	dma_resv_unlock(buf->dmabuf->resv);
}

static void model_release(struct dma_buf *dmabuf)
{
	struct model_buffer *buf = dmabuf->priv;
	struct model_card *card = buf->card;

	scoped_guard(mutex, &card->lock)
		list_del(&buf->node);
	model_card_put(card);
	model_store_put(buf->store);
	kfree(buf);
}

static const struct dma_buf_ops model_ops = {
	.pin = model_pin,
	.unpin = model_unpin,
	.map_dma_buf = model_map,
	.unmap_dma_buf = model_unmap,
	.begin_cpu_access = model_begin_cpu_access,
	.end_cpu_access = model_end_cpu_access,
	.mmap = model_mmap,
	.vmap = model_vmap,
	.vunmap = model_vunmap,
	.revoked = model_revoked,
	.release = model_release,
};

/* The card keeps what it can be told by, and the buffer keeps the card. */
static struct dma_buf *model_export(struct model_card *card, unsigned long size,
				    struct model_buffer *buf)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);

	exp_info.ops = &model_ops;
	exp_info.size = PAGE_ALIGN(size);
	exp_info.flags = O_RDWR;
	exp_info.priv = buf;

	guard(mutex)(&card->lock);
	if (!card->plugged)
		return ERR_PTR(-ENODEV);
	buf->dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(buf->dmabuf))
		return buf->dmabuf;
	kref_get(&card->users);
	buf->card = card;
	list_add(&buf->node, &card->buffers);
	return buf->dmabuf;
}

/**
 * model_alloc - a new buffer
 * @card: of whose memory
 * @size: in bytes
 *
 * Return: the descriptor.
 */
int model_alloc(struct model_card *card, unsigned long size)
{
	struct model_buffer *buf;
	struct dma_buf *dmabuf;
	int fd;

	if (!size || PHYS_PFN(size) >= totalram_pages())
		return -EINVAL;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	INIT_LIST_HEAD(&buf->mappings);

	dmabuf = model_export(card, size, buf);
	if (IS_ERR(dmabuf)) {
		kfree(buf);
		return PTR_ERR(dmabuf);
	}

	/* On success the descriptor owns the buffer, else we still do. */
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/**
 * model_move_fd - put the memory of a buffer somewhere else
 * @fd: descriptor of the buffer
 *
 * Return: 0, -EBUSY if it is pinned, -EINVAL if it is none of ours, or another errno.
 */
int model_move_fd(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct model_buffer *buf;
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops != &model_ops) {
		err = -EINVAL;
		goto out;
	}

	buf = dmabuf->priv;
	err = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (err)
		goto out;
	if (dma_buf_is_revoked(dmabuf))
		err = -ENODEV;
	else if (buf->store)
		err = model_move(buf, model_mask(dmabuf));
	dma_resv_unlock(dmabuf->resv);
out:
	dma_buf_put(dmabuf);
	return err;
}
