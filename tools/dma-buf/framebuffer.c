// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers from shared memory and from a display's own.
 */
#include <sys/mman.h>
#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "framebuffer.h"
#include "status.h"

static int add(int fd, const char *device, struct framebuffer *framebuffer,
	       __u32 format, unsigned int width, unsigned int height, __u32 chroma)
{
	__u32 handles[4] = { framebuffer->handle, chroma ? framebuffer->handle : 0 };
	__u32 strides[4] = { framebuffer->stride, chroma ? framebuffer->stride : 0 };
	__u32 offsets[4] = { 0, chroma };

	if (drmModeAddFB2(fd, width, height, format, handles, strides, offsets,
			  &framebuffer->id, 0))
		return fail_call(device, "DRM_IOCTL_MODE_ADDFB2");
	return STATUS_OK;
}

int framebuffer_import(int fd, const char *device, struct framebuffer *framebuffer,
		       const struct stream *stream, int dmabuf)
{
	*framebuffer = (struct framebuffer) { .stride = stream->stride, .size = stream->size };
	if (drmPrimeFDToHandle(fd, dmabuf, &framebuffer->handle))
		return fail_call(device, "DRM_IOCTL_PRIME_FD_TO_HANDLE");
	return add(fd, device, framebuffer, stream->format, stream->width, stream->height,
		   stream->chroma);
}

static int map(int fd, const char *device, struct framebuffer *framebuffer)
{
	struct drm_mode_map_dumb request = { .handle = framebuffer->handle };
	void *memory;

	if (drmIoctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &request))
		return fail_call(device, "DRM_IOCTL_MODE_MAP_DUMB");
	memory = mmap(NULL, framebuffer->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, request.offset);
	if (memory == MAP_FAILED)
		return fail_call(device, "mmap of a dumb buffer");
	framebuffer->memory = memory;
	return STATUS_OK;
}

int framebuffer_create(int fd, const char *device, struct framebuffer *framebuffer,
		       const struct pixel_format *format,
		       unsigned int width, unsigned int height)
{
	struct drm_mode_create_dumb request = {
		/* Room for an even number of pixels, which YUV needs. */
		.width = (width + 1) & ~1u,
		.height = format->drm == DRM_FORMAT_NV12 ? height + (height + 1) / 2 : height,
		.bpp = 8 * format->bytes,
	};
	int status;

	*framebuffer = (struct framebuffer) { };
	if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &request))
		return fail_call(device, "DRM_IOCTL_MODE_CREATE_DUMB");
	framebuffer->handle = request.handle;
	framebuffer->stride = request.pitch;
	framebuffer->size = request.size;
	status = map(fd, device, framebuffer);
	if (status)
		return status;
	return add(fd, device, framebuffer, format->drm, width, height,
		   format->drm == DRM_FORMAT_NV12 ? request.pitch * height : 0);
}

void framebuffer_free(int fd, struct framebuffer *framebuffer)
{
	struct drm_gem_close request = { .handle = framebuffer->handle };

	if (framebuffer->id)
		drmModeRmFB(fd, framebuffer->id);
	if (framebuffer->memory)
		munmap(framebuffer->memory, framebuffer->size);
	if (framebuffer->handle)
		drmIoctl(fd, DRM_IOCTL_GEM_CLOSE, &request);
	*framebuffer = (struct framebuffer) { };
}
