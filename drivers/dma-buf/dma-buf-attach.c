// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: the devices' side of a buffer.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

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
 * through them. What is said of a lock below means this one. A function whose
 * caller is to hold it, and seems not to, reports that and takes it itself, where
 * it is about to call an operation that relies on it. But vmap and vunmap take it
 * only if it is free, and where a dynamic importer maps and the core does not pin,
 * nobody looks without CONFIG_DMABUF_DEBUG or lockdep, until the buffer is revoked.
 */

/* Which of both is dynamic, or wants one table all the time? */
static noinline void
dma_buf_attachment_classify(struct dma_buf_attachment_object *obj)
{
	const struct dma_buf_attach_ops *importer_ops = obj->base.importer_ops;
	struct dma_buf *dmabuf = obj->base.dmabuf;

	if (importer_ops) {
		obj->base.peer2peer = importer_ops->allow_peer2peer;
		obj->asked_peer2peer = importer_ops->allow_peer2peer;
		obj->revocable = !!importer_ops->invalidate_mappings;
		obj->settled = true;
	}
	obj->kept = dma_buf_attachment_shares(obj);
	obj->must_pin = dma_buf_is_dynamic(dmabuf) &&
			(!IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY) ||
			 !obj->revocable);
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

	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return ERR_PTR(dma_buf_refused(dmabuf, dev, "dma_buf_attach",
					       "memory", -ENOMEM));

	attach = &obj->base;
	attach->dmabuf = dmabuf;
	attach->dev = dev;
	attach->importer_ops = importer_ops;
	attach->importer_priv = importer_priv;
	if (importer_ops || dmabuf->ops->cache_sgt_mapping ||
	    dma_buf_is_dynamic(dmabuf))
		dma_buf_attachment_classify(obj);

	if (dmabuf->ops->attach) {
		err = dmabuf->ops->attach(dmabuf, attach);
		if (err) {
			kfree(obj);
			return ERR_PTR(dma_buf_refused(dmabuf, dev,
						       "dma_buf_attach",
						       "exporter:attach", err));
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

/* Pages of buffers that were detached while mapped, once for each attachment. */
static atomic_long_t dma_buf_kept_pages;

/*
 * A device may still be at work, and the importer will not tell it of a move any
 * more. Everything stays as it is and where it is: the table, the attachment,
 * its place in the list, its device and the buffer. False if too much is kept
 * already: a program must not be able to have a driver's mistake use up the memory,
 * a buffer at a time. The importer's module may go, its operations with it.
 */
static bool dma_buf_attachment_abandon(struct dma_buf_attachment_object *obj,
				       const char **what)
{
	struct dma_buf_attachment *attach = &obj->base;
	struct dma_buf *dmabuf = attach->dmabuf;
	long pages = obj->abandoned ? 0 : PFN_UP(dmabuf->size);

	*what = "detached while mapped";
	if (atomic_long_fetch_add(pages, &dma_buf_kept_pages) >=
	    totalram_pages() / 32 && !obj->abandoned) {
		atomic_long_sub(pages, &dma_buf_kept_pages);
		*what = "detached while mapped, unmapped since too much is kept";
		return false;
	}
	/* For the put that follows each detach. One released before is lost. */
	dma_buf_get_file(to_dma_buf_object(dmabuf));
	if (obj->abandoned)
		return true;

	obj->abandoned = true;
	/* The exporter may go on calling the DMA API for it. */
	get_device(attach->dev);
	if (dma_buf_is_gone(dmabuf)) {
		/* Who waits for those that were told need not wait for this one. */
		dma_buf_let_go(to_dma_buf_object(dmabuf));
		return true;
	}
	if (!dma_buf_is_dynamic(dmabuf))
		return true;
	/* For a device that reaches a card's memory, the first pin might be a move. */
	if ((!attach->peer2peer || obj->pins || obj->must_pin) &&
	    !dmabuf->ops->pin(attach)) {
		obj->pins++;
		trace_dma_buf_pin(dmabuf, attach, true);
	} else {
		*what = "detached while mapped, and the buffer cannot be pinned";
	}
	return true;
}

/*
 * Undo what the importer left undone, and say what that was. False if nothing
 * can be undone, since the device may still be at work.
 */
static noinline bool
dma_buf_attachment_clean(struct dma_buf_attachment_object *obj,
			 enum dma_buf_misuse *misuse, const char **what)
{
	struct dma_buf *dmabuf = obj->base.dmabuf;

	/*
	 * Where importer and exporter are not both static or both dynamic, or
	 * the exporter wants its table cached, importers have come to rely on
	 * the end of the attachment being the end of what it has mapped, and
	 * leave their error paths without an unmap.
	 */
	*misuse = DMA_BUF_DETACHED_MAPPED;
	if (dma_buf_attachment_is_mapped(obj) &&
	    !dmabuf->ops->cache_sgt_mapping &&
	    dma_buf_attachment_is_dynamic(&obj->base) ==
	    dma_buf_is_dynamic(dmabuf) && dma_buf_attachment_abandon(obj, what))
		return false;
	if (dma_buf_drop_mappings(obj) && !*what) {
		*misuse = DMA_BUF_DETACHED_IN_USE;
		*what = "detached before unmap, and unmapped by that";
	}
	if (obj->pins && !obj->abandoned && !*what) {
		*misuse = DMA_BUF_DETACHED_PINNED;
		*what = "detached while pinned";
	}
	/* Without a mapping, no device depends on a pin. */
	for (; obj->pins; obj->pins--) {
		dmabuf->ops->unpin(&obj->base);
		trace_dma_buf_unpin(dmabuf, &obj->base, true);
	}
	if (obj->abandoned)
		atomic_long_sub(PFN_UP(dmabuf->size), &dma_buf_kept_pages);
	return true;
}

/* Take the attachment off the buffer. False if it has to stay. */
static bool dma_buf_attachment_leave(struct dma_buf_attachment_object *obj)
{
	struct dma_buf *dmabuf = obj->base.dmabuf;
	struct device *dev = obj->base.dev;
	enum dma_buf_misuse misuse;
	const char *what = NULL;
	bool leaves = true;

	dma_resv_lock(dmabuf->resv, NULL);
	if (unlikely(dma_buf_attachment_is_mapped(obj) || obj->pins ||
		     obj->abandoned))
		leaves = dma_buf_attachment_clean(obj, &misuse, &what);
	if (leaves) {
		list_del(&obj->base.node);
		to_dma_buf_object(dmabuf)->devices--;
	}
	dma_resv_unlock(dmabuf->resv);

	if (unlikely(what))
		dma_buf_report(dmabuf, dev, misuse, "%s", what);
	return leaves;
}

/**
 * dma_buf_detach - let a device leave a buffer
 * @dmabuf: the buffer
 * @attach: the attachment, freed by this call if it is not kept
 *
 * Everything mapped must be unmapped before, everything pinned unpinned, and an
 * importer that fails to is reported. Pins are then undone. With a mapping,
 * where importer and exporter are both static or both dynamic, the device may
 * still be at work: attachment, device and buffer are kept, and a buffer that
 * could move is pinned, unless it is revoked, or the device reaches memory of a
 * card, where a pin might move it. The attachment stays in the list, where
 * whoever chooses a place for the buffer, or looks for the culprit, finds it.
 * An importer that comes back to unmap, and detaches once more, ends that; each
 * of its detaches left it a reference to put, as any detach does. Unbinding the
 * driver of the device meanwhile leaves a device without DMA operations of its
 * own behind, which is all that can be held here. Once 1/32 of the memory is
 * kept in this way, the table goes back to the exporter instead, and the
 * attachment ends.
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

	if (dma_buf_bad_args(!dmabuf || !attach, __func__))
		return;
	obj = to_attachment_object(attach);

	if (attach->dmabuf != dmabuf) {
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_DETACH_FOREIGN,
			       "detach of an attachment to another buffer");
		return;
	}
	if (!dma_buf_attachment_leave(obj))
		return;

	/* A buffer that was released before has no file to tell of. */
	if (trace_dma_buf_detach_enabled() &&
	    !READ_ONCE(to_dma_buf_object(dmabuf)->closed))
		trace_dma_buf_detach(dmabuf, attach,
				     dma_buf_attachment_is_dynamic(attach),
				     attach->dev);
	if (dmabuf->ops->detach)
		dmabuf->ops->detach(dmabuf, attach);
	if (obj->abandoned)
		put_device(attach->dev);
	kfree(obj);
}
EXPORT_SYMBOL_GPL(dma_buf_detach);

/**
 * dma_buf_pin - keep a buffer where it is
 * @attach: of a dynamic importer
 *
 * For memory which stays visible for long, such as a frame on a display. Does
 * nothing if the exporter never moves its buffers.
 *
 * Context: May sleep. The caller holds the lock.
 * Return: 0, and then dma_buf_unpin() must follow. Otherwise -EINVAL for a
 * static importer, for which the core itself pins, -ENODEV if the buffer is
 * revoked, or what the exporter returned.
 */
int dma_buf_pin(struct dma_buf_attachment *attach)
{
	struct dma_buf *dmabuf = attach->dmabuf;
	const char *by = "exporter:pin";
	bool owned;
	int err = 0;

	might_sleep();
	if (!dma_buf_attachment_is_dynamic(attach)) {
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_PIN_STATIC,
			       "pin by a static importer");
		return dma_buf_refused(dmabuf, attach->dev, __func__, "core",
				       -EINVAL);
	}
	if (!dma_buf_is_dynamic(dmabuf) && !dma_buf_is_gone(dmabuf))
		return 0;

	owned = dma_buf_has_lock(dmabuf, attach, __func__);
	if (dma_buf_is_gone(dmabuf)) {
		err = -ENODEV;
		by = "core";
	} else if (dma_buf_is_dynamic(dmabuf)) {
		err = dmabuf->ops->pin(attach);
		if (!err) {
			to_attachment_object(attach)->pins++;
			trace_dma_buf_pin(dmabuf, attach, false);
		}
	}
	if (!owned)
		dma_resv_unlock(dmabuf->resv);
	return err ? dma_buf_refused(dmabuf, attach->dev, __func__, by, err) : 0;
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
	bool owned, pinned;

	might_sleep();
	if (!dma_buf_is_dynamic(dmabuf))
		return;

	owned = dma_buf_has_lock(dmabuf, attach, __func__);
	pinned = obj->pins;
	if (pinned) {
		obj->pins--;
		dmabuf->ops->unpin(attach);
		trace_dma_buf_unpin(dmabuf, attach, false);
	}
	if (!owned)
		dma_resv_unlock(dmabuf->resv);
	if (!pinned)
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_UNPIN_UNPINNED,
			       "unpin without pin");
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
 * Context: May sleep. The caller holds the lock, and the importers'
 * invalidate_mappings run under it.
 */
void dma_buf_invalidate_mappings(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	bool owned;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return;
	might_sleep();
	/* The memory moves either way, so everybody must hear of it. */
	owned = dma_buf_has_lock(dmabuf, NULL, __func__);
	trace_dma_buf_invalidate(dmabuf);
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		struct dma_buf_attachment_object *obj =
			to_attachment_object(attach);

		if (!dmabuf->ops->cache_sgt_mapping)
			dma_buf_keep_no_more(obj);
		if (dma_buf_attachment_hears(obj))
			attach->importer_ops->invalidate_mappings(attach);
	}
	if (!owned)
		dma_resv_unlock(dmabuf->resv);
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
