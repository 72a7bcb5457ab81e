// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf watch: what happens to buffers, as it happens. dmabuf why: what was refused.
 */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdatomic.h>
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
	static const char told[] = " exp_name size ino attachment dev_name call by err ";
	size_t i;

	for (i = 0; i < event->count; i++) {
		char key[64];

		snprintf(key, sizeof(key), " %s ", event->values[i].key);
		if (!strstr(told, key)) {
			add_text(text, room, ",%s", key);
			add_safe(text, room, event->values[i].text);
		}
	}
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
		add_text(line, sizeof(line), ": %s (%s)", strerror(-atoi(err)),
			 err);
	if (refused)
		add_reason(line, sizeof(line), by ?: "?");
	printf("%s%s%s\n", refused ? bold() : "", line, refused ? plain() : "");
}

/* What looks like a number is one. */
static struct json_object *value_json(const char *value)
{
	char safe[512] = "", *end;
	long long number = strtoll(value, &end, 10);

	if (*value && !*end)
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
					       value_json(event->values[i].text));
	}
	return object;
}

/* Set when somebody wants it to end. */
static atomic_int ended;

static void end(int number)
{
	ended = number;
}

/* What ends it takes the recording away, too: none of these may kill. */
static void catch_signals(void)
{
	/* Without SA_RESTART: a read that waits is to come back. */
	struct sigaction action = { .sa_handler = end };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Until somebody ends it, or nobody reads it any more. */
static void follow(FILE *pipe, bool json)
{
	struct event event;
	char *line = NULL;
	size_t room = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (!ended && !ferror(stdout) && getline(&line, &room, pipe) > 0) {
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
	if (ferror(stdout) && errno == EPIPE)
		clearerr(stdout);
	free(line);
}

enum status watch_events(struct world *world, const struct options *options)
{
	char path[RECORDING_PATH], name[32];
	FILE *pipe;

	(void)world;
	snprintf(name, sizeof(name), "dmabuf-%d", (int)getpid());
	recording_path(path, name);
	catch_signals();
	if (recording_begin(path, ""))
		return STATUS_FAILED;
	pipe = recording_file(path, "trace_pipe", "re");
	if (pipe) {
		follow(pipe, options->json);
		fclose(pipe);
	}
	if (!rmdir(path) && pipe)
		return STATUS_DONE;
	warn("%s", path);
	return STATUS_FAILED;
}

static bool is_same(const char *text, const char *who)
{
	return text && !strcmp(text, who);
}

/* Has it to do with this device, exporter or program, or with a thread of this process? */
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

static void print_refusals(FILE *trace, const char *who, bool json)
{
	struct event event;
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	if (json)
		begin_json_list(NULL, "refusals");
	while (getline(&line, &room, trace) > 0) {
		if (!event_parse(&event, line) || (who && !is_about(&event, who)))
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
	else if (!found)
		printf("Nothing%s%s was refused since recording began.\n", who ? " about " : "",
		       who ?: "");
}

enum status explain_refusals(struct world *world, const struct options *options)
{
	char path[RECORDING_PATH];
	FILE *trace;

	(void)world;
	recording_path(path, "dmabuf");
	trace = recording_file(path, "trace", "re");
	if (trace) {
		print_refusals(trace, options->argument, options->json);
		fclose(trace);
		return STATUS_DONE;
	}
	if (!recording_begin(path, "dma_buf_refused"))
		warnx("refusals are recorded from now on: let it fail, and ask again\n"
		      "        (rmdir %s ends that)", path);
	return STATUS_FAILED;
}
