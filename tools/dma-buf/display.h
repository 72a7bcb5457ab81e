/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KMS display: one monitor, the CRTC that feeds it, and the plane that a
 * frame is shown on.
 */
#ifndef DEMO_DISPLAY_H
#define DEMO_DISPLAY_H

#include <stdbool.h>
#include <xf86drmMode.h>
#include <linux/types.h>

#include "kms.h"
#include "protocol.h"

struct display {
	int fd;
	char path[64];
	char driver[32];
	char monitor[32];
	struct kms_object connector;
	struct kms_object crtc;
	__u32 crtc_bit;			/* in possible_crtcs */
	unsigned int other_count;	/* the device's other connectors */
	struct kms_object *others;
	unsigned int mode_count;
	drmModeModeInfo *modes;
	unsigned int plane_count;	/* those that the CRTC can have */
	struct kms_object *planes;
	const struct kms_object *plane;	/* the one that was chosen */
	drmModeModeInfo mode;
	__u32 mode_blob;
	unsigned int width;		/* of a frame */
	unsigned int height;
	bool lit;			/* the first frame has been committed */
	bool flip_pending;

	/* A writeback connector that has joined, or NULL. */
	const struct kms_object *capturer;
};

/* Open display @path, or the first that can be driven when that is NULL. */
int display_open(struct display *display, const char *path);
void display_close(struct display *display);

/* The formats and the largest size that it can show. */
int display_offer(const struct display *display, struct offer *offer);

/*
 * Choose a mode and a plane that show the stream unscaled in the upper left
 * corner. @framebuffer is any of the stream's.
 */
int display_configure(struct display *display, const struct stream *stream, __u32 framebuffer);

/* Begin to show a framebuffer; flip_pending goes when it is on screen. */
int display_show(struct display *display, __u32 framebuffer);
int display_read_events(struct display *display);

/* Show nothing; no framebuffer is in use when this returns. */
int display_off(struct display *display);

#endif
