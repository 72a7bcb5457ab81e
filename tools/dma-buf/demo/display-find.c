// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a display that can be driven.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>

#include "device.h"
#include "display.h"
#include "status.h"

/* What most cameras have too. Without it, what the monitor likes best. */
#define WIDTH 640
#define HEIGHT 480

/* The functions below return why a display cannot be used, or NULL. */

static const char *check_abilities(struct display *display)
{
	drmVersionPtr version = drmGetVersion(display->fd);
	struct drm_get_cap prime = { .capability = DRM_CAP_PRIME };

	if (!version)
		return "not a DRM device";
	snprintf(display->driver, sizeof(display->driver), "%s", version->name);
	drmFreeVersion(version);

	if (drmSetClientCap(display->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) ||
	    drmSetClientCap(display->fd, DRM_CLIENT_CAP_ATOMIC, 1))
		return "has no atomic mode setting";
	/* Old kernels do not know it, and have no writeback to hide either. */
	drmSetClientCap(display->fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	if (drmIoctl(display->fd, DRM_IOCTL_GET_CAP, &prime) ||
	    !(prime.value & DRM_PRIME_CAP_IMPORT))
		return "cannot import shared buffers";
	if (!drmIsMaster(display->fd))
		return "another program is in control of it";
	return NULL;
}

static __u32 possible_crtcs(const struct display *display, drmModeConnectorPtr connector)
{
	__u32 possible = 0;

	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoderPtr encoder = drmModeGetEncoder(display->fd,
							      connector->encoders[i]);

		if (encoder)
			possible |= encoder->possible_crtcs;
		drmModeFreeEncoder(encoder);
	}
	return possible;
}

static void choose_mode(struct display *display, drmModeConnectorPtr connector)
{
	display->mode = connector->modes[0];
	for (int i = 0; i < connector->count_modes; i++) {
		drmModeModeInfo *mode = &connector->modes[i];

		if (mode->hdisplay == WIDTH && mode->vdisplay == HEIGHT) {
			display->mode = *mode;
			return;
		}
	}
}

static const char *use_monitor(struct display *display, drmModeResPtr resources,
			       drmModeConnectorPtr connector)
{
	const char *type = drmModeGetConnectorTypeName(connector->connector_type);
	int crtc = ffs(possible_crtcs(display, connector)) - 1;

	if (crtc < 0 || crtc >= resources->count_crtcs)
		return "has a monitor but no CRTC for it";
	display->crtc_bit = 1u << crtc;
	snprintf(display->monitor, sizeof(display->monitor), "%s-%u",
		 type ? type : "connector", connector->connector_type_id);
	choose_mode(display, connector);
	if (kms_load(display->fd, display->path, &display->connector,
		     connector->connector_id, DRM_MODE_OBJECT_CONNECTOR) ||
	    kms_load(display->fd, display->path, &display->crtc,
		     resources->crtcs[crtc], DRM_MODE_OBJECT_CRTC) ||
	    drmModeCreatePropertyBlob(display->fd, &display->mode, sizeof(display->mode),
				      &display->mode_blob))
		return "does not tell its properties";
	return NULL;
}

/* The monitor first, since the writeback connector has to share its CRTC. */
static const char *find_connectors(struct display *display, drmModeResPtr resources,
				   bool writeback)
{
	const char *why = writeback ? NULL : "no monitor is connected";
	bool found = false;

	for (int i = 0; i < resources->count_connectors && !found; i++) {
		drmModeConnectorPtr connector = drmModeGetConnector(display->fd,
								    resources->connectors[i]);

		if (!connector)
			continue;
		if (writeback)
			found = connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK &&
				possible_crtcs(display, connector) & display->crtc_bit;
		else
			found = connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK &&
				connector->connection == DRM_MODE_CONNECTED &&
				connector->count_modes;
		if (found && !writeback)
			why = use_monitor(display, resources, connector);
		else if (found && kms_load(display->fd, display->path, &display->writeback,
					   connector->connector_id, DRM_MODE_OBJECT_CONNECTOR))
			why = "does not tell its properties";
		drmModeFreeConnector(connector);
	}
	return why;
}

static const char *find_plane(struct display *display)
{
	drmModePlaneResPtr resources = drmModeGetPlaneResources(display->fd);
	const char *why = "has no primary plane";

	if (!resources)
		return "does not tell its planes";
	for (__u32 i = 0; i < resources->count_planes && why; i++) {
		drmModePlanePtr plane = drmModeGetPlane(display->fd, resources->planes[i]);
		__u64 type;

		if (plane && plane->possible_crtcs & display->crtc_bit &&
		    !kms_load(display->fd, display->path, &display->plane, plane->plane_id,
			      DRM_MODE_OBJECT_PLANE) &&
		    kms_value(&display->plane, "type", &type) && type == DRM_PLANE_TYPE_PRIMARY)
			why = NULL;
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(resources);
	return why;
}

static const char *try_display(void *device, const char *path)
{
	struct display *display = device;
	drmModeResPtr resources;
	const char *why;

	*display = (struct display) { .fd = open(path, O_RDWR | O_CLOEXEC) };
	if (display->fd < 0)
		return strerror(errno);
	snprintf(display->path, sizeof(display->path), "%s", path);
	why = check_abilities(display);
	if (why)
		return why;
	resources = drmModeGetResources(display->fd);
	if (!resources)
		return "has no mode setting";
	why = find_connectors(display, resources, false);
	if (!why)
		why = find_connectors(display, resources, true);
	drmModeFreeResources(resources);
	return why ? why : find_plane(display);
}

int display_open(struct display *display, const char *path)
{
	static const struct device_kind kind = { "display", "/dev/dri/card", try_display };

	return device_open(&kind, display, &display->fd, path);
}
