// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffers of a V4L2 camera: allocated by its driver, exported, filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/videodev2.h>

#include "camera.h"
#include "dmabuf.h"
#include "status.h"

/* A buffer of either dialect of V4L2. */
struct request {
	struct v4l2_buffer buffer;
	struct v4l2_plane plane;
};

static void prepare(const struct camera *camera, struct request *request, unsigned int index)
{
	*request = (struct request) {
		.buffer = {
			.index = index,
			.type = camera->type,
			.memory = V4L2_MEMORY_MMAP,
		},
	};
	if (camera->planar) {
		request->buffer.m.planes = &request->plane;
		request->buffer.length = 1;
	}
}

static int map_buffer(struct camera *camera, unsigned int index)
{
	struct camera_buffer *buffer = &camera->buffers[index];
	struct request request;
	off_t offset;
	void *memory;

	prepare(camera, &request, index);
	if (ioctl(camera->fd, VIDIOC_QUERYBUF, &request.buffer))
		return fail_call(camera->path, "VIDIOC_QUERYBUF");
	buffer->length = camera->planar ? request.plane.length : request.buffer.length;
	offset = camera->planar ? request.plane.m.mem_offset : request.buffer.m.offset;
	if (buffer->length < camera->stream.size)
		return fail(STATUS_FAILED, "%s: buffer %u has %zu bytes, a frame needs %u",
			    camera->path, index, buffer->length, camera->stream.size);
	memory = mmap(NULL, buffer->length, PROT_READ, MAP_SHARED, camera->fd, offset);
	if (memory == MAP_FAILED)
		return fail_call(camera->path, "mmap of a buffer");
	buffer->memory = memory;
	return STATUS_OK;
}

static int export_buffer(struct camera *camera, unsigned int index)
{
	/* Read-only: nobody but the camera has anything to write there. */
	struct v4l2_exportbuffer request = {
		.type = camera->type,
		.index = index,
		.flags = O_RDONLY | O_CLOEXEC,
	};
	char name[32];

	if (ioctl(camera->fd, VIDIOC_EXPBUF, &request))
		return fail_call(camera->path, "VIDIOC_EXPBUF");
	camera->buffers[index].dmabuf = request.fd;
	snprintf(name, sizeof(name), "camera-%u", index);
	return dmabuf_set_name(request.fd, name);
}

int camera_allocate(struct camera *camera, unsigned int count)
{
	struct v4l2_requestbuffers request = {
		.count = count,
		.type = camera->type,
		.memory = V4L2_MEMORY_MMAP,
	};
	int status = STATUS_OK;

	if (ioctl(camera->fd, VIDIOC_REQBUFS, &request))
		return fail_call(camera->path, "VIDIOC_REQBUFS");
	if (request.count < MIN_BUFFERS || request.count > MAX_BUFFERS)
		return fail(STATUS_FAILED, "%s: VIDIOC_REQBUFS gave %u buffers, not %u",
			    camera->path, request.count, count);
	camera->stream.buffer_count = request.count;
	for (unsigned int i = 0; i < request.count && !status; i++) {
		status = map_buffer(camera, i);
		if (!status)
			status = export_buffer(camera, i);
	}
	return status;
}

int camera_queue(struct camera *camera, unsigned int index)
{
	struct request request;

	prepare(camera, &request, index);
	if (ioctl(camera->fd, VIDIOC_QBUF, &request.buffer))
		return fail_call(camera->path, "VIDIOC_QBUF");
	camera->buffers[index].queued = true;
	return STATUS_OK;
}

int camera_start(struct camera *camera)
{
	int type = camera->type, status = STATUS_OK;

	for (unsigned int i = 0; i < camera->stream.buffer_count && !status; i++)
		status = camera_queue(camera, i);
	if (status)
		return status;
	if (ioctl(camera->fd, VIDIOC_STREAMON, &type))
		return fail_call(camera->path, "VIDIOC_STREAMON");
	camera->streaming = true;
	return STATUS_OK;
}

int camera_dequeue(struct camera *camera, int *index)
{
	struct request request;

	*index = -1;
	prepare(camera, &request, 0);
	if (ioctl(camera->fd, VIDIOC_DQBUF, &request.buffer))
		return errno == EAGAIN || errno == EINTR ? STATUS_OK :
			fail_call(camera->path, "VIDIOC_DQBUF");
	if (request.buffer.index >= camera->stream.buffer_count)
		return fail(STATUS_FAILED, "%s: VIDIOC_DQBUF gave buffer %u of %u", camera->path,
			    request.buffer.index, camera->stream.buffer_count);
	camera->buffers[request.buffer.index].queued = false;
	if (camera->planar && request.plane.data_offset)
		return fail(STATUS_FAILED, "%s: puts %u bytes before its frames",
			    camera->path, request.plane.data_offset);

	if (camera->counting)
		camera->missed += request.buffer.sequence - camera->next_sequence;
	camera->counting = true;
	camera->next_sequence = request.buffer.sequence + 1;
	if (request.buffer.flags & V4L2_BUF_FLAG_ERROR) {
		camera->missed++;
		return camera_queue(camera, request.buffer.index);
	}
	*index = request.buffer.index;
	return STATUS_OK;
}

struct view camera_view(const struct camera *camera, unsigned int index)
{
	return (struct view) {
		.format = camera->format,
		.memory = camera->buffers[index].memory,
		.width = camera->stream.width,
		.height = camera->stream.height,
		.stride = camera->stream.stride,
		.chroma = camera->stream.chroma,
	};
}

void camera_close(struct camera *camera)
{
	int type = camera->type;

	if (camera->fd < 0)
		return;
	if (camera->streaming)
		ioctl(camera->fd, VIDIOC_STREAMOFF, &type);
	for (unsigned int i = 0; i < MAX_BUFFERS; i++) {
		if (camera->buffers[i].dmabuf >= 0)
			close(camera->buffers[i].dmabuf);
		if (camera->buffers[i].memory)
			munmap(camera->buffers[i].memory, camera->buffers[i].length);
	}
	close(camera->fd);
	*camera = (struct camera) { .fd = -1 };
}
