// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying frames, and counting what is copied.
 */
#include <string.h>

#include "copy.h"
#include "dmabuf.h"

static __u64 copied;

/* Every pixel that this program copies goes through here. */
static void copy_bytes(void *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	copied += bytes;
}

__u64 copied_bytes(void)
{
	return copied;
}

int copier_create(struct copier *copier, const struct display *display,
		  const struct stream *stream)
{
	int status = 0;

	for (unsigned int i = 0; i < COPY_TARGETS && !status; i++)
		status = framebuffer_create(display->fd, display->path, &copier->targets[i],
					    format_by_drm(stream->format),
					    stream->width, stream->height);
	return status;
}

static void copy_rows(const struct framebuffer *to, const struct stream *from,
		      const void *memory)
{
	const struct pixel_format *format = format_by_drm(from->format);
	size_t row = format_row_bytes(format, from->width);
	size_t rows = format_size(format, 1, from->height);
	char *target = to->memory;
	const char *source = memory;

	if (to->stride == from->stride && from->stride == row) {
		copy_bytes(target, source, rows * row);
		return;
	}
	for (size_t i = 0; i < rows; i++)
		copy_bytes(target + i * to->stride, source + i * from->stride, row);
}

int copier_copy(struct copier *copier, const struct stream *stream, int dmabuf,
		const void *memory, __u32 *framebuffer)
{
	const struct framebuffer *target = &copier->targets[copier->next];
	int status;

	copier->next = (copier->next + 1) % COPY_TARGETS;
	status = dmabuf_begin_read(dmabuf);
	if (status)
		return status;
	copy_rows(target, stream, memory);
	*framebuffer = target->id;
	return dmabuf_end_read(dmabuf);
}

void copier_free(struct copier *copier, const struct display *display)
{
	for (unsigned int i = 0; i < COPY_TARGETS; i++)
		framebuffer_free(display->fd, &copier->targets[i]);
}
