// SPDX-License-Identifier: GPL-2.0-only
#include "race.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

unsigned long race_rounds(void)
{
	const char *rounds = getenv("ROUNDS");

	return rounds ? strtoul(rounds, NULL, 0) : 50;
}

static bool is_over(struct race *race)
{
	return __atomic_load_n(&race->over, __ATOMIC_RELAXED);
}

static void end(struct race *race)
{
	__atomic_store_n(&race->over, true, __ATOMIC_RELAXED);
}

static bool goes_on(struct racer *racer)
{
	racer->error = racer->step(racer);
	racer->steps++;
	/* Where there is one CPU, all the others must come to theirs. */
	sched_yield();
	return !racer->error;
}

static void *set_pace(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;

	pthread_barrier_wait(&race->start);
	while (racer->steps < race->rounds && !is_over(race) && goes_on(racer))
		;
	end(race);
	return NULL;
}

static void *follow(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;

	pthread_barrier_wait(&race->start);
	while (goes_on(racer) && !is_over(race))
		;
	/* After an error nobody needs to go on. */
	if (racer->error)
		end(race);
	return NULL;
}

struct racer *race_run(struct racer *racers, size_t count, void *course)
{
	struct race race = { .rounds = race_rounds() };
	struct racer *failed = NULL;
	size_t i;

	pthread_barrier_init(&race.start, NULL, count);
	for (i = 0; i < count; i++) {
		racers[i].race = &race;
		racers[i].course = course;
		if (pthread_create(&racers[i].thread, NULL, i ? follow : set_pace, &racers[i])) {
			/* Those that wait at the start would wait for ever. */
			perror("pthread_create");
			exit(1);
		}
	}
	for (i = 0; i < count; i++) {
		pthread_join(racers[i].thread, NULL);
		if (racers[i].error && !failed)
			failed = &racers[i];
	}
	pthread_barrier_destroy(&race.start);
	return failed;
}
