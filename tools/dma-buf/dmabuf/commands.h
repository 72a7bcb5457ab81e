/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be asked. Each prints what is known, as text or JSON. */
#ifndef DMABUF_COMMANDS_H
#define DMABUF_COMMANDS_H

#include <stdbool.h>

#include "status.h"

struct options {
	bool json;
	const char *sort;	/* size, count or age; NULL: as the command does */
	const char *argument;	/* of the command, or NULL */
};

/* What is known, or nothing for a command that does not look at it. */
struct world;

enum status list_buffers(struct world *world, const struct options *options);
enum status show_buffer(struct world *world, const struct options *options);
enum status list_processes(struct world *world, const struct options *options);
enum status list_cgroups(struct world *world, const struct options *options);
enum status find_leaks(struct world *world, const struct options *options);
enum status watch_events(struct world *world, const struct options *options);
enum status explain_refusals(struct world *world, const struct options *options);

#endif
