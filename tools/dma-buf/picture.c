// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing PNG files.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "picture.h"
#include "status.h"

static int write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "wb");
	size_t written;

	if (!file)
		return fail_call(path, "open");
	written = fwrite(data, 1, size, file);
	/* A full disk may show only when the last of it is written. */
	if (fclose(file) || written != size) {
		int status = fail_call(path, "write");

		unlink(path);
		return status;
	}
	return STATUS_OK;
}

static int encode(const char *path, const struct view *view, png_bytep pixels,
		  void **data, png_alloc_size_t *size)
{
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = view->width,
		.height = view->height,
		.format = PNG_FORMAT_RGB,
	};

	*size = PNG_IMAGE_PNG_SIZE_MAX(image);
	*data = malloc(*size);
	if (!*data)
		return fail_call(path, "malloc");
	if (!png_image_write_to_memory(&image, *data, size, 0, pixels, 0, NULL))
		return fail(STATUS_FAILED, "%s: PNG encoder: %s", path, image.message);
	return STATUS_OK;
}

int picture_write(const char *path, const struct view *view)
{
	png_alloc_size_t size;
	void *data = NULL;
	png_bytep pixels;
	int status;

	pixels = malloc((size_t)view->width * view->height * 3);
	if (!pixels)
		return fail_call(path, "malloc");
	for (unsigned int y = 0; y < view->height; y++)
		for (unsigned int x = 0; x < view->width; x++)
			format_rgb(view, x, y, pixels + ((size_t)y * view->width + x) * 3);
	status = encode(path, view, pixels, &data, &size);
	if (!status)
		status = write_file(path, data, size);
	free(data);
	free(pixels);
	return status;
}
