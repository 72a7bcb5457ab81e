// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading who shares what: /proc/PID/fdinfo tells which process holds which
 * buffer, bufinfo in debugfs which devices are attached to it. The inode
 * number tells that both speak of the same buffer.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sharing.h"
#include "status.h"

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"

/* More than this program ever has. */
#define MAX_BUFFERS 32

struct buffer {
	unsigned long inode;
	unsigned long size;
	char exporter[48];
	char name[32];
	char devices[96];	/* "vkms, vivid" */
	char processes[96];
};

struct table {
	unsigned int count;
	struct buffer buffers[MAX_BUFFERS];
};

static struct buffer *find(struct table *table, unsigned long inode)
{
	for (unsigned int i = 0; i < table->count; i++)
		if (table->buffers[i].inode == inode)
			return &table->buffers[i];
	return NULL;
}

/* Add @word to a list "a, b", once. */
static void add_word(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	if (!strstr(list, word))
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", word);
}

/* "exp_name:\tvkms" gives "vkms" when @key is "exp_name:". */
static bool field(const char *line, const char *key, char *value, size_t size)
{
	if (strncmp(line, key, strlen(key)))
		return false;
	line += strlen(key);
	line += strspn(line, " \t");
	snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
	return true;
}

/* Returns whether the file describes a shared buffer. */
static bool read_fdinfo(const char *path, struct buffer *buffer)
{
	/* Descriptors and processes may go while they are looked at. */
	FILE *file = fopen(path, "re");
	char line[256], number[32];
	bool shared = false;

	if (!file)
		return false;
	*buffer = (struct buffer) { };
	while (fgets(line, sizeof(line), file)) {
		if (field(line, "ino:", number, sizeof(number)))
			buffer->inode = strtoul(number, NULL, 10);
		else if (field(line, "size:", number, sizeof(number)))
			buffer->size = strtoul(number, NULL, 10);
		else if (field(line, "exp_name:", buffer->exporter, sizeof(buffer->exporter)))
			shared = true;
		else
			field(line, "name:", buffer->name, sizeof(buffer->name));
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

/* Add the buffers of a process, or, but for @all, its name to those that are known. */
static void read_process(struct table *table, const char *process, bool all)
{
	struct buffer found, *known;
	struct dirent *entry;
	char path[64], name[32];
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo", process);
	directory = opendir(path);
	if (!directory)
		return;
	read_process_name(process, name, sizeof(name));
	while ((entry = readdir(directory))) {
		snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", process,
			 entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) || !read_fdinfo(path, &found))
			continue;
		known = find(table, found.inode);
		if (!known && all && table->count < MAX_BUFFERS) {
			known = &table->buffers[table->count++];
			*known = found;
		}
		if (known && !all)
			add_word(known->processes, sizeof(known->processes), name);
	}
	closedir(directory);
}

static int read_processes(struct table *table)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;

	if (!directory)
		return fail_call("/proc", "opendir");
	read_process(table, "self", true);
	while ((entry = readdir(directory)))
		if (isdigit((unsigned char)entry->d_name[0]))
			read_process(table, entry->d_name, false);
	closedir(directory);
	return STATUS_OK;
}

/*
 * A buffer is a line of its own, size and inode the first and sixth words;
 * its attached devices follow, each on a line that begins with a tab, after
 * "Attached Devices:" and before "Total N devices attached".
 */
static void read_bufinfo(struct table *table, FILE *file)
{
	struct buffer *buffer = NULL;
	bool devices = false;
	unsigned long inode;
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*u %*x %*x %*u %*s %lu", &inode) == 1) {
			buffer = find(table, inode);
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

static int compare_names(const void *a, const void *b)
{
	const struct buffer *first = a, *second = b;

	return strcmp(first->name, second->name);
}

int sharing_print(void)
{
	struct table table = { };
	FILE *file;
	int status;

	status = read_processes(&table);
	if (status)
		return status;
	file = fopen(BUFINFO, "re");
	if (file) {
		read_bufinfo(&table, file);
		fclose(file);
	}
	qsort(table.buffers, table.count, sizeof(table.buffers[0]), compare_names);
	printf("\nWho shares what while it is on screen:\n");
	printf("  %-10s %10s  %-18s %-17s %s\n", "buffer", "size", "exporter",
	       "attached devices", "held by");
	for (unsigned int i = 0; i < table.count; i++) {
		const struct buffer *buffer = &table.buffers[i];

		printf("  %-10s %6lu KiB  %-18s %-17s %s\n", *buffer->name ? buffer->name : "-",
		       buffer->size / 1024, buffer->exporter,
		       *buffer->devices ? buffer->devices : file ? "none" : "?",
		       buffer->processes);
	}
	if (!file)
		printf("  (the devices are not known: no " BUFINFO ")\n");
	return STATUS_OK;
}
