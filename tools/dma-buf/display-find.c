// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a display that can be driven.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#include "device.h"
#include "display.h"
#include "status.h"

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

static int choose_crtc(const struct display *display, drmModeResPtr resources,
		       drmModeConnectorPtr connector)
{
	__u32 possible = 0;

	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoderPtr encoder = drmModeGetEncoder(display->fd,
							      connector->encoders[i]);

		if (encoder)
			possible |= encoder->possible_crtcs;
		drmModeFreeEncoder(encoder);
	}
	for (int i = 0; i < resources->count_crtcs; i++)
		if (possible & 1u << i)
			return i;
	return -1;
}

static const char *use_connector(struct display *display, drmModeResPtr resources,
				 drmModeConnectorPtr connector)
{
	const char *type = drmModeGetConnectorTypeName(connector->connector_type);
	int crtc = choose_crtc(display, resources, connector);

	if (crtc < 0)
		return "has a monitor but no CRTC for it";
	display->crtc_bit = 1u << crtc;
	snprintf(display->monitor, sizeof(display->monitor), "%s-%u",
		 type ? type : "connector", connector->connector_type_id);
	display->modes = calloc(connector->count_modes, sizeof(*display->modes));
	if (!display->modes)
		return strerror(errno);
	display->mode_count = connector->count_modes;
	memcpy(display->modes, connector->modes,
	       display->mode_count * sizeof(*display->modes));
	if (kms_load(display->fd, display->path, &display->connector,
		     connector->connector_id, DRM_MODE_OBJECT_CONNECTOR) ||
	    kms_load(display->fd, display->path, &display->crtc,
		     resources->crtcs[crtc], DRM_MODE_OBJECT_CRTC))
		return "does not tell its properties";
	return NULL;
}

static const char *load_other_connectors(struct display *display, drmModeResPtr resources)
{
	display->others = calloc(resources->count_connectors, sizeof(*display->others));
	if (!display->others)
		return strerror(errno);
	for (int i = 0; i < resources->count_connectors; i++) {
		if (resources->connectors[i] == display->connector.id)
			continue;
		if (kms_load(display->fd, display->path,
			     &display->others[display->other_count++],
			     resources->connectors[i], DRM_MODE_OBJECT_CONNECTOR))
			return "does not tell its connectors' properties";
	}
	return NULL;
}

static const char *find_monitor(struct display *display)
{
	drmModeResPtr resources = drmModeGetResources(display->fd);
	const char *why = "no monitor is connected";
	bool found = false;

	if (!resources)
		return "has no mode setting";
	for (int i = 0; i < resources->count_connectors && !found; i++) {
		drmModeConnectorPtr connector = drmModeGetConnector(display->fd,
								    resources->connectors[i]);

		if (!connector)
			continue;
		found = connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK &&
			connector->connection == DRM_MODE_CONNECTED && connector->count_modes;
		if (found)
			why = use_connector(display, resources, connector);
		drmModeFreeConnector(connector);
	}
	if (!why)
		why = load_other_connectors(display, resources);
	drmModeFreeResources(resources);
	return why;
}

static const char *find_planes(struct display *display)
{
	drmModePlaneResPtr resources = drmModeGetPlaneResources(display->fd);
	const char *why = NULL;

	if (!resources)
		return "does not tell its planes";
	display->planes = calloc(resources->count_planes, sizeof(*display->planes));
	if (!display->planes)
		why = strerror(errno);
	for (__u32 i = 0; i < resources->count_planes && !why; i++) {
		drmModePlanePtr plane = drmModeGetPlane(display->fd, resources->planes[i]);

		if (plane && plane->possible_crtcs & display->crtc_bit &&
		    kms_load(display->fd, display->path,
			     &display->planes[display->plane_count++],
			     plane->plane_id, DRM_MODE_OBJECT_PLANE))
			why = "does not tell its planes' properties";
		drmModeFreePlane(plane);
	}
	drmModeFreePlaneResources(resources);
	return why;
}

static const char *try_display(void *device, const char *path)
{
	struct display *display = device;
	const char *why;

	*display = (struct display) { .fd = open(path, O_RDWR | O_CLOEXEC) };
	if (display->fd < 0)
		return strerror(errno);
	snprintf(display->path, sizeof(display->path), "%s", path);

	why = check_abilities(display);
	if (!why)
		why = find_monitor(display);
	if (!why)
		why = find_planes(display);
	if (why)
		display_close(display);
	return why;
}

int display_open(struct display *display, const char *path)
{
	static const struct device_kind kind = { "display", "/dev/dri/card", try_display };

	return device_open(&kind, display, path);
}

void display_close(struct display *display)
{
	if (display->fd < 0)
		return;
	if (display->mode_blob)
		drmModeDestroyPropertyBlob(display->fd, display->mode_blob);
	free(display->modes);
	free(display->others);
	free(display->planes);
	close(display->fd);
	*display = (struct display) { .fd = -1 };
}
