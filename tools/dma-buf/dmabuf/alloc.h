/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory, or the end of the program with a word of it. */
#ifndef DMABUF_ALLOC_H
#define DMABUF_ALLOC_H

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

static inline void *must(void *memory)
{
	if (!memory)
		err(STATUS_FAILED, "out of memory");
	return memory;
}

static inline void *zalloc(size_t size)
{
	return must(calloc(1, size));
}

/* Room for one more in an array of count elements, which has room for the next power of two. */
static inline void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return must(reallocarray(array, count ? 2 * count : 1, size));
}

static inline char *copy_of(const char *text)
{
	return must(strdup(text));
}

#endif
