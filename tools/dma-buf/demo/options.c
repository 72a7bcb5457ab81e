// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.
 */
#include <argp.h>
#include <stdlib.h>

#include "options.h"
#include "status.h"

#define MAX_FRAMES 1000000

enum { NO_COPY = 256 };

static const struct argp_option known[] = {
	{ "camera", 'c', "DEVICE", 0, "V4L2 capture device (default: the first that will do)", 0 },
	{ "display", 'd', "DEVICE", 0, "KMS device (default: the first that will do)", 0 },
	{ "frames", 'n', "N", 0, "frames to show in each pass (default: 300)", 0 },
	{ "picture", 'p', "FILE", 0, "write what the display showed last as a PNG", 0 },
	{ "no-copy", NO_COPY, NULL, 0, "leave out the pass that copies", 0 },
	{ }
};

static unsigned int parse_frames(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long frames = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !frames || frames > MAX_FRAMES)
		argp_error(state, "--frames %s: not a number from 1 to %d", text, MAX_FRAMES);
	return frames;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'c':
		options->camera = value;
		return 0;
	case 'd':
		options->display = value;
		return 0;
	case 'n':
		options->frames = parse_frames(value, state);
		return 0;
	case 'p':
		options->picture = value;
		return 0;
	case NO_COPY:
		options->copy = false;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse_option,
		.doc = "Show camera frames through shared buffers, then by copying.\vExit status:\n"
		       "  0  all is well\n"
		       "  1  a device or a call failed\n"
		       "  2  wrong usage\n"
		       "  3  no usable camera or display\n"
		       "  4  the display shows other pixels than the camera's, or only one colour\n"
		       "  5  a buffer was lost",
	};

	*options = (struct options) { .frames = 300, .copy = true };
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
