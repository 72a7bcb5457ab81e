/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel holds: buffers, and objects of every slab cache. */
#ifndef DMA_BUF_MEMORY_H
#define DMA_BUF_MEMORY_H

#include <stddef.h>

/* How many buffers bufinfo counts, or -errno. */
long buffers_alive(void);

#define SLAB_CACHES	512

struct slab_cache {
	char name[256];
	long objects;
};

struct slabs {
	size_t count;
	struct slab_cache cache[SLAB_CACHES];
};

/* Counts the objects in use in each cache; 0, or -errno where -ENODEV means that none can tell. */
int slabs_count(struct slabs *slabs);

/* In each cache the lesser of the two counts, into the first. */
void slabs_lesser(struct slabs *slabs, const struct slabs *other);

/* The cache that grew most between the two, and by how many objects. */
const char *slabs_most_grown(const struct slabs *before, const struct slabs *after, long *objects);

#endif
