/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fences that a test signals when it likes (sw_sync), and the two ioctls that move them into and
 * out of a buffer.
 */
#ifndef DMA_BUF_FENCES_H
#define DMA_BUF_FENCES_H

/* A new timeline: a descriptor, or -errno, where -ENODEV means that this kernel has no sw_sync. */
int timeline_open(void);

/* A sync_file that signals when the timeline gets to the value, or -errno. */
int timeline_fence(int timeline, unsigned int value);
int timeline_advance(int timeline, unsigned int steps);

/* A sync_file with the fences of both, or -errno. */
int fence_merge(int first, int second);

/* 1: signaled, 0: pending, else the fence's error. */
int fence_status(int sync_file);

/* How many fences there are in a sync_file. */
int fence_number(int sync_file);

/* The sync_file with the fences of a buffer that flags (DMA_BUF_SYNC_*) ask for, or -errno. */
int fence_export(int buffer, unsigned int flags);
int fence_import(int buffer, unsigned int flags, int sync_file);

/* A new fence of the timeline, put into the buffer; 0 or -errno. */
int fence_add(int buffer, unsigned int flags, int timeline, unsigned int value);

#endif
