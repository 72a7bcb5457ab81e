// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: memory that goes before its buffer does.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/minmax.h>
#include <linux/wait.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/**
 * DOC: revocation
 *
 * A card is unplugged, a device is given to a guest, memory fails: the exporter
 * has to take back what others have mapped. dma_buf_revoke() refuses whatever
 * would reach the memory anew, tells those who can be told, takes down what
 * processes have mapped, waits as long as it was allowed to, and answers whether
 * anybody still holds it. Those who do are named in the log, each once. The memory
 * must stay until nobody does. A buffer whose memory comes back, or whose device
 * does, is shared again after dma_buf_restore().
 *
 * Attach and detach work all the time: a device may wait for better times.
 */

/*
 * Importers that were told are left out if they had no time, and @told is not set. The
 * caller holds the reservation lock.
 */
static void dma_buf_name_holders(struct dma_buf_object *obj, bool told)
{
	struct dma_buf_attachment *attach;

	list_for_each_entry(attach, &obj->base.attachments, node) {
		struct dma_buf_attachment_object *at = to_attachment_object(attach);

		if (!dma_buf_attachment_is_mapped(at) || at->named ||
		    (dma_buf_attachment_hears(at) && !told))
			continue;
		at->named = true;
		dma_buf_report(&obj->base, attach->dev, DMA_BUF_HELD,
			       dma_buf_attachment_hears(at) ?
			       "still mapped after it was revoked, by an importer that was told" :
			       "still mapped after it was revoked, by an importer that cannot be told");
	}
	if (obj->vmap_users)
		dma_buf_report(&obj->base, NULL, DMA_BUF_HELD_BY_KERNEL,
			       "still mapped in the kernel after it was revoked");
	if (READ_ONCE(obj->mapped_elsewhere))
		dma_buf_report(&obj->base, NULL, DMA_BUF_HELD_ELSEWHERE,
			       "was mapped by processes where only its exporter can empty it");
}

/*
 * Nobody may think that it is free before the areas are empty, so that counts as an
 * mmap, until dma_buf_revoke() has done it. The caller holds the reservation lock.
 */
static void dma_buf_begin_revoke(struct dma_buf_object *obj)
{
	struct dma_buf_attachment *attach;

	atomic_inc(&obj->mmap_calls);
	WRITE_ONCE(obj->revoked, true);
	/* An mmap sees that, or is counted below. */
	smp_mb();
	dma_buf_invalidate_mappings(&obj->base);
	/* Even a cached table is not true any more. */
	list_for_each_entry(attach, &obj->base.attachments, node) {
		dma_buf_keep_no_more(to_attachment_object(attach));
		to_attachment_object(attach)->named = false;
	}
	obj->tell_exporter = !!obj->base.ops->revoked;
}

/* Without the lock: a process's fault may hold others and want this one. */
static void dma_buf_finish_revoke(struct dma_buf_object *obj)
{
	dma_buf_empty_areas(obj);
	dma_resv_lock(obj->base.resv, NULL);
	atomic_dec(&obj->mmap_calls);
	dma_buf_let_go(obj);
	dma_resv_unlock(obj->base.resv);
}

/*
 * Wait until those who were told have let go; so long at most, of that time. True with
 * those who are left, false if the buffer was restored meanwhile.
 */
static bool dma_buf_wait_for_holders(struct dma_buf_object *obj, long left,
				     unsigned long timeout,
				     struct dma_buf_holders *holders)
{
	struct dma_resv *resv = obj->base.resv;
	bool revoked;
	u32 let_go;

	for (;;) {
		dma_resv_lock(resv, NULL);
		let_go = obj->let_go;
		revoked = obj->revoked;
		*holders = dma_buf_count_holders(obj);
		if (!revoked || !holders->told || left <= 0)
			break;
		dma_resv_unlock(resv);
		left = wait_event_timeout(obj->poll_wait,
					  READ_ONCE(obj->let_go) != let_go,
					  left);
	}
	holders->others += READ_ONCE(obj->mapped_elsewhere);
	if (revoked && (!dma_buf_is_free(obj) || holders->others))
		dma_buf_name_holders(obj, timeout);
	dma_resv_unlock(resv);
	return revoked;
}

/**
 * dma_buf_revoke - take the memory of a buffer from everybody
 * @dmabuf: the buffer; the caller holds a reference, or a lock without which its
 *          own release operation does not return
 * @timeout: how long devices may take to finish and importers to unmap, in jiffies;
 *           0 to wait for nobody, MAX_SCHEDULE_TIMEOUT for as long as it takes
 *
 * For the exporter. From now on map, pin, vmap, mmap and the begin of CPU access
 * fail with -ENODEV, poll reports EPOLLERR and EPOLLHUP beside what is ready, and
 * those who sleep in it are woken. A call that was in the midst of one of these
 * may be done first, and what it mapped counts as mapped before. The exporter's
 * operations for access by the CPU map nothing and are not counted: they can still
 * come after the answer, see &dma_buf_ops.begin_cpu_access.
 *
 * Importers with invalidate_mappings are called, under the lock, once. Fences of
 * the reservation object, of all usages, and then these importers' unmaps are
 * waited for. Areas of processes are emptied; a touch is a fault then, and an
 * exporter with a fault operation looks at dma_buf_is_revoked() in it, with the lock
 * held, and gives nothing, else the touch finds the memory again. An exporter whose
 * mmap gives the area another file, or that changed &file.f_mapping as DRM does,
 * empties these areas itself.
 *
 * Called once more it tells nobody again, but waits and answers again. What is
 * unmapped later is accepted without a report, and &dma_buf_ops.revoked tells when
 * that was the last.
 *
 * The memory must stay until the answer is 0. An exporter with areas that only it can
 * empty never gets that: its memory may go once it has emptied them,
 * &dma_buf_ops.revoked was called (perhaps within this function), and all fences have
 * signaled.
 *
 * A program can make it last: by a fence that it adds, by a debugger that stops its
 * mmap. So where something has to go on, as in a remove operation, do not wait without
 * a limit; and in the release operation of a file or of a buffer, or with a lock that
 * such an operation takes, wait for nobody, since what is waited for may come behind
 * that release in the same task.
 *
 * Context: May sleep; neither interrupted nor killed by a signal. The lock must not
 * be held.
 * Return: 0 if neither a device nor the kernel nor a process has the memory mapped
 * any more. -EBUSY if importers have that cannot be told (static ones, those without
 * invalidate_mappings, those that detached without an unmap), or dma_buf_vmap(), or
 * if processes ever had where only the exporter can empty it; -ETIMEDOUT if the time
 * was over before a fence signaled, an importer that was told unmapped, or an mmap
 * that had begun before was done. Then each of these devices has a line in the log,
 * as far as that has room; those that were told only if @timeout is not 0. -EAGAIN if
 * dma_buf_restore() came meanwhile, and -EINVAL for no buffer.
 */
int dma_buf_revoke(struct dma_buf *dmabuf, unsigned long timeout)
{
	struct dma_buf_holders holders;
	struct dma_buf_object *obj;
	bool begun;
	long left;
	int err = 0;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return -EINVAL;
	might_sleep();
	obj = to_dma_buf_object(dmabuf);

	dma_resv_lock(dmabuf->resv, NULL);
	begun = !obj->revoked;
	if (begun)
		dma_buf_begin_revoke(obj);
	dma_resv_unlock(dmabuf->resv);
	if (begun)
		dma_buf_finish_revoke(obj);

	timeout = min_t(unsigned long, timeout, MAX_SCHEDULE_TIMEOUT);
	left = dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				     false, timeout);
	/* Without a fence there is always a jiffy left. */
	if (!dma_buf_wait_for_holders(obj, min_t(long, left, timeout), timeout,
				      &holders))
		err = -EAGAIN;
	else if (left <= 0 || holders.told)
		err = -ETIMEDOUT;
	else if (holders.others)
		err = -EBUSY;
	trace_dma_buf_revoke(dmabuf, holders.told + holders.others, err);
	return err;
}
EXPORT_SYMBOL_GPL(dma_buf_revoke);

/**
 * dma_buf_restore - the memory of a buffer is back
 * @dmabuf: the buffer, as there
 *
 * For the exporter, after dma_buf_revoke(): whoever has the buffer may map it
 * again. Of a buffer that is not revoked nothing changes.
 *
 * Context: May sleep. Takes the lock.
 * Return: 0. Otherwise it stays revoked: -EBUSY if somebody still has a mapping
 * from before, or is in mmap at this moment; -EINVAL for no buffer.
 */
int dma_buf_restore(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	struct dma_buf_object *obj;
	int err = 0;

	if (dma_buf_bad_args(!dmabuf, __func__))
		return -EINVAL;
	might_sleep();
	obj = to_dma_buf_object(dmabuf);

	dma_resv_lock(dmabuf->resv, NULL);
	if (!obj->revoked)
		goto out;
	if (!dma_buf_is_free(obj)) {
		err = -EBUSY;
		goto out;
	}
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		struct dma_buf_attachment_object *at = to_attachment_object(attach);

		at->kept = dmabuf->ops->cache_sgt_mapping;
		/* A static importer has to wait for the new memory. */
		if (!attach->importer_ops)
			WRITE_ONCE(at->settled, false);
	}
	WRITE_ONCE(obj->revoked, false);
	/* Whoever waits in dma_buf_revoke() waits for nothing. */
	dma_buf_let_go(obj);
out:
	dma_resv_unlock(dmabuf->resv);
	return err;
}
EXPORT_SYMBOL_GPL(dma_buf_restore);

/**
 * dma_buf_is_revoked - may nobody get at the memory of a buffer?
 * @dmabuf: the buffer
 *
 * Changes under the lock, so only who holds that can rely on it.
 *
 * Context: Any.
 * Return: true from the begin of dma_buf_revoke() to the end of dma_buf_restore().
 */
bool dma_buf_is_revoked(struct dma_buf *dmabuf)
{
	return dma_buf_is_gone(dmabuf);
}
EXPORT_SYMBOL_GPL(dma_buf_is_revoked);
