// SPDX-License-Identifier: GPL-2.0-only
/*
 * Showing frames on a display, by atomic commits.
 */
#include <string.h>
#include <xf86drm.h>

#include "compiler.h"
#include "display.h"
#include "format.h"
#include "status.h"

/* A cursor plane is for small pictures, and some drivers fake it. */
static bool is_cursor(const struct kms_object *plane)
{
	__u64 type;

	return kms_value(plane, "type", &type) && type == DRM_PLANE_TYPE_CURSOR;
}

static bool is_primary(const struct kms_object *plane)
{
	__u64 type;

	return kms_value(plane, "type", &type) && type == DRM_PLANE_TYPE_PRIMARY;
}

static void offer_format(struct offer *offer, __u32 format)
{
	if (!format_by_drm(format) || offer->format_count == MAX_OFFERED_FORMATS)
		return;
	for (__u32 i = 0; i < offer->format_count; i++)
		if (offer->formats[i] == format)
			return;
	offer->formats[offer->format_count++] = format;
}

int display_offer(const struct display *display, struct offer *offer)
{
	*offer = (struct offer) { };
	for (unsigned int i = 0; i < display->mode_count; i++) {
		const drmModeModeInfo *mode = &display->modes[i];

		if (mode->hdisplay * mode->vdisplay > offer->max_width * offer->max_height) {
			offer->max_width = mode->hdisplay;
			offer->max_height = mode->vdisplay;
		}
	}
	for (unsigned int i = 0; i < display->plane_count; i++) {
		drmModePlanePtr plane;

		if (is_cursor(&display->planes[i]))
			continue;
		plane = drmModeGetPlane(display->fd, display->planes[i].id);
		if (!plane)
			return fail_call(display->path, "DRM_IOCTL_MODE_GETPLANE");
		for (__u32 j = 0; j < plane->count_formats; j++)
			offer_format(offer, plane->formats[j]);
		drmModeFreePlane(plane);
	}
	return STATUS_OK;
}

/* How badly a mode suits a frame of @width x @height; 0: as if made for it. */
static __u64 badness(const drmModeModeInfo *mode, unsigned int width, unsigned int height)
{
	if (mode->hdisplay == width && mode->vdisplay == height)
		return 0;
	if (mode->type & DRM_MODE_TYPE_PREFERRED)
		return 1;
	return (__u64)mode->hdisplay * mode->vdisplay;
}

static bool fits(const drmModeModeInfo *mode, unsigned int width, unsigned int height)
{
	return mode->hdisplay >= width && mode->vdisplay >= height &&
		!(mode->flags & DRM_MODE_FLAG_INTERLACE);
}

/* The best mode that is worse than @after, or the best when that is NULL. */
static const drmModeModeInfo *next_mode(const struct display *display,
					const drmModeModeInfo *after)
{
	const drmModeModeInfo *best = NULL;
	__u64 best_bad = 0, after_bad = 0;

	if (after)
		after_bad = badness(after, display->width, display->height);
	for (unsigned int i = 0; i < display->mode_count; i++) {
		const drmModeModeInfo *mode = &display->modes[i];
		__u64 bad = badness(mode, display->width, display->height);

		if (!fits(mode, display->width, display->height) ||
		    (after && (bad < after_bad || (bad == after_bad && mode <= after))))
			continue;
		if (!best || bad < best_bad) {
			best = mode;
			best_bad = bad;
		}
	}
	return best;
}

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
		      const struct kms_object *plane, __u32 framebuffer)
{
	kms_set(request, plane, "FB_ID", framebuffer);
	kms_set(request, plane, "CRTC_ID", display->crtc.id);
	kms_set(request, plane, "SRC_X", 0);
	kms_set(request, plane, "SRC_Y", 0);
	kms_set(request, plane, "SRC_W", (__u64)display->width << 16);
	kms_set(request, plane, "SRC_H", (__u64)display->height << 16);
	kms_set(request, plane, "CRTC_X", 0);
	kms_set(request, plane, "CRTC_Y", 0);
	kms_set(request, plane, "CRTC_W", display->width);
	kms_set(request, plane, "CRTC_H", display->height);
}

/* Only @plane is to be seen on our CRTC. */
static void set_planes(struct kms_request *request, const struct display *display,
		       const struct kms_object *plane, __u32 framebuffer)
{
	for (unsigned int i = 0; i < display->plane_count; i++) {
		const struct kms_object *other = &display->planes[i];
		__u64 crtc;

		if (other == plane || !kms_value(other, "CRTC_ID", &crtc) ||
		    crtc != display->crtc.id)
			continue;
		kms_set(request, other, "FB_ID", 0);
		kms_set(request, other, "CRTC_ID", 0);
	}
	set_plane(request, display, plane, framebuffer);
}

/*
 * The CRTC feeds our monitor and no other. A program that was killed may have
 * left a connector on it, which not every monitor can share it with.
 */
static void set_connectors(struct kms_request *request, const struct display *display)
{
	__u64 crtc;

	for (unsigned int i = 0; i < display->other_count; i++)
		if (kms_value(&display->others[i], "CRTC_ID", &crtc) &&
		    crtc == display->crtc.id)
			kms_set(request, &display->others[i], "CRTC_ID", 0);
	kms_set(request, &display->connector, "CRTC_ID", display->crtc.id);
}

static int begin_modeset(struct kms_request *request, const struct display *display,
			 const struct kms_object *plane, __u32 framebuffer)
{
	int status = kms_begin(request, display->path);

	if (status)
		return status;
	set_connectors(request, display);
	kms_set(request, &display->crtc, "MODE_ID", display->mode_blob);
	kms_set(request, &display->crtc, "ACTIVE", 1);
	set_plain_colours(request, &display->crtc);
	set_planes(request, display, plane, framebuffer);
	return STATUS_OK;
}

static int use_mode(struct display *display, const drmModeModeInfo *mode)
{
	if (display->mode_blob)
		drmModeDestroyPropertyBlob(display->fd, display->mode_blob);
	display->mode_blob = 0;
	display->mode = *mode;
	if (drmModeCreatePropertyBlob(display->fd, mode, sizeof(*mode), &display->mode_blob))
		return fail_call(display->path, "DRM_IOCTL_MODE_CREATEPROPBLOB");
	return STATUS_OK;
}

/* Ask the driver, plane by plane, which can show @framebuffer in the mode. */
static int choose_plane(struct display *display, __u32 framebuffer, bool primary, int *error)
{
	for (unsigned int i = 0; i < display->plane_count && !display->plane; i++) {
		const struct kms_object *plane = &display->planes[i];
		struct kms_request request;
		int status;

		if (is_cursor(plane) || is_primary(plane) != primary)
			continue;
		status = begin_modeset(&request, display, plane, framebuffer);
		if (status)
			return status;
		*error = kms_try(&request, display->fd,
				 DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
		if (!*error)
			display->plane = plane;
		kms_end(&request);
	}
	return STATUS_OK;
}

int display_configure(struct display *display, const struct stream *stream, __u32 framebuffer)
{
	const drmModeModeInfo *mode = NULL;
	int status, error = 0;

	display->width = stream->width;
	display->height = stream->height;
	display->plane = NULL;
	while (!display->plane) {
		mode = next_mode(display, mode);
		if (!mode)
			break;
		status = use_mode(display, mode);
		if (!status)
			status = choose_plane(display, framebuffer, true, &error);
		if (!status)
			status = choose_plane(display, framebuffer, false, &error);
		if (status)
			return status;
	}
	if (display->plane)
		return STATUS_OK;
	return fail(STATUS_NO_DEVICE, "%s: cannot show frames of %ux%u in %s: %s",
		    display->path, stream->width, stream->height,
		    fourcc_name(stream->format).text,
		    error ? strerror(-error) : "no mode is large enough");
}

int display_show(struct display *display, __u32 framebuffer)
{
	__u32 flags = DRM_MODE_PAGE_FLIP_EVENT | DRM_MODE_ATOMIC_NONBLOCK;
	struct kms_request request;
	int status;

	if (display->lit) {
		status = kms_begin(&request, display->path);
		if (!status)
			kms_set(&request, display->plane, "FB_ID", framebuffer);
	} else {
		flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
		status = begin_modeset(&request, display, display->plane, framebuffer);
	}
	if (status)
		return status;
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
	kms_set(&request, display->plane, "FB_ID", 0);
	kms_set(&request, display->plane, "CRTC_ID", 0);
	kms_set(&request, &display->connector, "CRTC_ID", 0);
	if (display->capturer)
		kms_set(&request, display->capturer, "CRTC_ID", 0);
	kms_set(&request, &display->crtc, "ACTIVE", 0);
	kms_set(&request, &display->crtc, "MODE_ID", 0);
	display->lit = false;
	return kms_commit(&request, display->fd, display->path,
			  DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
}
