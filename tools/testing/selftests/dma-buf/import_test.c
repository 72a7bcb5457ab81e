// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer in the hands of other devices: a display (vkms) that imports it as a DRM object, and a
 * video codec (vim2m) that reads a frame out of it. They hold it as any descriptor does.
 */
#include <linux/dma-buf.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "buffer_info.h"
#include "expect_bufinfo.h"
#include "fixture.h"
#include "prime.h"
#include "result.h"

TEST_F(shared, display_holds_the_buffer)
{
	int device = drm_open("vkms"), fd;
	ino_t ino = buffer_ino(self->buf.fd);
	unsigned char *at;
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	at = mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	at[123] = 45;
	ASSERT_EQ(0, munmap(at, self->page));
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &handle));
	buffer_destroy(&self->buf);

	fd = export_handle(device, handle);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(ino, buffer_ino(fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(0, close_handle(device, handle));
	EXPECT_EQ(1, buffer_count(fd));
	at = mmap(NULL, self->page, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(45, at[123]);
	close(fd);
	close(device);
}

TEST_F(shared, one_import_for_all_descriptors)
{
	int device = drm_open("vkms");
	int copy = dup(self->buf.fd);
	__u32 first, second;
	long count;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &first));
	count = buffer_count(self->buf.fd);
	ASSERT_EQ(0, import_handle(device, copy, &second));
	EXPECT_EQ(first, second);
	EXPECT_EQ(count, buffer_count(self->buf.fd));
	close(copy);
	close(device);
}

TEST_F(shared, import_of_what_is_no_buffer)
{
	int device = drm_open("vkms");
	int null = open("/dev/null", O_RDWR);
	int path = open("/proc/self/fd/0", O_PATH);
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	ASSERT_GE(null, 0);
	ASSERT_GE(path, 0);
	EXPECT_EQ(-EINVAL, import_handle(device, null, &handle));
	EXPECT_EQ(-EINVAL, import_handle(device, device, &handle));
	EXPECT_EQ(-EBADF, import_handle(device, path, &handle));
	EXPECT_EQ(-EBADF, import_handle(device, -1, &handle));
	EXPECT_EQ(-EBADF, import_handle(device, 0x7fffffff, &handle));
	close(path);
	close(null);
	close(device);
}

TEST_F(shared, import_through_a_path_descriptor)
{
	int device = drm_open("vkms"), path;
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	path = buffer_open_path(self->buf.fd);
	ASSERT_GE(path, 0);
	EXPECT_EQ(-EBADF, import_handle(device, path, &handle));
	close(path);
	close(device);
}

TEST_F(shared, attached_devices_in_bufinfo)
{
	const char *exporter = variant->exporter->exp_name;
	bool home = variant->exporter == &vgem;
	int display = drm_open("vkms"), render = drm_open("vgem");
	__u32 display_handle, render_handle;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	if (display == -ENODEV || render == -ENODEV)
		SKIP(return, "this kernel lacks vkms or vgem");
	ASSERT_GE(display, 0);
	ASSERT_GE(render, 0);
	ASSERT_EQ(0, import_handle(display, self->buf.fd, &display_handle));
	expect_bufinfo(_metadata, self->buf.fd, exporter, "<none>", "\tvkms\n");
	ASSERT_EQ(0, import_handle(render, self->buf.fd, &render_handle));
	/* The last comes first; what comes home to the driver that made it is not attached. */
	expect_bufinfo(_metadata, self->buf.fd, exporter, "<none>",
		       home ? "\tvkms\n" : "\tvgem\n\tvkms\n");
	ASSERT_EQ(0, close_handle(display, display_handle));
	expect_bufinfo(_metadata, self->buf.fd, exporter, "<none>", home ? "" : "\tvgem\n");
	ASSERT_EQ(0, close_handle(render, render_handle));
	expect_bufinfo(_metadata, self->buf.fd, exporter, "<none>", "");
	close(render);
	close(display);
}

TEST_F(shared, named_while_attached)
{
	int device = drm_open("vkms");
	char link[64];
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &handle));
	EXPECT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "on screen"));
	ASSERT_LT(0, buffer_link(self->buf.fd, link, sizeof(link)));
	EXPECT_STREQ("/dmabuf:on screen", link);
	EXPECT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "off screen"));
	ASSERT_LT(0, buffer_link(self->buf.fd, link, sizeof(link)));
	EXPECT_STREQ("/dmabuf:off screen", link);
	close(device);
}

/* A device that is closed lets go of all that it imported. */
TEST_F(shared, display_closed_with_imports)
{
	int device = drm_open("vkms");
	long count = buffer_count(self->buf.fd);
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &handle));
	EXPECT_LT(count, buffer_count(self->buf.fd));
	close(device);
	EXPECT_EQ(count, buffer_count(self->buf.fd));
}

/* What follows makes a codec copy one frame out of a buffer. */

#define WIDTH	640
#define HEIGHT	360
#define FRAME	(WIDTH * HEIGHT * 2)

static int set_frame_format(int device, enum v4l2_buf_type type)
{
	struct v4l2_format format = {
		.type = type,
		.fmt.pix = {
			.width = WIDTH,
			.height = HEIGHT,
			.pixelformat = V4L2_PIX_FMT_RGB565,
		},
	};

	if (ioctl(device, VIDIOC_S_FMT, &format))
		return -errno;
	return format.fmt.pix.sizeimage == FRAME ? 0 : -EINVAL;
}

static int request_buffer(int device, enum v4l2_buf_type type, enum v4l2_memory memory)
{
	struct v4l2_requestbuffers request = { .count = 1, .type = type, .memory = memory };

	return result(ioctl(device, VIDIOC_REQBUFS, &request));
}

static int queue_shared(int device, int fd, size_t size)
{
	struct v4l2_buffer frame = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = fd,
		.bytesused = FRAME,
		.length = size,
		.field = V4L2_FIELD_NONE,
	};

	return result(ioctl(device, VIDIOC_QBUF, &frame));
}

/* Queues the codec's own buffer for its result, and returns it mapped. */
static void *queue_own(int device)
{
	struct v4l2_buffer frame = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	void *at;

	if (ioctl(device, VIDIOC_QUERYBUF, &frame))
		return MAP_FAILED;
	at = mmap(NULL, frame.length, PROT_READ | PROT_WRITE, MAP_SHARED, device, frame.m.offset);
	if (at == MAP_FAILED)
		return MAP_FAILED;
	return ioctl(device, VIDIOC_QBUF, &frame) ? MAP_FAILED : at;
}

static int take_back(int device, enum v4l2_buf_type type, enum v4l2_memory memory)
{
	struct v4l2_buffer frame = { .type = type, .memory = memory };

	return result(ioctl(device, VIDIOC_DQBUF, &frame));
}

static int stream(int device, unsigned long on_or_off)
{
	int output = V4L2_BUF_TYPE_VIDEO_OUTPUT, capture = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	if (ioctl(device, on_or_off, &output) || ioctl(device, on_or_off, &capture))
		return -errno;
	return 0;
}

/* A picture of no symmetry. */
static void paint(unsigned char *at)
{
	unsigned int i, noise = 1;

	for (i = 0; i < FRAME; i++) {
		noise = noise * 1103515245 + 12345;
		at[i] = noise >> 16;
	}
}

/*
 * The codec gets a descriptor, which is closed as soon as it is queued, with the exporter's device:
 * the frame that it hands out is still the one that was in the buffer.
 */
TEST_F(shared, codec_reads_a_frame)
{
	struct pollfd pfd = { .events = POLLIN };
	struct buffer buf;
	unsigned char *painted, *copied;
	int device = v4l2_open("vim2m", V4L2_CAP_VIDEO_M2M);

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vim2m");
	ASSERT_GE(device, 0);
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, FRAME, O_RDWR, &buf));
	ASSERT_LE(FRAME, buf.size);
	painted = mmap(NULL, FRAME, PROT_READ | PROT_WRITE, MAP_SHARED, buf.fd, 0);
	ASSERT_NE(MAP_FAILED, painted);
	paint(painted);

	ASSERT_EQ(0, set_frame_format(device, V4L2_BUF_TYPE_VIDEO_OUTPUT));
	ASSERT_EQ(0, set_frame_format(device, V4L2_BUF_TYPE_VIDEO_CAPTURE));
	ASSERT_EQ(0, request_buffer(device, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF));
	ASSERT_EQ(0, request_buffer(device, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP));
	copied = queue_own(device);
	ASSERT_NE(MAP_FAILED, copied);
	memset(copied, 0, FRAME);
	ASSERT_EQ(0, queue_shared(device, buf.fd, buf.size));
	buffer_destroy(&buf);

	ASSERT_EQ(0, stream(device, VIDIOC_STREAMON));
	pfd.fd = device;
	ASSERT_EQ(1, poll(&pfd, 1, HANG_GUARD_MS));
	ASSERT_EQ(0, take_back(device, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP));
	EXPECT_EQ(0, memcmp(painted, copied, FRAME));
	ASSERT_EQ(0, stream(device, VIDIOC_STREAMOFF));
	close(device);
}

/* Held by nobody but the codec's queue, the buffer is there; it goes when the queue lets go. */
TEST_F(shared, codec_holds_the_buffer)
{
	int device = v4l2_open("vim2m", V4L2_CAP_VIDEO_M2M);
	struct buffer buf;
	ino_t ino;

	if (!stats_present())
		SKIP(return, "this kernel has no " STATS);
	if (device == -ENODEV)
		SKIP(return, "this kernel has no vim2m");
	ASSERT_GE(device, 0);
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, FRAME, O_RDWR, &buf));
	ino = buffer_ino(buf.fd);
	ASSERT_EQ(0, set_frame_format(device, V4L2_BUF_TYPE_VIDEO_OUTPUT));
	ASSERT_EQ(0, request_buffer(device, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF));
	ASSERT_EQ(0, queue_shared(device, buf.fd, buf.size));
	buffer_destroy(&buf);
	EXPECT_TRUE(stats_has(ino));
	close(device);
	EXPECT_FALSE(stats_has(ino));
}

/* Too small for the frame, and no buffer at all. */
TEST_F(shared, codec_refuses)
{
	int device = v4l2_open("vim2m", V4L2_CAP_VIDEO_M2M);
	long count = buffer_count(self->buf.fd);
	struct buffer buf;
	int err;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vim2m");
	ASSERT_GE(device, 0);
	ASSERT_EQ(0, set_frame_format(device, V4L2_BUF_TYPE_VIDEO_OUTPUT));
	ASSERT_EQ(0, request_buffer(device, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_DMABUF));
	err = buffer_create(&system_heap, self->page, O_RDWR, &buf);
	if (err == -ENODEV)
		SKIP(return, "no system heap to make a small buffer");
	ASSERT_EQ(0, err);
	EXPECT_EQ(-EINVAL, queue_shared(device, buf.fd, 0));
	EXPECT_EQ(1, buffer_count(buf.fd));
	EXPECT_EQ(-EINVAL, queue_shared(device, device, 0));
	EXPECT_EQ(-EINVAL, queue_shared(device, -1, 0));
	EXPECT_EQ(count, buffer_count(self->buf.fd));
	buffer_destroy(&buf);
	close(device);
}

TEST_HARNESS_MAIN
