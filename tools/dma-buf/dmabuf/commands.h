/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be asked. Each prints what is known, as text or JSON. */
#ifndef DMABUF_COMMANDS_H
#define DMABUF_COMMANDS_H

#include <stdbool.h>

#include "status.h"

struct options {
	bool json;
	const char *sort;	/* size, count or age */
	const char *argument;	/* of the command, or NULL */
};

struct world;

enum status list_buffers(struct world *world, const struct options *options);
enum status show_buffer(struct world *world, const struct options *options);
enum status list_processes(struct world *world, const struct options *options);
enum status list_cgroups(struct world *world, const struct options *options);
enum status find_leaks(struct world *world, const struct options *options);

#endif
