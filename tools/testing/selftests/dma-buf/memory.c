// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer_info.h"

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

/* The files of each cache stay open, since to open one takes objects, and so does a first read. */
static struct {
	char name[256];
	int objects;
	int shrink;
} caches[SLAB_CACHES];
static size_t cache_count;

static int open_file(int dir, const char *cache, const char *file, int flags)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", cache, file);
	return openat(dir, path, flags | O_CLOEXEC);
}

/*
 * The books that debugging keeps of all objects come and go with what it looks at. To count takes
 * an object itself, on a machine with one memory node of the smallest, and then all free ones of
 * the slab that it is from count as used.
 */
static bool is_bookkeeping(const char *cache)
{
	return !strcmp(cache, "kmemleak_object") || !strcmp(cache, "debug_objects_cache") ||
	       !strcmp(cache, "kmalloc-8");
}

static long objects_in(size_t cache)
{
	char text[256];
	ssize_t got = pread(caches[cache].objects, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = 0;
	return atol(text);
}

int slabs_open(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;

	if (!dir)
		return -ENODEV;
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		/* A link is another name of a cache that is met anyway. */
		if (entry->d_type != DT_DIR || name[0] == '.' || is_bookkeeping(name))
			continue;
		if (cache_count == SLAB_CACHES) {
			closedir(dir);
			return -E2BIG;
		}
		snprintf(caches[cache_count].name, sizeof(caches->name), "%s", name);
		caches[cache_count].objects = open_file(dirfd(dir), name, "objects", O_RDONLY);
		caches[cache_count].shrink = open_file(dirfd(dir), name, "shrink", O_WRONLY);
		objects_in(cache_count);
		cache_count += caches[cache_count].objects >= 0;
	}
	closedir(dir);
	return cache_count ? 0 : -ENODEV;
}

static void free_what_is_kept(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* What was used lately survives the first time. */
	if (pwrite(fd, "2", 1, 0) < 0 || pwrite(fd, "2", 1, 0) < 0)
		perror("drop_caches");
	close(fd);
}

void slabs_count(struct slabs *slabs, const struct slabs *before)
{
	size_t i;

	free_what_is_kept();
	for (i = 0; i < cache_count; i++) {
		if ((!before || objects_in(i) > before->objects[i]) &&
		    write(caches[i].shrink, "1", 1) < 0)
			perror(caches[i].name);
		slabs->objects[i] = objects_in(i);
	}
}

void slabs_lesser(struct slabs *slabs, const struct slabs *other)
{
	size_t i;

	for (i = 0; i < cache_count; i++) {
		if (other->objects[i] < slabs->objects[i])
			slabs->objects[i] = other->objects[i];
	}
}

const char *slabs_most_grown(const struct slabs *before, const struct slabs *after, long *objects)
{
	const char *most = "none";
	size_t i;

	*objects = 0;
	for (i = 0; i < cache_count; i++) {
		long grown = after->objects[i] - before->objects[i];

		if (grown <= *objects)
			continue;
		*objects = grown;
		most = caches[i].name;
	}
	return most;
}
