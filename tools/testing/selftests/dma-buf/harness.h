/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The harness of all kselftests, with the patience of ours: who runs a program sets its limit. How
 * long a test takes says nothing, on a machine that is emulated or has other things to do.
 */
#ifndef DMA_BUF_HARNESS_H
#define DMA_BUF_HARNESS_H

#include "../kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 7200

#endif
