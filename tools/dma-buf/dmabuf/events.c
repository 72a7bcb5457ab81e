// SPDX-License-Identifier: GPL-2.0-only
#include "events.h"

#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

/* COMM-PID [CPU] FLAGS TIME: dma_buf_EVENT: VALUES, where a program chose the first word. */
#define EVENT	"^ *(.*)-([0-9]+) +\\[[0-9]+\\] [^ ]+ +([0-9.]+): dma_buf_([a-z_]+): (.*)$"

/* Where the next key begins, or the end: values may have blanks. */
static char *next_key(char *text)
{
	char *word;

	for (word = text; (word = strchr(word, ' ')); word++) {
		size_t len = strspn(word + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");

		if (len && (word[1 + len] == '=' || word[1 + len] == ':'))
			return word;
	}
	return text + strlen(text);
}

static void parse_values(struct event *event, char *text)
{
	size_t room = sizeof(event->values) / sizeof(*event->values);

	for (event->count = 0; *text && event->count < room; event->count++) {
		char *value = text + strcspn(text, "=:"), *end = next_key(value);

		event->values[event->count].key = text;
		text = *end ? end + 1 : end;
		*end = '\0';
		event->values[event->count].text = *value ? value + 1 : value;
		*value = '\0';
	}
}

bool event_parse(struct event *event, char *line)
{
	static regex_t pattern;
	static bool compiled;
	regmatch_t part[6];
	int i;

	if (!compiled && regcomp(&pattern, EVENT, REG_EXTENDED))
		errx(STATUS_FAILED, "out of memory");
	compiled = true;
	line[strcspn(line, "\n")] = '\0';
	if (regexec(&pattern, line, 6, part, 0))
		return false;
	for (i = 1; i < 6; i++)
		line[part[i].rm_eo] = '\0';
	event->thread = line + part[1].rm_so;
	event->pid = atoi(line + part[2].rm_so);
	event->time = line + part[3].rm_so;
	event->name = line + part[4].rm_so;
	parse_values(event, line + part[5].rm_so);
	return true;
}

const char *event_value(const struct event *event, const char *key)
{
	size_t i;

	for (i = 0; i < event->count; i++) {
		if (!strcmp(event->values[i].key, key))
			return event->values[i].text;
	}
	return NULL;
}

static const char *tracefs(void)
{
	return access("/sys/kernel/tracing/events", F_OK) && errno == ENOENT ?
	       "/sys/kernel/debug/tracing" : "/sys/kernel/tracing";
}

void recording_path(char path[RECORDING_PATH], const char *name)
{
	snprintf(path, RECORDING_PATH, "%s/instances/%s", tracefs(), name);
}

FILE *recording_file(const char *path, const char *name, const char *mode)
{
	char file[2 * RECORDING_PATH];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	return fopen(file, mode);
}

static bool recording_write(const char *path, const char *name, const char *text)
{
	FILE *file = recording_file(path, name, "we");

	return file && fputs(text, file) >= 0 && !fclose(file);
}

static bool recording_reads(const char *path, const char *name, char expected)
{
	FILE *file = recording_file(path, name, "re");
	bool as_expected = file && fgetc(file) == expected;

	if (file)
		fclose(file);
	return as_expected;
}

bool recording_is_on(const char *path, const char *event)
{
	char enable[64];

	snprintf(enable, sizeof(enable), "events/dma_buf/%s/enable", event);
	return recording_reads(path, "tracing_on", '1') && recording_reads(path, enable, '1');
}

/* Those of others, who did not live to take them away. */
static void remove_stale(void)
{
	char path[RECORDING_PATH], name[32];
	struct dirent *entry;
	DIR *list;
	int pid;

	recording_path(path, "");
	list = opendir(path);
	while (list && (entry = readdir(list))) {
		if (sscanf(entry->d_name, WATCH_RECORDING, &pid) != 1 || pid <= 0 ||
		    !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(name, sizeof(name), WATCH_RECORDING, pid);
		recording_path(path, name);
		rmdir(path);
	}
	if (list)
		closedir(list);
}

enum status recording_begin(const char *path, const char *event)
{
	/* What a line is made of is as somebody likes it, and a new instance has it from him. */
	static const char *const options[] = {
		"context-info", "irq-info", "norecord-tgid", "nolatency-format", "noraw", "nohex",
		"nobin", "nofields",
	};
	char known[RECORDING_PATH], enable[64];
	size_t i;

	snprintf(known, sizeof(known), "%s/events/dma_buf/%s", tracefs(), event);
	if (access(known, F_OK)) {
		warnx("%s: %s", known, errno == EACCES ? "it takes root" :
		      "this kernel has no such event, or it takes root and\n"
		      "        mount -t tracefs none /sys/kernel/tracing");
		return STATUS_FAILED;
	}
	remove_stale();
	if (mkdir(path, 0700) && errno != EEXIST) {
		warn("%s", path);
		return STATUS_FAILED;
	}
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		/* Not every kernel has each. */
		recording_write(path, "trace_options", options[i]);
	snprintf(enable, sizeof(enable), "events/dma_buf/%s/enable", event);
	if (recording_write(path, enable, "1") && recording_write(path, "tracing_on", "1"))
		return STATUS_DONE;
	warn("%s/%s", path, enable);
	rmdir(path);
	return STATUS_FAILED;
}
