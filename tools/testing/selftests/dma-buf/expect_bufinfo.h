/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMA_BUF_EXPECT_BUFINFO_H
#define DMA_BUF_EXPECT_BUFINFO_H

#include <stdlib.h>

#include "buffer_info.h"
#include "harness.h"

/*
 * Expects that what bufinfo says of the buffer is just this, to the byte; devices are the full
 * lines of those attached.
 */
static inline void expect_bufinfo(struct __test_metadata *_metadata, int fd, const char *exp_name,
				  const char *name, const char *devices)
{
	char *seen = bufinfo_block(buffer_ino(fd));
	char expected[512];

	ASSERT_NE(NULL, seen) TH_LOG("not in " BUFINFO);
	bufinfo_format(expected, sizeof(expected), fd, exp_name, name, devices);
	EXPECT_STREQ(expected, seen);
	free(seen);
}

#endif
