/* SPDX-License-Identifier: GPL-2.0-only */
/* Other processes that a test needs, and where they have got to. */
#ifndef DMA_BUF_PROCESS_H
#define DMA_BUF_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* fork(), but the child dies with its parent: a test that fails leaves no one behind. */
pid_t process_start(void);

/*
 * A process of that name, or of ours for NULL, with so many more descriptors of the file, until
 * *hold is closed; it has them when this returns.
 */
pid_t process_opening(const char *name, int fd, int descriptors, int *hold);

/* Returns true once the process sleeps, false when it ended instead. */
bool process_sleeps(pid_t pid);

/* Its exit status when it is done, -1 when it did not exit by itself. */
int process_end(pid_t pid);

#endif
