/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures in memory: XR24, that is DRM_FORMAT_XRGB8888, four bytes a pixel in
 * the order blue, green, red, nothing. Most displays have it, and no alpha that
 * would be blended and make of a frame what the camera did not deliver.
 */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#define PIXEL_BYTES 4

struct picture {
	const void *memory;
	unsigned int width;
	unsigned int height;
	size_t stride;		/* bytes from one row to the next */
};

struct comparison {
	unsigned long pixels;
	unsigned long different;
	unsigned int first_x;	/* where the first difference is */
	unsigned int first_y;
};

/* Two pictures of one size, pixel by pixel. */
struct comparison picture_compare(const struct picture *a, const struct picture *b);

/* A picture of only one colour says nothing: any wrong buffer could show it. */
bool picture_is_one_colour(const struct picture *picture);

/* Write it as a PNG. */
int picture_write(const char *path, const struct picture *picture);

#endif
