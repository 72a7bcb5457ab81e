/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a run ends, and how an error is told.
 *
 * Every function of this program that can fail prints why, once, where it
 * happened, and returns one of these; 0 is success. The first five are also
 * the program's exit codes, and --help documents them.
 */
#ifndef DEMO_STATUS_H
#define DEMO_STATUS_H

#include "compiler.h"

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NO_DEVICE = 3,
	STATUS_WRONG_PICTURE = 4,
	STATUS_LOST_BUFFERS = 5,

	/*
	 * The other process ended first. It has told its own reason, so this
	 * one is silent and is never the program's exit code.
	 */
	STATUS_PEER_GONE = 6,
};

/* Name the process that errors come from: "camera" or "compositor". */
void status_role(const char *role);

/* "DEVICE: CALL: what errno says"; returns STATUS_FAILED. */
int fail_call(const char *device, const char *call);

/* Any other message; returns @status. */
__printf(2, 3)
int fail(enum status status, const char *format, ...);

#endif
