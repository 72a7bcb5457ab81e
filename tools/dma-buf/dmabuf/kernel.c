// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>

#include "alloc.h"
#include "process.h"
#include "world.h"

/* DMABUF_DEBUGFS is for a debugfs that is mounted elsewhere, and for tests. */
static FILE *open_debugfs(const char *name)
{
	const char *root = secure_getenv("DMABUF_DEBUGFS");
	char path[512];

	snprintf(path, sizeof(path), "%s/dma_buf/%s", root ?: "/sys/kernel/debug", name);
	return fopen(path, "re");
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = copy_of(value);
}

static struct device *add_device(struct buffer *buffer, const char *name)
{
	struct device **last = &buffer->devices;

	while (*last)
		last = &(*last)->next;
	*last = zalloc(sizeof(**last));
	(*last)->name = copy_of(name);
	buffer->attachments++;
	return *last;
}

/* What the last lines of the file were about. */
struct reader {
	struct world *world;
	struct buffer *buffer;
	struct device *device;
};

static void read_fact(void *data, const char *key, const char *value)
{
	struct reader *reader = data;
	struct buffer **buffer = &reader->buffer;
	struct device **device = &reader->device;

	if (!strcmp(key, "buffer")) {
		*buffer = world_buffer(reader->world, strtoul(value, NULL, 10));
		*device = NULL;
	} else if (!*buffer) {
		return;
	} else if (!strcmp(key, "size")) {
		(*buffer)->size = strtoull(value, NULL, 10);
	} else if (!strcmp(key, "exporter")) {
		set(&(*buffer)->exporter, value);
	} else if (!strcmp(key, "name")) {
		set(&(*buffer)->name, value);
	} else if (!strcmp(key, "references")) {
		(*buffer)->references = strtol(value, NULL, 10);
	} else if (!strcmp(key, "busy")) {
		(*buffer)->busy = true;
		(*buffer)->attachments = strtoul(value, NULL, 10);
	} else if (!strcmp(key, "attachment")) {
		*device = add_device(*buffer, value);
	} else if (!*device) {
		return;
	} else if (!strcmp(key, "importer")) {
		set(&(*device)->importer, value);
	} else if (!strcmp(key, "mapping")) {
		(*device)->mapped = true;
	} else if (!strcmp(key, "pinned") || !strcmp(key, "pins")) {
		(*device)->pinned = true;
	}
}

bool kernel_facts(void (*tell)(void *data, const char *key, const char *value), void *data)
{
	FILE *file = open_debugfs("buffers");
	char *line = NULL, *tab;
	size_t room = 0;
	bool known;

	if (!file)
		return false;
	known = getline(&line, &room, file) > 0 && !strcmp(line, "dma-buf\t1\n");
	while (known && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		tab = strchr(line, '\t');
		if (!tab)
			continue;
		*tab = '\0';
		tell(data, line, tab + 1);
	}
	free(line);
	fclose(file);
	return known;
}

/* A buffer's line of bufinfo; false if it is another one. */
static bool read_bufinfo_line(struct world *world, struct buffer **buffer, char *line)
{
	char exporter[256], name[256] = "";
	unsigned long long size;
	unsigned long ino;
	long count;

	if (!isdigit((unsigned char)*line) ||
	    sscanf(line, "%llu\t%*x\t%*x\t%ld\t%255[^\t]\t%lu\t%255[^\n]", &size, &count, exporter,
		   &ino, name) < 4)
		return false;
	*buffer = world_buffer(world, ino);
	(*buffer)->size = size;
	(*buffer)->references = count;
	set(&(*buffer)->exporter, exporter);
	if (*name && strcmp(name, "<none>"))
		set(&(*buffer)->name, name);
	return true;
}

static bool read_bufinfo(struct world *world)
{
	FILE *file = open_debugfs("bufinfo");
	struct buffer *buffer = NULL;
	bool devices = false;
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return false;
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (read_bufinfo_line(world, &buffer, line) || !strncmp(line, "Total ", 6))
			devices = false;
		else if (!strcmp(line, "\tAttached Devices:"))
			devices = true;
		else if (buffer && devices && *line == '\t')
			add_device(buffer, line + 1);
		else if (buffer && sscanf(line, "\tBusy: %u", &buffer->attachments) == 1)
			buffer->busy = true;
	}
	free(line);
	fclose(file);
	return true;
}

void kernel_read(struct world *world)
{
	struct reader reader = { .world = world };

	if (kernel_facts(read_fact, &reader))
		world->source = SOURCE_BUFFERS;
	else if (read_bufinfo(world))
		world->source = SOURCE_BUFINFO;
	else
		world->source = SOURCE_PROCESSES;
}

void kernel_ask(struct buffer *buffer)
{
	char path[64], text[4096], *rest = text, *line;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)buffer->asked_pid,
		 buffer->asked_fd);
	if (buffer->asked_fd < 0 || !read_short(AT_FDCWD, path, text, sizeof(text)))
		return;
	while ((line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "size:\t", 6))
			buffer->size = strtoull(line + 6, NULL, 10);
		else if (!strncmp(line, "count:\t", 7))
			buffer->references = strtol(line + 7, NULL, 10);
		else if (!strncmp(line, "exp_name:\t", 10))
			set(&buffer->exporter, line + 10);
		else if (!strncmp(line, "name:\t", 6))
			set(&buffer->name, line + 6);
	}
}
