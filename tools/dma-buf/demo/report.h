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

#include "camera.h"
#include "writeback.h"

struct result {
	/* the camera's part */
	double camera_busy;	/* microseconds in a frame */
	unsigned int missed;
	struct comparison comparison;

	/* the compositor's */
	double compositor_busy;
	unsigned int shown;
	double rate;		/* frames per second */
	double copied;		/* bytes in a frame */
};

/* Told as it becomes known, by the process that knows it. */
void report_camera(const struct camera *camera);
void report_display(const struct display *display);
void report_start(unsigned int frames, bool copy);
void report_comparison(const struct comparison *comparison,
		       const struct writeback *writeback, const char *monitor);

/* Who holds which buffer at this moment, by the program dmabuf, which is in PATH. */
int report_sharing(void);

/* Told at the end: @copied is NULL when only the shared pass was run. */
void report_costs(const struct result *shared, const struct result *copied);

#endif
