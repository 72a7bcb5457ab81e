/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other way: the CPU copies each frame into memory of the display's own.
 */
#ifndef DEMO_COPY_H
#define DEMO_COPY_H

#include "framebuffer.h"

#define COPY_TARGETS 2

struct copier {
	/* One is on screen while the other is written. */
	struct framebuffer targets[COPY_TARGETS];
	unsigned int next;
};

int copier_create(struct copier *copier, const struct display *display);

/*
 * Copy a frame from the mapping of @dmabuf; *framebuffer is then to be shown,
 * and has to be on screen before the next call.
 */
int copier_copy(struct copier *copier, const struct display *display, int dmabuf,
		const void *memory, __u32 stride, __u32 *framebuffer);
void copier_free(struct copier *copier, const struct display *display);

/* The bytes that this process has copied so far. */
__u64 copied_bytes(void);

#endif
