// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading who shares what: /proc/PID/fdinfo tells which process holds which
 * buffer, bufinfo in debugfs which devices are attached to it. The inode
 * number tells that both speak of the same buffer.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sharing.h"
#include "status.h"

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

static struct shared_buffer *find_buffer(struct sharing *sharing, unsigned long inode)
{
	for (unsigned int i = 0; i < sharing->count; i++)
		if (sharing->buffers[i].inode == inode)
			return &sharing->buffers[i];
	return NULL;
}

static struct shared_buffer *add_buffer(struct sharing *sharing)
{
	struct shared_buffer *buffers;

	if (sharing->count == sharing->allocated) {
		buffers = reallocarray(sharing->buffers, sharing->allocated + 32,
				       sizeof(*buffers));
		if (!buffers)
			return NULL;
		sharing->buffers = buffers;
		sharing->allocated += 32;
	}
	return &sharing->buffers[sharing->count++];
}

/* Add @word to a list "a, b" once, or "..." when the list is full. */
static void add_word(char *list, size_t size, const char *word)
{
	size_t length = strlen(word), used = strlen(list);
	const char *end = list + used, *found = list;

	while ((found = strstr(found, word))) {
		const char *after = found + length;

		if ((found == list || found[-1] == ' ') && (after == end || *after == ','))
			return;
		found = after;
	}
	if (used + length + sizeof(", , ...") <= size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", word);
	else if (used >= 3 && strcmp(end - 3, "..."))
		snprintf(list + used, size - used, ", ...");
}

/* "exp_name:\tvkms" gives "vkms" when @key is "exp_name:". */
static const char *field_value(char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	line += length;
	while (isspace((unsigned char)*line))
		line++;
	return line;
}

/* Returns whether the file describes a shared buffer. */
static bool read_fdinfo(const char *path, struct shared_buffer *buffer)
{
	FILE *file = fopen(path, "re");
	char line[256];
	const char *value;
	bool shared = false;

	/* Descriptors and processes may go while they are looked at. */
	if (!file)
		return false;
	*buffer = (struct shared_buffer) { };
	while (fgets(line, sizeof(line), file)) {
		value = field_value(line, "ino:");
		if (value)
			buffer->inode = strtoul(value, NULL, 10);
		value = field_value(line, "size:");
		if (value)
			buffer->size = strtoul(value, NULL, 10);
		value = field_value(line, "name:");
		if (value)
			snprintf(buffer->name, sizeof(buffer->name), "%s", value);
		value = field_value(line, "exp_name:");
		if (value) {
			snprintf(buffer->exporter, sizeof(buffer->exporter), "%s", value);
			shared = true;
		}
	}
	fclose(file);
	return shared;
}

static void read_process_name(const char *process, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(name, size, "%s", process);
	snprintf(path, sizeof(path), "/proc/%.16s/comm", process);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

static int note_holder(struct sharing *sharing, const struct shared_buffer *found,
		       const char *process, bool ours)
{
	struct shared_buffer *buffer = find_buffer(sharing, found->inode);

	if (!buffer) {
		buffer = add_buffer(sharing);
		if (!buffer)
			return fail_call("/proc", "reallocarray");
		*buffer = *found;
	}
	buffer->ours |= ours;
	add_word(buffer->processes, sizeof(buffer->processes), process);
	return STATUS_OK;
}

static int read_process(struct sharing *sharing, const char *process, bool ours)
{
	char path[64], name[32] = "";
	struct shared_buffer found;
	struct dirent *entry;
	int status = STATUS_OK;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo", process);
	directory = opendir(path);
	if (!directory)
		return STATUS_OK;
	while (!status && (entry = readdir(directory))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", process,
			 entry->d_name);
		if (!read_fdinfo(path, &found))
			continue;
		if (!*name)
			read_process_name(process, name, sizeof(name));
		status = note_holder(sharing, &found, name, ours);
	}
	closedir(directory);
	return status;
}

static int read_processes(struct sharing *sharing, pid_t pid)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int status = STATUS_OK;

	if (!directory)
		return fail_call("/proc", "opendir");
	while (!status && (entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]))
			status = read_process(sharing, entry->d_name,
					      strtol(entry->d_name, NULL, 10) == pid);
	closedir(directory);
	return status;
}

/*
 * A buffer is a line of its own, size and inode the first and sixth words;
 * its attached devices follow, each on a line that begins with a tab, after
 * "Attached Devices:" and before "Total N devices attached".
 */
static void read_bufinfo(struct sharing *sharing, FILE *file)
{
	struct shared_buffer *buffer = NULL;
	bool devices = false;
	unsigned long inode;
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*u %*x %*x %*u %*s %lu", &inode) == 1) {
			buffer = find_buffer(sharing, inode);
			devices = false;
		} else if (buffer && !strncmp(line, "\tBusy:", 6)) {
			/* Its lock was taken: the kernel does not wait, nor do we. */
			snprintf(buffer->devices, sizeof(buffer->devices), "?");
		} else if (strstr(line, "Attached Devices:")) {
			devices = true;
		} else if (!strncmp(line, "Total", 5)) {
			devices = false;
		} else if (devices && buffer && line[0] == '\t') {
			add_word(buffer->devices, sizeof(buffer->devices), line + 1);
		}
	}
}

int sharing_read(struct sharing *sharing, pid_t pid)
{
	FILE *file;
	int status;

	*sharing = (struct sharing) { };
	status = read_processes(sharing, pid);
	if (status)
		return status;
	file = fopen(BUFINFO, "re");
	if (!file) {
		snprintf(sharing->why_no_devices, sizeof(sharing->why_no_devices),
			 BUFINFO ": %s", strerror(errno));
		return STATUS_OK;
	}
	read_bufinfo(sharing, file);
	fclose(file);
	return STATUS_OK;
}

/* The widths of the table's columns, but for the last. */
struct widths {
	int name;
	int size;
	int exporter;
	int devices;
};

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = strlen(text);
}

static void print_row(const struct widths *widths, const char *name, const char *size,
		      const char *exporter, const char *devices, const char *processes)
{
	printf("  %-*s  %*s  %-*s  %-*s  %s\n", widths->name, name, widths->size, size,
	       widths->exporter, exporter, widths->devices, devices, processes);
}

static void format_kib(char *text, size_t size, const struct shared_buffer *buffer)
{
	snprintf(text, size, "%zu KiB", buffer->size / 1024);
}

static struct widths measure(const struct sharing *sharing)
{
	struct widths widths = {
		strlen("buffer"), strlen("size"), strlen("exporter"), strlen("attached devices"),
	};
	char size[32];

	for (unsigned int i = 0; i < sharing->count; i++) {
		const struct shared_buffer *buffer = &sharing->buffers[i];

		if (!buffer->ours)
			continue;
		format_kib(size, sizeof(size), buffer);
		widen(&widths.name, buffer->name);
		widen(&widths.size, size);
		widen(&widths.exporter, buffer->exporter);
		widen(&widths.devices, buffer->devices);
	}
	return widths;
}

void sharing_print(const struct sharing *sharing)
{
	struct widths widths = measure(sharing);
	char size[32];

	print_row(&widths, "buffer", "size", "exporter", "attached devices", "held by");
	for (unsigned int i = 0; i < sharing->count; i++) {
		const struct shared_buffer *buffer = &sharing->buffers[i];
		const char *devices = *buffer->devices ? buffer->devices : "none";

		if (!buffer->ours)
			continue;
		format_kib(size, sizeof(size), buffer);
		print_row(&widths, *buffer->name ? buffer->name : "-", size, buffer->exporter,
			  *sharing->why_no_devices ? "?" : devices, buffer->processes);
	}
	if (*sharing->why_no_devices)
		printf("  (the devices are not known: %s)\n", sharing->why_no_devices);
}

void sharing_free(struct sharing *sharing)
{
	free(sharing->buffers);
	sharing->buffers = NULL;
}
