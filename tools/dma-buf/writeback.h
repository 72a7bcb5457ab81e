/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capturing what a display really shows, by its writeback connector.
 */
#ifndef DEMO_WRITEBACK_H
#define DEMO_WRITEBACK_H

#include "display.h"
#include "format.h"
#include "framebuffer.h"

struct writeback {
	struct kms_object connector;
	char name[32];
	const struct pixel_format *format;	/* of the captured picture */
	struct framebuffer framebuffer;
	int dmabuf;				/* the captured picture, shared */
	bool alone;				/* in place of the monitor */
	char why_not[96];			/* "": it can capture */
};

/*
 * Look for a way to capture frames of @format without loss; why_not says why
 * there is none. Fails only when the display does.
 */
int writeback_find(struct writeback *writeback, const struct display *display,
		   const struct pixel_format *format);

/*
 * Capture what is on screen now, and return when it is complete in the shared
 * buffer. Gives up when @peer, a socket, is closed.
 */
int writeback_capture(struct writeback *writeback, struct display *display, int peer);

void writeback_free(struct writeback *writeback, const struct display *display);

#endif
