// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: DMA addresses of a buffer, for the devices on it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "dma-buf-internal.h"

static struct dma_buf_mapping *
dma_buf_mapping_alloc(struct dma_buf_attachment_object *obj)
{
	if (obj->first_used)
		return kzalloc(sizeof(struct dma_buf_mapping), GFP_KERNEL);

	obj->first_used = true;
	memset(&obj->first, 0, sizeof(obj->first));
	return &obj->first;
}

static void dma_buf_mapping_free(struct dma_buf_attachment_object *obj,
				 struct dma_buf_mapping *mapping)
{
	if (mapping == &obj->first)
		obj->first_used = false;
	else
		kfree(mapping);
}

/*
 * The mapping that an importer means. The direction counts only where one
 * table is mapped in several.
 */
static struct dma_buf_mapping *
dma_buf_mapping_find(struct dma_buf_attachment_object *obj,
		     const struct sg_table *given, enum dma_data_direction dir)
{
	struct dma_buf_mapping *mapping, *found = NULL;

	list_for_each_entry(mapping, &obj->mappings, node) {
		if (mapping->given != given || !mapping->users)
			continue;
		if (mapping->dir == dir)
			return mapping;
		found = mapping;
	}
	return found;
}

/* Give a table back to the exporter. */
static void dma_buf_mapping_end(struct dma_buf_attachment_object *obj,
				struct dma_buf_mapping *mapping)
{
	struct dma_buf_attachment *attach = &obj->base;
	const struct dma_buf_ops *ops = attach->dmabuf->ops;

	list_del(&mapping->node);
	dma_buf_debug_unwrap(mapping->given);
	ops->unmap_dma_buf(attach, mapping->exported, mapping->dir);
	if (mapping->pinned)
		ops->unpin(attach);
	dma_buf_mapping_free(obj, mapping);
}

/**
 * dma_buf_is_mapped - has an importer something that it did not give back?
 * @obj: its attachment
 *
 * Context: The caller holds the reservation lock.
 * Return: true if it has.
 */
bool dma_buf_is_mapped(struct dma_buf_attachment_object *obj)
{
	struct dma_buf_mapping *mapping;

	dma_resv_assert_held(obj->base.dmabuf->resv);

	list_for_each_entry(mapping, &obj->mappings, node) {
		if (mapping->users)
			return true;
	}
	return false;
}

/**
 * dma_buf_drop_cached - give a cached table back to the exporter
 * @obj: an attachment on which nothing is mapped any more
 *
 * Context: May sleep. The caller holds the reservation lock.
 */
void dma_buf_drop_cached(struct dma_buf_attachment_object *obj)
{
	struct dma_buf_mapping *mapping, *next;

	dma_resv_assert_held(obj->base.dmabuf->resv);

	list_for_each_entry_safe(mapping, next, &obj->mappings, node)
		dma_buf_mapping_end(obj, mapping);
}

/* Must the buffer stay in place as long as this importer has it mapped? */
static bool dma_buf_needs_pin(struct dma_buf_attachment *attach)
{
	if (!dma_buf_is_dynamic(attach->dmabuf))
		return false;
	return !IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY) ||
	       !dma_buf_attach_revocable(attach);
}

/*
 * Ask the exporter for a table and wrap it as debugging wants it. Fills
 * @mapping, or returns an error and leaves nothing mapped.
 */
static int dma_buf_mapping_fill(struct dma_buf_attachment *attach,
				struct dma_buf_mapping *mapping)
{
	const struct dma_buf_ops *ops = attach->dmabuf->ops;
	struct sg_table *given;

	mapping->exported = ops->map_dma_buf(attach, mapping->dir);
	if (!mapping->exported)
		return -ENOMEM;
	if (IS_ERR(mapping->exported))
		return PTR_ERR(mapping->exported);

	given = dma_buf_debug_wrap(attach, mapping->exported);
	if (IS_ERR(given)) {
		ops->unmap_dma_buf(attach, mapping->exported, mapping->dir);
		return PTR_ERR(given);
	}
	mapping->given = given;
	return 0;
}

static struct sg_table *dma_buf_map_new(struct dma_buf_attachment_object *obj,
					enum dma_data_direction dir)
{
	struct dma_buf_attachment *attach = &obj->base;
	const struct dma_buf_ops *ops = attach->dmabuf->ops;
	struct dma_buf_mapping *mapping;
	int err;

	mapping = dma_buf_mapping_alloc(obj);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->dir = dir;

	if (dma_buf_needs_pin(attach)) {
		err = ops->pin(attach);
		if (err)
			goto err_free;
		mapping->pinned = true;
	}
	err = dma_buf_mapping_fill(attach, mapping);
	if (err)
		goto err_unpin;

	mapping->users = 1;
	list_add(&mapping->node, &obj->mappings);
	return mapping->given;

err_unpin:
	if (mapping->pinned)
		ops->unpin(attach);
err_free:
	dma_buf_mapping_free(obj, mapping);
	return ERR_PTR(err);
}

/* The one table of an attachment to an exporter that wants it cached. */
static struct sg_table *
dma_buf_map_cached(struct dma_buf_attachment_object *obj,
		   enum dma_data_direction dir)
{
	struct dma_buf_mapping *mapping;

	mapping = list_first_entry_or_null(&obj->mappings,
					   struct dma_buf_mapping, node);
	if (!mapping)
		return dma_buf_map_new(obj, dir);
	if (mapping->dir != dir && mapping->dir != DMA_BIDIRECTIONAL)
		return ERR_PTR(-EBUSY);
	mapping->users++;
	return mapping->given;
}

static struct sg_table *dma_buf_map_locked(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	struct dma_buf_attachment_object *obj = to_attachment_object(attach);

	dma_resv_assert_held(attach->dmabuf->resv);

	if (attach->dmabuf->ops->cache_sgt_mapping)
		return dma_buf_map_cached(obj, dir);
	return dma_buf_map_new(obj, dir);
}

/* Static importers know nothing of fences: wait for whoever moves the memory. */
static int dma_buf_wait_for_moves(struct dma_buf_attachment *attach)
{
	long left;

	if (dma_buf_attachment_is_dynamic(attach))
		return 0;

	left = dma_resv_wait_timeout(attach->dmabuf->resv,
				     DMA_RESV_USAGE_KERNEL, true,
				     MAX_SCHEDULE_TIMEOUT);
	return left < 0 ? left : 0;
}

static bool dma_buf_map_is_sound(const struct dma_buf_attachment *attach,
				 enum dma_data_direction dir)
{
	return attach && attach->dmabuf && valid_dma_direction(dir);
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
 * the same table.
 *
 * Context: May sleep, for a static importer interruptibly while it waits for
 * kernel fences. The caller holds the lock all the time;
 * dma_buf_map_attachment_unlocked() is better company.
 * Return: The table, which stays the exporter's and goes back with
 * dma_buf_unmap_attachment(). Otherwise an ERR_PTR, and nothing is mapped or
 * pinned: -EINVAL for no attachment or no direction, -EBUSY if a cached mapping
 * is for another direction, -ENOMEM, -ERESTARTSYS if a signal came during the
 * wait, or what the exporter returned.
 */
struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int err;

	might_sleep();
	if (dma_buf_bad_args(!dma_buf_map_is_sound(attach, dir), __func__))
		return ERR_PTR(-EINVAL);

	sgt = dma_buf_map_locked(attach, dir);
	if (IS_ERR(sgt))
		return sgt;

	err = dma_buf_wait_for_moves(attach);
	if (err) {
		dma_buf_unmap_attachment(attach, sgt, dir);
		return ERR_PTR(err);
	}
	return sgt;
}
EXPORT_SYMBOL_GPL(dma_buf_map_attachment);

/* Does no harm, since the exporter gets the right direction. */
static void dma_buf_check_unmap_dir(struct dma_buf_attachment_object *obj,
				    const struct dma_buf_mapping *mapping,
				    enum dma_data_direction dir)
{
	struct dma_buf *dmabuf = obj->base.dmabuf;

	if (mapping->dir == dir)
		return;
	/* A cached table for both directions serves either. */
	if (dmabuf->ops->cache_sgt_mapping && mapping->dir == DMA_BIDIRECTIONAL)
		return;

	dma_buf_misuse(dmabuf, obj->base.dev, DMA_BUF_UNMAP_DIRECTION,
		       "unmap with direction %d of what was mapped with %d",
		       dir, mapping->dir);
}

/**
 * dma_buf_unmap_attachment - give back DMA addresses
 * @attach: the device's attachment
 * @sgt: the table from dma_buf_map_attachment()
 * @dir: the direction, as it was there
 *
 * The device must be done with the memory. A table that this attachment did not
 * get is reported and left alone. A wrong direction is reported, and the table
 * is unmapped with the right one.
 *
 * Context: May sleep. The caller holds the lock.
 */
void dma_buf_unmap_attachment(struct dma_buf_attachment *attach,
			      struct sg_table *sgt,
			      enum dma_data_direction dir)
{
	struct dma_buf_attachment_object *obj;
	struct dma_buf_mapping *mapping;

	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf || !sgt, __func__))
		return;
	obj = to_attachment_object(attach);
	dma_resv_assert_held(attach->dmabuf->resv);

	mapping = dma_buf_mapping_find(obj, sgt, dir);
	if (!mapping) {
		dma_buf_misuse(attach->dmabuf, attach->dev,
			       DMA_BUF_UNMAP_UNMAPPED,
			       "unmap of a table that is not mapped");
		return;
	}
	dma_buf_check_unmap_dir(obj, mapping, dir);

	mapping->users--;
	if (!attach->dmabuf->ops->cache_sgt_mapping)
		dma_buf_mapping_end(obj, mapping);
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
	struct dma_resv *resv;
	struct sg_table *sgt;
	int err;

	might_sleep();
	if (dma_buf_bad_args(!dma_buf_map_is_sound(attach, dir), __func__))
		return ERR_PTR(-EINVAL);

	resv = attach->dmabuf->resv;
	dma_resv_lock(resv, NULL);
	sgt = dma_buf_map_locked(attach, dir);
	dma_resv_unlock(resv);
	if (IS_ERR(sgt))
		return sgt;

	err = dma_buf_wait_for_moves(attach);
	if (err) {
		dma_buf_unmap_attachment_unlocked(attach, sgt, dir);
		return ERR_PTR(err);
	}
	return sgt;
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
	might_sleep();
	if (dma_buf_bad_args(!attach || !attach->dmabuf || !sgt, __func__))
		return;

	dma_resv_lock(attach->dmabuf->resv, NULL);
	dma_buf_unmap_attachment(attach, sgt, dir);
	dma_resv_unlock(attach->dmabuf->resv);
}
EXPORT_SYMBOL_GPL(dma_buf_unmap_attachment_unlocked);
