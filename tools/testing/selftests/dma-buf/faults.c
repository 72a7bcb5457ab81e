// SPDX-License-Identifier: GPL-2.0-only
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KNOBS	"/sys/kernel/debug/"

static int fail_nth = -1;

static int write_knob(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int faults_open(void)
{
	int err;

	/* Those that may wait for memory, which are nearly all, do not fail otherwise. */
	err = write_knob(KNOBS "failslab/ignore-gfp-wait", "N");
	/* A trace in the kernel's log for each of thousands helps nobody. */
	if (!err)
		err = write_knob(KNOBS "failslab/verbose", "0");
	if (!err)
		err = write_knob(KNOBS "fail_usercopy/verbose", "0");
	if (err)
		return err;
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	return 0;
}

int faults_spare_memory(bool spare)
{
	/* Then only those caches fail that were marked for it, and none is. */
	return write_knob(KNOBS "failslab/cache-filter", spare ? "Y" : "N");
}

void faults_close(void)
{
	if (fail_nth >= 0)
		close(fail_nth);
	fail_nth = -1;
}

void faults_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	while (pwrite(fail_nth, text, len, 0) != len)
		;
}

bool faults_disarm(void)
{
	char text[16] = "";

	/* If this read is the one that fails, then nothing did before. */
	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		text[0] = '1';
	faults_arm(0);
	return text[0] == '0';
}
