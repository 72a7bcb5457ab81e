// SPDX-License-Identifier: GPL-2.0-only
#include "buffer_info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFINFO_MAX	1048576

ssize_t read_text(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + used, len - used);
		if (got > 0)
			used += got;
	} while (got > 0 && used < len);
	got = got < 0 ? -errno : 0;
	close(fd);
	if (got)
		return got;
	if (used == len)
		return -EFBIG;
	text[used] = '\0';
	return used;
}

ino_t buffer_ino(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

ssize_t buffer_link(int fd, char *text, size_t len)
{
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	got = readlink(path, text, len - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	return got;
}

int buffer_open_path(int fd)
{
	char path[64];
	int opened;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, O_PATH | O_CLOEXEC);
	return opened < 0 ? -errno : opened;
}

ssize_t buffer_fdinfo(int fd, char *text, size_t len)
{
	char path[64], *own;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	got = read_text(path, text, len);
	if (got < 0)
		return got;
	own = strstr(text, "\nino:\t");
	own = own ? strchr(own + 1, '\n') : NULL;
	if (!own)
		return -ENOENT;
	memmove(text, own + 1, strlen(own));
	return strlen(text);
}

long buffer_count(int fd)
{
	char text[512], *line;
	ssize_t got = buffer_fdinfo(fd, text, sizeof(text));
	long count;

	if (got < 0)
		return got;
	line = strstr(text, "\ncount:\t");
	if (!line || sscanf(line, "\ncount:\t%ld\n", &count) != 1)
		return -ENOENT;
	return count;
}

static char *read_all(const char *path)
{
	char *text = malloc(BUFINFO_MAX);
	ssize_t got;

	if (!text)
		return NULL;
	got = read_text(path, text, BUFINFO_MAX);
	if (got >= 0)
		return text;
	free(text);
	errno = -got;
	return NULL;
}

char *bufinfo_text(void)
{
	return read_all(BUFINFO);
}

/* The inode number is the sixth column. */
static bool line_is_of(const char *line, ino_t ino)
{
	unsigned long found;

	return sscanf(line, "%*u\t%*x\t%*x\t%*d\t%*[^\t]\t%lu\t", &found) == 1 && found == ino;
}

/* Mainline has nobody notified of what happens to such files, and says so in their mode. */
static void forget_notification(char *block)
{
	char *mode = strchr(block, '\t');

	mode = mode ? strchr(mode + 1, '\t') : NULL;
	if (mode && !strncmp(mode, "\t02", 3))
		mode[2] = '0';
}

char *bufinfo_block(ino_t ino)
{
	char *text = bufinfo_text();
	char *line, *end, *block = NULL;

	if (!text)
		return NULL;
	/* The file begins with an empty line. */
	for (line = text; line; line = strchr(line, '\n')) {
		line++;
		if (line_is_of(line, ino))
			break;
	}
	end = line ? strstr(line, "\n\n") : NULL;
	if (end) {
		end[2] = '\0';
		block = strdup(line);
		if (block)
			forget_notification(block);
	}
	free(text);
	return block;
}

static unsigned int count_lines(const char *text)
{
	unsigned int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

int bufinfo_format(char *text, size_t len, int fd, const char *exp_name, const char *name,
		   const char *devices)
{
	/* f_mode has no other window: readable, writable, seekable, opened. */
	unsigned int access = fcntl(fd, F_GETFL) & O_ACCMODE;
	unsigned int mode = 0x80004 | (access + 1);
	struct stat st;
	int used;

	if (fstat(fd, &st))
		return -errno;
	used = snprintf(text, len, "%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t%s\n",
			(size_t)st.st_size, fcntl(fd, F_GETFL), mode, buffer_count(fd), exp_name,
			(unsigned long)st.st_ino, name);
	return snprintf(text + used, len - used, "\tAttached Devices:\n%sTotal %u %s\n\n",
			devices, count_lines(devices), "devices attached");
}

char *facts_block(ino_t ino)
{
	char *text = read_all(BUFFERS);
	char start[40], *block, *end;

	snprintf(start, sizeof(start), "\nbuffer\t%lu\n", (unsigned long)ino);
	block = text ? strstr(text, start) : NULL;
	if (block) {
		end = strstr(block + 1, "\nbuffer\t");
		if (end)
			end[1] = '\0';
		block = strdup(block + 1);
	}
	free(text);
	return block;
}

bool facts_gone(ino_t ino)
{
	char *text = read_all(BUFFERS), *block = facts_block(ino);
	bool gone = text && !block;

	free(block);
	free(text);
	return gone;
}

bool has_fact(const char *block, const char *key, const char *value)
{
	char line[256];

	/* Never the first line, which begins the block. */
	snprintf(line, sizeof(line), "\n%s\t%s\n", key, value);
	return block && strstr(block, line);
}

bool stats_present(void)
{
	return !access(STATS, F_OK);
}

bool stats_has(ino_t ino)
{
	char path[128];

	snprintf(path, sizeof(path), STATS "/%lu", (unsigned long)ino);
	return !access(path, F_OK);
}

bool lists_say(ino_t ino, bool there)
{
	bool agree = true;

	if (!access(BUFINFO, F_OK)) {
		char *block = bufinfo_block(ino);

		agree = !!block == there;
		free(block);
	}
	if (stats_present())
		agree &= stats_has(ino) == there;
	return agree;
}
