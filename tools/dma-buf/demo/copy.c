// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying frames, and counting what is copied.
 */
#include <string.h>

#include "copy.h"
#include "dmabuf.h"
#include "picture.h"
#include "status.h"

static __u64 copied;

/* Every pixel that this program copies goes through here. */
static void copy_bytes(char *to, const char *from, size_t bytes)
{
	memcpy(to, from, bytes);
	copied += bytes;
}

__u64 copied_bytes(void)
{
	return copied;
}

int copier_create(struct copier *copier, const struct display *display)
{
	int status = STATUS_OK;

	for (unsigned int i = 0; i < COPY_TARGETS && !status; i++)
		status = framebuffer_create(&copier->targets[i], display);
	return status;
}

int copier_copy(struct copier *copier, const struct display *display, int dmabuf,
		const void *memory, __u32 stride, __u32 *framebuffer)
{
	const struct framebuffer *target = &copier->targets[copier->next];
	size_t row = (size_t)display->mode.hdisplay * PIXEL_BYTES;
	int status;

	copier->next = (copier->next + 1) % COPY_TARGETS;
	*framebuffer = target->id;
	status = dmabuf_begin_read(dmabuf);
	if (status)
		return status;
	if (stride == row && target->stride == row)
		copy_bytes(target->memory, memory, row * display->mode.vdisplay);
	else
		for (size_t y = 0; y < display->mode.vdisplay; y++)
			copy_bytes((char *)target->memory + y * target->stride,
				   (const char *)memory + y * stride, row);
	return dmabuf_end_read(dmabuf);
}

void copier_free(struct copier *copier, const struct display *display)
{
	for (unsigned int i = 0; i < COPY_TARGETS; i++)
		framebuffer_free(&copier->targets[i], display);
}
