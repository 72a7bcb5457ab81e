/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who shares what: every shared buffer that this process holds, the devices that
 * are attached to it, and the processes that hold it too.
 */
#ifndef DEMO_SHARING_H
#define DEMO_SHARING_H

/*
 * Print a table, from /proc and debugfs. Processes that may not be looked at
 * are left out; without debugfs the devices are.
 */
int sharing_print(void);

#endif
