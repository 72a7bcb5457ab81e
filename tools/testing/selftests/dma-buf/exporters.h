/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exporters that the tests run against, all behind one call: a buffer comes out of each as a
 * file descriptor, and from there on every test is the same for all of them.
 */
#ifndef DMA_BUF_EXPORTERS_H
#define DMA_BUF_EXPORTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct buffer {
	int fd;			/* the shared buffer itself */
	int device;		/* what it was exported from, -1 when closed */
	size_t size;
};

struct exporter {
	const char *exp_name;	/* as fdinfo shows it */
	int access[3];		/* what who asks for O_RDONLY, O_WRONLY, O_RDWR gets, or -errno */
	bool maps_offset;	/* an offset given to mmap() selects the page, as it should */
	bool end_needs_start;	/* ends only the CPU access that it saw begin */
	bool core_makes_fd;	/* leaves the descriptor to the core, which traces it */
	bool maps_private;	/* gives MAP_PRIVATE mappings as well */
	int references;		/* those that it keeps itself while its device is open */
	int (*create)(struct buffer *buf, size_t size, int flags);
};

extern const struct exporter system_heap;
extern const struct exporter udmabuf;
extern const struct exporter vgem;
extern const struct exporter vivid;

/*
 * Exports a new buffer of the size, in bytes, or of the one size that the exporter makes if that is
 * fixed; flags are O_CLOEXEC and an access mode. 0, or -errno, where -ENODEV means that this kernel
 * has no such exporter.
 */
int buffer_create(const struct exporter *exporter, size_t size, int flags, struct buffer *buf);
void buffer_close_device(struct buffer *buf);
void buffer_destroy(struct buffer *buf);

/* DMA_BUF_IOCTL_SYNC on the buffer: 0, or -errno. */
int sync_access(int fd, __u64 flags);

size_t page_align(size_t size);

/* The DRM device and the V4L2 node of a driver: a descriptor, or -errno. */
int drm_open(const char *driver);
int v4l2_open(const char *driver, unsigned int caps);

#endif
