/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a display can show or write: a buffer that another device
 * shares, or a dumb buffer of the display's own.
 */
#ifndef DEMO_FRAMEBUFFER_H
#define DEMO_FRAMEBUFFER_H

#include <linux/types.h>

#include "format.h"
#include "protocol.h"

struct framebuffer {
	__u32 handle;		/* of the memory; 0: nothing to free */
	__u32 id;		/* for KMS */
	size_t stride;
	size_t size;
	void *memory;		/* dumb buffers only */
};

/* Make a framebuffer of dma-buf @dmabuf, without copying it. */
int framebuffer_import(int fd, const char *device, struct framebuffer *framebuffer,
		       const struct stream *stream, int dmabuf);

/* Allocate a dumb buffer, map it for the CPU and make a framebuffer of it. */
int framebuffer_create(int fd, const char *device, struct framebuffer *framebuffer,
		       const struct pixel_format *format,
		       unsigned int width, unsigned int height);

void framebuffer_free(int fd, struct framebuffer *framebuffer);

#endif
