/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a frame costs this process: the time between two waits, which is CPU time
 * but for interruptions. Of all frames the median is taken, so that a few that
 * were interrupted do not count. (The CPU time that the kernel charges comes in
 * steps that may be too coarse to see one frame.)
 */
#ifndef DEMO_METER_H
#define DEMO_METER_H

#include <linux/types.h>

struct meter {
	__u64 busy_since;	/* ns, since the last wait ended */
	__u64 busy;		/* ns, in the frame under way */
	unsigned int count;
	unsigned int limit;
	__u64 *frames;		/* ns, of each frame measured */
};

struct pollfd;

int meter_start(struct meter *meter, unsigned int frames);
void meter_frame_done(struct meter *meter);

/* Microseconds that a frame took, the median. */
double meter_stop(struct meter *meter);
void meter_free(struct meter *meter);

/* poll(), whose time is not counted as busy; -1 waits without limit. */
int meter_poll(struct meter *meter, struct pollfd *fds, unsigned int count, int timeout_ms);

__u64 now_ns(void);

#endif
