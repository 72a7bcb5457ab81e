/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of one process that do different things to the same buffers at the same time. One of
 * them sets the pace: when it has done its rounds, all others end.
 */
#ifndef DMA_BUF_RACE_H
#define DMA_BUF_RACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct race;

struct racer {
	const char *name;
	/* One step; 0, or what went wrong: -errno, or a positive number of the racer's own. */
	int (*step)(struct racer *racer);

	struct race *race;
	void *course;		/* what all the racers share */
	unsigned long steps;
	int error;
	pthread_t thread;
};

struct race {
	pthread_barrier_t start;
	bool over;
	unsigned long rounds;
};

/* How many rounds: ROUNDS in the environment, or a few. */
unsigned long race_rounds(void);

/*
 * Runs them all, the first of them setting the pace, until it is through or one has failed. Every
 * one has at least one step. Returns the one that failed, or NULL.
 */
struct racer *race_run(struct racer *racers, size_t count, void *course);

#endif
