// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report.
 */
#include <stdio.h>

#include "compiler.h"
#include "report.h"

/* A coarse clock of CPU time is one that cannot see a frame: 0.1 ms. */
#define COARSE_STEP_NS 100000

void report_camera(const struct camera *camera)
{
	printf("Camera   %s, %s: %ux%u, %s, %u buffers\n", camera->name, camera->path,
	       camera->stream.width, camera->stream.height,
	       fourcc_name(camera->stream.format).text, camera->stream.buffer_count);
}

void report_display(const struct display *display)
{
	printf("Display  %s, %s: %ux%u at %u Hz, %s\n", display->driver, display->path,
	       display->mode.hdisplay, display->mode.vdisplay, display->mode.vrefresh,
	       display->monitor);
}

void report_start(unsigned int frames, bool copy)
{
	printf("\nShowing %u frames%s.\n", frames, copy ?
	       " again, each copied into a buffer of the display's own" :
	       " through shared buffers");
}

void report_comparison(const struct comparison *comparison,
		       const struct writeback *writeback, const char *monitor)
{
	printf("The last one was captured from the display by %s", writeback->name);
	if (writeback->alone)
		printf(", in place of %s", monitor);
	printf(":\n  %lu of %lu pixels are equal to the camera's buffer",
	       comparison->pixels - comparison->different, comparison->pixels);
	if (comparison->around)
		printf(", the %lu around it are black", comparison->around);
	printf("\n");
}

void report_no_capture(const char *why)
{
	printf("Not compared with the display: %s.\n", why);
}

void report_picture(const char *path, bool captured)
{
	printf("  %s: %s\n", captured ? "picture of the display" :
	       "picture of the camera's own frame, not of the display", path);
}

void report_sharing(const struct sharing *sharing)
{
	printf("\nWho shares what while it is on screen:\n");
	sharing_print(sharing);
}

/* One line of the table: a figure of each pass that was run. */
struct row {
	const char *what;
	double (*figure)(const struct pass_result *pass);
	unsigned int decimals;
	const char *unit;
};

static double frames_shown(const struct pass_result *pass)
{
	return pass->compositor.shown;
}

static double frame_rate(const struct pass_result *pass)
{
	return pass->compositor.rate;
}

static double frames_missed(const struct pass_result *pass)
{
	return pass->camera.missed;
}

static double copied_per_frame(const struct pass_result *pass)
{
	if (!pass->compositor.shown)
		return 0;
	return (double)pass->compositor.copied / pass->compositor.shown;
}

static double busy_per_frame(const struct pass_result *pass)
{
	return pass->camera.cost.busy + pass->compositor.cost.busy;
}

static double cpu_per_frame(const struct pass_result *pass)
{
	return pass->camera.cost.cpu + pass->compositor.cost.cpu;
}

static const struct row rows[] = {
	{ "frames shown", frames_shown, 0, "" },
	{ "frames missed", frames_missed, 0, "" },
	{ "frames per second", frame_rate, 1, "" },
	{ "copied per frame", copied_per_frame, 0, "bytes" },
	{ "busy time per frame", busy_per_frame, 0, "us" },
	{ "CPU time per frame", cpu_per_frame, 0, "us" },
};

static void print_row(const struct row *row, const struct pass_result *shared,
		      const struct pass_result *copied)
{
	printf("  %-20s %12.*f", row->what, row->decimals, row->figure(shared));
	if (copied)
		printf(" %12.*f", row->decimals, row->figure(copied));
	printf("%s%s\n", *row->unit ? " " : "", row->unit);
}

void report_costs(const struct pass_result *shared, const struct pass_result *copied)
{
	__u64 step = shared->compositor.cpu_step;

	printf("\n  %-20s %12s%s\n", "", "shared", copied ? "       copied" : "");
	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		print_row(&rows[i], shared, copied);
	printf("\nBusy time is what both processes spent between their waits, the median of all\n"
	       "frames. CPU time is what the kernel charged them, user and system");
	if (step > COARSE_STEP_NS)
		printf("; here it\ncharges in steps of %.3g ms, too coarse for one frame",
		       (double)step / 1e6);
	printf(".\n");
}
