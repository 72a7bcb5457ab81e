/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the person at the command line asked for.
 */
#ifndef DEMO_OPTIONS_H
#define DEMO_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *camera;	/* NULL: the first that will do */
	const char *display;	/* NULL: the first that will do */
	const char *picture;	/* NULL: none is written */
	unsigned int frames;
	bool copy;		/* run the copying pass as well */
};

/* Ends the program after --help, and after a message for wrong usage. */
void options_parse(struct options *options, int argc, char **argv);

#endif
