/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors handed over through a Unix socket, as programs share their buffers. */
#ifndef DMA_BUF_SEND_FD_H
#define DMA_BUF_SEND_FD_H

/* 0 or -errno. */
int send_fd(int socket, int fd);

/* The descriptor that arrives, or -errno; -ENOMSG when none does. */
int receive_fd(int socket);

#endif
