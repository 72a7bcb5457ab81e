/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is what the display shows what the camera delivered?
 */
#ifndef DEMO_COMPARE_H
#define DEMO_COMPARE_H

#include <stdbool.h>

#include "format.h"

struct comparison {
	unsigned long pixels;		/* of the frame */
	unsigned long different;
	unsigned int first_x;		/* where the first difference is */
	unsigned int first_y;
	unsigned long around;		/* pixels of the screen outside the frame */
	unsigned long around_lit;	/* those that are not black */
};

/* @frame is shown unscaled in the upper left corner of @screen; both RGB. */
struct comparison compare_pictures(const struct view *screen, const struct view *frame);

/* A picture of only one colour says nothing: any wrong buffer could show it. */
bool is_one_colour(const struct view *view, unsigned int width, unsigned int height);

#endif
