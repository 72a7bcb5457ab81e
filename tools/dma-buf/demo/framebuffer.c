// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers from shared memory and from a display's own.
 */
#include <sys/mman.h>
#include <drm_fourcc.h>
#include <xf86drm.h>

#include "framebuffer.h"
#include "picture.h"
#include "status.h"

static int add(struct framebuffer *framebuffer, const struct display *display)
{
	__u32 handles[4] = { framebuffer->handle };
	__u32 strides[4] = { framebuffer->stride };
	__u32 offsets[4] = { };

	if (drmModeAddFB2(display->fd, display->mode.hdisplay, display->mode.vdisplay,
			  DRM_FORMAT_XRGB8888, handles, strides, offsets, &framebuffer->id, 0))
		return fail_call(display->path, "DRM_IOCTL_MODE_ADDFB2");
	return STATUS_OK;
}

int framebuffer_import(struct framebuffer *framebuffer, const struct display *display,
		       int dmabuf, __u32 stride)
{
	*framebuffer = (struct framebuffer) { .stride = stride };
	if (drmPrimeFDToHandle(display->fd, dmabuf, &framebuffer->handle))
		return fail_call(display->path, "DRM_IOCTL_PRIME_FD_TO_HANDLE");
	return add(framebuffer, display);
}

int framebuffer_create(struct framebuffer *framebuffer, const struct display *display)
{
	struct drm_mode_create_dumb create = {
		.width = display->mode.hdisplay,
		.height = display->mode.vdisplay,
		.bpp = 8 * PIXEL_BYTES,
	};
	struct drm_mode_map_dumb map = { };
	void *memory;

	*framebuffer = (struct framebuffer) { };
	if (drmIoctl(display->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return fail_call(display->path, "DRM_IOCTL_MODE_CREATE_DUMB");
	framebuffer->handle = create.handle;
	framebuffer->stride = create.pitch;
	framebuffer->size = create.size;
	map.handle = create.handle;
	if (drmIoctl(display->fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		return fail_call(display->path, "DRM_IOCTL_MODE_MAP_DUMB");
	memory = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      display->fd, map.offset);
	if (memory == MAP_FAILED)
		return fail_call(display->path, "mmap of a dumb buffer");
	framebuffer->memory = memory;
	return add(framebuffer, display);
}

void framebuffer_free(struct framebuffer *framebuffer, const struct display *display)
{
	struct drm_gem_close request = { .handle = framebuffer->handle };

	if (framebuffer->id)
		drmModeRmFB(display->fd, framebuffer->id);
	if (framebuffer->memory)
		munmap(framebuffer->memory, framebuffer->size);
	if (framebuffer->handle)
		drmIoctl(display->fd, DRM_IOCTL_GEM_CLOSE, &request);
	*framebuffer = (struct framebuffer) { };
}
