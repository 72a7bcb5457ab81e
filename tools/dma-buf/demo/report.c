// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report.
 */
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "status.h"

void report_camera(const struct camera *camera)
{
	printf("Camera   %s, %s: %ux%u, XR24, %u buffers\n", camera->name, camera->path,
	       camera->width, camera->height, BUFFERS);
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
	if (*writeback->why_not) {
		printf("Not compared with the display: %s.\n", writeback->why_not);
		return;
	}
	printf("The last one was captured from the display");
	if (writeback->alone)
		printf(", in place of %s", monitor);
	printf(":\n  %lu of %lu pixels are equal to the camera's buffer\n",
	       comparison->pixels - comparison->different, comparison->pixels);
}

int report_sharing(void)
{
	printf("\nWho shares what while it is on screen, as dmabuf tells:\n");
	return system("dmabuf --sort age") ?
	       fail(STATUS_FAILED, "dmabuf is not in PATH, or failed") : STATUS_OK;
}

static void print_row(const char *what, unsigned int decimals, const char *unit,
		      double shared, double copied, bool both)
{
	printf("  %-20s %12.*f", what, decimals, shared);
	if (both)
		printf(" %12.*f", decimals, copied);
	printf("%s\n", unit);
}

void report_costs(const struct result *shared, const struct result *copied)
{
	static const struct result none;
	const struct result *s = shared, *c = copied ? copied : &none;

	printf("\n  %-20s %12s%s\n", "", "shared", copied ? "       copied" : "");
	print_row("frames shown", 0, "", s->shown, c->shown, copied);
	print_row("frames missed", 0, "", s->missed, c->missed, copied);
	print_row("frames per second", 1, "", s->rate, c->rate, copied);
	print_row("copied per frame", 0, " bytes", s->copied, c->copied, copied);
	print_row("busy time per frame", 0, " us", s->camera_busy + s->compositor_busy,
		  c->camera_busy + c->compositor_busy, copied);
	printf("\nBusy time is what a process spent between its waits, the median of all frames;\n"
	       "both processes' are added.\n");
}
