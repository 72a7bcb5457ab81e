/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pixel formats: which V4L2 code and which DRM code mean the same bytes in
 * memory, and how to read a pixel of them.
 *
 * Only formats without alpha are here: a display blends an alpha channel, and
 * what it shows is then not what the camera delivered.
 */
#ifndef DEMO_FORMAT_H
#define DEMO_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* Where one colour is in a pixel that is read as a little-endian number. */
struct channel {
	__u8 shift;
	__u8 bits;
};

struct pixel_format {
	__u32 drm;
	__u32 v4l2;
	unsigned int bytes;		/* of a pixel in the first plane */
	struct channel channels[3];	/* red, green, blue; no bits: YUV */
};

/* A picture in memory that the CPU can read. */
struct view {
	const struct pixel_format *format;
	const __u8 *memory;
	unsigned int width;
	unsigned int height;
	size_t stride;
	size_t chroma;		/* offset of NV12's second plane */
};

/* The table, best first; NULL after the last. */
const struct pixel_format *format_at(unsigned int index);
const struct pixel_format *format_by_drm(__u32 drm);
__u32 format_by_name(const char *name);
void format_list(char *buffer, size_t size);

/* "XR24" of a V4L2 or DRM code. */
struct fourcc_name {
	char text[5];
};

struct fourcc_name fourcc_name(__u32 code);

bool format_is_rgb(const struct pixel_format *format);

/* The bytes that a frame takes, and how many of a row carry pixels. */
size_t format_size(const struct pixel_format *format, size_t stride, unsigned int height);
size_t format_row_bytes(const struct pixel_format *format, unsigned int width);

/* One colour of a pixel in the format's own depth; RGB formats only. */
unsigned int format_channel(const struct view *view, unsigned int x, unsigned int y,
			    unsigned int channel);

/* A pixel as 8-bit red, green and blue, for pictures. */
void format_rgb(const struct view *view, unsigned int x, unsigned int y, __u8 *rgb);

#endif
