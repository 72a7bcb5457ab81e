/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel holds: buffers, and objects of every slab cache. */
#ifndef DMA_BUF_MEMORY_H
#define DMA_BUF_MEMORY_H

#include <stddef.h>

/* How many buffers bufinfo counts, or -errno. */
long buffers_alive(void);

#define SLAB_CACHES	384

/* The objects in use in each cache. */
struct slabs {
	long objects[SLAB_CACHES];
};

/* Once, before the others; -ENODEV if the kernel does not tell, -E2BIG if it has too many. */
int slabs_open(void);

/*
 * What the kernel keeps for later, in whatever kind of cache or quarantine, is free when it is
 * counted, unless it waits for the end of an RCU grace period. With before, only where there are
 * more than that, which takes a fraction of the time.
 */
void slabs_count(struct slabs *slabs, const struct slabs *before);

/* In each cache the lesser of the two counts, into the first. */
void slabs_lesser(struct slabs *slabs, const struct slabs *other);

/* The cache that grew most between the two, and by how many objects. */
const char *slabs_most_grown(const struct slabs *before, const struct slabs *after, long *objects);

#endif
