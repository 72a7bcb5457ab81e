/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the camera application and the compositor say to each other, over a
 * Unix socket that keeps message boundaries:
 *
 *	compositor	camera
 *	  OFFER ----------->	the formats and the size that it can show
 *	  <---------- STREAM	format, size and number of the buffers
 *	  <---------- BUFFER	each with its file descriptor
 *	  <----------- FRAME	buffer N is full           } as often as
 *	  RELEASE --------->	buffer N is yours again    } there are frames
 *	  CAPTURE --------->	what the screen shows, with its descriptor
 *	  <-------- COMPARED	it is the camera's own picture
 *	  END ------------->	every buffer has come back
 *
 * Either side may end at any time. The other sees the end of the file, and
 * the kernel gives back what the buffers and descriptors held.
 */
#ifndef DEMO_PROTOCOL_H
#define DEMO_PROTOCOL_H

#include <stdbool.h>
#include <linux/types.h>

#define MAX_OFFERED_FORMATS 16

enum message_type {
	MESSAGE_OFFER = 1,
	MESSAGE_STREAM,
	MESSAGE_BUFFER,
	MESSAGE_FRAME,
	MESSAGE_RELEASE,
	MESSAGE_CAPTURE,
	MESSAGE_COMPARED,
	MESSAGE_END,
};

struct offer {
	__u32 max_width;
	__u32 max_height;
	__u32 format_count;
	__u32 formats[MAX_OFFERED_FORMATS];
};

struct stream {
	__u32 format;
	__u32 width;
	__u32 height;
	__u32 stride;
	__u32 chroma;		/* offset of a second plane, or 0 */
	__u32 size;
	__u32 buffer_count;
};

/* Without a descriptor: the display cannot be captured. */
struct capture {
	__u32 format;
	__u32 width;
	__u32 height;
	__u32 stride;
	__u32 size;
};

struct message {
	__u32 type;
	__u32 index;		/* of the buffer that is meant */
	union {
		struct offer offer;
		struct stream stream;
		struct capture capture;
	};
};

/* Send a message, with a copy of descriptor @fd unless that is negative. */
int message_send(int socket, const struct message *message, int fd);

/*
 * Receive the next message. The descriptor that came with it belongs to the
 * caller; *fd is -1 when there was none.
 */
int message_receive(int socket, struct message *message, int *fd);

/*
 * The same for a caller that can go on with one type of message only, which
 * comes with a descriptor when @fd is not NULL.
 */
int message_expect(int socket, enum message_type type, struct message *message, int *fd);

#endif
