/* SPDX-License-Identifier: GPL-2.0-only */
/* Buffers in and out of a DRM device (PRIME). */
#ifndef DMA_BUF_PRIME_H
#define DMA_BUF_PRIME_H

#include <linux/types.h>
#include <stddef.h>

/* A new object of the device, of whole pages; 0 or -errno. */
int create_handle(int device, size_t size, __u32 *handle);

/* The handle by which the device knows the buffer from now on; 0 or -errno. */
int import_handle(int device, int fd, __u32 *handle);

/* A descriptor of what the handle stands for, or -errno. */
int export_handle(int device, __u32 handle);
int close_handle(int device, __u32 handle);

#endif
