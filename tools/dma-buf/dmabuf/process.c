// SPDX-License-Identifier: GPL-2.0-only
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "alloc.h"
#include "world.h"

/* How the links of what is looked at begin: stat() of any other file may take long. */
#define LINK	"/dmabuf"
#define DEVICES	"/dev/"
#define DRM	DEVICES "dri/"

bool read_short(int dir, const char *name, char *text, size_t size)
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

/* What a link in sysfs is called to which this leads; NULL if there is none. */
static char *sysfs_name(const struct stat *st, const char *link)
{
	char path[64], target[PATH_MAX], *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s", major(st->st_rdev),
		 minor(st->st_rdev), link);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return NULL;
	target[len] = '\0';
	name = strrchr(target, '/');
	return copy_of(name ? name + 1 : target);
}

static void add_opener(struct world *world, const struct process *process, int dir,
		       const struct stat *st, bool drm)
{
	struct opener *opener;
	char *device = sysfs_name(st, "device");

	if (!device)
		return;
	/* Processes are read one by one. */
	for (opener = world->openers; opener && opener->pid == process->pid;
	     opener = opener->next) {
		if (!strcmp(opener->device, device)) {
			opener->drm |= drm;
			free(device);
			return;
		}
	}
	opener = zalloc(sizeof(*opener));
	*opener = (struct opener) {
		.next = world->openers,
		.pid = process->pid,
		.process = name_of(dir),
		.device = device,
		.driver = sysfs_name(st, "device/driver"),
		.drm = drm,
	};
	world->openers = opener;
}

/*
 * Whoever has namespaces of his own can call any file as buffers are called; the file system tells.
 * Of a mapping only root learns it, where no process has a descriptor.
 */
static bool is_buffers(struct world *world, dev_t dev, const char *path)
{
	struct statfs fs;

	if (world->dev)
		return dev == world->dev;
	if (statfs(path, &fs))
		return true;
	if (fs.f_type == DMA_BUF_MAGIC)
		world->dev = dev;
	return fs.f_type == DMA_BUF_MAGIC;
}

static void read_descriptor(struct world *world, struct process *process, int dir, int list,
			    const char *name)
{
	bool is_buffer, is_device;
	struct buffer *buffer;
	char link[16] = "", path[64];
	struct stat st;

	if (readlinkat(list, name, link, sizeof(link) - 1) < 0)
		return;
	is_buffer = !strncmp(link, LINK ":", strlen(LINK ":"));
	is_device = !strncmp(link, DEVICES, strlen(DEVICES));
	if ((!is_buffer && !is_device) || fstatat(list, name, &st, 0))
		return;
	if (is_device) {
		if (S_ISCHR(st.st_mode))
			add_opener(world, process, dir, &st, !strncmp(link, DRM, strlen(DRM)));
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)process->pid, name);
	if (!is_buffers(world, st.st_dev, path))
		return;
	buffer = world_buffer(world, st.st_ino);
	buffer->asked_pid = process->pid;
	buffer->asked_fd = atoi(name);
	world_hold(buffer, process, false);
}

static bool read_descriptors(struct world *world, struct process *process, int dir)
{
	int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!list)
		return errno != EACCES;
	while ((entry = readdir(list))) {
		if (*entry->d_name != '.')
			read_descriptor(world, process, dir, dirfd(list), entry->d_name);
	}
	closedir(list);
	return true;
}

static void read_mappings(struct world *world, struct process *process, int dir)
{
	int fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned int dev_major, dev_minor;
	unsigned long start, end, ino;
	char *line = NULL;
	size_t room = 0;
	int name;

	while (file && getline(&line, &room, file) > 0) {
		struct buffer *buffer;
		char path[96];

		name = 0;
		if (!strstr(line, " " LINK ":") ||
		    sscanf(line, "%lx-%lx %*s %*s %x:%x %lu %n", &start, &end, &dev_major,
			   &dev_minor, &ino, &name) < 5 ||
		    !name || strncmp(line + name, LINK ":", strlen(LINK ":")))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)process->pid,
			 start, end);
		if (!is_buffers(world, makedev(dev_major, dev_minor), path))
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
