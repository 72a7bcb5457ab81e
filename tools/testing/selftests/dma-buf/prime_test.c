// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM devices that exchange buffers (PRIME), each in a process of its own: from a renderer (vgem)
 * to a display (vkms), back, and from either to itself. And the fences of that renderer.
 */
#include <drm/drm.h>
#include <drm/vgem_drm.h>
#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buffer_info.h"
#include "exporters.h"
#include "fences.h"
#include "harness.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"

FIXTURE(prime)
{
	int device;
	__u32 handle;
	int buffer;
	unsigned char *at;
};

FIXTURE_VARIANT(prime)
{
	const char *from, *to;
};

FIXTURE_VARIANT_ADD(prime, vgem_to_vkms) { .from = "vgem", .to = "vkms" };
FIXTURE_VARIANT_ADD(prime, vkms_to_vgem) { .from = "vkms", .to = "vgem" };
FIXTURE_VARIANT_ADD(prime, vgem_to_vgem) { .from = "vgem", .to = "vgem" };
FIXTURE_VARIANT_ADD(prime, vkms_to_vkms) { .from = "vkms", .to = "vkms" };

static unsigned char *map(int buffer)
{
	return mmap(NULL, page_align(1), PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
}

FIXTURE_SETUP(prime)
{
	int to = drm_open(variant->to);

	self->device = drm_open(variant->from);
	if (self->device == -ENODEV || to == -ENODEV)
		SKIP(return, "this kernel lacks one of the two");
	close(to);
	ASSERT_GE(self->device, 0);
	ASSERT_EQ(0, create_handle(self->device, page_align(1), &self->handle));
	self->buffer = export_handle(self->device, self->handle);
	ASSERT_GE(self->buffer, 0);
	self->at = map(self->buffer);
	ASSERT_NE(MAP_FAILED, self->at);
}

FIXTURE_TEARDOWN(prime)
{
	munmap(self->at, page_align(1));
	close(self->buffer);
	close(self->device);
}

/* Takes a buffer, makes it an object of the device, and that a buffer again, which it gives. */
static int pass_through(int socket, const char *driver)
{
	int device = drm_open(driver), buffer = receive_fd(socket);
	unsigned char *at;
	__u32 handle;

	if (device < 0 || buffer < 0 || import_handle(device, buffer, &handle))
		return 1;
	close(buffer);
	buffer = export_handle(device, handle);
	at = map(buffer);
	if (at == MAP_FAILED || at[0] != 45)
		return 2;
	at[1] = 46;
	return send_fd(socket, buffer) ? 3 : 0;
}

TEST_F(prime, goes_and_comes_back)
{
	int sockets[2], back;
	__u32 again;
	pid_t pid;

	self->at[0] = 45;
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(pass_through(sockets[1], variant->to));
	close(sockets[1]);
	ASSERT_EQ(0, send_fd(sockets[0], self->buffer));
	back = receive_fd(sockets[0]);
	EXPECT_EQ(0, process_end(pid));
	ASSERT_GE(back, 0);
	EXPECT_EQ(buffer_ino(self->buffer), buffer_ino(back));
	EXPECT_EQ(46, self->at[1]);
	/* It is known again, and is not imported. */
	ASSERT_EQ(0, import_handle(self->device, back, &again));
	EXPECT_EQ(self->handle, again);
	close(back);
	close(sockets[0]);
}

/* What a job of a renderer leaves in its buffer, all see that share it. */
TEST(fences_of_a_renderer)
{
	struct drm_vgem_fence_attach job = { .flags = VGEM_FENCE_WRITE };
	struct drm_vgem_fence_signal done = { 0 };
	struct pollfd pfd = { .events = POLLIN };
	int device = drm_open("vgem"), file;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, create_handle(device, page_align(1), &job.handle));
	pfd.fd = export_handle(device, job.handle);
	ASSERT_GE(pfd.fd, 0);
	ASSERT_EQ(0, ioctl(device, DRM_IOCTL_VGEM_FENCE_ATTACH, &job));
	file = fence_export(pfd.fd, DMA_BUF_SYNC_READ);
	ASSERT_GE(file, 0);
	EXPECT_EQ(0, fence_status(file));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	done.fence = job.out_fence;
	ASSERT_EQ(0, ioctl(device, DRM_IOCTL_VGEM_FENCE_SIGNAL, &done));
	EXPECT_EQ(1, poll(&pfd, 1, HANG_GUARD_MS));
	EXPECT_EQ(1, fence_status(file));
	close(file);
	close(pfd.fd);
	close(device);
}

TEST_HARNESS_MAIN
