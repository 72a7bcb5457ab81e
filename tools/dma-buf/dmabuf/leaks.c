// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf leaks: what came in the first half of a while and was still there at its end, by who holds
 * it and who exported it.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "answer.h"
#include "commands.h"
#include "text.h"
#include "world.h"

enum moment { BEGIN, MIDDLE, END, MOMENTS };

/* Somebody, and what became of the buffers of one exporter in his hands. */
struct leak {
	char who[KEEPER_TEXT];
	char exporter[64];
	bool process;		/* or what keeps a buffer that no process has */
	unsigned long ino;	/* if it is one buffer that is opened again and again, else 0 */
	unsigned int opened;	/* in the first half */
	unsigned int closed;	/* of these, in the second */
	unsigned long long bytes;
};

struct leaks {
	struct leak *leaks;
	size_t count;
};

static struct leak *leak_of(struct leaks *all, const char *who, const struct buffer *buffer,
			    unsigned long ino)
{
	char exporter[64] = "";
	struct leak *leak;
	size_t i;

	add_safe(exporter, sizeof(exporter), buffer->exporter ?: "?");

	for (i = 0; i < all->count; i++) {
		leak = &all->leaks[i];
		if (!strcmp(leak->who, who) && !strcmp(leak->exporter, exporter) &&
		    leak->ino == ino)
			return leak;
	}
	all->leaks = grow(all->leaks, all->count++, sizeof(*all->leaks));
	leak = &all->leaks[i];
	*leak = (struct leak) { .process = buffer->holders, .ino = ino };
	add_text(leak->who, sizeof(leak->who), "%s", who);
	add_text(leak->exporter, sizeof(leak->exporter), "%s", exporter);
	return leak;
}

/* What the process has of the buffer, at another moment; NULL if nothing. */
static const struct holder *same_holder(struct world *world, unsigned long ino,
					const struct process *process)
{
	const struct buffer *buffer = world_find(world, ino);
	const struct holder *holder = buffer ? buffer->holders : NULL;

	while (holder && (holder->process->pid != process->pid ||
			  strcmp(holder->process->name, process->name)))
		holder = holder->next;
	return holder;
}

static void compare_holder(struct world *worlds, struct leaks *leaks, const struct buffer *buffer,
			   const struct holder *holder)
{
	const struct holder *before = same_holder(&worlds[BEGIN], buffer->ino, holder->process);
	const struct holder *after = same_holder(&worlds[END], buffer->ino, holder->process);
	char who[PROCESS_TEXT] = "";
	struct leak *leak;

	add_process(who, holder->process);
	if (!before) {
		leak = leak_of(leaks, who, buffer, 0);
		leak->opened++;
		leak->closed += !after;
		leak->bytes += after ? buffer->size : 0;
	} else if (holder->descriptors > before->descriptors) {
		leak = leak_of(leaks, who, buffer, buffer->ino);
		leak->opened = holder->descriptors - before->descriptors;
		if (!after || after->descriptors < holder->descriptors)
			leak->closed = leak->opened;
	}
}

/* A buffer that no process has, in the middle and at the end. */
static void compare_kept(struct world *worlds, struct leaks *leaks, const struct buffer *buffer)
{
	const struct buffer *after = world_find(&worlds[END], buffer->ino);
	char who[KEEPER_TEXT] = "";
	struct leak *leak;

	if (world_find(&worlds[BEGIN], buffer->ino))
		return;
	add_keeper(who, sizeof(who), &worlds[MIDDLE], buffer);
	leak = leak_of(leaks, who, buffer, 0);
	leak->opened++;
	leak->closed += !after || after->holders;
	leak->bytes += after && !after->holders ? buffer->size : 0;
}

static int by_what_is_left(const void *a, const void *b)
{
	const struct leak *x = a, *y = b;
	unsigned int left = x->opened - x->closed, other = y->opened - y->closed;

	return (left < other) - (left > other) ?: strcmp(x->who, y->who);
}

/* So many in so many seconds, as one says it. */
static void add_rate(char *text, size_t room, const struct leak *leak, double seconds)
{
	double rate = leak->opened / seconds;
	bool often = rate >= 0.95;

	if (often)
		add_text(text, room, "%.0f ", rate);
	add_text(text, room, "%s%s%s", often ? "" : "a ", leak->ino ? "descriptor" : "buffer",
		 rate >= 1.5 ? "s" : "");
	if (leak->ino)
		add_text(text, room, " of buffer %lu", leak->ino);
	add_text(text, room, " of %s ", leak->exporter);
	if (often)
		add_text(text, room, "a second");
	else
		add_text(text, room, "every %.0f seconds", 1 / rate);
}

static void print_leak(const struct leak *leak, double seconds)
{
	char line[1024] = "", size[SIZE_TEXT];

	add_text(line, sizeof(line), "%s %s ", leak->who, leak->process ? "opens" : "takes");
	add_rate(line, sizeof(line), leak, seconds);
	add_text(line, sizeof(line), " and %s ", leak->process ? "closes" : "lets go of");
	if (leak->closed)
		add_text(line, sizeof(line), "%u of %u", leak->closed, leak->opened);
	else
		add_text(line, sizeof(line), "none");
	if (leak->bytes)
		add_text(line, sizeof(line), ": %s more in %.1f s", size_text(leak->bytes, size),
			 seconds);
	puts(line);
}

static struct json_object *leak_json(const struct leak *leak, double seconds)
{
	struct json_object *object = json_object_new_object();

	add_json(object, "who", leak->who);
	add_json(object, "exporter", leak->exporter);
	json_object_object_add(object, "inode",
			       leak->ino ? json_object_new_uint64(leak->ino) : NULL);
	json_object_object_add(object, "opened", json_object_new_int(leak->opened));
	json_object_object_add(object, "closed", json_object_new_int(leak->closed));
	json_object_object_add(object, "bytes", json_object_new_uint64(leak->bytes));
	json_object_object_add(object, "seconds", json_object_new_double(seconds));
	return object;
}

static void print_leaks(const struct world *world, struct leaks *leaks, double seconds, bool json)
{
	unsigned int found = 0;
	size_t i;

	if (leaks->count)
		qsort(leaks->leaks, leaks->count, sizeof(*leaks->leaks), by_what_is_left);
	if (json)
		begin_json_list(world, "leaks");
	for (i = 0; i < leaks->count; i++) {
		/* Who closes half of it at once closes the rest, too. */
		if (2 * leaks->leaks[i].closed >= leaks->leaks[i].opened)
			continue;
		found++;
		if (json)
			print_json_item(leak_json(&leaks->leaks[i], seconds));
		else
			print_leak(&leaks->leaks[i], seconds);
	}
	if (json)
		end_json_list();
	else if (!found)
		puts("Nothing grew, or what came went again.");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

enum status find_leaks(struct world *world, const struct options *options)
{
	struct world worlds[MOMENTS] = { [BEGIN] = *world };
	struct leaks leaks = { 0 };
	double seconds, first_half = 0, began = now();
	size_t i;
	char *end;
	int moment;

	seconds = options->argument ? strtod(options->argument, &end) : 10;
	if ((options->argument && *end) || !(seconds > 0 && seconds < 1e6)) {
		warnx("leaks: %s is no number of seconds", options->argument);
		return STATUS_USAGE;
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "Watching for %g s.\n", seconds);
	seconds /= 2;
	for (moment = MIDDLE; moment <= END; moment++) {
		struct timespec half = { seconds, (seconds - (long)seconds) * 1e9 };

		nanosleep(&half, NULL);
		world_read(&worlds[moment]);
		if (moment == MIDDLE)
			first_half = now() - began;
	}
	for (i = 0; i < worlds[MIDDLE].buffer_count; i++) {
		const struct buffer *buffer = worlds[MIDDLE].buffers[i];
		const struct holder *holder;

		for (holder = buffer->holders; holder; holder = holder->next)
			compare_holder(worlds, &leaks, buffer, holder);
		if (!buffer->holders)
			compare_kept(worlds, &leaks, buffer);
	}
	print_leaks(world, &leaks, first_half, options->json);
	return STATUS_DONE;
}
