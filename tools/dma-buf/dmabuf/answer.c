// SPDX-License-Identifier: GPL-2.0-only
#include "answer.h"

#include <stdio.h>

#include "alloc.h"
#include "text.h"
#include "world.h"

/* A few of them are enough to look at. */
static void add_suspects(char *text, size_t room, const struct world *world,
			 const struct buffer *buffer)
{
	const struct opener *opener;
	unsigned int found = 0;

	for (opener = world->openers; opener; opener = opener->next) {
		if (!is_suspect(buffer, opener) || ++found > 3)
			continue;
		add_text(text, room, found > 1 ? ", " : ", maybe for ");
		add_safe(text, room, opener->process);
		add_text(text, room, " (%d)", (int)opener->pid);
	}
	if (found > 3)
		add_text(text, room, " +%u", found - 3);
}

void add_keeper(char *text, size_t room, const struct world *world, const struct buffer *buffer)
{
	const struct device *device = buffer->devices;

	if (buffer->references == 0) {
		add_text(text, room, "an O_PATH descriptor");
	} else if (buffer->busy && buffer->attachments) {
		add_text(text, room, "%u devices, at work just now", buffer->attachments);
	} else if (!device) {
		add_text(text, room, "driver or socket");
	} else {
		add_text(text, room, "device ");
		for (; device; device = device->next) {
			add_safe(text, room, device->name);
			add_text(text, room, device->next ? ", " : "");
		}
	}
	add_suspects(text, room, world, buffer);
}

void add_process(char text[PROCESS_TEXT], const struct process *process)
{
	/* With room for the number. */
	add_safe(text, PROCESS_TEXT - 16, process->name);
	add_text(text, PROCESS_TEXT, " (%d)", (int)process->pid);
}

/* Devices that use it as well, as far as they fit. */
static void add_devices(char *text, size_t room, const struct buffer *buffer)
{
	const struct device *device;

	for (device = buffer->devices; device; device = device->next) {
		char one[128] = ", device ";

		add_safe(one, sizeof(one), device->name);
		if (strlen(text) + strlen(one) < room)
			add_text(text, room, "%s", one);
	}
}

void add_holders(char *text, size_t room, const struct world *world, const struct buffer *buffer)
{
	const struct holder *holder;
	unsigned int left = buffer->processes;

	if (!buffer->holders)
		add_keeper(text, room, world, buffer);
	for (holder = buffer->holders; holder; holder = holder->next, left--) {
		char one[PROCESS_TEXT] = "";

		add_process(one, holder->process);
		/* At least one, and no half of another. */
		if (left < buffer->processes &&
		    strlen(text) + strlen(one) + strlen(", ") + (left > 1 ? 8 : 0) >= room) {
			add_text(text, room, " +%u", left);
			break;
		}
		add_text(text, room, "%s%s", left < buffer->processes ? ", " : "", one);
	}
	if (buffer->holders && buffer->references == 0)
		add_text(text, room, " by O_PATH");
	if (buffer->holders)
		add_devices(text, room, buffer);
}

void add_json(struct json_object *object, const char *key, const char *text)
{
	char safe[8192] = "";

	if (text)
		add_safe(safe, sizeof(safe), text);
	json_object_object_add(object, key, text ? json_object_new_string(safe) : NULL);
}

static struct json_object *holders_json(const struct buffer *buffer)
{
	struct json_object *list = json_object_new_array();
	const struct holder *holder;

	for (holder = buffer->holders; holder; holder = holder->next) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "pid", json_object_new_int(holder->process->pid));
		add_json(object, "name", holder->process->name);
		json_object_object_add(object, "descriptors",
				       json_object_new_int(holder->descriptors));
		json_object_object_add(object, "mappings", json_object_new_int(holder->mappings));
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *suspects_json(const struct world *world, const struct buffer *buffer)
{
	struct json_object *list = json_object_new_array();
	const struct opener *opener;

	for (opener = world->openers; opener && !buffer->holders; opener = opener->next) {
		struct json_object *object;

		if (!is_suspect(buffer, opener))
			continue;
		object = json_object_new_object();
		json_object_object_add(object, "pid", json_object_new_int(opener->pid));
		add_json(object, "name", opener->process);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *devices_json(const struct world *world, const struct buffer *buffer)
{
	struct json_object *list = json_object_new_array();
	const struct device *device;

	for (device = buffer->devices; device; device = device->next) {
		struct json_object *object = json_object_new_object();

		add_json(object, "name", device->name);
		if (world->source == SOURCE_BUFFERS) {
			add_json(object, "importer", device->importer);
			json_object_object_add(object, "mapped",
					       json_object_new_boolean(device->mapped));
			json_object_object_add(object, "pinned",
					       json_object_new_boolean(device->pinned));
		}
		json_object_array_add(list, object);
	}
	return list;
}

struct json_object *buffer_json(const struct world *world, const struct buffer *buffer)
{
	struct json_object *object = json_object_new_object();
	char keeper[KEEPER_TEXT] = "";

	json_object_object_add(object, "inode", json_object_new_uint64(buffer->ino));
	json_object_object_add(object, "size", json_object_new_uint64(buffer->size));
	add_json(object, "exporter", buffer->exporter);
	add_json(object, "name", buffer->name);
	json_object_object_add(object, "references", buffer->references < 0 ? NULL :
			       json_object_new_int64(buffer->references));
	json_object_object_add(object, "descriptors", json_object_new_int(buffer->descriptors));
	json_object_object_add(object, "mappings", json_object_new_int(buffer->mappings));
	json_object_object_add(object, "processes", holders_json(buffer));
	json_object_object_add(object, "devices", world->source == SOURCE_PROCESSES ||
			       buffer->busy ? NULL : devices_json(world, buffer));
	if (!buffer->holders)
		add_keeper(keeper, sizeof(keeper), world, buffer);
	add_json(object, "keeper", buffer->holders ? NULL : keeper);
	json_object_object_add(object, "suspects", suspects_json(world, buffer));
	return object;
}

#define JSON_STYLE	(JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

static void begin_json(const struct world *world, const char *key)
{
	static const char *const sources[] = { "buffers", "bufinfo", "processes" };

	fputs("{ \"version\": 1, ", stdout);
	if (world)
		printf("\"source\": \"%s\", \"hidden\": %u, ", sources[world->source],
		       world->hidden);
	printf("\"%s\": ", key);
}

void print_json(const struct world *world, const char *key, struct json_object *object)
{
	begin_json(world, key);
	fputs(json_object_to_json_string_ext(object, JSON_STYLE | JSON_C_TO_STRING_PRETTY), stdout);
	puts(" }");
	json_object_put(object);
}

static bool is_first_item;

void begin_json_list(const struct world *world, const char *key)
{
	begin_json(world, key);
	putchar('[');
	is_first_item = true;
}

void print_json_item(struct json_object *object)
{
	printf("%s\n%s", is_first_item ? "" : ",",
	       json_object_to_json_string_ext(object, JSON_STYLE));
	is_first_item = false;
	json_object_put(object);
}

void end_json_list(void)
{
	puts("\n] }");
}
