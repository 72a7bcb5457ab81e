/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells about a buffer: in /proc, in debugfs and in sysfs. */
#ifndef DMA_BUF_BUFFER_INFO_H
#define DMA_BUF_BUFFER_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define BUFINFO	"/sys/kernel/debug/dma_buf/bufinfo"
#define BUFFERS	"/sys/kernel/debug/dma_buf/buffers"
#define STATS	"/sys/kernel/dmabuf/buffers"

/* The whole of a text file, NUL-terminated: its length, or -errno (-EFBIG: len is too small). */
ssize_t read_text(const char *path, char *text, size_t len);

ino_t buffer_ino(int fd);

/* Where the link of the descriptor in /proc points: its length, or -errno. */
ssize_t buffer_link(int fd, char *text, size_t len);

/* An O_PATH descriptor of what the descriptor is of, or -errno. */
int buffer_open_path(int fd);

/* fdinfo from the line after the one that starts with "ino:", which is the buffer's own part. */
ssize_t buffer_fdinfo(int fd, char *text, size_t len);

/* The count line of fdinfo, or -errno. */
long buffer_count(int fd);

/* All of bufinfo, to be freed; NULL with errno set when that cannot be read. */
char *bufinfo_text(void);

/* The line that bufinfo has for the buffer and what follows it, to the empty line; to be freed. */
char *bufinfo_block(ino_t ino);

/* What that block is when these are its columns, devices being full lines. */
int bufinfo_format(char *text, size_t len, int fd, const char *exp_name, const char *name,
		   const char *devices);

/* All lines that the file for programs has for the buffer, each with its end; to be freed. */
char *facts_block(ino_t ino);

/* Whether that file can be read, and has nothing of the buffer. */
bool facts_gone(ino_t ino);

/* Whether a key has this value in such a block. */
bool has_fact(const char *block, const char *key, const char *value);

/* Whether the kernel keeps statistics in sysfs, and whether they know of the buffer. */
bool stats_present(void);
bool stats_has(ino_t ino);

/* Whether bufinfo and the statistics, where there are such, agree that the buffer is there. */
bool lists_say(ino_t ino, bool there);

#endif
