// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf ps, dmabuf cg: what each process holds, or each cgroup; and what no process does.
 */
#include <stdio.h>

#include "alloc.h"
#include "answer.h"
#include "commands.h"
#include "text.h"
#include "world.h"

/* A cgroup, or what keeps buffers that no process has. */
struct group {
	char *name;
	unsigned int members;
	unsigned long long bytes;
};

struct groups {
	struct group *groups;
	size_t count;
};

static void add_to(struct groups *all, const char *name, unsigned long long bytes)
{
	size_t i;

	for (i = 0; i < all->count && strcmp(all->groups[i].name, name); i++)
		;
	if (i == all->count) {
		all->groups = grow(all->groups, all->count++, sizeof(*all->groups));
		all->groups[i] = (struct group) { .name = copy_of(name) };
	}
	all->groups[i].members++;
	all->groups[i].bytes += bytes;
}

static struct groups without_process(const struct world *world)
{
	struct groups groups = { 0 };
	size_t i;

	for (i = 0; i < world->buffer_count; i++) {
		char keeper[KEEPER_TEXT] = "";

		if (world->buffers[i]->holders)
			continue;
		add_keeper(keeper, sizeof(keeper), world, world->buffers[i]);
		add_to(&groups, keeper, world->buffers[i]->size);
	}
	return groups;
}

static int by_share(const void *a, const void *b)
{
	const struct process *x = *(struct process **)a, *y = *(struct process **)b;

	return (x->share < y->share) - (x->share > y->share) ?:
	       (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_bytes(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes) ?: strcmp(x->name, y->name);
}

static void sort_groups(struct groups *groups)
{
	if (groups->count)
		qsort(groups->groups, groups->count, sizeof(*groups->groups), by_bytes);
}

static unsigned long long total(const struct world *world)
{
	unsigned long long bytes = 0;
	size_t i;

	for (i = 0; i < world->buffer_count; i++)
		bytes += world->buffers[i]->size;
	return bytes;
}

static struct json_object *groups_json(const struct groups *groups, const char *member,
				       struct json_object *list)
{
	size_t i;

	for (i = 0; i < groups->count; i++) {
		struct json_object *object = json_object_new_object();

		add_json(object, "name", groups->groups[i].name);
		json_object_object_add(object, member,
				       json_object_new_int(groups->groups[i].members));
		json_object_object_add(object, "share",
				       json_object_new_uint64(groups->groups[i].bytes));
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *process_json(const struct process *process)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "pid", json_object_new_int(process->pid));
	add_json(object, "name", process->name);
	add_json(object, "cgroup", process->cgroup);
	json_object_object_add(object, "buffers", json_object_new_int(process->buffers));
	json_object_object_add(object, "descriptors", json_object_new_int(process->descriptors));
	json_object_object_add(object, "mappings", json_object_new_int(process->mappings));
	json_object_object_add(object, "alone", json_object_new_uint64(process->alone));
	json_object_object_add(object, "shared", json_object_new_uint64(process->shared));
	json_object_object_add(object, "share", json_object_new_uint64(process->share));
	return object;
}

static void print_groups(const struct groups *groups, const char *one, const char *many)
{
	char size[SIZE_TEXT];
	size_t i;

	for (i = 0; i < groups->count; i++) {
		char line[4096] = "";

		add_text(line, sizeof(line), "%9s %6u %-9s  ",
			 size_text(groups->groups[i].bytes, size), groups->groups[i].members,
			 groups->groups[i].members == 1 ? one : many);
		add_safe(line, sizeof(line), groups->groups[i].name);
		puts(line);
	}
}

static void print_rest(const struct world *world, const struct groups *nobody)
{
	char size[SIZE_TEXT];

	if (nobody->count)
		puts("\nNo process has these. What keeps them:");
	print_groups(nobody, "buffer", "buffers");
	printf("\n%9s in %zu buffer%s\n", size_text(total(world), size), world->buffer_count,
	       world->buffer_count == 1 ? "" : "s");
}

enum status list_processes(struct world *world, const struct options *options)
{
	struct groups nobody = without_process(world);
	char alone[SIZE_TEXT], shared[SIZE_TEXT], share[SIZE_TEXT];
	size_t i;

	qsort(world->processes, world->process_count, sizeof(*world->processes), by_share);
	sort_groups(&nobody);
	if (options->json) {
		struct json_object *object = json_object_new_object();
		struct json_object *list = json_object_new_array();

		for (i = 0; i < world->process_count; i++)
			json_object_array_add(list, process_json(world->processes[i]));
		json_object_object_add(object, "processes", list);
		json_object_object_add(object, "without_process",
				       groups_json(&nobody, "buffers", json_object_new_array()));
		print_json(world, "held", object);
		return STATUS_DONE;
	}
	printf("%s%9s %9s %9s %7s %5s %5s  %s%s\n", bold(), "SHARE", "ALONE", "SHARED", "BUFFERS",
	       "FDS", "MAPS", "PROCESS", plain());
	for (i = 0; i < world->process_count; i++) {
		const struct process *process = world->processes[i];
		char name[PROCESS_TEXT] = "";

		add_process(name, process);
		printf("%9s %9s %9s %7u %5u %5u  %s\n", size_text(process->share, share),
		       size_text(process->alone, alone), size_text(process->shared, shared),
		       process->buffers, process->descriptors, process->mappings, name);
	}
	print_rest(world, &nobody);
	return STATUS_DONE;
}

enum status list_cgroups(struct world *world, const struct options *options)
{
	struct groups nobody = without_process(world), cgroups = { 0 };
	size_t i;

	for (i = 0; i < world->process_count; i++)
		add_to(&cgroups, world->processes[i]->cgroup ?: "(none)",
		       world->processes[i]->share);
	sort_groups(&cgroups);
	sort_groups(&nobody);
	if (options->json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "cgroups", groups_json(&cgroups, "processes",
								      json_object_new_array()));
		json_object_object_add(object, "without_process",
				       groups_json(&nobody, "buffers", json_object_new_array()));
		print_json(world, "held", object);
		return STATUS_DONE;
	}
	printf("%s%9s %16s  %s%s\n", bold(), "SHARE", "PROCESSES", "CGROUP", plain());
	print_groups(&cgroups, "process", "processes");
	print_rest(world, &nobody);
	return STATUS_DONE;
}
