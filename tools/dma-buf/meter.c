// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a frame, measured.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "meter.h"
#include "status.h"

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_USEC 1000ull

static __u64 clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static __u64 timeval_ns(const struct timeval *time)
{
	return time->tv_sec * NSEC_PER_SEC + time->tv_usec * NSEC_PER_USEC;
}

static __u64 cpu_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return timeval_ns(&usage.ru_utime) + timeval_ns(&usage.ru_stime);
}

int meter_init(struct meter *meter, unsigned int frames)
{
	*meter = (struct meter) { .limit = frames };
	meter->frames = calloc(frames, sizeof(*meter->frames));
	if (!meter->frames)
		return fail_call("measurement", "calloc");
	return STATUS_OK;
}

void meter_free(struct meter *meter)
{
	free(meter->frames);
	meter->frames = NULL;
}

void meter_start(struct meter *meter)
{
	meter->count = 0;
	meter->busy = 0;
	meter->cpu_start = cpu_ns();
	meter->busy_since = clock_ns(CLOCK_MONOTONIC);
}

static void add_busy(struct meter *meter)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);

	meter->busy += now - meter->busy_since;
	meter->busy_since = now;
}

void meter_frame_done(struct meter *meter)
{
	add_busy(meter);
	if (meter->count < meter->limit)
		meter->frames[meter->count++] = meter->busy;
	meter->busy = 0;
}

static int compare_times(const void *a, const void *b)
{
	const __u64 *first = a, *second = b;

	return *first < *second ? -1 : *first > *second;
}

struct cost meter_stop(struct meter *meter)
{
	struct cost cost = { };
	unsigned int middle = meter->count / 2;
	__u64 median;

	if (!meter->count)
		return cost;
	cost.cpu = (double)(cpu_ns() - meter->cpu_start) / NSEC_PER_USEC / meter->count;
	qsort(meter->frames, meter->count, sizeof(*meter->frames), compare_times);
	median = meter->frames[middle];
	if (meter->count % 2 == 0)
		median = (median + meter->frames[middle - 1]) / 2;
	cost.busy = (double)median / NSEC_PER_USEC;
	return cost;
}

int meter_poll(struct meter *meter, struct pollfd *fds, unsigned int count, int timeout_ms)
{
	int ready;

	add_busy(meter);
	do {
		ready = poll(fds, count, timeout_ms);
	} while (ready < 0 && errno == EINTR);
	meter->busy_since = clock_ns(CLOCK_MONOTONIC);
	return ready;
}

__u64 meter_cpu_step(void)
{
	__u64 step = 0, last = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	unsigned int seen = 0;

	/* The first step is cut short by the moment at which it was begun. */
	while (seen < 4) {
		__u64 now = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

		if (now == last)
			continue;
		if (seen++ && (!step || now - last < step))
			step = now - last;
		last = now;
	}
	return step;
}
