/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that people read. */
#ifndef DMABUF_TEXT_H
#define DMABUF_TEXT_H

#include <stddef.h>

#define __printf(string, first) __attribute__((__format__(__printf__, \
							  string, first)))

/* A size in a unit that makes it short. */
#define SIZE_TEXT	16
const char *size_text(unsigned long long bytes, char text[SIZE_TEXT]);

/*
 * Adds to a text that ends at room bytes, as much as fits. What a program chose may not move the
 * cursor: control characters, and what is no character, become octal escapes.
 */
void add_safe(char *text, size_t room, const char *more);
__printf(3, 4)
void add_text(char *text, size_t room, const char *format, ...);

/* What makes text bold, and ends that; nothing where it is not for people to see. */
const char *bold(void);
const char *plain(void);

/* How wide a line may be; very wide where that is not for people to see. */
size_t line_width(void);

#endif
