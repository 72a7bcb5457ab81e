/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of buffers by itself, without a process in between. */
#ifndef DMABUF_KERNEL_H
#define DMABUF_KERNEL_H

struct buffer;
struct world;

/* Reads the best list that there is. */
void kernel_read(struct world *world);

/* Prints what the list for programs has of a buffer, as it is there, if there is one. */
void kernel_print_facts(unsigned long ino);

/* Reads fdinfo of a descriptor, if some process has one. */
void kernel_ask(struct buffer *buffer);

#endif
