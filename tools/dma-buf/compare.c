// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparing a captured screen with a camera's frame, pixel by pixel.
 */
#include <string.h>

#include "compare.h"

/*
 * Bring a colour of the screen to the frame's depth, where each of its values
 * has one nearest partner: hardware differs in how it widens a colour, and all
 * those ways come back to the same value.
 */
static unsigned int to_depth(unsigned int value, unsigned int from_bits, unsigned int to_bits)
{
	unsigned int from_top = (1u << from_bits) - 1, to_top = (1u << to_bits) - 1;

	return (value * to_top + from_top / 2) / from_top;
}

/* Colours only: the bits that a format leaves undefined are not looked at. */
static bool same_pixel(const struct view *screen, const struct view *frame,
		       unsigned int x, unsigned int y)
{
	for (unsigned int i = 0; i < 3; i++)
		if (to_depth(format_channel(screen, x, y, i), screen->format->channels[i].bits,
			     frame->format->channels[i].bits) != format_channel(frame, x, y, i))
			return false;
	return true;
}

static bool is_black(const struct view *view, unsigned int x, unsigned int y)
{
	return !format_channel(view, x, y, 0) && !format_channel(view, x, y, 1) &&
		!format_channel(view, x, y, 2);
}

static void compare_pixel(struct comparison *result, const struct view *screen,
			  const struct view *frame, unsigned int x, unsigned int y)
{
	if (x >= frame->width || y >= frame->height) {
		result->around++;
		result->around_lit += !is_black(screen, x, y);
		return;
	}
	result->pixels++;
	if (same_pixel(screen, frame, x, y))
		return;
	if (!result->different++) {
		result->first_x = x;
		result->first_y = y;
	}
}

struct comparison compare_pictures(const struct view *screen, const struct view *frame)
{
	struct comparison result = { };

	for (unsigned int y = 0; y < screen->height; y++)
		for (unsigned int x = 0; x < screen->width; x++)
			compare_pixel(&result, screen, frame, x, y);
	return result;
}

bool is_one_colour(const struct view *view, unsigned int width, unsigned int height)
{
	__u8 first[3], colour[3];

	format_rgb(view, 0, 0, first);
	for (unsigned int y = 0; y < height; y++)
		for (unsigned int x = 0; x < width; x++) {
			format_rgb(view, x, y, colour);
			if (memcmp(first, colour, sizeof(first)))
				return false;
		}
	return true;
}
