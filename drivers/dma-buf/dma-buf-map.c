// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: DMA addresses of a buffer, for the devices on it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu-dma.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/*
 * The mapping that an importer means. The direction counts only where one
 * table is mapped in several.
 */
static struct dma_buf_mapping *
dma_buf_mapping_find(struct dma_buf_attachment_object *obj,
		     const struct sg_table *given, enum dma_data_direction dir)
{
	struct dma_buf_mapping *mapping, *found = NULL;

	for (mapping = &obj->first; mapping; mapping = mapping->next) {
		if (mapping->sgt != given || !mapping->users)
			continue;
		if (mapping->dir == dir)
			return mapping;
		found = mapping;
	}
	return found;
}

/**
 * dma_buf_attach_revocable - can a mapping be taken from the importer?
 * @attach: the attachment
 *
 * Context: Any; with the lock, if the attachment may be about to end.
 * Return: true if the importer is told by dma_buf_invalidate_mappings(); not for an
 * attachment that was detached while mapped, and is kept.
 */
bool dma_buf_attach_revocable(struct dma_buf_attachment *attach)
{
	return dma_buf_attachment_hears(to_attachment_object(attach));
}
EXPORT_SYMBOL_GPL(dma_buf_attach_revocable);

/* Forget any mapping but the first. */
static noinline void
dma_buf_mapping_remove(struct dma_buf_attachment_object *obj,
		       struct dma_buf_mapping *mapping)
{
	struct dma_buf_mapping *before = &obj->first;

	while (before->next != mapping)
		before = before->next;
	before->next = mapping->next;
	kfree(mapping);
}

/**
 * dma_buf_bounced - does a device see copies?
 * @dev: the device
 * @sgt: what is mapped for it
 *
 * Return: of how many segments, so that somebody has to sync for it to see the
 * memory itself.
 */
unsigned int dma_buf_bounced(struct device *dev, struct sg_table *sgt)
{
	/* Where nothing translates addresses, they tell what memory it is. */
	bool direct = !get_dma_ops(dev) && !use_dma_iommu(dev);
	unsigned int bounced = 0;
	struct scatterlist *sg;
	int i;

	if (!is_swiotlb_active(dev))
		return 0;
	for_each_sgtable_dma_sg(sgt, sg, i)
		bounced += sg_dma_is_swiotlb(sg) ||
			   (direct && !sg_dma_is_bus_address(sg) &&
			    swiotlb_find_pool(dev, dma_to_phys(dev, sg_dma_address(sg))));
	return bounced;
}

/* The call that an error is the answer to, whichever of both it was. */
static int dma_buf_map_refused(struct dma_buf_attachment_object *obj,
			       const char *by, int err)
{
	return dma_buf_refused(obj->base.dmabuf, obj->base.dev,
			       "dma_buf_map_attachment", by, err);
}

/* What the core pinned for a mapping. */
static __always_inline void
dma_buf_mapping_unpin(struct dma_buf_attachment_object *obj)
{
	if (!obj->must_pin)
		return;
	obj->base.dmabuf->ops->unpin(&obj->base);
	trace_dma_buf_unpin(obj->base.dmabuf, &obj->base, true);
}

/* Forget a mapping, and give its table back to the exporter. */
static __always_inline void
dma_buf_mapping_end(struct dma_buf_attachment_object *obj,
		    struct dma_buf_mapping *mapping)
{
	struct dma_buf_attachment *attach = &obj->base;
	enum dma_data_direction dir = mapping->dir;
	struct sg_table *sgt = mapping->sgt;

	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		sgt = dma_buf_debug_unwrap(sgt);
	trace_dma_buf_unmap(attach->dmabuf, attach, dir, sgt->nents);
	if (mapping == &obj->first)
		mapping->sgt = NULL;
	else
		dma_buf_mapping_remove(obj, mapping);
	attach->dmabuf->ops->unmap_dma_buf(attach, sgt, dir);
	dma_buf_mapping_unpin(obj);
	if (dma_buf_is_gone(attach->dmabuf))
		dma_buf_let_go(to_dma_buf_object(attach->dmabuf));
}

/**
 * dma_buf_drop_mappings - give back to the exporter what an importer left
 * @obj: an attachment that ends
 *
 * Context: May sleep. The caller holds the reservation lock.
 * Return: Whether the importer had not given back all of it.
 */
bool dma_buf_drop_mappings(struct dma_buf_attachment_object *obj)
{
	/* Only the first is ever kept without a user. */
	bool used = obj->first.users || obj->first.next;

	while (obj->first.next)
		dma_buf_mapping_end(obj, obj->first.next);
	if (obj->first.sgt)
		dma_buf_mapping_end(obj, &obj->first);
	return used;
}

/**
 * dma_buf_keep_no_more - let a table go that is no longer true
 * @obj: an attachment to the buffer
 *
 * At once if nobody uses it, else at the last unmap; no other is kept after it.
 *
 * Context: May sleep. The caller holds the reservation lock.
 */
void dma_buf_keep_no_more(struct dma_buf_attachment_object *obj)
{
	obj->kept = false;
	if (obj->first.sgt && !obj->first.users)
		dma_buf_mapping_end(obj, &obj->first);
}

/*
 * Ask the exporter for a table and wrap it as debugging wants it. Fills
 * @mapping, or fails and leaves nothing mapped.
 */
static __always_inline int
dma_buf_mapping_fill(struct dma_buf_attachment_object *obj,
		     struct dma_buf_mapping *mapping,
		     enum dma_data_direction dir)
{
	struct dma_buf_attachment *attach = &obj->base;
	const struct dma_buf_ops *ops = attach->dmabuf->ops;
	struct sg_table *exported, *sgt;
	int err;

	if (obj->must_pin) {
		err = ops->pin(attach);
		if (err)
			return dma_buf_map_refused(obj, "exporter:pin", err);
		trace_dma_buf_pin(attach->dmabuf, attach, true);
	}
	exported = ops->map_dma_buf(attach, dir);
	sgt = exported;
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG) && !IS_ERR_OR_NULL(exported)) {
		sgt = dma_buf_debug_wrap(attach, exported);
		if (!sgt)
			ops->unmap_dma_buf(attach, exported, dir);
		else if (dma_buf_bounced(attach->dev, exported))
			dma_buf_report(attach->dmabuf, attach->dev,
				       DMA_BUF_MAPPED_BOUNCED,
				       "mapped by way of a copy, and who maps once must sync");
	}
	if (IS_ERR_OR_NULL(sgt)) {
		dma_buf_mapping_unpin(obj);
		return dma_buf_map_refused(obj, sgt == exported ?
					   "exporter:map_dma_buf" : "memory",
					   sgt ? PTR_ERR(sgt) : -ENOMEM);
	}
	trace_dma_buf_map(attach->dmabuf, attach, dir, sgt->nents);
	mapping->sgt = sgt;
	mapping->users = 1;
	mapping->dir = dir;
	return 0;
}

/* While the first one is in use. */
static noinline struct sg_table *
dma_buf_map_another(struct dma_buf_attachment_object *obj,
		    enum dma_data_direction dir)
{
	struct dma_buf_mapping *mapping __free(kfree) =
		kzalloc(sizeof(*mapping), GFP_KERNEL);
	int err;

	if (!mapping)
		return ERR_PTR(dma_buf_map_refused(obj, "memory", -ENOMEM));
	err = dma_buf_mapping_fill(obj, mapping, dir);
	if (err)
		return ERR_PTR(err);
	mapping->next = obj->first.next;
	obj->first.next = no_free_ptr(mapping);
	return obj->first.next->sgt;
}

static __always_inline struct sg_table *
dma_buf_map_locked(struct dma_buf_attachment_object *obj,
		   enum dma_data_direction dir)
{
	struct dma_buf_mapping *first = &obj->first;
	int err;

	if (dma_buf_is_gone(obj->base.dmabuf))
		return ERR_PTR(dma_buf_map_refused(obj, "core", -ENODEV));
	if (!first->sgt) {
		err = dma_buf_mapping_fill(obj, first, dir);
		return err ? ERR_PTR(err) : first->sgt;
	}
	if (obj->kept &&
	    (first->dir == dir || first->dir == DMA_BIDIRECTIONAL)) {
		first->users++;
		return first->sgt;
	}
	if (obj->base.dmabuf->ops->cache_sgt_mapping)
		return ERR_PTR(dma_buf_map_refused(obj, "core", -EBUSY));
	return dma_buf_map_another(obj, dir);
}

/* One use less. The table goes with the last, unless it stays between two. */
static __always_inline void
dma_buf_mapping_put(struct dma_buf_attachment_object *obj,
		    struct dma_buf_mapping *mapping)
{
	if (--mapping->users)
		return;
	/* If its only map was interrupted, it goes all the same. */
	if (mapping != &obj->first || !obj->kept || !READ_ONCE(obj->settled))
		dma_buf_mapping_end(obj, mapping);
}

/* Whatever was not mapped first, or not with this direction. */
static noinline int dma_buf_unmap_another(struct dma_buf_attachment_object *obj,
					  struct sg_table *sgt,
					  enum dma_data_direction dir)
{
	struct dma_buf_mapping *mapping = dma_buf_mapping_find(obj, sgt, dir);

	if (!mapping)
		return -ENOENT;
	/* Which of its uses ends here cannot be told, even if it is kept no more. */
	if (mapping != &obj->first || !dma_buf_attachment_shares(obj))
		dir = mapping->dir;
	dma_buf_mapping_put(obj, mapping);
	return dir;
}

/* Returns the direction that it was mapped with, or an error if it was not. */
static __always_inline int
dma_buf_unmap_locked(struct dma_buf_attachment_object *obj,
		     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct dma_buf_mapping *first = &obj->first;

	if (unlikely(first->sgt != sgt || first->dir != dir || !first->users))
		return dma_buf_unmap_another(obj, sgt, dir);
	dma_buf_mapping_put(obj, first);
	return dir;
}

static noinline void dma_buf_unmap_report(struct dma_buf_attachment *attach,
					  int mapped,
					  enum dma_data_direction dir)
{
	if (mapped < 0)
		dma_buf_report(attach->dmabuf, attach->dev,
			       DMA_BUF_UNMAP_UNMAPPED,
			       "unmap of a table that is not mapped");
	else
		/* The exporter got the right one, so that it does no harm. */
		dma_buf_report(attach->dmabuf, attach->dev,
			       DMA_BUF_UNMAP_DIRECTION,
			       "unmap with direction %d of what was mapped with %d",
			       dir, mapped);
}

/* Somebody may be moving the memory, and the importer not know. */
static noinline struct sg_table *
dma_buf_map_wait(struct dma_buf_attachment *attach, struct sg_table *sgt,
		 enum dma_data_direction dir, bool owned)
{
	int err = dma_buf_wait(attach->dmabuf, DMA_RESV_USAGE_KERNEL,
			       attach->dev, "dma_buf_map_attachment");

	if (!err) {
		if (attach->dmabuf->ops->cache_sgt_mapping)
			WRITE_ONCE(to_attachment_object(attach)->settled, true);
		return sgt;
	}
	if (owned)
		dma_buf_unmap_attachment(attach, sgt, dir);
	else
		dma_buf_unmap_attachment_unlocked(attach, sgt, dir);
	return ERR_PTR(err);
}

/*
 * True if the caller is to be sent to the function that takes the lock, and was told
 * so. The look would be a third of what mapping costs a dynamic importer for which the
 * core does not pin, and it has to know the lock anyhow: it waits for fences itself.
 * Once the buffer is revoked, nothing is in a hurry, and who has it is counted.
 */
static __always_inline bool dma_buf_map_lacks_lock(struct dma_buf_attachment *attach,
						   const char *func)
{
	if (!IS_ENABLED(CONFIG_DMABUF_DEBUG) && !IS_ENABLED(CONFIG_LOCKDEP) &&
	    attach->importer_ops && !to_attachment_object(attach)->must_pin &&
	    !dma_buf_is_gone(attach->dmabuf))
		return false;
	return dma_buf_lacks_lock(attach->dmabuf, attach, func, true);
}

/**
 * dma_buf_map_attachment - get DMA addresses of a buffer for a device
 * @attach: the device's attachment
 * @dir: direction of the transfers to come
 *
 * The table holds addresses and lengths for the DMA of this device, to be
 * walked with for_each_sgtable_dma_sg(). There may be no struct page behind
 * them, and with CONFIG_DMABUF_DEBUG there never is.
 *
 * For a static importer the memory is in place when this returns. A dynamic one
 * looks at the kernel fences of the reservation object before its device begins.
 * If the exporter wants the mapping cached, all calls for one attachment return
 * the same table, and those after the first success neither wait nor fail, but
 * for a direction which that table does not serve. On Linux 6.12 the same table
 * also comes again for a dynamic importer of a buffer that cannot move, until the
 * exporter invalidates it. All of this ends when the exporter revokes the buffer; after
 * dma_buf_restore(), cached is what the exporter wants so.
 *
 * An importer hands -ERESTARTSYS on as it is, so that the system call which led
 * here can be restarted.
 *
 * Context: May sleep, for a static importer interruptibly while it waits for
 * kernel fences. The caller holds the lock all the time; with
 * dma_buf_map_attachment_unlocked() nobody else has to wait meanwhile.
 * Return: The table, which stays the exporter's and goes back with
 * dma_buf_unmap_attachment(). Otherwise an ERR_PTR, and nothing is mapped or
 * pinned: -EINVAL for no attachment or no direction, -ENODEV if the buffer is
 * revoked, -EBUSY if a cached mapping is for another direction, -ENOMEM,
 * -ERESTARTSYS if a signal came during the wait, or what the exporter or a fence's
 * wait returned.
 */
struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	struct dma_buf_attachment_object *obj = to_attachment_object(attach);
	struct sg_table *sgt;

	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf ||
			     !valid_dma_direction(dir), __func__))
		return ERR_PTR(-EINVAL);
	if (dma_buf_map_lacks_lock(attach, __func__))
		return dma_buf_map_attachment_unlocked(attach, dir);
	sgt = dma_buf_map_locked(obj, dir);
	if (IS_ERR(sgt) || READ_ONCE(obj->settled))
		return sgt;
	return dma_buf_map_wait(attach, sgt, dir, true);
}
EXPORT_SYMBOL_GPL(dma_buf_map_attachment);

/**
 * dma_buf_unmap_attachment - give back DMA addresses
 * @attach: the device's attachment
 * @sgt: the table from dma_buf_map_attachment()
 * @dir: the direction, as it was there
 *
 * The device must be done with the memory. A table that this attachment did not
 * get is reported and left alone. A wrong direction is worth a line in the log,
 * and the table is unmapped with the right one.
 *
 * Context: May sleep. The caller holds the lock.
 */
void dma_buf_unmap_attachment(struct dma_buf_attachment *attach,
			      struct sg_table *sgt,
			      enum dma_data_direction dir)
{
	int mapped;

	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf || !sgt, __func__))
		return;
	if (dma_buf_map_lacks_lock(attach, __func__)) {
		dma_buf_unmap_attachment_unlocked(attach, sgt, dir);
		return;
	}
	mapped = dma_buf_unmap_locked(to_attachment_object(attach), sgt, dir);
	if (unlikely(mapped != dir))
		dma_buf_unmap_report(attach, mapped, dir);
}
EXPORT_SYMBOL_GPL(dma_buf_unmap_attachment);

/**
 * dma_buf_map_attachment_unlocked - dma_buf_map_attachment() for a caller
 *                                   without the lock
 * @attach: the device's attachment
 * @dir: direction of the transfers to come
 *
 * A static importer waits for kernel fences without the lock, pinned and mapped
 * already, so everybody else can go on with the buffer meanwhile.
 *
 * Context: May sleep, interruptibly. The lock must not be held.
 * Return: As dma_buf_map_attachment().
 */
struct sg_table *
dma_buf_map_attachment_unlocked(struct dma_buf_attachment *attach,
				enum dma_data_direction dir)
{
	struct dma_buf_attachment_object *obj = to_attachment_object(attach);
	struct sg_table *sgt;

	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf ||
			     !valid_dma_direction(dir), __func__))
		return ERR_PTR(-EINVAL);
	dma_resv_lock(attach->dmabuf->resv, NULL);
	sgt = dma_buf_map_locked(obj, dir);
	dma_resv_unlock(attach->dmabuf->resv);
	if (IS_ERR(sgt) || READ_ONCE(obj->settled))
		return sgt;
	return dma_buf_map_wait(attach, sgt, dir, false);
}
EXPORT_SYMBOL_GPL(dma_buf_map_attachment_unlocked);

/**
 * dma_buf_unmap_attachment_unlocked - dma_buf_unmap_attachment() for a caller
 *                                     without the lock
 * @attach: the device's attachment
 * @sgt: the table from dma_buf_map_attachment_unlocked()
 * @dir: the direction, as it was there
 *
 * Context: May sleep. The lock must not be held.
 */
void dma_buf_unmap_attachment_unlocked(struct dma_buf_attachment *attach,
				       struct sg_table *sgt,
				       enum dma_data_direction dir)
{
	int mapped;

	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf || !sgt, __func__))
		return;
	dma_resv_lock(attach->dmabuf->resv, NULL);
	mapped = dma_buf_unmap_locked(to_attachment_object(attach), sgt, dir);
	dma_resv_unlock(attach->dmabuf->resv);
	if (unlikely(mapped != dir))
		dma_buf_unmap_report(attach, mapped, dir);
}
EXPORT_SYMBOL_GPL(dma_buf_unmap_attachment_unlocked);
