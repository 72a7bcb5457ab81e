/* SPDX-License-Identifier: GPL-2.0-only */
/* A ring of io_uring, as far as programs wait for buffers with it. */
#ifndef DMA_BUF_URING_H
#define DMA_BUF_URING_H

#include <linux/io_uring.h>
#include <stddef.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *queues;
	struct io_uring_sqe *requests;
};

/* 0, or -ENODEV where io_uring is not to be had, or -ENOMEM. */
int uring_open(struct uring *ring);
void uring_close(struct uring *ring);

/* Asks to be told, once, when one of the events comes. 0 or -errno. */
int uring_poll(struct uring *ring, int fd, short events);

/* What the oldest request ended with, or -ETIMEDOUT. */
int uring_result(struct uring *ring, int timeout);

#endif
