/* SPDX-License-Identifier: GPL-2.0-only */
/* Has the kernel fail one allocation, or one copy from or to user memory, of the calling task. */
#ifndef DMA_BUF_FAULTS_H
#define DMA_BUF_FAULTS_H

#include <stdbool.h>

/* Makes every allocation a candidate. 0, or -ENODEV when this kernel can fail none. */
int faults_open(void);
void faults_close(void);

/* Whether allocations are safe, and only copies fail. 0, or an errno. */
int faults_spare_memory(bool spare);

/* The nth of them from now on fails, counted from 1. */
void faults_arm(unsigned int nth);

/* No more of that. Returns true if one has failed. */
bool faults_disarm(void);

#endif
