// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer_info.h"

#define SLABS	"/sys/kernel/slab"

long buffers_alive(void)
{
	char *text = bufinfo_text(), *at, *line = NULL;
	long count = -ENOENT;

	if (!text)
		return -errno;
	for (at = text; (at = strstr(at, "\nTotal ")); at++)
		line = at;
	if (!line || sscanf(line, "\nTotal %ld objects", &count) != 1)
		count = -ENOENT;
	free(text);
	return count;
}

static void write_knob(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

/* Objects on their way back, in whatever kind of cache or quarantine, are not counted then. */
static void flush(const char *cache)
{
	char path[300];

	snprintf(path, sizeof(path), SLABS "/%s/shrink", cache);
	write_knob(path, "1");
}

static long objects_in(const char *cache)
{
	char path[300], text[256];

	snprintf(path, sizeof(path), SLABS "/%s/objects", cache);
	return read_text(path, text, sizeof(text)) < 0 ? -1 : atol(text);
}

/* The books that debugging keeps of all objects come and go with what it looks at. */
static bool is_bookkeeping(const char *cache)
{
	return !strcmp(cache, "kmemleak_object") || !strcmp(cache, "debug_objects_cache");
}

int slabs_count(struct slabs *slabs)
{
	DIR *dir = opendir(SLABS);
	struct dirent *entry;

	slabs->count = 0;
	if (!dir)
		return errno == ENOENT ? -ENODEV : -errno;
	/*
	 * What is kept for later, or waits for an RCU grace period, is free after this. What was
	 * used lately survives the first time.
	 */
	write_knob("/proc/sys/vm/drop_caches", "2");
	write_knob("/proc/sys/vm/drop_caches", "2");
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	while ((entry = readdir(dir)) && slabs->count < SLAB_CACHES) {
		struct slab_cache *cache = &slabs->cache[slabs->count];

		/* A link is another name of a cache that is met anyway. */
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    is_bookkeeping(entry->d_name))
			continue;
		flush(entry->d_name);
		snprintf(cache->name, sizeof(cache->name), "%s", entry->d_name);
		cache->objects = objects_in(entry->d_name);
		slabs->count += cache->objects >= 0;
	}
	closedir(dir);
	return slabs->count ? 0 : -ENODEV;
}

static long objects_before(const struct slabs *slabs, const char *name)
{
	size_t i;

	for (i = 0; i < slabs->count; i++) {
		if (!strcmp(slabs->cache[i].name, name))
			return slabs->cache[i].objects;
	}
	return 0;
}

void slabs_lesser(struct slabs *slabs, const struct slabs *other)
{
	size_t i;

	for (i = 0; i < slabs->count; i++) {
		long objects = objects_before(other, slabs->cache[i].name);

		if (objects < slabs->cache[i].objects)
			slabs->cache[i].objects = objects;
	}
}

const char *slabs_most_grown(const struct slabs *before, const struct slabs *after, long *objects)
{
	const char *most = "none";
	size_t i;

	*objects = 0;
	for (i = 0; i < after->count; i++) {
		const struct slab_cache *cache = &after->cache[i];
		long grown = cache->objects - objects_before(before, cache->name);

		if (grown <= *objects)
			continue;
		*objects = grown;
		most = cache->name;
	}
	return most;
}
