// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: telling a driver that it broke the contract.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include <trace/events/dma_buf.h>

#include "dma-buf-internal.h"

#define DMA_BUF_REPORT \
	"dma-buf: exporter %s, inode %lu, name \"%*pE\", device %s: %pV\n"

/*
 * A program can make any number of buffers for a driver to trip over. In the order of
 * &enum dma_buf_misuse, what works, what programs make happen all the time, what drivers
 * do all the time, and misuse have a limit each, so that none of them fills the log for
 * another.
 */
VISIBLE_IF_KUNIT struct ratelimit_state dma_buf_report_limits[] = {
	RATELIMIT_STATE_INIT(dma_buf_report_limits[0], 5 * HZ, 50),
	RATELIMIT_STATE_INIT(dma_buf_report_limits[1], 60 * HZ, 10),
	RATELIMIT_STATE_INIT(dma_buf_report_limits[2], 60 * HZ, 10),
	RATELIMIT_STATE_INIT(dma_buf_report_limits[3], 5 * HZ, 50),
};

static bool dma_buf_report_has_room(enum dma_buf_misuse misuse)
{
	unsigned int limit = (misuse >= DMA_BUF_MAPPED_BOUNCED) +
			     (misuse >= DMA_BUF_UNLOCKED) +
			     (misuse > DMA_BUF_UNLOCKED);

	return __ratelimit(&dma_buf_report_limits[limit]);
}

/**
 * dma_buf_refused - leave a trace of an error that a caller gets
 * @dmabuf: the buffer in question
 * @dev: the device, or NULL if none has to do with it
 * @call: what was called
 * @by: whose answer it is: "exporter:" and its operation, "core", "fence",
 *      "memory", "process" or "signal"
 * @err: the error
 *
 * Context: Any.
 * Return: @err.
 */
int __cold dma_buf_refused(struct dma_buf *dmabuf, struct device *dev,
			   const char *call, const char *by, int err)
{
	trace_dma_buf_refused(dmabuf, dev, call, by, err);
	return err;
}

/**
 * dma_buf_report_args - report a call with arguments that cannot be right
 * @func: the function that was called
 */
void dma_buf_report_args(const char *func)
{
	WARN(dma_buf_report_has_room(DMA_BUF_RELEASED_EARLY),
	     "dma-buf: %s() called with bad arguments\n", func);
}

/**
 * dma_buf_report - tell what a driver did wrong, or what is odd and works
 * @dmabuf: the buffer in question
 * @dev: the device, or NULL if none has to do with it
 * @misuse: what kind of thing is wrong or odd
 * @fmt: the same in a few words
 *
 * One WARN or line for each kind and buffer, since who is wrong once is so for
 * every frame, and as far as the log has room. The kernel goes on; it is the
 * caller's business to leave alone what may still be in use.
 *
 * Context: Process context, without &dma_buf.name_lock. It may take long, so
 * without the reservation lock if it can be had.
 */
void dma_buf_report(struct dma_buf *dmabuf, struct device *dev,
		    enum dma_buf_misuse misuse, const char *fmt, ...)
{
	struct dma_buf_object *obj = to_dma_buf_object(dmabuf);
	const char *device = dev ? dev_name(dev) : "none";
	/* Each holder has a line of his own. */
	u32 once = misuse == DMA_BUF_HELD ? 0 : BIT(misuse);
	char name[DMA_BUF_NAME_LEN];
	struct va_format what;
	va_list args;
	bool told;

	if (READ_ONCE(obj->told) & once ||
	    !dma_buf_report_has_room(misuse))
		return;
	scoped_guard(spinlock, &dmabuf->name_lock) {
		told = obj->told & once;
		WRITE_ONCE(obj->told, obj->told | once);
	}
	if (told)
		return;
	dma_buf_copy_name(dmabuf, name);
	va_start(args, fmt);
	what.fmt = fmt;
	what.va = &args;
	if (misuse < DMA_BUF_UNLOCKED + !IS_ENABLED(CONFIG_LOCKDEP))
		pr_notice(DMA_BUF_REPORT, dmabuf->exp_name, obj->ino,
			  (int)strlen(name), name, device, &what);
	else
		WARN(1, DMA_BUF_REPORT, dmabuf->exp_name, obj->ino,
		     (int)strlen(name), name, device, &what);
	if (misuse == DMA_BUF_UNLOCKED && !IS_ENABLED(CONFIG_LOCKDEP))
		dump_stack_lvl(KERN_NOTICE);
	va_end(args);
}
