/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel code takes for granted and userspace has to define.
 */
#ifndef DEMO_COMPILER_H
#define DEMO_COMPILER_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define __printf(string, first) __attribute__((__format__(__printf__, \
							  string, first)))

#endif
