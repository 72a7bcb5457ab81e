/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of the dma_buf trace system, in an instance of its own, so that it disturbs nobody who
 * is tracing.
 */
#ifndef DMA_BUF_TRACE_H
#define DMA_BUF_TRACE_H

#include <stddef.h>

#include "exporters.h"

#define TRACING	"/sys/kernel/tracing"

struct trace {
	char instance[64];
	char text[1 << 16];	/* what was traced, at the last trace_read() */
};

/* All events go there from now on. 0, or -errno, where -ENODEV means that this kernel has none. */
int trace_begin(struct trace *trace);
int trace_end(const struct trace *trace);
int trace_read(struct trace *trace);

/* The first line at or after start that ends in the event and its text, or NULL. */
char *find_event(char *start, const char *event, const char *text);

/* How many such lines. */
int count_events(char *text, const char *event, const char *about);

/* The text of the events of a class for a buffer, to its end; more is what follows. */
void describe_event(char *text, size_t len, const char *exp_name, const struct buffer *buf,
		    const char *more);

#endif
