/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of the kernel's dma_buf trace system, each a line of text. The kernel has them in binary
 * as well, but so they can be read only once, and who asks why asks again.
 */
#ifndef DMABUF_EVENTS_H
#define DMABUF_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "status.h"

/* All of it points into the line. */
struct event {
	const char *time;	/* seconds since the system began */
	const char *thread;	/* which was at work: its name */
	pid_t pid;		/* and its number */
	const char *name;	/* without dma_buf_ */
	struct {
		const char *key, *text;
	} values[16];
	size_t count;		/* of values */
};

/* Parts a line; false if it is no event, and then it is as it was. */
bool event_parse(struct event *event, char *line);

/* The text of a value, or NULL. */
const char *event_value(const struct event *event, const char *key);

/* A recording of its own disturbs nobody else's. This is its directory. */
#define RECORDING_PATH	128
void recording_path(char path[RECORDING_PATH], const char *name);

/* That of a process, whose number is in it, ends with it. */
#define WATCH_RECORDING	"dmabuf-%d"

/* Does it record this event, or everything for ""? */
bool recording_is_on(const char *path, const char *event);

/* Begins it, if it is not there, and sees to it that it does; or says why not. */
enum status recording_begin(const char *path, const char *event);

/* Opens a file of it; NULL if that is not there. */
FILE *recording_file(const char *path, const char *name, const char *mode);

#endif
