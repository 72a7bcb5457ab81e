// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a camera, and agreeing with it on a format.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/videodev2.h>

#include "camera.h"
#include "device.h"
#include "status.h"

/* The functions below return why a node is no camera, or NULL. */

static const char *check_abilities(struct camera *camera)
{
	struct v4l2_capability ability = { };
	__u32 able;

	if (ioctl(camera->fd, VIDIOC_QUERYCAP, &ability))
		return "not a V4L2 device";
	snprintf(camera->name, sizeof(camera->name), "%s", (const char *)ability.card);
	able = ability.capabilities & V4L2_CAP_DEVICE_CAPS ?
		ability.device_caps : ability.capabilities;
	if (!(able & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)))
		return "does not capture video";
	if (!(able & V4L2_CAP_STREAMING))
		return "does not stream";
	camera->planar = !(able & V4L2_CAP_VIDEO_CAPTURE);
	camera->type = camera->planar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
		V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return NULL;
}

static const char *try_camera(void *device, const char *path)
{
	struct camera *camera = device;
	const char *why;

	*camera = (struct camera) { .fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) };
	if (camera->fd < 0)
		return strerror(errno);
	snprintf(camera->path, sizeof(camera->path), "%s", path);
	for (unsigned int i = 0; i < MAX_BUFFERS; i++)
		camera->buffers[i].dmabuf = -1;
	why = check_abilities(camera);
	if (why) {
		close(camera->fd);
		camera->fd = -1;
	}
	return why;
}

int camera_open(struct camera *camera, const char *path)
{
	static const struct device_kind kind = { "camera", "/dev/video", try_camera };

	return device_open(&kind, camera, path);
}

static bool is_offered(const struct offer *offer, __u32 format)
{
	for (__u32 i = 0; i < offer->format_count && i < MAX_OFFERED_FORMATS; i++)
		if (offer->formats[i] == format)
			return true;
	return false;
}

static bool delivers(const struct camera *camera, __u32 v4l2)
{
	struct v4l2_fmtdesc description = { .type = camera->type };

	while (!ioctl(camera->fd, VIDIOC_ENUM_FMT, &description)) {
		if (description.pixelformat == v4l2)
			return true;
		description.index++;
	}
	return false;
}

static void list_delivered(const struct camera *camera, char *buffer, size_t size)
{
	struct v4l2_fmtdesc description = { .type = camera->type };
	size_t used = 0;

	buffer[0] = '\0';
	while (!ioctl(camera->fd, VIDIOC_ENUM_FMT, &description) && used < size) {
		used += snprintf(buffer + used, size - used, " %s",
				 fourcc_name(description.pixelformat).text);
		description.index++;
	}
}

static void list_offered(const struct offer *offer, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (__u32 i = 0; i < offer->format_count && i < MAX_OFFERED_FORMATS && used < size; i++)
		used += snprintf(buffer + used, size - used, " %s",
				 fourcc_name(offer->formats[i]).text);
}

static int choose_format(struct camera *camera, __u32 wanted, const struct offer *offer)
{
	const struct pixel_format *format;
	char delivered[384], offered[128];

	for (unsigned int i = 0; (format = format_at(i)); i++) {
		if ((wanted && format->drm != wanted) || !is_offered(offer, format->drm) ||
		    !delivers(camera, format->v4l2))
			continue;
		camera->format = format;
		return STATUS_OK;
	}
	list_offered(offer, offered, sizeof(offered));
	if (wanted && !is_offered(offer, wanted))
		return fail(STATUS_NO_DEVICE, "%s: the display does not show %s, only%s",
			    camera->path, fourcc_name(wanted).text, offered);
	list_delivered(camera, delivered, sizeof(delivered));
	return fail(STATUS_NO_DEVICE, "%s: delivers no %s; it has%s (V4L2's names)",
		    camera->path, wanted ? fourcc_name(wanted).text :
		    "format that the display shows", delivered);
}

static void fill_format(const struct camera *camera, struct v4l2_format *format,
			unsigned int width, unsigned int height)
{
	*format = (struct v4l2_format) { .type = camera->type };
	if (camera->planar) {
		format->fmt.pix_mp.pixelformat = camera->format->v4l2;
		format->fmt.pix_mp.width = width;
		format->fmt.pix_mp.height = height;
		format->fmt.pix_mp.field = V4L2_FIELD_NONE;
		format->fmt.pix_mp.num_planes = 1;
	} else {
		format->fmt.pix.pixelformat = camera->format->v4l2;
		format->fmt.pix.width = width;
		format->fmt.pix.height = height;
		format->fmt.pix.field = V4L2_FIELD_NONE;
	}
}

/* What the driver made of the wish: 0 when that is no frame we can share. */
static __u32 read_format(struct camera *camera, const struct v4l2_format *format)
{
	const struct v4l2_pix_format_mplane *planar = &format->fmt.pix_mp;
	const struct v4l2_pix_format *pix = &format->fmt.pix;
	struct stream *stream = &camera->stream;
	__u32 field;

	stream->format = camera->format->drm;
	if (camera->planar) {
		stream->width = planar->width;
		stream->height = planar->height;
		stream->stride = planar->plane_fmt[0].bytesperline;
		field = planar->num_planes == 1 ? planar->field : V4L2_FIELD_INTERLACED;
	} else {
		stream->width = pix->width;
		stream->height = pix->height;
		stream->stride = pix->bytesperline;
		field = pix->field;
	}
	stream->size = format_size(camera->format, stream->stride, stream->height);
	stream->chroma = stream->size == stream->stride * stream->height ? 0 :
		stream->stride * stream->height;
	if (field != V4L2_FIELD_NONE ||
	    (camera->planar ? planar->pixelformat : pix->pixelformat) != camera->format->v4l2)
		return 0;
	return camera->format->v4l2;
}

/* A camera that cannot change its rate keeps the one it has. */
static void ask_for_rate(const struct camera *camera, unsigned int rate)
{
	struct v4l2_streamparm parameters = {
		.type = camera->type,
		.parm.capture.timeperframe = { 1, rate },
	};

	ioctl(camera->fd, VIDIOC_S_PARM, &parameters);
}

int camera_negotiate(struct camera *camera, const struct options *options,
		     const struct offer *offer)
{
	struct stream *stream = &camera->stream;
	struct v4l2_format format;
	int status;

	status = choose_format(camera, options->format, offer);
	if (status)
		return status;
	fill_format(camera, &format, options->width, options->height);
	if (ioctl(camera->fd, VIDIOC_S_FMT, &format))
		return fail_call(camera->path, "VIDIOC_S_FMT");
	if (!read_format(camera, &format))
		return fail(STATUS_NO_DEVICE, "%s: delivers no whole frames of %s in one buffer",
			    camera->path, fourcc_name(camera->format->v4l2).text);
	if (options->size_given &&
	    (stream->width != options->width || stream->height != options->height))
		return fail(STATUS_NO_DEVICE, "%s: has no frames of %ux%u; the nearest is %ux%u",
			    camera->path, options->width, options->height,
			    stream->width, stream->height);
	if (stream->width > offer->max_width || stream->height > offer->max_height)
		return fail(STATUS_NO_DEVICE,
			    "%s: its frames of %ux%u are larger than the display's %ux%u",
			    camera->path, stream->width, stream->height,
			    offer->max_width, offer->max_height);
	ask_for_rate(camera, options->rate);
	return STATUS_OK;
}
