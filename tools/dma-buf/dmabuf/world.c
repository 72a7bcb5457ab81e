// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <search.h>

#include "alloc.h"
#include "kernel.h"
#include "process.h"

static int compare_ino(const void *a, const void *b)
{
	unsigned long x = ((const struct buffer *)a)->ino, y = ((const struct buffer *)b)->ino;

	return (x > y) - (x < y);
}

struct buffer *world_find(struct world *world, unsigned long ino)
{
	struct buffer key = { .ino = ino }, **found;

	found = tfind(&key, &world->by_ino, compare_ino);
	return found ? *found : NULL;
}

struct buffer *world_buffer(struct world *world, unsigned long ino)
{
	struct buffer *buffer = world_find(world, ino);

	if (buffer)
		return buffer;
	buffer = zalloc(sizeof(*buffer));
	buffer->ino = ino;
	buffer->references = -1;
	buffer->asked_fd = -1;
	must(tsearch(buffer, &world->by_ino, compare_ino));
	world->buffers = grow(world->buffers, world->buffer_count, sizeof(*world->buffers));
	world->buffers[world->buffer_count++] = buffer;
	return buffer;
}

void world_hold(struct buffer *buffer, struct process *process, bool mapping)
{
	struct holder *holder = buffer->holders;

	/* Processes are read one by one, and the last one is in front. */
	if (!holder || holder->process != process) {
		holder = zalloc(sizeof(*holder));
		holder->process = process;
		holder->next = buffer->holders;
		buffer->holders = holder;
		buffer->processes++;
		process->buffers++;
	}
	if (mapping) {
		holder->mappings++;
		buffer->mappings++;
		process->mappings++;
	} else {
		holder->descriptors++;
		buffer->descriptors++;
		process->descriptors++;
	}
}

long buffer_kept(const struct buffer *buffer)
{
	long kept = buffer->references - (long)buffer->descriptors - (long)buffer->mappings;

	return buffer->references < 0 || kept < 0 ? 0 : kept;
}

bool is_suspect(const struct buffer *buffer, const struct opener *opener)
{
	const struct device *device;

	for (device = buffer->devices; device; device = device->next) {
		if (!strcmp(device->name, opener->device))
			return true;
	}
	if (buffer->attachments || !buffer->exporter)
		return false;
	/* What DRM itself exports has no driver's name. */
	return !strcmp(buffer->exporter, opener->device) ||
	       (opener->driver && !strcmp(buffer->exporter, opener->driver)) ||
	       (opener->drm && !strcmp(buffer->exporter, "drm"));
}

static void share_out(struct buffer *buffer)
{
	const struct holder *holder;

	for (holder = buffer->holders; holder; holder = holder->next) {
		struct process *process = holder->process;

		if (buffer->processes == 1 && !buffer_kept(buffer))
			process->alone += buffer->size;
		else
			process->shared += buffer->size;
		process->share += buffer->size / buffer->processes;
	}
	/* What the division leaves over is somebody's as well. */
	if (buffer->holders)
		buffer->holders->process->share += buffer->size % buffer->processes;
}

/* What went while the processes were read is nobody's, and nothing keeps it. */
static void forget_gone(struct world *world)
{
	struct world later = { .by_ino = NULL };
	size_t i, left = 0;

	kernel_read(&later);
	for (i = 0; i < world->buffer_count; i++) {
		struct buffer *buffer = world->buffers[i];

		if (buffer->holders || world_find(&later, buffer->ino))
			world->buffers[left++] = buffer;
		else
			tdelete(buffer, &world->by_ino, compare_ino);
	}
	world->buffer_count = left;
}

void world_read(struct world *world)
{
	bool some_are_nobodys = false;
	size_t i;

	/* In this order: a buffer that is made meanwhile has no references, not too few. */
	kernel_read(world);
	processes_read(world);
	for (i = 0; i < world->buffer_count && !some_are_nobodys; i++)
		some_are_nobodys = !world->buffers[i]->holders;
	if (some_are_nobodys)
		forget_gone(world);
	for (i = 0; i < world->buffer_count; i++) {
		if (!world->buffers[i]->exporter)
			kernel_ask(world->buffers[i]);
		share_out(world->buffers[i]);
	}
}
