// SPDX-License-Identifier: GPL-2.0-only
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "world.h"

#define LINK	"/dmabuf"

/* A short file of a process, without the end of its last line; false if there is none. */
static bool read_short(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return false;
	text[text[len - 1] == '\n' ? len - 1 : len] = '\0';
	return true;
}

static char *name_of(int dir)
{
	char text[64];

	return copy_of(read_short(dir, "comm", text, sizeof(text)) ? text : "?");
}

/* The cgroup of version 2, by its path. */
static char *cgroup_of(int dir)
{
	char text[4096], *line;

	if (!read_short(dir, "cgroup", text, sizeof(text)))
		return NULL;
	line = strncmp(text, "0::", 3) ? strstr(text, "\n0::") : text;
	if (!line)
		return NULL;
	line = strstr(line, "::") + 2;
	line[strcspn(line, "\n")] = '\0';
	return copy_of(line);
}

/* Only links that say so are looked at further: stat() of any other file may take long. */
static bool is_buffer(int dir, const char *name)
{
	char link[sizeof(LINK)];

	return readlinkat(dir, name, link, sizeof(link)) == sizeof(link) &&
	       !memcmp(link, LINK ":", sizeof(link));
}

static bool read_descriptors(struct world *world, struct process *process, int dir)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!list)
		return errno != EACCES;
	while ((entry = readdir(list))) {
		struct buffer *buffer;

		if (*entry->d_name == '.' || !is_buffer(dirfd(list), entry->d_name) ||
		    fstatat(dirfd(list), entry->d_name, &st, 0))
			continue;
		buffer = world_buffer(world, st.st_ino);
		buffer->asked_pid = process->pid;
		buffer->asked_fd = atoi(entry->d_name);
		world_hold(buffer, process, false);
	}
	closedir(list);
	return true;
}

static void read_mappings(struct world *world, struct process *process, int dir)
{
	int fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned long start, end, ino;
	char *line = NULL;
	size_t room = 0;
	int path;

	while (file && getline(&line, &room, file) > 0) {
		struct buffer *buffer;

		path = 0;
		if (!strstr(line, " " LINK ":") ||
		    sscanf(line, "%lx-%lx %*s %*s %*s %lu %n", &start, &end, &ino, &path) < 3 ||
		    !path || strncmp(line + path, LINK ":", strlen(LINK ":")))
			continue;
		buffer = world_buffer(world, ino);
		/* If nobody tells the size, it is this at least. */
		if (!buffer->exporter && buffer->size < end - start)
			buffer->size = end - start;
		world_hold(buffer, process, true);
	}
	free(line);
	if (file)
		fclose(file);
}

static void read_process(struct world *world, int proc, const char *pid)
{
	int dir = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct process *process;

	if (dir < 0)
		return;
	process = zalloc(sizeof(*process));
	process->pid = atoi(pid);
	if (!read_descriptors(world, process, dir))
		world->hidden++;
	read_mappings(world, process, dir);
	if (process->buffers) {
		process->name = name_of(dir);
		process->cgroup = cgroup_of(dir);
		world->processes = grow(world->processes, world->process_count,
					sizeof(*world->processes));
		world->processes[world->process_count++] = process;
	} else {
		free(process);
	}
	close(dir);
}

void processes_read(struct world *world)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		err(STATUS_FAILED, "/proc");
	while ((entry = readdir(proc))) {
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			read_process(world, dirfd(proc), entry->d_name);
	}
	closedir(proc);
}
