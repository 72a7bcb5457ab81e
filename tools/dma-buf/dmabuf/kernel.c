// SPDX-License-Identifier: GPL-2.0-only
#include "kernel.h"

#include <ctype.h>
#include <stdio.h>

#include "alloc.h"
#include "world.h"

/* DMABUF_DEBUGFS is for a debugfs that is mounted elsewhere, and for tests. */
static FILE *open_debugfs(const char *name)
{
	const char *root = getenv("DMABUF_DEBUGFS");
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
	return *last;
}

/* One line of the file buffers; where it is, the last lines have said. */
static void read_fact(struct world *world, struct buffer **buffer, struct device **device,
		      const char *key, const char *value)
{
	if (!strcmp(key, "buffer")) {
		*buffer = world_buffer(world, strtoul(value, NULL, 10));
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

static bool read_buffers(struct world *world)
{
	FILE *file = open_debugfs("buffers");
	struct buffer *buffer = NULL;
	struct device *device = NULL;
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
		read_fact(world, &buffer, &device, line, tab + 1);
	}
	free(line);
	fclose(file);
	return known;
}

void kernel_print_facts(unsigned long ino)
{
	FILE *file = open_debugfs("buffers");
	bool found = false, inside = false;
	char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		if (!strncmp(line, "buffer\t", 7))
			inside = strtoul(line + 7, NULL, 10) == ino;
		if (inside && !found)
			puts("\nWhat the kernel tells:");
		found |= inside;
		/* The kernel has escaped what programs chose. */
		if (inside)
			printf("    %s", line);
	}
	free(line);
	if (file)
		fclose(file);
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
		else if (buffer && !strncmp(line, "\tBusy: ", 7))
			buffer->busy = true;
	}
	free(line);
	fclose(file);
	return true;
}

void kernel_read(struct world *world)
{
	if (read_buffers(world))
		world->source = SOURCE_BUFFERS;
	else if (read_bufinfo(world))
		world->source = SOURCE_BUFINFO;
	else
		world->source = SOURCE_PROCESSES;
}

void kernel_ask(struct buffer *buffer)
{
	char path[64], *line = NULL;
	size_t room = 0;
	FILE *file;

	if (buffer->asked_fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)buffer->asked_pid,
		 buffer->asked_fd);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "size:\t", 6))
			buffer->size = strtoull(line + 6, NULL, 10);
		else if (!strncmp(line, "count:\t", 7))
			buffer->references = strtol(line + 7, NULL, 10);
		else if (!strncmp(line, "exp_name:\t", 10))
			set(&buffer->exporter, line + 10);
		else if (!strncmp(line, "name:\t", 6))
			set(&buffer->name, line + 6);
	}
	free(line);
	if (file)
		fclose(file);
}
