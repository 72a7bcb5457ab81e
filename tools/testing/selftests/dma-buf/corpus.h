/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is worth doing again: states of a random generator after which the kernel came to places
 * where nobody had been before. One for all processes that are made after it.
 */
#ifndef DMA_BUF_CORPUS_H
#define DMA_BUF_CORPUS_H

#include <stdbool.h>
#include <stdint.h>

/* With what the file has, if there is one; 0 or -errno. */
int corpus_open(const char *path);

/* From now on this process's way through the kernel counts, if that has KCOV. */
void corpus_watch(void);

/* To be kept if what was done since the last call came to new places. */
void corpus_judge(uint64_t state);

/* One that was kept, by that number. Returns false if there is none. */
bool corpus_get(unsigned int number, uint64_t *state);

unsigned long corpus_places(void);
void corpus_write(const char *path);

#endif
