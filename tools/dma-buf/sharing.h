/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who shares what: every shared buffer that a process holds, the devices that
 * are attached to it, and the processes that hold it too.
 */
#ifndef DEMO_SHARING_H
#define DEMO_SHARING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct shared_buffer {
	unsigned long inode;
	size_t size;
	char exporter[48];
	char name[32];
	char devices[96];	/* "vkms, vivid" */
	char processes[96];
	bool ours;		/* the process that was asked about holds it */
};

struct sharing {
	unsigned int count;
	unsigned int allocated;
	struct shared_buffer *buffers;
	char why_no_devices[96];	/* "": the devices are known */
};

/*
 * Read from /proc and debugfs what @pid holds. Processes that may not be
 * looked at are left out; without debugfs the devices are.
 */
int sharing_read(struct sharing *sharing, pid_t pid);
void sharing_print(const struct sharing *sharing);
void sharing_free(struct sharing *sharing);

#endif
