// SPDX-License-Identifier: GPL-2.0-only
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

const char *size_text(unsigned long long bytes, char text[SIZE_TEXT])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double number = bytes;
	size_t unit = 0;

	/* Four digits are as short as one with a fraction, and exact. */
	while (number >= (unit < 2 ? 10000 : 1000)) {
		number /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, number < 10 && number != (unsigned long long)number ?
		 "%.1f %s" : "%.0f %s", number, units[unit]);
	return text;
}

void add_text(char *text, size_t room, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len >= room)
		return;
	va_start(args, format);
	vsnprintf(text + len, room - len, format, args);
	va_end(args);
}

void add_safe(char *text, size_t room, const char *more)
{
	mbstate_t state = { 0 };

	while (*more) {
		wchar_t wide;
		size_t bytes = mbrtowc(&wide, more, MB_CUR_MAX, &state);

		if (bytes > MB_CUR_MAX || !iswprint(wide)) {
			memset(&state, 0, sizeof(state));
			add_text(text, room, "\\%03o", (unsigned char)*more);
			bytes = 1;
		} else if (strlen(text) + bytes < room) {
			strncat(text, more, bytes);
		}
		more += bytes;
	}
}

/* NO_COLOR is what many programs know. */
static bool is_for_people(void)
{
	const char *unwanted = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(unwanted && *unwanted);
}

const char *bold(void)
{
	return is_for_people() ? "\033[1m" : "";
}

const char *plain(void)
{
	return is_for_people() ? "\033[m" : "";
}

size_t line_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 4096;
	return size.ws_col < 80 ? 80 : size.ws_col;
}
