/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the person at the command line asked for.
 */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <stdbool.h>
#include <linux/types.h>

#define MIN_BUFFERS 4
#define MAX_BUFFERS 32

struct options {
	const char *camera;	/* NULL: the first that captures */
	const char *display;	/* NULL: the first that shows */
	const char *picture;	/* NULL: none is written */
	unsigned int frames;
	unsigned int width;
	unsigned int height;
	bool size_given;	/* the size is a demand, not a wish */
	__u32 format;		/* a DRM fourcc; 0: any that both devices know */
	unsigned int buffers;
	unsigned int rate;	/* frames per second, a wish */
	bool copy;		/* run the copying pass as well */
};

/*
 * Returns STATUS_OK, or STATUS_USAGE after a message. --help prints the help
 * and sets *help.
 */
int options_parse(struct options *options, int argc, char **argv, bool *help);

#endif
