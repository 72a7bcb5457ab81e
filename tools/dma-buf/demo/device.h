/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening a device that was named, or the first of its kind that will do.
 */
#ifndef DEMO_DEVICE_H
#define DEMO_DEVICE_H

struct device_kind {
	const char *what;	/* "camera" */
	const char *nodes;	/* "/dev/video", to which a number is added */

	/* Open @path as @device; returns why that will not do, or NULL. */
	const char *(*try_path)(void *device, const char *path);
};

/*
 * @path is NULL for the first that will do. What is opened of one that will
 * not is *fd, and closed here.
 */
int device_open(const struct device_kind *kind, void *device, int *fd, const char *path);

#endif
