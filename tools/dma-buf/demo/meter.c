// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of a frame, measured.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "meter.h"
#include "status.h"

__u64 now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

int meter_start(struct meter *meter, unsigned int frames)
{
	*meter = (struct meter) { .limit = frames };
	meter->frames = calloc(frames, sizeof(*meter->frames));
	if (!meter->frames)
		return fail_call("measurement", "calloc");
	meter->busy_since = now_ns();
	return STATUS_OK;
}

void meter_free(struct meter *meter)
{
	free(meter->frames);
	meter->frames = NULL;
}

static void add_busy(struct meter *meter)
{
	__u64 now = now_ns();

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

double meter_stop(struct meter *meter)
{
	if (!meter->count)
		return 0;
	qsort(meter->frames, meter->count, sizeof(*meter->frames), compare_times);
	return meter->frames[meter->count / 2] / 1000.0;
}

int meter_poll(struct meter *meter, struct pollfd *fds, unsigned int count, int timeout_ms)
{
	int ready;

	add_busy(meter);
	do {
		ready = poll(fds, count, timeout_ms);
	} while (ready < 0 && errno == EINTR);
	meter->busy_since = now_ns();
	return ready;
}
