// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: the devices' side of a buffer.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/slab.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

static struct kmem_cache *dma_buf_attachment_cache;

/**
 * DOC: devices on a buffer
 *
 * A device joins with dma_buf_attach(), gets DMA addresses with
 * dma_buf_map_attachment() as often as it needs them, and leaves with
 * dma_buf_detach(). An importer that can live with a buffer being moved while
 * it is mapped joins with dma_buf_dynamic_attach() and is told; for all others
 * the core pins the buffer from map to unmap.
 *
 * The reservation lock guards the list of attachments and all that is mapped
 * through them. What is said of a lock below means this one.
 */

static void dma_buf_attachment_init_once(void *obj)
{
	memset(obj, 0, sizeof(struct dma_buf_attachment_object));
}

/*
 * As for a buffer, a constructor: what attach does not set is zero again when an
 * attachment ends, or set before anybody reads it. To zero it each time would be an
 * eighth of what attach and detach take (make bench).
 */
void __init dma_buf_attach_init(void)
{
	dma_buf_attachment_cache =
		kmem_cache_create("dma_buf_attachment",
				  sizeof(struct dma_buf_attachment_object), 0,
				  SLAB_PANIC, dma_buf_attachment_init_once);
}

/**
 * dma_buf_dynamic_attach - let a device join a buffer
 * @dmabuf: the buffer, on which the caller holds a reference until detach
 * @dev: the device, which will do the DMA; the caller sees to it that it lives
 *       until detach
 * @importer_ops: what to call when the buffer moves; NULL for a static importer
 * @importer_priv: becomes &dma_buf_attachment.importer_priv
 *
 * An importer whose operations lack invalidate_mappings is dynamic in all else,
 * but needs the buffer to stay: the core pins it from map to unmap.
 *
 * Context: May sleep. Takes the lock, and calls the exporter's attach without
 * it.
 * Return: The attachment, which dma_buf_detach() frees. Otherwise an ERR_PTR:
 * -EINVAL for no buffer or no device, -ENOMEM, or why the exporter refused;
 * -EBUSY by custom if its memory can never suit the device.
 */
struct dma_buf_attachment *
dma_buf_dynamic_attach(struct dma_buf *dmabuf, struct device *dev,
		       const struct dma_buf_attach_ops *importer_ops,
		       void *importer_priv)
{
	struct dma_buf_attachment_object *obj;
	struct dma_buf_attachment *attach;
	int err;

	if (dma_buf_bad_args(!dmabuf || !dev, __func__))
		return ERR_PTR(-EINVAL);

	obj = kmem_cache_alloc(dma_buf_attachment_cache, GFP_KERNEL);
	if (!obj)
		return ERR_PTR(-ENOMEM);

	attach = &obj->base;
	attach->dmabuf = dmabuf;
	attach->dev = dev;
	attach->peer2peer = importer_ops && importer_ops->allow_peer2peer;
	attach->importer_ops = importer_ops;
	attach->importer_priv = importer_priv;
	attach->priv = NULL;
	obj->settled = dma_buf_attachment_is_dynamic(attach);

	if (dmabuf->ops->attach) {
		err = dmabuf->ops->attach(dmabuf, attach);
		if (err) {
			kmem_cache_free(dma_buf_attachment_cache, obj);
			return ERR_PTR(err);
		}
	}

	dma_resv_lock(dmabuf->resv, NULL);
	list_add(&attach->node, &dmabuf->attachments);
	to_dma_buf_object(dmabuf)->devices++;
	dma_resv_unlock(dmabuf->resv);
	trace_dma_buf_dynamic_attach(dmabuf, attach,
				     dma_buf_attachment_is_dynamic(attach),
				     dev);
	return attach;
}
EXPORT_SYMBOL_GPL(dma_buf_dynamic_attach);

/**
 * dma_buf_attach - let a device join a buffer that must not move when mapped
 * @dmabuf: the buffer, on which the caller holds a reference until detach
 * @dev: the device, as at dma_buf_dynamic_attach()
 *
 * Context: As dma_buf_dynamic_attach().
 * Return: As dma_buf_dynamic_attach().
 */
struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf,
					  struct device *dev)
{
	return dma_buf_dynamic_attach(dmabuf, dev, NULL, NULL);
}
EXPORT_SYMBOL_GPL(dma_buf_attach);

/*
 * A device may still be at work, and the importer will not tell it of a move any
 * more. Everything stays as it is and where it is: the table, the attachment,
 * its device and the buffer.
 */
static void dma_buf_attachment_abandon(struct dma_buf_attachment_object *obj)
{
	struct dma_buf_attachment *attach = &obj->base;
	struct dma_buf *dmabuf = attach->dmabuf;
	struct dma_buf_object *buffer = to_dma_buf_object(dmabuf);

	dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_DETACHED_MAPPED,
		       "detached while mapped");
	/*
	 * In place of the one that the caller puts next. There is none for a
	 * buffer that was released before: that is lost anyhow.
	 */
	get_file_active(&buffer->file);
	/* The importer may come again, and more than once. */
	INIT_LIST_HEAD(&attach->node);
	if (obj->abandoned)
		return;

	obj->abandoned = true;
	buffer->abandoned++;
	/* The exporter may go on calling the DMA API for it. */
	get_device(attach->dev);
	/* For a device that reaches a card's memory, a pin might be a move. */
	obj->held_in_place = dma_buf_is_dynamic(dmabuf) &&
			     !attach->peer2peer && !dmabuf->ops->pin(attach);
	if (dma_buf_is_dynamic(dmabuf) && !obj->held_in_place)
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_STAYS_MOVABLE,
			       "cannot be pinned, and a device may use it");
}

/*
 * The importer came back, and nothing is mapped any more. It detaches once more,
 * so it will put the buffer once more as well: the reference that was taken last
 * is the one that it gives back then.
 */
static void dma_buf_attachment_reclaim(struct dma_buf_attachment_object *obj)
{
	struct dma_buf_attachment *attach = &obj->base;

	if (obj->held_in_place)
		attach->dmabuf->ops->unpin(attach);
	to_dma_buf_object(attach->dmabuf)->abandoned--;
}

/* Was all given back that the importer had? */
static bool
dma_buf_attachment_is_clean(const struct dma_buf_attachment_object *obj)
{
	return !obj->first.exported && !obj->first.next && !obj->pins &&
	       !obj->abandoned;
}

/*
 * Give back to the exporter what the importer left. False if the device may
 * still be using it: then nothing is given back.
 */
static bool dma_buf_attachment_end(struct dma_buf_attachment_object *obj)
{
	struct dma_buf_attachment *attach = &obj->base;

	if (dma_buf_is_in_use(obj)) {
		dma_buf_attachment_abandon(obj);
		return false;
	}
	if (dma_buf_drop_mappings(obj))
		dma_buf_remark(attach->dmabuf, attach->dev,
			       DMA_BUF_DETACHED_IN_USE,
			       "detached before unmap, and unmapped by that");

	/* Without a mapping, no device depends on a pin. */
	if (obj->pins)
		dma_buf_misuse(attach->dmabuf, attach->dev,
			       DMA_BUF_DETACHED_PINNED, "detached with %u pins",
			       obj->pins);
	for (; obj->pins; obj->pins--)
		attach->dmabuf->ops->unpin(attach);
	if (obj->abandoned)
		dma_buf_attachment_reclaim(obj);
	return true;
}

/**
 * dma_buf_detach - let a device leave a buffer
 * @dmabuf: the buffer
 * @attach: the attachment, freed by this call
 *
 * Everything mapped must be unmapped before, everything pinned unpinned, and an
 * importer that fails to is reported. Pins are then undone. With a mapping, where
 * importer and exporter are both static or both dynamic, the
 * device may still be at work: attachment, device and buffer are kept, and a
 * buffer that could move is pinned, unless the device reaches memory of a card,
 * where a pin might move it. An importer that comes back to unmap, and
 * detaches once more, ends that; each of its detaches left it a reference to put,
 * as any detach does. Unbinding the driver
 * of the device meanwhile leaves a device without DMA operations of its own
 * behind, which is all that can be held here.
 *
 * All other mappings, and tables that stay between two uses as told at
 * dma_buf_map_attachment(), are given back to the exporter here, with or without
 * their last unmap.
 *
 * Context: May sleep. Takes the lock, and calls the exporter's detach without
 * it.
 */
void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dma_buf_attachment_object *obj;
	bool ended;

	if (dma_buf_bad_args(!dmabuf || !attach, __func__))
		return;
	obj = to_attachment_object(attach);

	if (attach->dmabuf != dmabuf) {
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_DETACH_FOREIGN,
			       "detach of an attachment to another buffer");
		return;
	}

	dma_resv_lock(dmabuf->resv, NULL);
	list_del(&attach->node);
	/* One that was abandoned left before. */
	if (!obj->abandoned)
		to_dma_buf_object(dmabuf)->devices--;
	ended = dma_buf_attachment_is_clean(obj) || dma_buf_attachment_end(obj);
	dma_resv_unlock(dmabuf->resv);
	if (!ended)
		return;

	/* A buffer that was released before has no file to tell of. */
	if (trace_dma_buf_detach_enabled() &&
	    READ_ONCE(to_dma_buf_object(dmabuf)->file))
		trace_dma_buf_detach(dmabuf, attach,
				     dma_buf_attachment_is_dynamic(attach),
				     attach->dev);
	if (dmabuf->ops->detach)
		dmabuf->ops->detach(dmabuf, attach);
	if (unlikely(obj->abandoned)) {
		put_device(attach->dev);
		obj->abandoned = false;
	}
	kmem_cache_free(dma_buf_attachment_cache, obj);
}
EXPORT_SYMBOL_GPL(dma_buf_detach);

/**
 * dma_buf_attach_revocable - can a mapping be taken from the importer?
 * @attach: the attachment
 *
 * Context: Any.
 * Return: true if the importer is told by dma_buf_invalidate_mappings().
 */
bool dma_buf_attach_revocable(struct dma_buf_attachment *attach)
{
	return dma_buf_is_revocable(attach);
}
EXPORT_SYMBOL_GPL(dma_buf_attach_revocable);

/**
 * dma_buf_pin - keep a buffer where it is
 * @attach: of a dynamic importer
 *
 * For memory which stays visible for long, such as a frame on a display. Does
 * nothing if the exporter never moves its buffers.
 *
 * Context: May sleep. The caller holds the lock.
 * Return: 0, and then dma_buf_unpin() must follow. Otherwise -EINVAL for a
 * static importer, for which the core itself pins, or what the exporter
 * returned.
 */
int dma_buf_pin(struct dma_buf_attachment *attach)
{
	struct dma_buf *dmabuf = attach->dmabuf;
	int err;

	might_sleep();
	dma_resv_assert_held(dmabuf->resv);

	if (!dma_buf_attachment_is_dynamic(attach)) {
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_PIN_STATIC,
			       "pin by a static importer");
		return -EINVAL;
	}

	if (!dma_buf_is_dynamic(dmabuf))
		return 0;
	err = dmabuf->ops->pin(attach);
	if (!err)
		to_attachment_object(attach)->pins++;
	return err;
}
EXPORT_SYMBOL_GPL(dma_buf_pin);

/**
 * dma_buf_unpin - let a buffer move again
 * @attach: as at dma_buf_pin()
 *
 * A call without a pin is reported and changes nothing.
 *
 * Context: May sleep. The caller holds the lock.
 */
void dma_buf_unpin(struct dma_buf_attachment *attach)
{
	struct dma_buf_attachment_object *obj = to_attachment_object(attach);
	struct dma_buf *dmabuf = attach->dmabuf;

	might_sleep();
	dma_resv_assert_held(dmabuf->resv);

	if (!dma_buf_is_dynamic(dmabuf))
		return;
	if (!obj->pins) {
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_UNPIN_UNPINNED,
			       "unpin without pin");
		return;
	}
	obj->pins--;
	dmabuf->ops->unpin(attach);
}
EXPORT_SYMBOL_GPL(dma_buf_unpin);

/**
 * dma_buf_invalidate_mappings - tell importers that a buffer moves
 * @dmabuf: the buffer
 *
 * Called by the exporter before it moves the memory of a buffer that is not
 * pinned. Devices may use the old place until the fences of the reservation
 * object have signaled.
 *
 * A call without the lock is reported and tells nobody.
 *
 * Context: May sleep. The caller holds the lock, and the importers'
 * invalidate_mappings run under it.
 */
void dma_buf_invalidate_mappings(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return;
	might_sleep();
	if (!dma_resv_is_locked(dmabuf->resv)) {
		dma_buf_misuse(dmabuf, NULL, DMA_BUF_INVALIDATE_UNLOCKED,
			       "invalidate without the lock");
		return;
	}
	dma_resv_assert_held(dmabuf->resv);

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		dma_buf_keep_no_more(to_attachment_object(attach));
		if (dma_buf_is_revocable(attach))
			attach->importer_ops->invalidate_mappings(attach);
	}
}
EXPORT_SYMBOL_GPL(dma_buf_invalidate_mappings);

/**
 * dma_buf_move_notify - older name of dma_buf_invalidate_mappings()
 * @dmabuf: the buffer
 *
 * Context: As dma_buf_invalidate_mappings().
 */
void dma_buf_move_notify(struct dma_buf *dmabuf)
{
	dma_buf_invalidate_mappings(dmabuf);
}
EXPORT_SYMBOL_GPL(dma_buf_move_notify);
