// SPDX-License-Identifier: GPL-2.0-only
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer_info.h"
#include "result.h"

int trace_begin(struct trace *trace)
{
	char path[128];
	int fd, err;

	if (access(TRACING "/events/dma_buf", F_OK))
		return -ENODEV;
	snprintf(trace->instance, sizeof(trace->instance), TRACING "/instances/dma_buf_%d",
		 getpid());
	if (mkdir(trace->instance, 0700))
		return -errno;
	snprintf(path, sizeof(path), "%s/events/dma_buf/enable", trace->instance);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

int trace_end(const struct trace *trace)
{
	return result(rmdir(trace->instance));
}

int trace_read(struct trace *trace)
{
	char path[128];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/trace", trace->instance);
	got = read_text(path, trace->text, sizeof(trace->text));
	return got < 0 ? got : 0;
}

char *find_event(char *start, const char *event, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), ": %s: %s\n", event, text);
	return start ? strstr(start, line) : NULL;
}

int count_events(char *text, const char *event, const char *about)
{
	int found = 0;

	for (text = find_event(text, event, about); text; text = find_event(text + 1, event, about))
		found++;
	return found;
}

void describe_event(char *text, size_t len, const char *exp_name, const struct buffer *buf,
		    const char *more)
{
	snprintf(text, len, "exp_name=%s size=%zu ino=%lu%s", exp_name, buf->size,
		 (unsigned long)buffer_ino(buf->fd), more);
}
