/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a frame costs this process.
 *
 * Two clocks, since the first may be too coarse to see one frame: the CPU time
 * that the kernel charges, and the time between two waits, which is the same
 * but for interruptions. Of the second the median is taken, so that a few
 * interrupted frames do not count.
 */
#ifndef DEMO_METER_H
#define DEMO_METER_H

#include <linux/types.h>

struct cost {
	double cpu;	/* microseconds of user and system time in a frame */
	double busy;	/* microseconds between waits in a frame, median */
};

struct meter {
	__u64 cpu_start;	/* ns */
	__u64 busy_since;	/* ns, since the last wait ended */
	__u64 busy;		/* ns, in the frame under way */
	unsigned int count;
	unsigned int limit;
	__u64 *frames;		/* ns, of each frame measured */
};

struct pollfd;

int meter_init(struct meter *meter, unsigned int frames);
void meter_start(struct meter *meter);
void meter_frame_done(struct meter *meter);
struct cost meter_stop(struct meter *meter);
void meter_free(struct meter *meter);

/* poll(), whose time is not counted as busy; -1 waits without limit. */
int meter_poll(struct meter *meter, struct pollfd *fds, unsigned int count, int timeout_ms);

/* The smallest step that the clock of CPU time was seen to make, in ns. */
__u64 meter_cpu_step(void);

#endif
