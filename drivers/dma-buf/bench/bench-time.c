// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: how long an operation takes.
 *
 * An operation is repeated in batches which are long enough for the clock and
 * short enough to lie between two ticks, most of them. What counts is the median
 * of the batches: those that an interrupt or another process fell into are at
 * the far end.
 *
 * Where its objects happen to lie in memory makes some per cent as well, so each
 * operation has several sets of them at the same time, and the quickest counts.
 */
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sort.h>
#include <linux/time64.h>

#include "bench.h"

#define BENCH_BATCH_NS		(NSEC_PER_MSEC)
#define BENCH_PLACE_NS		(20 * NSEC_PER_MSEC)
#define BENCH_PLACES		4
#define BENCH_BATCHES_MIN	3
#define BENCH_BATCHES_MAX	101
#define BENCH_COUNT_MAX		1000000

/* What follows is not part of the operation, until bench_go(). */
void bench_stop(struct bench *b)
{
	b->stopped = ktime_get_ns();
}

void bench_go(struct bench *b)
{
	b->excluded += ktime_get_ns() - b->stopped;
}

static int bench_compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The smallest first. */
void bench_sort(u64 *samples, unsigned int count)
{
	sort(samples, count, sizeof(*samples), bench_compare, NULL);
}

static int bench_batch(struct bench *b, const struct bench_op *op,
		       unsigned int count, u64 *ns)
{
	u64 start;
	int err;

	/* What the last batch left to RCU would be freed in the midst of this. */
	rcu_barrier();

	b->excluded = 0;
	start = ktime_get_ns();
	err = op->run(b, count);
	/* To free it later is part of what it costs. */
	rcu_barrier();
	*ns = ktime_get_ns() - start - b->excluded;
	return err;
}

/* Also warms up: all but the last of these batches together are as long as it. */
static int bench_calibrate(struct bench *b, const struct bench_op *op,
			   unsigned int *count, u64 *ns)
{
	u64 wanted;
	int err;

	*count = 1;
	for (;;) {
		err = bench_batch(b, op, *count, ns);
		if (err || *ns >= BENCH_BATCH_NS / 2 ||
		    *count == BENCH_COUNT_MAX)
			return err;
		wanted = div64_u64((u64)*count * BENCH_BATCH_NS, *ns + 1);
		*count = clamp(wanted, *count + 1ULL,
			       min(*count * 4ULL, BENCH_COUNT_MAX));
	}
}

/* The median time of the operation, in hundredths of a nanosecond. */
static int bench_time_here(struct bench *b, const struct bench_op *op,
			   u64 *median)
{
	unsigned int batches, count, i;
	u64 ns[BENCH_BATCHES_MAX];
	int err;

	err = bench_calibrate(b, op, &count, &ns[0]);
	if (err)
		return err;

	batches = clamp(div64_u64(BENCH_PLACE_NS, ns[0]), BENCH_BATCHES_MIN,
			BENCH_BATCHES_MAX);
	for (i = 0; i < batches; i++) {
		err = bench_batch(b, op, count, &ns[i]);
		if (err)
			return err;
	}
	bench_sort(ns, batches);
	*median = div_u64(ns[batches / 2] * 100, count);
	return 0;
}

/* Find how many nanoseconds an operation takes. */
int bench_time(const struct bench_op *op, unsigned int arg,
	       struct seq_buf *results)
{
	struct bench *places[BENCH_PLACES];
	u64 median, best = U64_MAX;
	unsigned int count, i;
	int err = 0;

	for (count = 0; count < BENCH_PLACES; count++) {
		places[count] = bench_begin(op, arg);
		if (IS_ERR(places[count])) {
			err = PTR_ERR(places[count]);
			break;
		}
	}
	for (i = 0; i < count && !err; i++) {
		err = bench_time_here(places[i], op, &median);
		if (!err)
			best = min(best, median);
	}
	while (count--)
		bench_end(places[count]);
	if (!err)
		seq_buf_printf(results, "ns %llu.%02llu\n", best / 100, best % 100);
	return err;
}
