// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: telling a driver that it broke the contract.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/kernel.h>

#include <kunit/static_stub.h>

#include "dma-buf-internal.h"

/**
 * dma_buf_report - put one report of misuse into the kernel log
 * @dmabuf: the buffer in question, or NULL if there is none
 * @text: the whole message
 *
 * Apart from its caller so that a test can take the report in place of the
 * log.
 */
void dma_buf_report(const struct dma_buf *dmabuf, const char *text)
{
	KUNIT_STATIC_STUB_REDIRECT(dma_buf_report, dmabuf, text);

	WARN(1, "%s\n", text);
}

/**
 * dma_buf_report_args - report a call with arguments that cannot be right
 * @func: the function that was called
 */
void dma_buf_report_args(const char *func)
{
	char text[96];

	scnprintf(text, sizeof(text), "dma-buf: %s() called with bad arguments",
		  func);
	dma_buf_report(NULL, text);
}

/**
 * dma_buf_misuse - report what a driver did wrong
 * @dmabuf: the buffer in question
 * @dev: the device, or NULL if none has to do with it
 * @misuse: what kind of thing is wrong
 * @fmt: the same in a few words
 *
 * One WARN for each kind and buffer, since a driver may well do the same wrong
 * for every frame. It names exporter, inode number, name and device. The kernel
 * goes on; it is the caller's business to leave alone what may still be in use.
 *
 * Context: Process context, without &dma_buf.name_lock.
 */
void dma_buf_misuse(struct dma_buf *dmabuf, struct device *dev,
		    enum dma_buf_misuse misuse, const char *fmt, ...)
{
	struct dma_buf_object *obj = to_dma_buf_object(dmabuf);
	char name[DMA_BUF_NAME_LEN];
	char text[256];
	va_list args;
	int len;

	if (test_and_set_bit(misuse, &obj->told))
		return;
	dma_buf_copy_name(dmabuf, name);
	len = scnprintf(text, sizeof(text),
			"dma-buf: exporter %s, inode %lu, name \"%*pE\", device %s: ",
			dmabuf->exp_name, obj->ino,
			(int)strlen(name), name, dev ? dev_name(dev) : "none");
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	va_end(args);

	dma_buf_report(dmabuf, text);
}
