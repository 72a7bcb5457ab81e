// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: the CPU's side of a buffer, for drivers.
 */
#include <linux/dma-buf.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/**
 * DOC: access by the CPU
 *
 * Between dma_buf_begin_cpu_access() and dma_buf_end_cpu_access() the CPU sees
 * what devices wrote before, and devices see afterwards what the CPU wrote. The
 * calls nest only as far as the exporter lets them, and exclude nobody.
 *
 * The kernel reaches the memory through dma_buf_vmap(), a process through
 * mmap() on the descriptor or, where a driver offers a mapping of its own,
 * through dma_buf_mmap().
 */

static int dma_buf_exporter_end(struct dma_buf *dmabuf,
				enum dma_data_direction dir)
{
	int err;

	if (!dmabuf->ops->end_cpu_access)
		return 0;
	err = dmabuf->ops->end_cpu_access(dmabuf, dir);
	return err ? dma_buf_refused(dmabuf, NULL, "dma_buf_end_cpu_access",
				     "exporter:end_cpu_access", err) : 0;
}

static int dma_buf_exporter_begin(struct dma_buf *dmabuf,
				  enum dma_data_direction dir)
{
	int err;

	if (!dmabuf->ops->begin_cpu_access)
		return 0;
	err = dmabuf->ops->begin_cpu_access(dmabuf, dir);
	if (err)
		return dma_buf_refused(dmabuf, NULL, "dma_buf_begin_cpu_access",
				       "exporter:begin_cpu_access", err);
	err = dma_buf_wait(dmabuf, DMA_RESV_USAGE_KERNEL, NULL,
			   "dma_buf_begin_cpu_access");
	if (err)
		dma_buf_exporter_end(dmabuf, dir);
	return err;
}

/**
 * dma_buf_begin_cpu_access - get ready for access by the CPU
 * @dmabuf: the buffer
 * @dir: what the CPU is about to do, seen from the device: DMA_FROM_DEVICE to
 *       read, DMA_TO_DEVICE to write, DMA_BIDIRECTIONAL for both
 *
 * First the fences are waited for: those of writers if the CPU only reads, those
 * of readers as well if it writes. An exporter that copies out of a bounce
 * buffer, or drops lines of a cache, thus does so when the devices are done, and
 * has begun nothing if a signal comes. Then it is the exporter's turn. A move
 * that it started itself is waited for after that, while no device is at work;
 * should a signal come then, the access is ended again before the error is
 * returned, and whatever the exporter says to that, there is nobody to try it a
 * second time.
 *
 * Context: May sleep, interruptibly. The reservation lock must not be held.
 * Return: 0, and then dma_buf_end_cpu_access() must follow with the same @dir.
 * Otherwise nothing has begun: -EINVAL for no buffer, -ENODEV if it is revoked,
 * -ERESTARTSYS if a signal came during the wait, or what the exporter or a fence's
 * wait returned.
 */
int dma_buf_begin_cpu_access(struct dma_buf *dmabuf,
			     enum dma_data_direction dir)
{
	bool write = dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
	int err;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return -EINVAL;
	might_sleep();
	might_lock(&dmabuf->resv->lock.base);

	if (dma_buf_is_gone(dmabuf))
		return dma_buf_refused(dmabuf, NULL, __func__, "core", -ENODEV);
	err = dma_buf_wait(dmabuf, dma_resv_usage_rw(write), NULL, __func__);
	/* dma_buf_revoke() waits for the same fences, and the memory may be gone by now. */
	if (!err && dma_buf_is_gone(dmabuf))
		err = dma_buf_refused(dmabuf, NULL, __func__, "core", -ENODEV);
	if (!err)
		err = dma_buf_exporter_begin(dmabuf, dir);
	if (err)
		return err;
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		dma_buf_debug_access(dmabuf, 1);
	trace_dma_buf_begin_cpu_access(dmabuf, dir);
	return 0;
}
EXPORT_SYMBOL_GPL(dma_buf_begin_cpu_access);

/**
 * dma_buf_end_cpu_access - the CPU is done
 * @dmabuf: the buffer
 * @dir: as at dma_buf_begin_cpu_access()
 *
 * Context: May sleep. The reservation lock must not be held.
 * Return: 0, -EINVAL for no buffer, or the exporter's negative errno. One that
 * asks for another try (-EINTR, -ERESTARTSYS, -EAGAIN) means that the access has
 * not ended yet: a driver hands it on, and calls again when its own caller does, since
 * the signal is there until then. After any other error it has ended.
 */
int dma_buf_end_cpu_access(struct dma_buf *dmabuf,
			   enum dma_data_direction dir)
{
	int err;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return -EINVAL;
	might_sleep();
	might_lock(&dmabuf->resv->lock.base);

	err = dma_buf_exporter_end(dmabuf, dir);
	if (err == -EINTR || err == -ERESTARTSYS || err == -EAGAIN)
		return err;
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		dma_buf_debug_access(dmabuf, -1);
	trace_dma_buf_end_cpu_access(dmabuf, dir);
	return err;
}
EXPORT_SYMBOL_GPL(dma_buf_end_cpu_access);

static struct iosys_map dma_buf_vmap_of(const struct dma_buf_object *obj)
{
	return (struct iosys_map) {
		.vaddr = obj->vmap,
		.is_iomem = obj->vmap_is_iomem,
	};
}

/*
 * True if it was not taken here. It is not waited for: etnaviv holds a lock that it
 * takes inside of this one at other times. Then it goes on without, as on Linux 6.12.
 */
static bool dma_buf_vmap_has_lock(struct dma_buf *dmabuf, const char *func)
{
	return !dma_buf_lacks_lock(dmabuf, NULL, func, true) ||
	       !dma_resv_trylock(dmabuf->resv);
}

/* Of both functions of that name; @func is called with the lock if @owned. */
static int dma_buf_do_vmap(struct dma_buf *dmabuf, struct iosys_map *map,
			   const char *func, bool owned)
{
	const char *by = "exporter:vmap";
	struct dma_buf_object *obj;
	struct iosys_map first;
	int err = 0;

	might_sleep();
	iosys_map_clear(map);
	if (dma_buf_bad_args(!dmabuf, func))
		return -EINVAL;
	if (!dmabuf->ops->vmap)
		return dma_buf_refused(dmabuf, NULL, func, "core", -EINVAL);
	obj = to_dma_buf_object(dmabuf);

	if (owned)
		owned = dma_buf_vmap_has_lock(dmabuf, func);
	else
		dma_resv_lock(dmabuf->resv, NULL);
	first = dma_buf_vmap_of(obj);
	if (dma_buf_is_gone(dmabuf)) {
		by = "core";
		err = -ENODEV;
	} else if (!obj->vmap_users) {
		iosys_map_clear(&first);
		err = dmabuf->ops->vmap(dmabuf, &first);
	}
	if (!err && iosys_map_is_null(&first)) {
		dma_buf_report(dmabuf, NULL, DMA_BUF_VMAP_EMPTY,
			       "exporter's vmap gave no address");
		by = "core";
		err = -EINVAL;
	}
	if (!err) {
		obj->vmap = first.vaddr;
		obj->vmap_is_iomem = first.is_iomem;
		obj->vmap_users++;
		*map = first;
	}
	if (!owned)
		dma_resv_unlock(dmabuf->resv);
	return err ? dma_buf_refused(dmabuf, NULL, func, by, err) : 0;
}

/**
 * dma_buf_vmap - show a buffer in the kernel's address space
 * @dmabuf: the buffer
 * @map: where the mapping is stored; cleared on failure
 *
 * All users of a buffer share one mapping. It may be in I/O memory: use the
 * functions of iosys-map.h. Coherence is apart, see
 * dma_buf_begin_cpu_access().
 *
 * Context: May sleep. The caller holds the reservation lock.
 * Return: 0, and then dma_buf_vunmap() must follow. Otherwise -EINVAL for no
 * buffer, no vmap of the exporter's, or one that succeeds without an address,
 * which is reported; -ENODEV if the buffer is revoked; or what the exporter
 * returned.
 */
int dma_buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	return dma_buf_do_vmap(dmabuf, map, __func__, true);
}
EXPORT_SYMBOL_GPL(dma_buf_vmap);

static void dma_buf_do_vunmap(struct dma_buf *dmabuf, struct iosys_map *map,
			      const char *func, bool owned)
{
	struct dma_buf_object *obj;
	struct iosys_map first;
	bool mapped, ours;

	might_sleep();
	if (dma_buf_bad_args(!dmabuf, func))
		return;
	obj = to_dma_buf_object(dmabuf);

	if (owned)
		owned = dma_buf_vmap_has_lock(dmabuf, func);
	else
		dma_resv_lock(dmabuf->resv, NULL);
	mapped = obj->vmap_users;
	/* Importers that kept only the address cannot say which kind it is. */
	ours = mapped && obj->vmap == map->vaddr;
	first = dma_buf_vmap_of(obj);
	if (ours && !--obj->vmap_users) {
		if (dmabuf->ops->vunmap)
			dmabuf->ops->vunmap(dmabuf, &first);
		if (dma_buf_is_gone(dmabuf))
			dma_buf_let_go(obj);
	}
	if (!owned)
		dma_resv_unlock(dmabuf->resv);

	if (!mapped)
		dma_buf_report(dmabuf, NULL, DMA_BUF_VUNMAP_UNMAPPED,
			       "vunmap without vmap");
	else if (!ours)
		dma_buf_report(dmabuf, NULL, DMA_BUF_VUNMAP_FOREIGN,
			       "vunmap of another mapping");
}

/**
 * dma_buf_vunmap - give back a mapping in the kernel's address space
 * @dmabuf: the buffer
 * @map: as dma_buf_vmap() stored it
 *
 * A call without a mapping, or with another one, is reported and changes
 * nothing.
 *
 * Context: May sleep. The caller holds the reservation lock.
 */
void dma_buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	dma_buf_do_vunmap(dmabuf, map, __func__, true);
}
EXPORT_SYMBOL_GPL(dma_buf_vunmap);

/**
 * dma_buf_vmap_unlocked - dma_buf_vmap() that takes the lock itself
 * @dmabuf: the buffer
 * @map: where the mapping is stored; cleared on failure
 *
 * Context: May sleep. The reservation lock must not be held.
 * Return: As dma_buf_vmap().
 */
int dma_buf_vmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map)
{
	return dma_buf_do_vmap(dmabuf, map, __func__, false);
}
EXPORT_SYMBOL_GPL(dma_buf_vmap_unlocked);

/**
 * dma_buf_vunmap_unlocked - dma_buf_vunmap() that takes the lock itself
 * @dmabuf: the buffer
 * @map: as dma_buf_vmap_unlocked() stored it
 *
 * Context: May sleep. The reservation lock must not be held.
 */
void dma_buf_vunmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map)
{
	dma_buf_do_vunmap(dmabuf, map, __func__, false);
}
EXPORT_SYMBOL_GPL(dma_buf_vunmap_unlocked);
