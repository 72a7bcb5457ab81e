// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pixel formats that a V4L2 camera and a KMS display can have in common.
 *
 * DRM names the channels of a little-endian number from its highest bit down,
 * V4L2 names most of its formats by the bytes in memory, and the two four
 * letter codes agree only now and then: DRM's XR24 is V4L2's XBGR32, whose
 * bytes are B, G, R, X.
 */
#include <stdio.h>
#include <string.h>
#include <linux/videodev2.h>
#include <drm_fourcc.h>

#include "compiler.h"
#include "format.h"

#define RGB888(r, g, b)	{ { r, 8 }, { g, 8 }, { b, 8 } }

static const struct pixel_format formats[] = {
	{ DRM_FORMAT_XRGB8888, V4L2_PIX_FMT_XBGR32, 4, RGB888(16, 8, 0) },
	{ DRM_FORMAT_XRGB8888, V4L2_PIX_FMT_BGR32, 4, RGB888(16, 8, 0) },
	{ DRM_FORMAT_XBGR8888, V4L2_PIX_FMT_RGBX32, 4, RGB888(0, 8, 16) },
	{ DRM_FORMAT_BGRX8888, V4L2_PIX_FMT_XRGB32, 4, RGB888(8, 16, 24) },
	{ DRM_FORMAT_BGRX8888, V4L2_PIX_FMT_RGB32, 4, RGB888(8, 16, 24) },
	{ DRM_FORMAT_RGBX8888, V4L2_PIX_FMT_BGRX32, 4, RGB888(24, 16, 8) },
	{ DRM_FORMAT_RGB888, V4L2_PIX_FMT_BGR24, 3, RGB888(16, 8, 0) },
	{ DRM_FORMAT_BGR888, V4L2_PIX_FMT_RGB24, 3, RGB888(0, 8, 16) },
	{ DRM_FORMAT_RGB565, V4L2_PIX_FMT_RGB565, 2, { { 11, 5 }, { 5, 6 }, { 0, 5 } } },
	{ .drm = DRM_FORMAT_YUYV, .v4l2 = V4L2_PIX_FMT_YUYV, .bytes = 2 },
	{ .drm = DRM_FORMAT_UYVY, .v4l2 = V4L2_PIX_FMT_UYVY, .bytes = 2 },
	{ .drm = DRM_FORMAT_NV12, .v4l2 = V4L2_PIX_FMT_NV12, .bytes = 1 },
};

const struct pixel_format *format_at(unsigned int index)
{
	return index < ARRAY_SIZE(formats) ? &formats[index] : NULL;
}

const struct pixel_format *format_by_drm(__u32 drm)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].drm == drm)
			return &formats[i];
	return NULL;
}

struct fourcc_name fourcc_name(__u32 code)
{
	struct fourcc_name name = { "" };
	int last = 3;

	for (int i = 0; i < 4; i++) {
		char letter = code >> (8 * i) & 0x7f;

		name.text[i] = letter >= ' ' && letter < 0x7f ? letter : '?';
	}
	/* Short codes such as V4L2's "Y10 " are filled up with blanks. */
	while (last > 0 && name.text[last] == ' ')
		name.text[last--] = '\0';
	return name;
}

__u32 format_by_name(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(fourcc_name(formats[i].drm).text, name))
			return formats[i].drm;
	return 0;
}

void format_list(char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(formats) && used < size; i++) {
		if (format_by_drm(formats[i].drm) != &formats[i])
			continue;
		used += snprintf(buffer + used, size - used, "%s%s", used ? " " : "",
				 fourcc_name(formats[i].drm).text);
	}
}

bool format_is_rgb(const struct pixel_format *format)
{
	return format->channels[0].bits;
}

size_t format_size(const struct pixel_format *format, size_t stride, unsigned int height)
{
	size_t size = stride * height;

	/* NV12: half as many rows of interleaved chroma follow. */
	if (format->drm == DRM_FORMAT_NV12)
		size += stride * ((height + 1) / 2);
	return size;
}

size_t format_row_bytes(const struct pixel_format *format, unsigned int width)
{
	/* Chroma is shared by two pixels: an odd last one still has both. */
	if (!format_is_rgb(format))
		width = (width + 1) & ~1u;
	return (size_t)width * format->bytes;
}

unsigned int format_channel(const struct view *view, unsigned int x, unsigned int y,
			    unsigned int channel)
{
	const struct pixel_format *format = view->format;
	const __u8 *pixel = view->memory + y * view->stride + (size_t)x * format->bytes;
	const struct channel *place = &format->channels[channel];
	__u32 value = 0;

	for (unsigned int i = 0; i < format->bytes; i++)
		value |= (__u32)pixel[i] << (8 * i);
	return value >> place->shift & ((1u << place->bits) - 1);
}

static __u8 clamp_byte(int value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* BT.601, limited range, in units of 1/256. */
static void yuv_to_rgb(int luma, int blue, int red, __u8 *rgb)
{
	int base = 298 * (luma - 16) + 128;

	blue -= 128;
	red -= 128;
	rgb[0] = clamp_byte((base + 409 * red) / 256);
	rgb[1] = clamp_byte((base - 100 * blue - 208 * red) / 256);
	rgb[2] = clamp_byte((base + 516 * blue) / 256);
}

static void read_yuv(const struct view *view, unsigned int x, unsigned int y, __u8 *rgb)
{
	const __u8 *row = view->memory + y * view->stride;
	const __u8 *pair = row + (x & ~1u) * 2;

	switch (view->format->drm) {
	case DRM_FORMAT_YUYV:
		yuv_to_rgb(row[2 * x], pair[1], pair[3], rgb);
		break;
	case DRM_FORMAT_UYVY:
		yuv_to_rgb(row[2 * x + 1], pair[0], pair[2], rgb);
		break;
	default:
		pair = view->memory + view->chroma + y / 2 * view->stride + (x & ~1u);
		yuv_to_rgb(row[x], pair[0], pair[1], rgb);
		break;
	}
}

void format_rgb(const struct view *view, unsigned int x, unsigned int y, __u8 *rgb)
{
	if (!format_is_rgb(view->format)) {
		read_yuv(view, x, y, rgb);
		return;
	}
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int top = (1u << view->format->channels[i].bits) - 1;

		rgb[i] = (format_channel(view, x, y, i) * 255 + top / 2) / top;
	}
}
