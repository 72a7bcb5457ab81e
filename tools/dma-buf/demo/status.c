// SPDX-License-Identifier: GPL-2.0-only
/*
 * Error messages: one line each, "dma-buf-demo: ROLE: MESSAGE".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "status.h"

static const char *prefix = "";

void status_role(const char *role)
{
	static char buffer[32];

	snprintf(buffer, sizeof(buffer), "%s: ", role);
	prefix = buffer;
}

int fail(enum status status, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	/* In one write, so that two failing processes cannot mix their lines. */
	fflush(stdout);
	fprintf(stderr, "dma-buf-demo: %s%s\n", prefix, line);
	return status;
}

int fail_call(const char *device, const char *call)
{
	return fail(STATUS_FAILED, "%s: %s: %s", device, call, strerror(errno));
}
