// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writeback connector: a monitor that is memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/sync_file.h>
#include <xf86drm.h>

#include "dmabuf.h"
#include "status.h"
#include "writeback.h"

#define CAPTURE_TIMEOUT_MS 5000

/* No display shows this by itself, so what is left unwritten stands out. */
#define UNWRITTEN 0xa5

static bool can_reach_crtc(const struct display *display, drmModeConnectorPtr connector)
{
	bool possible = false;

	for (int i = 0; i < connector->count_encoders && !possible; i++) {
		drmModeEncoderPtr encoder = drmModeGetEncoder(display->fd,
							      connector->encoders[i]);

		possible = encoder && encoder->possible_crtcs & display->crtc_bit;
		drmModeFreeEncoder(encoder);
	}
	return possible;
}

static __u32 find_connector(struct writeback *writeback, const struct display *display)
{
	drmModeResPtr resources = drmModeGetResources(display->fd);
	__u32 id = 0;

	if (!resources)
		return 0;
	for (int i = 0; i < resources->count_connectors && !id; i++) {
		drmModeConnectorPtr connector =
			drmModeGetConnectorCurrent(display->fd, resources->connectors[i]);

		if (connector && connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK &&
		    can_reach_crtc(display, connector)) {
			id = connector->connector_id;
			snprintf(writeback->name, sizeof(writeback->name), "Writeback-%u",
				 connector->connector_type_id);
		}
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	return id;
}

/* Can a picture in @a hold every colour of one in @b? */
static bool holds_colours(const struct pixel_format *a, const struct pixel_format *b)
{
	if (!format_is_rgb(a))
		return false;
	for (unsigned int i = 0; i < 3; i++)
		if (a->channels[i].bits < b->channels[i].bits)
			return false;
	return true;
}

static int choose_format(struct writeback *writeback, const struct display *display,
			 const struct pixel_format *wanted)
{
	const struct pixel_format *format;
	drmModePropertyBlobPtr blob;
	__u64 id = 0;

	kms_value(&writeback->connector, "WRITEBACK_PIXEL_FORMATS", &id);
	blob = drmModeGetPropertyBlob(display->fd, id);
	if (!blob)
		return fail_call(display->path, "DRM_IOCTL_MODE_GETPROPBLOB");
	for (unsigned int i = 0; !writeback->format && (format = format_at(i)); i++)
		for (__u32 j = 0; j < blob->length / sizeof(__u32); j++)
			if (((__u32 *)blob->data)[j] == format->drm &&
			    holds_colours(format, wanted))
				writeback->format = format;
	drmModeFreePropertyBlob(blob);
	return STATUS_OK;
}

/*
 * The CRTC's picture goes to memory too, or instead of to the monitor where
 * the hardware feeds only one of them; plane and framebuffer stay as they are.
 */
static void set_connectors(struct kms_request *request, const struct writeback *writeback,
			   const struct display *display)
{
	kms_set(request, &writeback->connector, "CRTC_ID", display->crtc.id);
	if (writeback->alone)
		kms_set(request, &display->connector, "CRTC_ID", 0);
}

static int try_to_join(const struct writeback *writeback, const struct display *display,
		       int *error)
{
	struct kms_request request;
	int status = kms_begin(&request, display->path);

	if (status)
		return status;
	set_connectors(&request, writeback, display);
	*error = kms_try(&request, display->fd,
			 DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	kms_end(&request);
	return STATUS_OK;
}

static int join(struct writeback *writeback, const struct display *display)
{
	int error, status = try_to_join(writeback, display, &error);

	if (status || !error)
		return status;
	writeback->alone = true;
	status = try_to_join(writeback, display, &error);
	if (error)
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "%s cannot be fed: %s", writeback->name, strerror(-error));
	return status;
}

int writeback_find(struct writeback *writeback, const struct display *display,
		   const struct pixel_format *format)
{
	__u32 id = find_connector(writeback, display);
	int status;

	if (!id) {
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "it has no writeback connector");
		return STATUS_OK;
	}
	if (!format_is_rgb(format)) {
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "it converts %s to RGB, which is not exact",
			 fourcc_name(format->drm).text);
		return STATUS_OK;
	}
	status = kms_load(display->fd, display->path, &writeback->connector, id,
			  DRM_MODE_OBJECT_CONNECTOR);
	if (!status)
		status = choose_format(writeback, display, format);
	if (status)
		return status;
	if (!writeback->format) {
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "%s captures no format that can hold %s", writeback->name,
			 fourcc_name(format->drm).text);
		return STATUS_OK;
	}
	return join(writeback, display);
}

static int allocate(struct writeback *writeback, const struct display *display)
{
	int status;

	status = framebuffer_create(display->fd, display->path, &writeback->framebuffer,
				    writeback->format,
				    display->mode.hdisplay, display->mode.vdisplay);
	if (status)
		return status;
	memset(writeback->framebuffer.memory, UNWRITTEN, writeback->framebuffer.size);
	if (drmPrimeHandleToFD(display->fd, writeback->framebuffer.handle, DRM_CLOEXEC,
			       &writeback->dmabuf))
		return fail_call(display->path, "DRM_IOCTL_PRIME_HANDLE_TO_FD");
	return dmabuf_set_name(writeback->dmabuf, "capture");
}

static int wait_for_fence(const struct display *display, int fence, int peer)
{
	struct sync_file_info info = { };
	struct pollfd fds[] = {
		{ .fd = fence, .events = POLLIN },
		{ .fd = peer },
	};
	int ready;

	do {
		ready = poll(fds, 2, CAPTURE_TIMEOUT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return fail_call(display->path, "poll of the capture's fence");
	if (!ready)
		return fail(STATUS_FAILED, "%s: nothing captured within %d s",
			    display->path, CAPTURE_TIMEOUT_MS / 1000);
	if (!fds[0].revents)
		return STATUS_PEER_GONE;
	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return fail_call(display->path, "SYNC_IOC_FILE_INFO");
	if (info.status == 1)
		return STATUS_OK;
	errno = -info.status;
	return fail_call(display->path, "capture");
}

int writeback_capture(struct writeback *writeback, struct display *display, int peer)
{
	struct kms_request request;
	__s32 fence = -1;
	int status;

	status = allocate(writeback, display);
	if (!status)
		status = kms_begin(&request, display->path);
	if (status)
		return status;
	set_connectors(&request, writeback, display);
	kms_set(&request, &writeback->connector, "WRITEBACK_FB_ID", writeback->framebuffer.id);
	kms_set(&request, &writeback->connector, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	status = kms_commit(&request, display->fd, display->path,
			    DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	if (!status) {
		display->capturer = &writeback->connector;
		status = wait_for_fence(display, fence, peer);
	}
	if (fence >= 0)
		close(fence);
	return status;
}

void writeback_free(struct writeback *writeback, const struct display *display)
{
	framebuffer_free(display->fd, &writeback->framebuffer);
	if (writeback->dmabuf >= 0)
		close(writeback->dmabuf);
	writeback->dmabuf = -1;
}
