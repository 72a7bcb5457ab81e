/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KMS display: one monitor, the CRTC that feeds it, and its primary plane.
 */
#ifndef DEMO_DISPLAY_H
#define DEMO_DISPLAY_H

#include <stdbool.h>
#include <xf86drmMode.h>
#include <linux/types.h>

#include "kms.h"

struct display {
	int fd;
	char path[64];
	char driver[32];
	char monitor[32];
	struct kms_object connector;
	struct kms_object writeback;	/* id 0: there is none */
	struct kms_object crtc;
	struct kms_object plane;
	__u32 crtc_bit;			/* in possible_crtcs */
	drmModeModeInfo mode;
	__u32 mode_blob;
	bool lit;			/* the first frame has been committed */
	bool flip_pending;
};

/* Open display @path, or the first that can be driven when that is NULL. */
int display_open(struct display *display, const char *path);
void display_close(struct display *display);

/* Begin to show a framebuffer; flip_pending goes when it is on screen. */
int display_show(struct display *display, __u32 framebuffer);
int display_read_events(struct display *display);

/* Show nothing; no framebuffer is in use when this returns. */
int display_off(struct display *display);

#endif
