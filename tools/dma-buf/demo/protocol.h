/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the camera application and the compositor say to each other, over a
 * Unix socket that keeps message boundaries:
 *
 *	compositor	camera
 *	  OFFER ----------->	the size of what it shows
 *	  <---------- STREAM	the number of the buffers, and their stride
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

#include <linux/types.h>

/* One on screen, one about to be, one full, one being filled. */
#define BUFFERS 4

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

struct message {
	__u32 type;
	__u32 index;	/* of the buffer that is meant */
	__u32 width;	/* OFFER */
	__u32 height;
	__u32 stride;	/* STREAM, CAPTURE */
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
