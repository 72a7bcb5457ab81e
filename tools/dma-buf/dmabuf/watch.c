// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf watch: what happens to buffers, as it happens. dmabuf why: what was refused.
 */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "answer.h"
#include "commands.h"
#include "events.h"
#include "text.h"

/* Whose answer an error is, for the end of a sentence. */
static const struct {
	const char *word, *text;
} reasons[] = {
	{ "core", ", said by the core" },
	{ "fence", ", said by a fence" },
	{ "memory", ", for want of memory" },
	{ "process", ", since the process may open no more" },
	{ "signal", ", since a signal came" },
};

static void add_reason(char *text, size_t room, const char *by)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (!strcmp(by, reasons[i].word)) {
			add_text(text, room, "%s", reasons[i].text);
			return;
		}
	}
	if (!strncmp(by, "exporter:", 9)) {
		add_text(text, room, ", said by the exporter's ");
		by += 9;
	} else {
		add_text(text, room, ", said by ");
	}
	add_safe(text, room, by);
}

/* The rest of it, as the kernel says it. */
static void add_values(char *text, size_t room, const struct event *event)
{
	/* Told in another way; and where it lies in the kernel is nobody's business. */
	static const char told[] = " exp_name size ino attachment dev_name call err ";
	bool refused = !strcmp(event->name, "refused");
	size_t i;

	for (i = 0; i < event->count; i++) {
		char key[64];

		snprintf(key, sizeof(key), " %s ", event->values[i].key);
		if (!strstr(told, key) && !(refused && !strcmp(key, " by "))) {
			add_text(text, room, ",%s", key);
			add_safe(text, room, event->values[i].text);
		}
	}
}

static void add_error(char *text, size_t room, int error)
{
	/* What no program ever sees has no name here. */
	if (error > -512)
		add_text(text, room, ": %s (%d)", strerror(-error), error);
	else
		add_text(text, room, ": error %d", error);
}

static void print_event(const struct event *event)
{
	const char *device = event_value(event, "dev_name"), *by = event_value(event, "by");
	const char *err = event_value(event, "err"), *call = event_value(event, "call");
	bool refused = !strcmp(event->name, "refused");
	char line[1024] = "";

	add_text(line, sizeof(line), "%12s ", event->time);
	add_safe(line, sizeof(line), event->thread);
	add_text(line, sizeof(line), " (%d): %s of buffer %s of ", (int)event->pid,
		 call ?: event->name, event_value(event, "ino") ?: "?");
	add_safe(line, sizeof(line), event_value(event, "exp_name") ?: "?");
	if (device && strcmp(device, "none")) {
		add_text(line, sizeof(line), " for ");
		add_safe(line, sizeof(line), device);
	}
	add_values(line, sizeof(line), event);
	if (err && atoi(err))
		add_error(line, sizeof(line), atoi(err));
	if (refused)
		add_reason(line, sizeof(line), by ?: "?");
	printf("%s%s%s\n", refused ? bold() : "", line, refused ? plain() : "");
}

/* Names are text, even if they are made of digits. */
static struct json_object *value_json(const char *key, const char *value)
{
	static const char names[] = " exp_name dev_name call by ";
	char safe[512] = "", word[64], *end;
	long long number;

	snprintf(word, sizeof(word), " %s ", key);
	errno = 0;
	number = strtoll(value, &end, 10);
	if (*value && !*end && !errno && !strstr(names, word))
		return json_object_new_int64(number);
	add_safe(safe, sizeof(safe), value);
	return json_object_new_string(safe);
}

static struct json_object *event_json(const struct event *event)
{
	struct json_object *object = json_object_new_object();
	size_t i;

	json_object_object_add(object, "time",
			       json_object_new_double_s(atof(event->time), event->time));
	json_object_object_add(object, "pid", json_object_new_int(event->pid));
	add_json(object, "process", event->thread);
	json_object_object_add(object, "event", json_object_new_string(event->name));
	for (i = 0; i < event->count; i++) {
		if (strcmp(event->values[i].key, "attachment"))
			json_object_object_add(object, event->values[i].key,
					       value_json(event->values[i].key,
							  event->values[i].text));
	}
	return object;
}

/* What is to go, however this ends. */
static struct {
	char path[RECORDING_PATH];
	int pipe;
} recording = { .pipe = -1 };

static void end_recording(void)
{
	/* As long as it is read it cannot go. */
	close(recording.pipe);
	rmdir(recording.path);
}

/* All that this does may be done at any time. A reader that has gone is as good an end as any. */
static void end(int number)
{
	(void)number;
	end_recording();
	_exit(STATUS_DONE);
}

static void end_by_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		signal(numbers[i], end);
	/* What ends for want of memory ends by exit(). */
	atexit(end_recording);
}

static void follow(FILE *pipe, bool json)
{
	struct event event;
	char *line = NULL;
	size_t room = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (!ferror(stdout) && getline(&line, &room, pipe) > 0) {
		if (!event_parse(&event, line)) {
			/* That some came too fast, or half of a name of two lines. */
			char safe[512] = "";

			add_safe(safe, sizeof(safe), line);
			warnx("%s", safe);
		} else if (json) {
			struct json_object *object = event_json(&event);

			puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
			json_object_put(object);
		} else {
			print_event(&event);
		}
	}
	free(line);
}

enum status watch_events(struct world *world, const struct options *options)
{
	char name[32];
	FILE *pipe;

	(void)world;
	snprintf(name, sizeof(name), WATCH_RECORDING, (int)getpid());
	recording_path(recording.path, name);
	end_by_signals();
	if (recording_begin(recording.path, ""))
		return STATUS_FAILED;
	pipe = recording_file(recording.path, "trace_pipe", "re");
	if (!pipe) {
		warn("%s", recording.path);
		return STATUS_FAILED;
	}
	recording.pipe = fileno(pipe);
	/* Until somebody ends it, or what it says cannot be written. */
	follow(pipe, options->json);
	warn("%s", ferror(stdout) ? "standard output" : recording.path);
	return STATUS_FAILED;
}

static bool is_same(const char *text, const char *who)
{
	return text && !strcmp(text, who);
}

/* Has it to do with this device, exporter or thread, or with a thread of this process? */
static bool is_about(const struct event *event, const char *who)
{
	char task[64], *end;
	long pid = strtol(who, &end, 10);

	if (*end)
		return is_same(event->thread, who) ||
		       is_same(event_value(event, "dev_name"), who) ||
		       is_same(event_value(event, "exp_name"), who);
	snprintf(task, sizeof(task), "/proc/%ld/task/%d", pid, (int)event->pid);
	return event->pid == pid || !access(task, F_OK);
}

static void print_none(const char *who)
{
	char safe[256] = "";

	if (who) {
		add_text(safe, sizeof(safe), " about ");
		add_safe(safe, sizeof(safe), who);
	}
	printf("Nothing%s was refused since recording began.\n", safe);
}

static enum status print_refusals(FILE *trace, const char *who, bool json)
{
	enum status status = STATUS_DONE;
	struct event event;
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	if (json)
		begin_json_list(NULL, "refusals");
	while (getline(&line, &room, trace) > 0) {
		if (!event_parse(&event, line)) {
			if (*line && *line != '#')
				status = STATUS_FAILED;
			continue;
		}
		if (who && !is_about(&event, who))
			continue;
		found = true;
		if (json)
			print_json_item(event_json(&event));
		else
			print_event(&event);
	}
	free(line);
	if (json)
		end_json_list();
	else if (!found && !status)
		print_none(who);
	if (status)
		warnx("some lines of the kernel could not be read");
	return status;
}

enum status explain_refusals(struct world *world, const struct options *options)
{
	static const char event[] = "dma_buf_refused";
	char path[RECORDING_PATH];
	enum status status;
	FILE *trace;

	(void)world;
	recording_path(path, "dmabuf");
	trace = recording_is_on(path, event) ? recording_file(path, "trace", "re") : NULL;
	if (trace) {
		status = print_refusals(trace, options->argument, options->json);
		fclose(trace);
		return status;
	}
	if (!recording_begin(path, event))
		warnx("refusals are recorded from now on: let it fail, and ask again\n"
		      "        (rmdir %s ends that)", path);
	return STATUS_FAILED;
}
