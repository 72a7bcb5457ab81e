/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs ask of the model exporter and the model importer.
 */
#ifndef _MODEL_H
#define _MODEL_H

#include <linux/ioctl.h>

/*
 * /dev/model_exporter. The argument is a number, not a pointer.
 *
 * ALLOC takes a size in bytes and returns the descriptor of a new buffer. MOVE
 * takes the descriptor of such a buffer and puts its memory somewhere else, as
 * an exporter does that is short of memory of one kind; EBUSY if the buffer is
 * pinned.
 *
 * UNPLUG takes the memory of all buffers away, and says EBUSY or ETIMEDOUT if
 * somebody still has some of it. PLUG gives them new memory, but for those of which
 * somebody still has the old one; then it says EBUSY. Neither has an argument, and
 * both may be asked again.
 */
#define MODEL_EXPORTER_ALLOC	_IO('M', 0)
#define MODEL_EXPORTER_MOVE	_IO('M', 1)
#define MODEL_EXPORTER_UNPLUG	_IO('M', 5)
#define MODEL_EXPORTER_PLUG	_IO('M', 6)

/*
 * /dev/model_importer, which works on one buffer for each time it is opened.
 *
 * ATTACH takes the descriptor of the buffer. FILL takes a number, with which it
 * begins to count: it makes the device write NUMBER, NUMBER + 1 and so on into
 * the 32-bit words of the buffer, and does not wait for it. SUM makes the device
 * add up all words, waits for it, and stores the sum in the __u64 that the
 * argument points to.
 */
#define MODEL_IMPORTER_ATTACH	_IO('M', 2)
#define MODEL_IMPORTER_FILL	_IO('M', 3)
#define MODEL_IMPORTER_SUM	_IOR('M', 4, __u64)

#endif /* _MODEL_H */
