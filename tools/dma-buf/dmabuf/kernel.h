/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of buffers by itself, without a process in between. */
#ifndef DMABUF_KERNEL_H
#define DMABUF_KERNEL_H

struct buffer;
struct world;

/* Reads the best list that there is. */
void kernel_read(struct world *world);

/* Reads fdinfo of a descriptor, if some process has one. */
void kernel_ask(struct buffer *buffer);

#endif
