/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of each process. */
#ifndef DMABUF_PROCESS_H
#define DMABUF_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct world;

/* A short file, of a process or not, without the end of its last line; false if there is none. */
bool read_short(int dir, const char *name, char *text, size_t size);

/*
 * Finds who has which buffer open or mapped. A process that ends meanwhile has nothing; one that
 * may not be looked into is counted as hidden.
 */
void processes_read(struct world *world);

#endif
