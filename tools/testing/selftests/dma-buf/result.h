/* SPDX-License-Identifier: GPL-2.0-only */
/* What a system call answered, in one number that a test can compare. */
#ifndef DMA_BUF_RESULT_H
#define DMA_BUF_RESULT_H

#include <errno.h>

/* Longer than any wait of a test that works; only a test that hangs gets there. */
#define HANG_GUARD_MS	20000

static inline long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

#endif
