// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: waiting for whoever works on a buffer, with poll and with sync files.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

/**
 * dma_buf_wait - wait for fences
 * @dmabuf: the buffer
 * @usage: up to this one
 * @dev: the device for which that is, or NULL
 * @call: what the caller was called
 *
 * Context: May sleep, interruptibly.
 * Return: 0, -ERESTARTSYS if a signal came, or what else a fence's wait returns.
 */
int dma_buf_wait(struct dma_buf *dmabuf, enum dma_resv_usage usage,
		 struct device *dev, const char *call)
{
	ktime_t start = 0;
	long left;

	/* Most buffers never had a fence, and that is soon seen. */
	if (!rcu_access_pointer(dmabuf->resv->fences))
		return 0;
	if (trace_dma_buf_wait_enabled())
		start = ktime_get();
	left = dma_resv_wait_timeout(dmabuf->resv, usage, true,
				     MAX_SCHEDULE_TIMEOUT);
	if (start)
		trace_dma_buf_wait(dmabuf, usage,
				   ktime_to_ns(ktime_sub(ktime_get(), start)),
				   min(left, 0L));
	if (left >= 0)
		return 0;
	return dma_buf_refused(dmabuf, dev, call,
			       left == -ERESTARTSYS ? "signal" : "fence", left);
}

/**
 * dma_buf_seq_fences - print the fences that are pending
 * @m: where to
 * @resv: the reservation object, whose lock is not needed
 * @up_to: the last usage of interest
 * @show: prints one
 */
void dma_buf_seq_fences(struct seq_file *m, struct dma_resv *resv,
			enum dma_resv_usage up_to,
			void (*show)(struct seq_file *m, struct dma_fence *fence,
				     const char *usage))
{
	static const char * const usage[] = {
		[DMA_RESV_USAGE_KERNEL] = "kernel",
		[DMA_RESV_USAGE_WRITE] = "write",
		[DMA_RESV_USAGE_READ] = "read",
		[DMA_RESV_USAGE_BOOKKEEP] = "bookkeep",
	};
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	size_t start = m->count;

	dma_resv_iter_begin(&cursor, resv, up_to);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		/* The set has changed: what was printed of it counts no more. */
		if (dma_resv_iter_is_restarted(&cursor))
			m->count = start;
		show(m, fence, usage[dma_resv_iter_usage(&cursor)]);
	}
	dma_resv_iter_end(&cursor);
}

/**
 * DOC: poll
 *
 * EPOLLIN means that nobody writes any more, EPOLLOUT that nobody reads or
 * writes. All fences which are pending for one of these when poll is called
 * form one set with one callback. So pollers are woken once for each of the
 * two, when its whole set has signaled, and look again. A fence that came in
 * between starts another round.
 *
 * While an access is free nothing is armed, and nothing would tell of a fence
 * that is added then. So poll wakes whoever else waits when it finds an access
 * free, and an edge-triggered epoll is told again and again, as if it were
 * level-triggered, until a fence comes.
 *
 * The set is collected without the reservation lock. The callback holds no
 * reference to the file; it is taken off the set when the file is released.
 * Its first poller pays an allocation for it, where the alternative is a wakeup
 * for each fence.
 */

static __poll_t dma_buf_poll_event(enum dma_buf_poll_which which)
{
	return which == DMA_BUF_POLL_OUT ? EPOLLOUT : EPOLLIN;
}

/*
 * Runs inside the fence's lock, in any context. Not every driver takes that with
 * interrupts off, and not every one that signals a fence has a reference to it
 * (sw_sync has none when its timeline is closed). If ours is the last, the fence's
 * release may want the very lock: then whoever polls next puts it, or the release
 * of the file. The wakeup is inside our lock, so that whoever takes that knows the
 * callback to be done with the buffer.
 */
static void dma_buf_poll_fired(struct dma_buf_object *obj,
			       enum dma_buf_poll_which which,
			       struct dma_fence *fence)
{
	unsigned long flags;

	trace_dma_buf_poll_fired(&obj->base, which == DMA_BUF_POLL_OUT);
	spin_lock_irqsave(&obj->poll_wait.lock, flags);
	if (refcount_dec_not_one(&fence->refcount.refcount))
		obj->polls[which].fence = NULL;
	WRITE_ONCE(obj->poll_armed[which], false);
	wake_up_locked_poll(&obj->poll_wait, dma_buf_poll_event(which));
	spin_unlock_irqrestore(&obj->poll_wait.lock, flags);
}

static void dma_buf_poll_fired_in(struct dma_fence *fence,
				  struct dma_fence_cb *cb)
{
	dma_buf_poll_fired(container_of(cb, struct dma_buf_object,
					polls[DMA_BUF_POLL_IN].cb),
			   DMA_BUF_POLL_IN, fence);
}

static void dma_buf_poll_fired_out(struct dma_fence *fence,
				   struct dma_fence_cb *cb)
{
	dma_buf_poll_fired(container_of(cb, struct dma_buf_object,
					polls[DMA_BUF_POLL_OUT].cb),
			   DMA_BUF_POLL_OUT, fence);
}

/*
 * The access is free: tell whoever else waits.
 *
 * An edge-triggered watch asks again only when it is woken, and fences are added
 * without a word to us. Keep it asking, or it sleeps through the next edge. One
 * event at a time: exclusive watches count those.
 */
static void dma_buf_poll_done(struct dma_buf_object *obj,
			      enum dma_buf_poll_which which)
{
	struct dma_fence *fired = NULL;

	spin_lock_irq(&obj->poll_wait.lock);
	if (!obj->poll_armed[which])
		swap(fired, obj->polls[which].fence);
	wake_up_locked_poll(&obj->poll_wait, dma_buf_poll_event(which));
	spin_unlock_irq(&obj->poll_wait.lock);
	dma_fence_put(fired);
}

/*
 * One fence that is pending, with a reference, and whether there are others;
 * NULL if there is none.
 */
static struct dma_fence *dma_buf_one_pending(struct dma_resv *resv,
					     enum dma_resv_usage usage,
					     bool *others)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, resv, usage);
	fence = dma_resv_iter_first_unlocked(&cursor);
	if (fence) {
		dma_fence_get(fence);
		/* Or the same one again, if the set has changed meanwhile. */
		*others = dma_resv_iter_next_unlocked(&cursor);
	}
	dma_resv_iter_end(&cursor);
	return fence;
}

/*
 * Put the callback on a fence, with the reference to it, unless it is on another
 * one already. False if the fence has signaled; then the reference is given back.
 */
static bool dma_buf_poll_arm(struct dma_buf_object *obj,
			     enum dma_buf_poll_which which,
			     struct dma_fence *fence)
{
	struct dma_buf_poll *poll = &obj->polls[which];
	struct dma_fence *unused = fence;
	bool ours;

	spin_lock_irq(&obj->poll_wait.lock);
	ours = !obj->poll_armed[which];
	if (ours) {
		WRITE_ONCE(obj->poll_armed[which], true);
		swap(poll->fence, unused);
	}
	spin_unlock_irq(&obj->poll_wait.lock);
	dma_fence_put(unused);
	if (!ours)
		return true;
	if (!dma_fence_add_callback(fence, &poll->cb,
				    which == DMA_BUF_POLL_OUT ?
				    dma_buf_poll_fired_out :
				    dma_buf_poll_fired_in)) {
		trace_dma_buf_poll_armed(&obj->base, which == DMA_BUF_POLL_OUT);
		return true;
	}

	spin_lock_irq(&obj->poll_wait.lock);
	WRITE_ONCE(obj->poll_armed[which], false);
	poll->fence = NULL;
	spin_unlock_irq(&obj->poll_wait.lock);
	dma_fence_put(fence);
	return false;
}

/*
 * Is the access free? If not, a wakeup will come when it is time to ask again.
 * That also holds for those who found the callback armed by somebody else: it
 * fires, or is put on another fence, or they are woken because nothing is
 * pending.
 */
static bool dma_buf_poll_ready(struct dma_buf_object *obj,
			       enum dma_buf_poll_which which)
{
	/* Fences up to this one stand in the way. */
	enum dma_resv_usage usage = dma_resv_usage_rw(which == DMA_BUF_POLL_OUT);
	struct dma_resv *resv = obj->base.resv;
	struct dma_fence *fence, *all;
	bool others;

	while ((fence = dma_buf_one_pending(resv, usage, &others))) {
		if (READ_ONCE(obj->poll_armed[which])) {
			dma_fence_put(fence);
			return false;
		}
		/* Without memory for all, pollers are woken early, and look again. */
		if (others && !dma_resv_get_singleton(resv, usage, &all)) {
			dma_fence_put(fence);
			fence = all;
		}
		if (fence && dma_buf_poll_arm(obj, which, fence))
			return false;
	}
	dma_buf_poll_done(obj, which);
	return true;
}

/**
 * dma_buf_poll - the poll operation of a buffer's file
 * @file: the file
 * @table: who polls
 *
 * Context: May allocate memory. Takes neither the reservation lock nor a
 * reference to @file.
 * Return: Those of EPOLLIN and EPOLLOUT which were asked for and are free; EPOLLERR
 * and EPOLLHUP as well if the buffer is revoked.
 */
__poll_t dma_buf_poll(struct file *file, struct poll_table_struct *table)
{
	struct dma_buf_object *obj = to_dma_buf_object(file->private_data);
	__poll_t wanted = poll_requested_events(table) & (EPOLLIN | EPOLLOUT);
	__poll_t ready = 0;

	/* First, since a watch may ask for nothing now and for more later. */
	poll_wait(file, &obj->poll_wait, table);
	if ((wanted & EPOLLOUT) && dma_buf_poll_ready(obj, DMA_BUF_POLL_OUT))
		ready |= EPOLLOUT;
	if ((wanted & EPOLLIN) && dma_buf_poll_ready(obj, DMA_BUF_POLL_IN))
		ready |= EPOLLIN;
	if (dma_buf_is_gone(&obj->base))
		ready |= EPOLLERR | EPOLLHUP;
	return ready;
}

/**
 * dma_buf_poll_end - take the callbacks of poll off their fences
 * @obj: the buffer, whose file is being released, so that nobody polls any more
 */
void dma_buf_poll_end(struct dma_buf_object *obj)
{
	enum dma_buf_poll_which which;

	for (which = 0; which < DMA_BUF_POLLS; which++) {
		struct dma_buf_poll *poll = &obj->polls[which];
		struct dma_fence *fence;
		bool armed;

		/* It never was on a fence. */
		if (!poll->cb.func)
			continue;
		/*
		 * Only the callback can change this, and does so under the lock.
		 * One that has run must not be looked for on its fence, which
		 * may be gone since then.
		 */
		spin_lock_irq(&obj->poll_wait.lock);
		armed = obj->poll_armed[which];
		fence = poll->fence;
		if (armed)
			dma_fence_get(fence);
		spin_unlock_irq(&obj->poll_wait.lock);

		/* Either it is removed here, or it has run after this. */
		if (armed && dma_fence_remove_callback(fence, &poll->cb))
			dma_fence_put(fence);
		dma_fence_put(fence);
	}
}

#ifdef CONFIG_SYNC_FILE

static bool dma_buf_sync_flags_ok(u32 flags)
{
	return (flags & DMA_BUF_SYNC_RW) && !(flags & ~DMA_BUF_SYNC_RW);
}

/* What is pending now, behind a file which is the caller's. */
static struct sync_file *dma_buf_make_sync_file(struct dma_buf *dmabuf,
						u32 flags)
{
	struct sync_file *sync_file;
	struct dma_fence *fence;
	enum dma_resv_usage usage;
	int err;

	usage = dma_resv_usage_rw(flags & DMA_BUF_SYNC_WRITE);
	err = dma_resv_get_singleton(dmabuf->resv, usage, &fence);
	if (err)
		return ERR_PTR(err);
	if (!fence)
		fence = dma_fence_get_stub();
	sync_file = sync_file_create(fence);
	dma_fence_put(fence);
	return sync_file ?: ERR_PTR(-ENOMEM);
}

/**
 * dma_buf_export_sync_file - DMA_BUF_IOCTL_EXPORT_SYNC_FILE
 * @dmabuf: the buffer
 * @arg: a &struct dma_buf_export_sync_file of the caller's
 *
 * A buffer with nothing pending gives a sync file that has signaled.
 *
 * Return: 0, and the descriptor is in @arg. Otherwise no descriptor was made:
 * -EFAULT, -EINVAL for flags other than read or write, -EMFILE, -ENOMEM.
 */
long dma_buf_export_sync_file(struct dma_buf *dmabuf, void __user *arg)
{
	struct dma_buf_export_sync_file request;
	struct sync_file *sync_file;
	int fd;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (!dma_buf_sync_flags_ok(request.flags))
		return -EINVAL;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	sync_file = dma_buf_make_sync_file(dmabuf, request.flags);
	if (IS_ERR(sync_file)) {
		put_unused_fd(fd);
		return PTR_ERR(sync_file);
	}

	request.fd = fd;
	if (copy_to_user(arg, &request, sizeof(request))) {
		fput(sync_file->file);
		put_unused_fd(fd);
		return -EFAULT;
	}
	fd_install(fd, sync_file->file);
	return 0;
}

/* Add every single fence of a set, or none. */
static int dma_buf_add_fences(struct dma_resv *resv, struct dma_fence *set,
			      enum dma_resv_usage usage)
{
	struct dma_fence_unwrap iter;
	struct dma_fence *fence;
	unsigned int count = 0;
	int err;

	dma_fence_unwrap_for_each(fence, &iter, set)
		count++;
	if (!count)
		return 0;

	dma_resv_lock(resv, NULL);
	err = dma_resv_reserve_fences(resv, count);
	if (!err) {
		dma_fence_unwrap_for_each(fence, &iter, set)
			dma_resv_add_fence(resv, fence, usage);
	}
	dma_resv_unlock(resv);
	return err;
}

/**
 * dma_buf_import_sync_file - DMA_BUF_IOCTL_IMPORT_SYNC_FILE
 * @dmabuf: the buffer
 * @arg: a &struct dma_buf_import_sync_file of the caller's
 *
 * Return: 0. Otherwise no fence was added: -EFAULT, -EINVAL for flags other
 * than read or write or for a descriptor that is no sync file's, -ENOMEM.
 */
long dma_buf_import_sync_file(struct dma_buf *dmabuf, const void __user *arg)
{
	struct dma_buf_import_sync_file request;
	struct dma_fence *fence;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (!dma_buf_sync_flags_ok(request.flags))
		return -EINVAL;

	fence = sync_file_get_fence(request.fd);
	if (!fence)
		return -EINVAL;
	err = dma_buf_add_fences(dmabuf->resv, fence,
				 request.flags & DMA_BUF_SYNC_WRITE ?
				 DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	dma_fence_put(fence);
	return err;
}

#endif /* CONFIG_SYNC_FILE */
