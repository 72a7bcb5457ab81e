/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A picture for people's eyes.
 */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include "format.h"

/* Write @view as a PNG; a file that cannot be completed is removed. */
int picture_write(const char *path, const struct view *view);

#endif
