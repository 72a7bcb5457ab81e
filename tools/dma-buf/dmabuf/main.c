// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who keeps this memory? Buffers that devices share (dma-buf), and who holds them.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "commands.h"
#include "text.h"
#include "world.h"

enum {
	TAKES_WORD = 1,
	TAKES_ORDER = 2,
	READS_EVENTS = 4,	/* and not who holds what */
};

static const struct command {
	const char *name;
	enum status (*run)(struct world *world, const struct options *options);
	unsigned int does;
} commands[] = {
	{ "list", list_buffers, TAKES_ORDER },
	{ "ps", list_processes, 0 },
	{ "cg", list_cgroups, 0 },
	{ "show", show_buffer, TAKES_WORD },
	{ "leaks", find_leaks, TAKES_WORD },
	{ "watch", watch_events, READS_EVENTS },
	{ "why", explain_refusals, TAKES_WORD | READS_EVENTS },
};

static void print_help(FILE *where)
{
	fputs("Who keeps this memory? Buffers that devices share (dma-buf), and who holds them.\n"
	      "\n"
	      "  dmabuf [list]       every buffer, and which processes hold it\n"
	      "  dmabuf ps           each process: what it alone keeps, and what it shares; then what\n"
	      "                      no process holds, and what else keeps that\n"
	      "  dmabuf cg           the same by control group of the processes\n"
	      "  dmabuf show INODE   everything of one buffer\n"
	      "  dmabuf leaks [SECONDS]\n"
	      "                      memory or descriptors grow: who opens, and does not close, for\n"
	      "                      10 seconds or so many; devices and drivers included\n"
	      "  dmabuf why [PID|NAME]\n"
	      "                      something fails: what was refused, and who said no. NAME is a\n"
	      "                      device, an exporter or a thread. The first call only begins to\n"
	      "                      record: let it fail then, and ask again\n"
	      "  dmabuf watch        what the kernel does with buffers and what it refuses, as it\n"
	      "                      happens, until Ctrl-C; not what programs close or pass on\n"
	      "\n"
	      "  -j, --json          for programs\n"
	      "  -s, --sort ORDER    the list, and only that, by size (the largest first), count (of\n"
	      "                      references) or age (by inode)\n"
	      "  -h, --help          this\n"
	      "\n"
	      "SHARE divides each buffer by the processes that hold it; ALONE is what would be\n"
	      "free if the process ended, SHARED what would not. REFS counts descriptors (FDS),\n"
	      "mappings (MAPS), and what drivers and sockets have; DEVS are devices. Where a\n"
	      "driver keeps a buffer, maybe for a process, that one has its device open. Root\n"
	      "sees everybody's buffers, others their own.\n", where);
}

static int usage(const char *wrong, const char *word)
{
	char safe[256] = "";

	if (wrong) {
		add_safe(safe, sizeof(safe), word);
		warnx("%s: %s", wrong, safe);
	}
	fputs("Try dmabuf --help.\n", stderr);
	return STATUS_USAGE;
}

/* Once, and not between the lines of a table. */
static void say_what_is_missing(const struct world *world)
{
	if (world->source == SOURCE_PROCESSES)
		warnx("no list of buffers (%s): %s",
		      geteuid() ? "it takes root" : "mount -t debugfs none /sys/kernel/debug?",
		      "those that no process has open are not seen, nor devices");
	else if (world->source == SOURCE_BUFINFO)
		warnx("this kernel does not tell what is mapped or pinned for devices");
	if (world->hidden)
		warnx("%u processes could not be looked into: they take root", world->hidden);
}

/* A disk that is full shows only when all is written. A reader that has gone ends us before. */
static enum status flush(enum status status)
{
	if ((fflush(stdout) || ferror(stdout)) && status == STATUS_DONE) {
		warn("standard output");
		return STATUS_FAILED;
	}
	return status;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "sort", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .sort = NULL };
	const struct command *command;
	struct world world = { .by_ino = NULL };
	enum status status;
	int option;

	setlocale(LC_CTYPE, "C.UTF-8");
	while ((option = getopt_long(argc, argv, "js:h", known, NULL)) != -1) {
		if (option == 'h') {
			print_help(stdout);
			return flush(STATUS_DONE);
		}
		if (option == 'j')
			options.json = true;
		else if (option == 's')
			options.sort = optarg;
		else
			return usage(NULL, NULL);
	}
	command = find_command(optind < argc ? argv[optind] : "list");
	if (!command)
		return usage("no such command", argv[optind]);
	optind++;
	if (command->does & TAKES_WORD && optind < argc)
		options.argument = argv[optind++];
	if (optind < argc)
		return usage("one word too many", argv[optind]);
	if (options.sort && !(command->does & TAKES_ORDER))
		return usage("no order but its own", command->name);
	if (options.sort && strcmp(options.sort, "size") && strcmp(options.sort, "count") &&
	    strcmp(options.sort, "age"))
		return usage("no such order", options.sort);

	if (!(command->does & READS_EVENTS))
		world_read(&world);
	status = flush(command->run(&world, &options));
	if (status != STATUS_USAGE && !(command->does & READS_EVENTS))
		say_what_is_missing(&world);
	return status;
}
