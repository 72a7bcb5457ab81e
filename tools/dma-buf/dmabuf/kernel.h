/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of buffers by itself, without a process in between. */
#ifndef DMABUF_KERNEL_H
#define DMABUF_KERNEL_H

#include <stdbool.h>

struct buffer;
struct world;

/* Reads the best list that there is. */
void kernel_read(struct world *world);

/*
 * Tells what the list for programs has, line by line; false if there is none. What programs chose
 * is escaped.
 */
bool kernel_facts(void (*tell)(void *data, const char *key, const char *value), void *data);

/* Reads fdinfo of a descriptor, if some process has one. */
void kernel_ask(struct buffer *buffer);

#endif
