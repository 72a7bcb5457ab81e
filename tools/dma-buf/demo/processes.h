/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two processes, each of which runs one pass and returns a status.
 */
#ifndef DEMO_PROCESSES_H
#define DEMO_PROCESSES_H

#include "meter.h"
#include "options.h"
#include "report.h"

/* What one pass is about. */
struct pass {
	const struct options *options;
	bool copy;	/* memcpy() instead of sharing with the display */
	struct result *result;
};

int camera_process(const struct pass *pass, int socket);
int compositor_process(const struct pass *pass, int socket);

#endif
