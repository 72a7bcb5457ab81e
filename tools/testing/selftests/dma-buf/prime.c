// SPDX-License-Identifier: GPL-2.0-only
#include "prime.h"

#include <drm/drm.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "exporters.h"
#include "result.h"

int create_handle(int device, size_t size, __u32 *handle)
{
	struct drm_mode_create_dumb dumb = {
		.bpp = 32,
		.width = page_align(1) / 4,
		.height = size / page_align(1),
	};
	int err = result(ioctl(device, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));

	*handle = dumb.handle;
	return err;
}

int import_handle(int device, int fd, __u32 *handle)
{
	struct drm_prime_handle prime = { .fd = fd };
	int err = result(ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));

	*handle = prime.handle;
	return err;
}

int export_handle(int device, __u32 handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int err = result(ioctl(device, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));

	return err ?: prime.fd;
}

int close_handle(int device, __u32 handle)
{
	struct drm_gem_close close = { .handle = handle };

	return result(ioctl(device, DRM_IOCTL_GEM_CLOSE, &close));
}
