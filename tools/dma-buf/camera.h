/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A V4L2 camera whose buffers can be shared.
 */
#ifndef DEMO_CAMERA_H
#define DEMO_CAMERA_H

#include <stdbool.h>
#include <linux/types.h>

#include "format.h"
#include "options.h"
#include "protocol.h"

struct camera_buffer {
	void *memory;
	size_t length;
	int dmabuf;
	bool queued;	/* the camera has it, and may write it at any time */
};

struct camera {
	int fd;
	char path[64];
	char name[64];
	bool planar;	/* speaks the multi-planar dialect of V4L2 */
	__u32 type;	/* V4L2_BUF_TYPE_* of its queue */
	const struct pixel_format *format;
	struct stream stream;
	struct camera_buffer buffers[MAX_BUFFERS];
	bool streaming;
	bool counting;		/* a first frame has come: */
	__u32 next_sequence;	/* what the next is numbered if none is missed */
	unsigned int missed;	/* frames that found no free buffer, or were broken */
};

/* Open camera @path, or the first that captures when that is NULL. */
int camera_open(struct camera *camera, const char *path);
void camera_close(struct camera *camera);

/* Agree on a format and a size that the display can show. */
int camera_negotiate(struct camera *camera, const struct options *options,
		     const struct offer *offer);

/* Allocate the buffers, map each for the CPU and export each as a dma-buf. */
int camera_allocate(struct camera *camera, unsigned int count);

int camera_start(struct camera *camera);
int camera_queue(struct camera *camera, unsigned int index);

/* Take the next full buffer; *index is -1 when there is none after all. */
int camera_dequeue(struct camera *camera, int *index);

/* The camera's own mapping of a buffer. */
struct view camera_view(const struct camera *camera, unsigned int index);

#endif
