// SPDX-License-Identifier: GPL-2.0-only
/*
 * A V4L2 camera: found, set up; its buffers allocated by its driver, exported,
 * filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/videodev2.h>

#include "camera.h"
#include "device.h"
#include "dmabuf.h"
#include "status.h"

#define FRAMES_PER_SECOND 30

/* V4L2 names bytes as they lie in memory, and has two names for XR24. 0: neither. */
static __u32 find_xr24(int fd)
{
	struct v4l2_fmtdesc format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	for (; !ioctl(fd, VIDIOC_ENUM_FMT, &format); format.index++)
		if (format.pixelformat == V4L2_PIX_FMT_XBGR32 ||
		    format.pixelformat == V4L2_PIX_FMT_BGR32)
			return format.pixelformat;
	return 0;
}

/* Returns why @path is no camera for us, or NULL. */
static const char *try_camera(void *device, const char *path)
{
	struct v4l2_capability ability = { };
	struct camera *camera = device;
	__u32 able;

	*camera = (struct camera) { .fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) };
	if (camera->fd < 0)
		return strerror(errno);
	snprintf(camera->path, sizeof(camera->path), "%s", path);
	for (unsigned int i = 0; i < BUFFERS; i++)
		camera->buffers[i].dmabuf = -1;

	if (ioctl(camera->fd, VIDIOC_QUERYCAP, &ability))
		return "not a V4L2 device";
	snprintf(camera->name, sizeof(camera->name), "%s", (const char *)ability.card);
	able = ability.capabilities & V4L2_CAP_DEVICE_CAPS ?
		ability.device_caps : ability.capabilities;
	if (!(able & V4L2_CAP_VIDEO_CAPTURE))
		return "does not capture video";
	if (!(able & V4L2_CAP_STREAMING))
		return "does not stream";
	camera->format = find_xr24(camera->fd);
	return camera->format ? NULL : "does not deliver XR24";
}

int camera_open(struct camera *camera, const char *path)
{
	static const struct device_kind kind = { "camera", "/dev/video", try_camera };

	camera->fd = -1;
	return device_open(&kind, camera, &camera->fd, path);
}

int camera_set_size(struct camera *camera, unsigned int width, unsigned int height)
{
	struct v4l2_streamparm rate = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.parm.capture.timeperframe = { 1, FRAMES_PER_SECOND },
	};
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.fmt.pix = {
			.width = width,
			.height = height,
			.pixelformat = camera->format,
			.field = V4L2_FIELD_NONE,
		},
	};

	if (ioctl(camera->fd, VIDIOC_S_FMT, &format))
		return fail_call(camera->path, "VIDIOC_S_FMT");
	if (format.fmt.pix.width != width || format.fmt.pix.height != height ||
	    format.fmt.pix.pixelformat != camera->format ||
	    format.fmt.pix.field != V4L2_FIELD_NONE)
		return fail(STATUS_NO_DEVICE,
			    "%s: has no whole frames of %ux%u, as the display shows",
			    camera->path, width, height);
	camera->width = width;
	camera->height = height;
	camera->stride = format.fmt.pix.bytesperline;
	/* A camera that cannot change its rate keeps the one it has. */
	ioctl(camera->fd, VIDIOC_S_PARM, &rate);
	return STATUS_OK;
}

static struct v4l2_buffer request(unsigned int index)
{
	return (struct v4l2_buffer) {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
}

static int map_buffer(struct camera *camera, unsigned int index)
{
	struct v4l2_buffer buffer = request(index);
	void *memory;

	if (ioctl(camera->fd, VIDIOC_QUERYBUF, &buffer))
		return fail_call(camera->path, "VIDIOC_QUERYBUF");
	if (buffer.length < camera->stride * camera->height)
		return fail(STATUS_FAILED, "%s: buffer %u has %u bytes, a frame needs %u",
			    camera->path, index, buffer.length, camera->stride * camera->height);
	memory = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, camera->fd, buffer.m.offset);
	if (memory == MAP_FAILED)
		return fail_call(camera->path, "mmap of a buffer");
	camera->buffers[index].memory = memory;
	camera->buffers[index].length = buffer.length;
	return STATUS_OK;
}

static int export_buffer(struct camera *camera, unsigned int index)
{
	/* Read-only: nobody but the camera has anything to write there. */
	struct v4l2_exportbuffer export = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.index = index,
		.flags = O_RDONLY | O_CLOEXEC,
	};
	char name[32];

	if (ioctl(camera->fd, VIDIOC_EXPBUF, &export))
		return fail_call(camera->path, "VIDIOC_EXPBUF");
	camera->buffers[index].dmabuf = export.fd;
	snprintf(name, sizeof(name), "camera-%u", index);
	return dmabuf_set_name(export.fd, name);
}

int camera_allocate(struct camera *camera)
{
	struct v4l2_requestbuffers all = {
		.count = BUFFERS,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	int status = STATUS_OK;

	if (ioctl(camera->fd, VIDIOC_REQBUFS, &all))
		return fail_call(camera->path, "VIDIOC_REQBUFS");
	if (all.count != BUFFERS)
		return fail(STATUS_FAILED, "%s: VIDIOC_REQBUFS gave %u buffers, not %u",
			    camera->path, all.count, BUFFERS);
	for (unsigned int i = 0; i < BUFFERS && !status; i++) {
		status = map_buffer(camera, i);
		if (!status)
			status = export_buffer(camera, i);
	}
	return status;
}

int camera_queue(struct camera *camera, unsigned int index)
{
	struct v4l2_buffer buffer = request(index);

	if (ioctl(camera->fd, VIDIOC_QBUF, &buffer))
		return fail_call(camera->path, "VIDIOC_QBUF");
	return STATUS_OK;
}

int camera_start(struct camera *camera)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, status = STATUS_OK;

	for (unsigned int i = 0; i < BUFFERS && !status; i++)
		status = camera_queue(camera, i);
	if (!status && ioctl(camera->fd, VIDIOC_STREAMON, &type))
		status = fail_call(camera->path, "VIDIOC_STREAMON");
	return status;
}

int camera_dequeue(struct camera *camera, int *index)
{
	struct v4l2_buffer buffer = request(0);

	*index = -1;
	if (ioctl(camera->fd, VIDIOC_DQBUF, &buffer))
		return errno == EAGAIN || errno == EINTR ? STATUS_OK :
			fail_call(camera->path, "VIDIOC_DQBUF");
	if (camera->counting)
		camera->missed += buffer.sequence - camera->next_sequence;
	camera->counting = true;
	camera->next_sequence = buffer.sequence + 1;
	if (buffer.flags & V4L2_BUF_FLAG_ERROR) {
		camera->missed++;
		return camera_queue(camera, buffer.index);
	}
	*index = buffer.index;
	return STATUS_OK;
}

struct picture camera_picture(const struct camera *camera, unsigned int index)
{
	return (struct picture) {
		.memory = camera->buffers[index].memory,
		.width = camera->width,
		.height = camera->height,
		.stride = camera->stride,
	};
}

void camera_close(struct camera *camera)
{
	if (camera->fd < 0)
		return;
	for (unsigned int i = 0; i < BUFFERS; i++) {
		if (camera->buffers[i].dmabuf >= 0)
			close(camera->buffers[i].dmabuf);
		if (camera->buffers[i].memory)
			munmap(camera->buffers[i].memory, camera->buffers[i].length);
	}
	close(camera->fd);
	camera->fd = -1;
}
