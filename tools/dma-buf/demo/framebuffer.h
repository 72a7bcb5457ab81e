/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a display can show or write: a buffer that another device
 * shares, or a dumb buffer of the display's own.
 */
#ifndef DEMO_FRAMEBUFFER_H
#define DEMO_FRAMEBUFFER_H

#include "display.h"

struct framebuffer {
	__u32 handle;		/* of the memory; 0: nothing to free */
	__u32 id;		/* for KMS */
	__u32 stride;
	size_t size;		/* dumb buffers only, like the next */
	void *memory;
};

/* Make a framebuffer as large as the screen of @dmabuf, without copying it. */
int framebuffer_import(struct framebuffer *framebuffer, const struct display *display,
		       int dmabuf, __u32 stride);

/* Allocate a dumb buffer, map it for the CPU and make a framebuffer of it. */
int framebuffer_create(struct framebuffer *framebuffer, const struct display *display);

void framebuffer_free(struct framebuffer *framebuffer, const struct display *display);

#endif
