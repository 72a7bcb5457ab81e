/* SPDX-License-Identifier: GPL-2.0-only */
/* The program dmabuf, which lies beside the tests; and a process that holds a buffer. */
#ifndef DMA_BUF_DMABUF_FIXTURE_H
#define DMA_BUF_DMABUF_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer_info.h"
#include "exporters.h"
#include "harness.h"

/* The text of what ran last. */
static char answer[1 << 20];

/* Runs a command line with both outputs in answer: its exit status, or -1. */
static inline int run(const char *command)
{
	char line[512];
	FILE *pipe;
	size_t len;
	int status;

	snprintf(line, sizeof(line), "exec 2>&1; %s", command);
	fflush(NULL);
	pipe = popen(line, "r");
	if (!pipe)
		return -1;
	len = fread(answer, 1, sizeof(answer) - 1, pipe);
	answer[len] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether a line of the answer begins with the first text, after blanks, and ends in the other. */
static inline bool says(const char *start, const char *end)
{
	const char *line, *next;

	for (line = answer; *line; line = *next ? next + 1 : next) {
		const char *text = line + strspn(line, " ");

		next = line + strcspn(line, "\n");
		if (!strncmp(text, start, strlen(start)) &&
		    (size_t)(next - text) >= strlen(end) &&
		    !strncmp(next - strlen(end), end, strlen(end)))
			return true;
	}
	return false;
}

FIXTURE(dmabuf)
{
	struct buffer buf;
	char ino[24];		/* as a line of the list begins */
	char me[40];		/* as one ends */
};

FIXTURE_SETUP(dmabuf)
{
	int err;

	if (access("./dmabuf", X_OK))
		SKIP(return, "the program dmabuf is not here");
	err = buffer_create(&system_heap, 3 * page_align(1), O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no system heap");
	ASSERT_EQ(0, err);
	buffer_close_device(&self->buf);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "holder"));
	snprintf(self->ino, sizeof(self->ino), "%lu ", (unsigned long)buffer_ino(self->buf.fd));
	snprintf(self->me, sizeof(self->me), "holder (%d)", getpid());
}

FIXTURE_TEARDOWN(dmabuf)
{
	buffer_destroy(&self->buf);
}

#endif
