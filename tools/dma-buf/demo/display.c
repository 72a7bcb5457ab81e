// SPDX-License-Identifier: GPL-2.0-only
/*
 * Showing frames on a display, by atomic commits.
 */
#include <unistd.h>
#include <xf86drm.h>

#include "display.h"
#include "status.h"

/* Colours go to the monitor as they are, whatever another program has left. */
static void set_plain_colours(struct kms_request *request, const struct kms_object *crtc)
{
	static const char * const names[] = { "DEGAMMA_LUT", "CTM", "GAMMA_LUT" };
	__u64 value;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		if (kms_value(crtc, names[i], &value))
			kms_set(request, crtc, names[i], 0);
}

static void set_plane(struct kms_request *request, const struct display *display,
		      __u32 framebuffer)
{
	const struct kms_object *plane = &display->plane;
	__u64 width = display->mode.hdisplay, height = display->mode.vdisplay;

	kms_set(request, plane, "FB_ID", framebuffer);
	kms_set(request, plane, "CRTC_ID", display->crtc.id);
	kms_set(request, plane, "SRC_X", 0);
	kms_set(request, plane, "SRC_Y", 0);
	kms_set(request, plane, "SRC_W", width << 16);
	kms_set(request, plane, "SRC_H", height << 16);
	kms_set(request, plane, "CRTC_X", 0);
	kms_set(request, plane, "CRTC_Y", 0);
	kms_set(request, plane, "CRTC_W", width);
	kms_set(request, plane, "CRTC_H", height);
}

static void set_mode(struct kms_request *request, const struct display *display)
{
	__u64 crtc;

	/* A program that was killed may have left its capture on the CRTC. */
	if (display->writeback.id && kms_value(&display->writeback, "CRTC_ID", &crtc) && crtc)
		kms_set(request, &display->writeback, "CRTC_ID", 0);
	kms_set(request, &display->connector, "CRTC_ID", display->crtc.id);
	kms_set(request, &display->crtc, "MODE_ID", display->mode_blob);
	kms_set(request, &display->crtc, "ACTIVE", 1);
	set_plain_colours(request, &display->crtc);
}

int display_show(struct display *display, __u32 framebuffer)
{
	__u32 flags = DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK;
	struct kms_request request;
	int status;

	status = kms_begin(&request, display->path);
	if (status)
		return status;
	if (display->lit) {
		kms_set(&request, &display->plane, "FB_ID", framebuffer);
	} else {
		flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
		set_mode(&request, display);
		set_plane(&request, display, framebuffer);
	}
	status = kms_commit(&request, display->fd, display->path, flags, display);
	if (status)
		return status;
	display->lit = true;
	display->flip_pending = true;
	return STATUS_OK;
}

static void flip_done(int fd, unsigned int sequence, unsigned int seconds,
		      unsigned int microseconds, unsigned int crtc, void *data)
{
	struct display *display = data;

	(void)fd;
	(void)sequence;
	(void)seconds;
	(void)microseconds;
	(void)crtc;
	display->flip_pending = false;
}

int display_read_events(struct display *display)
{
	drmEventContext events = { .version = 3, .page_flip_handler2 = flip_done };

	if (drmHandleEvent(display->fd, &events))
		return fail_call(display->path, "read of display events");
	return STATUS_OK;
}

int display_off(struct display *display)
{
	struct kms_request request;
	int status;

	if (!display->lit)
		return STATUS_OK;
	status = kms_begin(&request, display->path);
	if (status)
		return status;
	kms_set(&request, &display->plane, "FB_ID", 0);
	kms_set(&request, &display->plane, "CRTC_ID", 0);
	kms_set(&request, &display->connector, "CRTC_ID", 0);
	if (display->writeback.id)
		kms_set(&request, &display->writeback, "CRTC_ID", 0);
	kms_set(&request, &display->crtc, "ACTIVE", 0);
	kms_set(&request, &display->crtc, "MODE_ID", 0);
	display->lit = false;
	return kms_commit(&request, display->fd, display->path,
			  DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
}

void display_close(struct display *display)
{
	if (display->fd < 0)
		return;
	if (display->mode_blob)
		drmModeDestroyPropertyBlob(display->fd, display->mode_blob);
	close(display->fd);
	display->fd = -1;
}
