// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf: every buffer, or all of one.
 */
#include <errno.h>
#include <stdio.h>

#include "alloc.h"
#include "answer.h"
#include "commands.h"
#include "kernel.h"
#include "text.h"
#include "world.h"

static int by_size(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer **)a, *y = *(struct buffer **)b;

	return (x->size < y->size) - (x->size > y->size) ?: (x->ino > y->ino) - (x->ino < y->ino);
}

static int by_count(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer **)a, *y = *(struct buffer **)b;

	return (x->references < y->references) - (x->references > y->references) ?: by_size(a, b);
}

/* Inode numbers grow, if not from one to the next on another CPU. */
static int by_age(const void *a, const void *b)
{
	const struct buffer *x = *(struct buffer **)a, *y = *(struct buffer **)b;

	return (x->ino > y->ino) - (x->ino < y->ino);
}

static void sort_buffers(struct world *world, const char *by)
{
	int (*compare)(const void *a, const void *b) = by_size;

	if (by)
		compare = !strcmp(by, "count") ? by_count : !strcmp(by, "age") ? by_age : by_size;
	qsort(world->buffers, world->buffer_count, sizeof(*world->buffers), compare);
}

/* How wide some columns are: as they must be, and so that the last one has room. */
struct columns {
	int exporter, name;
	size_t line;
};

#define WIDTH_MAX	160
/* All others, and of the last one what names a process and how many there are besides. */
#define WIDTH_OTHERS	(37 + 20)
#define WIDTH_LEAST	8

static int width_of(const char *text, int least)
{
	char safe[WIDTH_MAX] = "";

	add_safe(safe, sizeof(safe), text ?: "");
	return (int)strlen(safe) > least ? (int)strlen(safe) : least;
}

/* Takes from a column what the line is too long, as far as that is readable. */
static void narrow(int *column, int other, size_t line)
{
	int room = (int)line - WIDTH_OTHERS - other;

	if (*column > room)
		*column = room > WIDTH_LEAST ? room : WIDTH_LEAST;
}

static struct columns measure(const struct world *world)
{
	struct columns columns = { WIDTH_LEAST, strlen("NAME"), line_width() };
	size_t i;

	for (i = 0; i < world->buffer_count; i++) {
		columns.exporter = width_of(world->buffers[i]->exporter, columns.exporter);
		columns.name = width_of(world->buffers[i]->name, columns.name);
	}
	if (columns.name > WIDTH_LEAST)
		narrow(&columns.name, columns.exporter, columns.line);
	narrow(&columns.exporter, columns.name, columns.line);
	return columns;
}

static void print_line(const struct world *world, const struct buffer *buffer,
		       const struct columns *columns)
{
	char exporter[WIDTH_MAX] = "", name[WIDTH_MAX] = "", size[SIZE_TEXT];
	char line[4096] = "", references[24] = "?", devices[24] = "?";

	add_safe(exporter, columns->exporter + 1, buffer->exporter ?: "?");
	add_safe(name, columns->name + 1, buffer->name ?: "-");
	if (buffer->references >= 0)
		snprintf(references, sizeof(references), "%ld", buffer->references);
	if (world->source != SOURCE_PROCESSES)
		snprintf(devices, sizeof(devices), "%u", buffer->attachments);
	add_text(line, sizeof(line), "%6lu %8s %-*s %-*s %4s %3u %4u %4s ", buffer->ino,
		 size_text(buffer->size, size), columns->exporter, exporter, columns->name, name,
		 references, buffer->descriptors, buffer->mappings, devices);
	add_holders(line, columns->line < sizeof(line) ? columns->line + 1 : sizeof(line), world,
		    buffer);
	puts(line);
}

enum status list_buffers(struct world *world, const struct options *options)
{
	unsigned long long bytes = 0;
	char size[SIZE_TEXT];
	struct columns columns = measure(world);
	size_t i;

	sort_buffers(world, options->sort);
	if (options->json) {
		begin_json_list(world, "buffers");
		for (i = 0; i < world->buffer_count; i++)
			print_json_item(buffer_json(world, world->buffers[i]));
		end_json_list();
		return STATUS_DONE;
	}
	printf("%s%6s %8s %-*s %-*s %4s %3s %4s %4s %s%s\n", bold(), "INODE", "SIZE",
	       columns.exporter, "EXPORTER", columns.name, "NAME", "REFS", "FDS", "MAPS",
	       "DEVS", "HELD BY", plain());
	for (i = 0; i < world->buffer_count; i++) {
		print_line(world, world->buffers[i], &columns);
		bytes += world->buffers[i]->size;
	}
	printf("%zu buffer%s, %s\n", world->buffer_count, world->buffer_count == 1 ? "" : "s",
	       size_text(bytes, size));
	return STATUS_DONE;
}

/* What the kernel tells of one buffer, as it does: for people, or for programs. */
struct facts {
	unsigned long ino;
	bool inside;
	bool begun;
	struct json_object *list;
};

static void tell_fact(void *data, const char *key, const char *value)
{
	struct facts *facts = data;

	if (!strcmp(key, "buffer"))
		facts->inside = strtoul(value, NULL, 10) == facts->ino;
	if (!facts->inside)
		return;
	if (facts->list) {
		struct json_object *object = json_object_new_object();

		add_json(object, "key", key);
		add_json(object, "value", value);
		json_object_array_add(facts->list, object);
		return;
	}
	if (!facts->begun)
		puts("\nWhat the kernel tells:");
	facts->begun = true;
	printf("    %s\t%s\n", key, value);
}

static void print_device(const struct device *device)
{
	char name[256] = "";

	add_safe(name, sizeof(name), device->name);
	printf("device      %s", name);
	if (device->importer)
		printf(", %s%s%s", device->importer, device->mapped ? ", mapped" : ", not mapped",
		       device->pinned ? ", pinned" : "");
	putchar('\n');
}

static void print_buffer_json(const struct world *world, const struct buffer *buffer)
{
	struct json_object *object = buffer_json(world, buffer);
	struct facts facts = { .ino = buffer->ino, .list = json_object_new_array() };

	kernel_facts(tell_fact, &facts);
	json_object_object_add(object, "facts", facts.list);
	print_json(world, "buffer", object);
}

static void print_buffer(const struct world *world, const struct buffer *buffer)
{
	char name[256] = "", exporter[256] = "", keeper[KEEPER_TEXT] = "", size[SIZE_TEXT];
	const struct holder *holder;
	const struct device *device;
	struct facts facts = { .ino = buffer->ino };

	add_safe(exporter, sizeof(exporter), buffer->exporter ?: "?");
	add_safe(name, sizeof(name), buffer->name ?: "-");
	printf("buffer      %lu\nsize        %s\nexporter    %s\nname        %s\n", buffer->ino,
	       size_text(buffer->size, size), exporter, name);
	if (buffer->references == 0)
		puts("references  0: it is closed, and kept by O_PATH descriptors");
	else if (buffer->references > 0)
		printf("references  %ld: descriptors: %u, mappings: %u, %s: %ld\n",
		       buffer->references, buffer->descriptors, buffer->mappings,
		       world->hidden ? "others" : "drivers and sockets", buffer_kept(buffer));
	for (holder = buffer->holders; holder; holder = holder->next) {
		char process[PROCESS_TEXT] = "";

		add_process(process, holder->process);
		printf("process     %s, descriptors: %u, mappings: %u\n", process,
		       holder->descriptors, holder->mappings);
	}
	for (device = buffer->devices; device; device = device->next)
		print_device(device);
	if (buffer->busy)
		printf("device      %u of them, at work just now\n", buffer->attachments);
	if (!buffer->holders) {
		add_keeper(keeper, sizeof(keeper), world, buffer);
		printf("No process has it. What keeps it: %s.\n", keeper);
	}
	kernel_facts(tell_fact, &facts);
}

enum status show_buffer(struct world *world, const struct options *options)
{
	unsigned long ino;
	size_t i;
	char *end;

	errno = 0;
	ino = options->argument ? strtoul(options->argument, &end, 10) : 0;
	if (!ino || *end || errno) {
		warnx("show: which one? Its inode number is in the first column of the list");
		return STATUS_USAGE;
	}
	for (i = 0; i < world->buffer_count && world->buffers[i]->ino != ino; i++)
		;
	if (i == world->buffer_count) {
		warnx("no buffer has the inode number %lu", ino);
		return STATUS_FAILED;
	}
	if (options->json)
		print_buffer_json(world, world->buffers[i]);
	else
		print_buffer(world, world->buffers[i]);
	return STATUS_DONE;
}
