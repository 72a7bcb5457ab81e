/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shared buffer as a program sees it: a file descriptor.
 */
#ifndef DEMO_DMABUF_H
#define DEMO_DMABUF_H

#include <stddef.h>

/* What fdinfo and bufinfo call the buffer; at most 31 letters. */
int dmabuf_set_name(int fd, const char *name);

/* Map @size bytes for reading; a buffer that is smaller is an error. */
int dmabuf_map(int fd, size_t size, const void **memory);
void dmabuf_unmap(const void *memory, size_t size);

/* Around each time that the CPU reads: devices' writes become visible. */
int dmabuf_begin_read(int fd);
int dmabuf_end_read(int fd);

#endif
