/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two processes found out, and how people read it.
 *
 * A pass is one run of both processes. Its results are in memory that they
 * share with the process that started them; each writes only its own part,
 * and nobody reads a part before its writer has said, by a message or by its
 * end, that it is complete.
 */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <stdbool.h>

#include "camera.h"
#include "compare.h"
#include "display.h"
#include "meter.h"
#include "sharing.h"
#include "writeback.h"

struct camera_result {
	struct cost cost;
	unsigned int missed;
	struct comparison comparison;
};

struct compositor_result {
	struct cost cost;
	unsigned int shown;
	double rate;		/* frames per second */
	__u64 copied;		/* bytes, in all frames */
	__u64 cpu_step;		/* ns */
};

struct pass_result {
	struct camera_result camera;
	struct compositor_result compositor;
};

/* Told as it becomes known, by the process that knows it. */
void report_camera(const struct camera *camera);
void report_display(const struct display *display);
void report_start(unsigned int frames, bool copy);
void report_comparison(const struct comparison *comparison,
		       const struct writeback *writeback, const char *monitor);
void report_no_capture(const char *why);
void report_picture(const char *path, bool captured);
void report_sharing(const struct sharing *sharing);

/* Told at the end: @copied is NULL when only the shared pass was run. */
void report_costs(const struct pass_result *shared, const struct pass_result *copied);

#endif
