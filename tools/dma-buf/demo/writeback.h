/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Capturing what a display really shows, by its writeback connector.
 */
#ifndef DEMO_WRITEBACK_H
#define DEMO_WRITEBACK_H

#include "framebuffer.h"

struct writeback {
	struct framebuffer framebuffer;
	int dmabuf;		/* the captured picture, shared */
	bool alone;		/* in place of the monitor */
	char why_not[96];	/* "": it can capture */
};

/*
 * Ask whether the display can be captured; why_not says why it cannot. Fails
 * only when the display does.
 */
int writeback_join(struct writeback *writeback, const struct display *display);

/*
 * Capture what is on screen now, and return when it is complete in the shared
 * buffer. Gives up when @peer, a socket, is closed.
 */
int writeback_capture(struct writeback *writeback, const struct display *display, int peer);

void writeback_free(struct writeback *writeback, const struct display *display);

#endif
