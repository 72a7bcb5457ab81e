/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A V4L2 camera whose buffers can be shared.
 */
#ifndef DEMO_CAMERA_H
#define DEMO_CAMERA_H

#include <stdbool.h>
#include <linux/types.h>

#include "picture.h"
#include "protocol.h"

struct camera {
	int fd;
	char path[64];
	char name[64];
	__u32 format;		/* V4L2's name of XR24 */
	unsigned int width;
	unsigned int height;
	unsigned int stride;
	struct {
		void *memory;
		size_t length;
		int dmabuf;
	} buffers[BUFFERS];
	bool counting;		/* a first frame has come: */
	__u32 next_sequence;	/* what the next is numbered if none is missed */
	unsigned int missed;	/* frames that found no free buffer, or were broken */
};

/* Open camera @path, or the first that delivers XR24 when that is NULL. */
int camera_open(struct camera *camera, const char *path);

/* Ends the stream, if there is one. */
void camera_close(struct camera *camera);

/* Ask for frames of that size, and accept no other. */
int camera_set_size(struct camera *camera, unsigned int width, unsigned int height);

/* Allocate the buffers, map each for the CPU and export each as a dma-buf. */
int camera_allocate(struct camera *camera);

int camera_start(struct camera *camera);
int camera_queue(struct camera *camera, unsigned int index);

/* Take the next full buffer; *index is -1 when there is none after all. */
int camera_dequeue(struct camera *camera, int *index);

/* The camera's own mapping of a buffer. */
struct picture camera_picture(const struct camera *camera, unsigned int index);

#endif
