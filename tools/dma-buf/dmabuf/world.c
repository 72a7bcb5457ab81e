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

void world_read(struct world *world)
{
	size_t i;

	/* In this order: a buffer that is made meanwhile has no references, not too few. */
	kernel_read(world);
	processes_read(world);
	for (i = 0; i < world->buffer_count; i++) {
		if (!world->buffers[i]->exporter)
			kernel_ask(world->buffers[i]);
		share_out(world->buffers[i]);
	}
}
