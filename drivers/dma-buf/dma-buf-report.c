// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: telling a driver that it broke the contract.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "dma-buf-internal.h"

#define DMA_BUF_REPORT_LEN	256

static DEFINE_RATELIMIT_STATE(dma_buf_remarks, 5 * HZ, 50);

/**
 * dma_buf_report_args - report a call with arguments that cannot be right
 * @func: the function that was called
 */
void dma_buf_report_args(const char *func)
{
	WARN(1, "dma-buf: %s() called with bad arguments\n", func);
}

/*
 * Who is wrong once is so for every frame: false if this buffer had this kind
 * before. Names exporter, inode number, name and device, in front of the text.
 */
static __printf(5, 0)
bool dma_buf_compose(struct dma_buf *dmabuf, struct device *dev,
		     enum dma_buf_misuse misuse, char text[DMA_BUF_REPORT_LEN],
		     const char *fmt, va_list args)
{
	struct dma_buf_object *obj = to_dma_buf_object(dmabuf);
	char name[DMA_BUF_NAME_LEN];
	int len;

	if (test_and_set_bit(misuse, &obj->told))
		return false;
	dma_buf_copy_name(dmabuf, name);
	len = scnprintf(text, DMA_BUF_REPORT_LEN,
			"dma-buf: exporter %s, inode %lu, name \"%*pE\", device %s: ",
			dmabuf->exp_name, obj->ino,
			(int)strlen(name), name, dev ? dev_name(dev) : "none");
	vsnprintf(text + len, DMA_BUF_REPORT_LEN - len, fmt, args);
	return true;
}

/**
 * dma_buf_misuse - report what a driver did wrong
 * @dmabuf: the buffer in question
 * @dev: the device, or NULL if none has to do with it
 * @misuse: what kind of thing is wrong
 * @fmt: the same in a few words
 *
 * One WARN for each kind and buffer. The kernel goes on; it is the caller's
 * business to leave alone what may still be in use.
 *
 * Context: Process context, without &dma_buf.name_lock.
 */
void dma_buf_misuse(struct dma_buf *dmabuf, struct device *dev,
		    enum dma_buf_misuse misuse, const char *fmt, ...)
{
	char text[DMA_BUF_REPORT_LEN];
	va_list args;
	bool news;

	va_start(args, fmt);
	news = dma_buf_compose(dmabuf, dev, misuse, text, fmt, args);
	va_end(args);
	if (news)
		WARN(1, "%s\n", text);
}

/**
 * dma_buf_remark - note what is odd, and works all the same
 * @dmabuf: the buffer in question
 * @dev: the device, or NULL if none has to do with it
 * @misuse: what kind of thing is odd
 * @fmt: the same in a few words
 *
 * A line for each kind and buffer, as far as the log has room. Drivers in the
 * tree do these things, so nothing is to stop for them.
 *
 * Context: Process context, without &dma_buf.name_lock.
 */
void dma_buf_remark(struct dma_buf *dmabuf, struct device *dev,
		    enum dma_buf_misuse misuse, const char *fmt, ...)
{
	char text[DMA_BUF_REPORT_LEN];
	va_list args;
	bool news;

	va_start(args, fmt);
	news = dma_buf_compose(dmabuf, dev, misuse, text, fmt, args);
	va_end(args);
	/* A program can make any number of buffers for a driver to trip over. */
	if (news && __ratelimit(&dma_buf_remarks))
		pr_notice("%s\n", text);
}
