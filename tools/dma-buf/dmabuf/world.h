/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds which buffer: what is known of it, put together from what the kernel lists and what
 * /proc says of each process.
 */
#ifndef DMABUF_WORLD_H
#define DMABUF_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A process, by its descriptors and mappings of one buffer. */
struct holder {
	struct holder *next;
	struct process *process;
	unsigned int descriptors;
	unsigned int mappings;
};

/* A device on a buffer. */
struct device {
	struct device *next;
	char *name;
	char *importer;		/* static, dynamic, deaf, abandoned; NULL: not told */
	bool mapped;
	bool pinned;
};

struct buffer {
	unsigned long ino;
	unsigned long long size;
	char *exporter;		/* NULL: not told */
	char *name;		/* NULL: none */
	long references;	/* to its file; -1: not told */
	bool busy;		/* its devices could not be read */
	struct holder *holders;
	struct device *devices;
	unsigned int attachments;
	unsigned int descriptors;
	unsigned int mappings;
	unsigned int processes;
	pid_t asked_pid;	/* whose descriptor tells more, if asked_fd is not -1 */
	int asked_fd;
};

struct process {
	pid_t pid;
	char *name;
	char *cgroup;		/* NULL: none */
	unsigned int buffers;
	unsigned int descriptors;
	unsigned int mappings;
	unsigned long long alone;	/* bytes that nobody else holds */
	unsigned long long shared;	/* and those that others hold as well */
	unsigned long long share;	/* each divided by those who hold it */
};

/* A process that has a device open: its driver may keep buffers for it. */
struct opener {
	struct opener *next;
	pid_t pid;
	char *process;
	char *device;
	char *driver;		/* NULL: none */
	bool drm;		/* it has handles for buffers */
};

/* Where the list of buffers is from; each tells less than the one before. */
enum source {
	SOURCE_BUFFERS,		/* debugfs, on the core that has it */
	SOURCE_BUFINFO,		/* debugfs */
	SOURCE_PROCESSES,	/* descriptors alone */
};

struct world {
	void *by_ino;		/* of tsearch() */
	struct buffer **buffers;
	size_t buffer_count;
	struct process **processes;
	size_t process_count;
	struct opener *openers;
	dev_t dev;		/* the file system of buffers, once one was seen */
	enum source source;
	unsigned int hidden;	/* processes that could not be looked into */
};

/* Finds a buffer: NULL if it is not known. */
struct buffer *world_find(struct world *world, unsigned long ino);

/* The same, or makes one. */
struct buffer *world_buffer(struct world *world, unsigned long ino);

/* Counts what a process has of a buffer; with a descriptor, or with a mapping. */
void world_hold(struct buffer *buffer, struct process *process, bool mapping);

/* Might the driver keep a buffer, which no process has, for this one? */
bool is_suspect(const struct buffer *buffer, const struct opener *opener);

/* Reads all of it. */
void world_read(struct world *world);

/* How many references are neither descriptors nor mappings of processes that were seen. */
long buffer_kept(const struct buffer *buffer);

#endif
