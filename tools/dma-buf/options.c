// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "options.h"
#include "status.h"

#define MAX_FRAMES 1000000
#define MAX_SIDE 16384
#define MAX_RATE 1000

enum {
	OPTION_NO_COPY = 256,
};

static const struct option long_options[] = {
	{ "camera", required_argument, NULL, 'c' },
	{ "display", required_argument, NULL, 'd' },
	{ "frames", required_argument, NULL, 'n' },
	{ "size", required_argument, NULL, 's' },
	{ "format", required_argument, NULL, 'f' },
	{ "buffers", required_argument, NULL, 'b' },
	{ "rate", required_argument, NULL, 'r' },
	{ "picture", required_argument, NULL, 'p' },
	{ "no-copy", no_argument, NULL, OPTION_NO_COPY },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void print_help(void)
{
	char formats[256];

	format_list(formats, sizeof(formats));
	printf("Usage: dma-buf-demo [OPTION]...\n"
	       "Show a camera's frames on a display through shared buffers, without copying\n"
	       "a byte; then show them by copying, and print what each of the two costs.\n"
	       "\n"
	       "  -c, --camera DEVICE    V4L2 capture device (default: the first that streams)\n"
	       "  -d, --display DEVICE   KMS device (default: the first that can be driven)\n"
	       "  -n, --frames N         frames to show in each pass (default: 300)\n"
	       "  -s, --size WxH         exact size of a frame (default: about 640x480)\n"
	       "  -f, --format FOURCC    DRM pixel format (default: the first of these that\n"
	       "                         camera and display have in common:\n"
	       "                         %s)\n"
	       "  -b, --buffers N        camera buffers, %d to %d (default: %d)\n"
	       "  -r, --rate N           frames per second to ask the camera for (default: 30)\n"
	       "  -p, --picture FILE     write what the display showed last as a PNG\n"
	       "      --no-copy          leave out the pass that copies\n"
	       "  -h, --help             print this help\n"
	       "\n"
	       "Exit status: 0 all is well; 1 a device or a call failed; 2 wrong usage;\n"
	       "3 no usable camera or display; 4 the picture is wrong (the display shows other\n"
	       "pixels than the camera's, or only one colour); 5 a buffer was lost.\n",
	       formats, MIN_BUFFERS, MAX_BUFFERS, MIN_BUFFERS);
}

/* A decimal number from @min to @max that ends at @end, or 0. */
static unsigned int parse_number(const char *text, char **end,
				 unsigned int min, unsigned int max)
{
	unsigned long value;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoul(text, end, 10);
	if (errno || value < min || value > max)
		return 0;
	return value;
}

static int parse_count(unsigned int *count, const char *option, const char *text,
		       unsigned int min, unsigned int max)
{
	char *end = "";

	*count = parse_number(text, &end, min, max);
	if (!*count || *end)
		return fail(STATUS_USAGE, "--%s %s: not a number from %u to %u",
			    option, text, min, max);
	return STATUS_OK;
}

static int parse_size(struct options *options, const char *text)
{
	char *end = "";

	options->size_given = true;
	options->width = parse_number(text, &end, 1, MAX_SIDE);
	if (options->width && *end == 'x')
		options->height = parse_number(end + 1, &end, 1, MAX_SIDE);
	else
		options->height = 0;
	if (!options->height || *end)
		return fail(STATUS_USAGE, "--size %s: not of the form 640x480, each side 1 to %d",
			    text, MAX_SIDE);
	return STATUS_OK;
}

static int parse_format(struct options *options, const char *text)
{
	char formats[256];

	options->format = format_by_name(text);
	if (options->format)
		return STATUS_OK;
	format_list(formats, sizeof(formats));
	return fail(STATUS_USAGE, "--format %s: not one of %s", text, formats);
}

static int parse_option(struct options *options, int option)
{
	switch (option) {
	case 'c':
		options->camera = optarg;
		return STATUS_OK;
	case 'd':
		options->display = optarg;
		return STATUS_OK;
	case 'n':
		return parse_count(&options->frames, "frames", optarg, 1, MAX_FRAMES);
	case 's':
		return parse_size(options, optarg);
	case 'f':
		return parse_format(options, optarg);
	case 'b':
		return parse_count(&options->buffers, "buffers", optarg,
				   MIN_BUFFERS, MAX_BUFFERS);
	case 'r':
		return parse_count(&options->rate, "rate", optarg, 1, MAX_RATE);
	case 'p':
		options->picture = optarg;
		return STATUS_OK;
	case OPTION_NO_COPY:
		options->copy = false;
		return STATUS_OK;
	default:
		/* getopt_long() has said what is wrong. */
		fprintf(stderr, "Try 'dma-buf-demo --help'.\n");
		return STATUS_USAGE;
	}
}

int options_parse(struct options *options, int argc, char **argv, bool *help)
{
	int option, status;

	*options = (struct options) {
		.frames = 300,
		.width = 640,
		.height = 480,
		.buffers = MIN_BUFFERS,
		.rate = 30,
		.copy = true,
	};
	*help = false;

	for (;;) {
		option = getopt_long(argc, argv, "c:d:n:s:f:b:r:p:h", long_options, NULL);
		if (option < 0)
			break;
		if (option == 'h') {
			print_help();
			*help = true;
			return STATUS_OK;
		}
		status = parse_option(options, option);
		if (status)
			return status;
	}
	if (optind < argc)
		return fail(STATUS_USAGE, "%s: not an option; see --help", argv[optind]);
	return STATUS_OK;
}
