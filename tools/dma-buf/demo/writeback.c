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
#include <drm_fourcc.h>
#include <linux/sync_file.h>
#include <xf86drm.h>

#include "dmabuf.h"
#include "status.h"
#include "writeback.h"

#define CAPTURE_TIMEOUT_MS 5000

/* No display shows this by itself, so what is left unwritten stands out. */
#define UNWRITTEN 0xa5

static bool captures_xr24(const struct display *display)
{
	drmModePropertyBlobPtr blob;
	bool found = false;
	__u64 id = 0;

	kms_value(&display->writeback, "WRITEBACK_PIXEL_FORMATS", &id);
	blob = drmModeGetPropertyBlob(display->fd, id);
	for (__u32 i = 0; blob && i < blob->length / sizeof(__u32); i++)
		found |= ((__u32 *)blob->data)[i] == DRM_FORMAT_XRGB8888;
	drmModeFreePropertyBlob(blob);
	return found;
}

/*
 * The CRTC's picture goes to memory too, or instead of to the monitor where
 * the hardware feeds only one of them; plane and framebuffer stay as they are.
 */
static void set_connectors(struct kms_request *request, const struct writeback *writeback,
			   const struct display *display)
{
	kms_set(request, &display->writeback, "CRTC_ID", display->crtc.id);
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

int writeback_join(struct writeback *writeback, const struct display *display)
{
	int error, status;

	if (!display->writeback.id || !captures_xr24(display)) {
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "it has no writeback connector for XR24");
		return STATUS_OK;
	}
	status = try_to_join(writeback, display, &error);
	if (status || !error)
		return status;
	writeback->alone = true;
	status = try_to_join(writeback, display, &error);
	if (error)
		snprintf(writeback->why_not, sizeof(writeback->why_not),
			 "its writeback connector cannot be fed: %s", strerror(-error));
	return status;
}

static int allocate(struct writeback *writeback, const struct display *display)
{
	int status;

	status = framebuffer_create(&writeback->framebuffer, display);
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

int writeback_capture(struct writeback *writeback, const struct display *display, int peer)
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
	kms_set(&request, &display->writeback, "WRITEBACK_FB_ID", writeback->framebuffer.id);
	kms_set(&request, &display->writeback, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&fence);
	status = kms_commit(&request, display->fd, display->path,
			    DRM_MODE_ATOMIC_ALLOW_MODESET, NULL);
	if (!status)
		status = wait_for_fence(display, fence, peer);
	if (fence >= 0)
		close(fence);
	return status;
}

void writeback_free(struct writeback *writeback, const struct display *display)
{
	framebuffer_free(&writeback->framebuffer, display);
	if (writeback->dmabuf >= 0)
		close(writeback->dmabuf);
	writeback->dmabuf = -1;
}
