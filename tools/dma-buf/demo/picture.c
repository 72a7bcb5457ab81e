// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking at pictures, and writing them.
 */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "picture.h"
#include "status.h"

static __u32 colour(const struct picture *picture, unsigned int x, unsigned int y)
{
	const char *row = (const char *)picture->memory + y * picture->stride;
	__u32 pixel;

	memcpy(&pixel, row + (size_t)x * PIXEL_BYTES, sizeof(pixel));
	/* The fourth byte is nobody's. */
	return pixel & 0xffffff;
}

struct comparison picture_compare(const struct picture *a, const struct picture *b)
{
	struct comparison result = { .pixels = (unsigned long)a->width * a->height };

	for (unsigned int y = 0; y < a->height; y++)
		for (unsigned int x = 0; x < a->width; x++) {
			if (colour(a, x, y) == colour(b, x, y))
				continue;
			if (!result.different++) {
				result.first_x = x;
				result.first_y = y;
			}
		}
	return result;
}

bool picture_is_one_colour(const struct picture *picture)
{
	for (unsigned int y = 0; y < picture->height; y++)
		for (unsigned int x = 0; x < picture->width; x++)
			if (colour(picture, x, y) != colour(picture, 0, 0))
				return false;
	return true;
}

int picture_write(const char *path, const struct picture *picture)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = picture->width,
		.height = picture->height,
		.format = PNG_FORMAT_BGR,
	};
	png_bytep pixels = malloc(PNG_IMAGE_SIZE(image)), to = pixels;
	int status = STATUS_OK;

	if (!pixels)
		return fail_call(path, "malloc");
	for (unsigned int y = 0; y < picture->height; y++)
		for (unsigned int x = 0; x < picture->width; x++, to += 3) {
			__u32 pixel = colour(picture, x, y);

			memcpy(to, &pixel, 3);
		}
	if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL))
		status = fail(STATUS_FAILED, "%s: %s", path, image.message);
	free(pixels);
	return status;
}
