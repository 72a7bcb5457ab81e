// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: the registry of every live buffer.
 *
 * One shard for each CPU, each a list with a spinlock of its own. A buffer
 * goes to the shard of the CPU which exports it and stays there, so exports on
 * different CPUs share nothing. A lock is held for one step in a list, or for a
 * batch of them past what a walk passes over, never while somebody sleeps or
 * formats text.
 *
 * What every walk relies on:
 *
 * - A buffer's entry is in its list from dma_buf_registry_add() to
 *   dma_buf_registry_remove() and, unlike those of walkers, does not move. Hence a
 *   walker that holds a reference to a buffer can go on from its entry.
 * - Entries are added at the head, behind all walkers. A walk of one shard thus
 *   meets only what was there when it entered, each entry once, and comes to an
 *   end however fast others export.
 * - Under the lock, the memory of every entry in the list is valid: the release
 *   of a buffer takes its entry out first.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/lockref.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "dma-buf-internal.h"

/* Inode numbers that a CPU takes from the common stock at once. */
#define DMA_BUF_INO_BATCH	1024

/* Buffers that a walker passes over before it lets go of the lock. */
#define DMA_BUF_PASS_BATCH	32

/**
 * struct dma_buf_shard - the buffers exported on one CPU
 * @lock: for @entries and &dma_buf_entry.link of what is in it
 * @entries: newest first
 */
struct dma_buf_shard {
	/* Guards the list. Inside: a dentry's, and what fput() takes. */
	spinlock_t lock;
	struct list_head entries;
};

static DEFINE_PER_CPU_ALIGNED(struct dma_buf_shard, dma_buf_shards);

/* How many inode numbers have been taken from the common stock. */
static atomic_long_t dma_buf_ino_taken = ATOMIC_LONG_INIT(0);

/* The last one that this CPU gave away. */
static DEFINE_PER_CPU(unsigned long, dma_buf_ino_last);

void __init dma_buf_registry_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct dma_buf_shard *shard = per_cpu_ptr(&dma_buf_shards, cpu);

		spin_lock_init(&shard->lock);
		INIT_LIST_HEAD(&shard->entries);
	}
}

static struct dma_buf_shard *dma_buf_shard_of(const struct dma_buf_entry *entry)
{
	return per_cpu_ptr(&dma_buf_shards, entry->cpu);
}

/**
 * dma_buf_registry_ino - a number for a new inode
 *
 * Each CPU takes a batch of them at a time, and then needs no lock, as it does
 * with get_next_ino() of the VFS; but that one's numbers are of 32 bits, and
 * come again.
 *
 * Context: Process context.
 * Return: A number that no dma-buf had before and that is not 0, as long as an
 * unsigned long can tell.
 */
unsigned long dma_buf_registry_ino(void)
{
	unsigned long *last = &get_cpu_var(dma_buf_ino_last);
	unsigned long ino = *last;

	if (ino % DMA_BUF_INO_BATCH == 0)
		ino = atomic_long_fetch_add(DMA_BUF_INO_BATCH,
					    &dma_buf_ino_taken);
	*last = ++ino;
	put_cpu_var(dma_buf_ino_last);
	return ino;
}

/**
 * dma_buf_registry_add - make a buffer known, or begin to read
 * @entry: of a buffer, complete, or of a cursor
 * @cpu: of the shard; for a buffer any will do
 */
void dma_buf_registry_add(struct dma_buf_entry *entry, int cpu)
{
	struct dma_buf_shard *shard = per_cpu_ptr(&dma_buf_shards, cpu);

	entry->cpu = cpu;
	spin_lock(&shard->lock);
	list_add(&entry->link, &shard->entries);
	spin_unlock(&shard->lock);
}

/**
 * dma_buf_registry_remove - make sure that nobody finds an entry any more
 * @entry: of a buffer whose references are all gone, or of a cursor
 */
void dma_buf_registry_remove(struct dma_buf_entry *entry)
{
	struct dma_buf_shard *shard = dma_buf_shard_of(entry);

	spin_lock(&shard->lock);
	list_del(&entry->link);
	spin_unlock(&shard->lock);
}

/**
 * dma_buf_get_file - the file of a buffer, if it is not going
 * @obj: the buffer
 *
 * Context: Any.
 * Return: The file with a reference, or NULL.
 */
struct file *dma_buf_get_file(struct dma_buf_object *obj)
{
	struct file *file;

	guard(rcu)();
	if (READ_ONCE(obj->closed))
		return NULL;
	file = get_file_active(&obj->base.file);
	/* Then it was closed, and another file may have got the memory. */
	if (file && READ_ONCE(obj->closed)) {
		fput(file);
		return NULL;
	}
	return file;
}

/*
 * Hold a buffer by its file, so that file and memory go together when this
 * turns out to be the last reference. Only one that has outlived its file is
 * held by the dentry. A count of zero means dying, for either.
 */
static bool dma_buf_cursor_hold(struct dma_buf_cursor *cursor,
				struct dma_buf_object *obj)
{
	cursor->file = dma_buf_get_file(obj);
	if (cursor->file)
		return true;
	if (cursor->files_only)
		return false;
	/* Pairs with dma_buf_file_release(). */
	if (!smp_load_acquire(&obj->closed) || !obj->dentry ||
	    !lockref_get_not_zero(&obj->dentry->d_lockref))
		return false;
	cursor->dentry = obj->dentry;
	return true;
}

/* Let others have the lock; only bookmarks are where they were after this. */
static void dma_buf_shard_yield(struct dma_buf_shard *shard)
	__must_hold(&shard->lock)
{
	spin_unlock(&shard->lock);
	cond_resched();
	spin_lock(&shard->lock);
}

/*
 * The first buffer behind a cursor that can be held, which it then is. Those
 * that are dying are passed over; nobody knows how many there are, so others get
 * the lock now and then, and the cursor keeps the place.
 */
static struct dma_buf_object *dma_buf_cursor_find(struct dma_buf_cursor *cursor,
						  struct dma_buf_shard *shard)
	__must_hold(&shard->lock)
{
	struct dma_buf_entry *entry = &cursor->entry;
	unsigned int passed = 0;

	list_for_each_entry_continue(entry, &shard->entries, link) {
		struct dma_buf_object *obj =
			container_of(entry, struct dma_buf_object, entry);

		if (!entry->is_cursor && dma_buf_cursor_hold(cursor, obj))
			return obj;
		if (++passed % DMA_BUF_PASS_BATCH)
			continue;
		list_move(&cursor->entry.link, &entry->link);
		entry = &cursor->entry;
		dma_buf_shard_yield(shard);
	}
	return NULL;
}

/**
 * dma_buf_cursor_end - take a cursor out of the registry
 * @cursor: in use, or zeroed
 */
void dma_buf_cursor_end(struct dma_buf_cursor *cursor)
{
	if (cursor->entry.is_cursor)
		dma_buf_registry_remove(&cursor->entry);
	cursor->entry.is_cursor = false;
}

/* Go before the first buffer of @cpu, or to the end if there is no such CPU. */
static void dma_buf_cursor_enter(struct dma_buf_cursor *cursor, int cpu)
{
	dma_buf_cursor_end(cursor);
	if (cpu >= nr_cpu_ids)
		return;
	cursor->entry.is_cursor = true;
	dma_buf_registry_add(&cursor->entry, cpu);
}

/**
 * dma_buf_cursor_start - go before the first buffer
 * @cursor: zeroed, or in use already
 *
 * Between two calls a cursor holds no reference. Its owner serialises them.
 */
void dma_buf_cursor_start(struct dma_buf_cursor *cursor)
{
	dma_buf_cursor_enter(cursor, cpumask_first(cpu_possible_mask));
}

/**
 * dma_buf_cursor_get - the buffer that a cursor stands before
 * @cursor: started
 *
 * The cursor stays before it, until dma_buf_cursor_pass().
 *
 * Return: The buffer, held until dma_buf_cursor_put(); NULL at the end.
 */
struct dma_buf_object *dma_buf_cursor_get(struct dma_buf_cursor *cursor)
{
	while (cursor->entry.is_cursor) {
		struct dma_buf_shard *shard = dma_buf_shard_of(&cursor->entry);
		struct dma_buf_object *obj;

		spin_lock(&shard->lock);
		obj = dma_buf_cursor_find(cursor, shard);
		spin_unlock(&shard->lock);
		if (obj)
			return obj;
		dma_buf_cursor_enter(cursor, cpumask_next(cursor->entry.cpu,
							  cpu_possible_mask));
	}
	return NULL;
}

/**
 * dma_buf_cursor_pass - go behind a buffer
 * @cursor: which stands before it
 * @obj: the buffer from dma_buf_cursor_get(), still held
 */
void dma_buf_cursor_pass(struct dma_buf_cursor *cursor,
			 struct dma_buf_object *obj)
{
	struct dma_buf_shard *shard = dma_buf_shard_of(&obj->entry);

	spin_lock(&shard->lock);
	list_move(&cursor->entry.link, &obj->entry.link);
	spin_unlock(&shard->lock);
}

/**
 * dma_buf_registry_next - one step over all buffers that have a file
 * @obj: where to go on, a buffer that the caller has a reference to, which keeps
 *       its entry in the list; or NULL to begin
 *
 * Context: May sleep.
 * Return: The next one, with a reference to its file, or NULL at the end.
 */
struct dma_buf *dma_buf_registry_next(struct dma_buf_object *obj)
{
	struct dma_buf_cursor cursor = { .files_only = true };
	struct dma_buf_object *next;

	if (obj) {
		dma_buf_cursor_enter(&cursor, obj->entry.cpu);
		dma_buf_cursor_pass(&cursor, obj);
	} else {
		dma_buf_cursor_start(&cursor);
	}
	next = dma_buf_cursor_get(&cursor);
	dma_buf_cursor_end(&cursor);
	return next ? &next->base : NULL;
}

static void dma_buf_put_orphan(struct work_struct *work)
{
	dput(container_of(work, struct dma_buf_object, orphan)->dentry);
}

static bool dma_buf_put_unless_last(struct dentry *dentry)
{
	bool last;

	spin_lock(&dentry->d_lock);
	last = dentry->d_lockref.count == 1;
	if (!last)
		dentry->d_lockref.count--;
	spin_unlock(&dentry->d_lock);
	return !last;
}

/**
 * dma_buf_cursor_put - let go of the buffer that is being read
 * @cursor: whose dma_buf_cursor_get() gave it, if any
 *
 * Whoever reads does so with locks of his own, and they must not come to be
 * outside of those which the exporter's release takes. So this never is what
 * runs it: for a file, fput() sees to that; a dentry is left to a worker. That
 * has one at a time, since whoever takes a reference meanwhile finds that his is
 * not the last.
 */
void dma_buf_cursor_put(struct dma_buf_cursor *cursor)
{
	struct dma_buf_object *obj;

	if (cursor->file)
		fput(cursor->file);
	if (cursor->dentry && !dma_buf_put_unless_last(cursor->dentry)) {
		obj = cursor->dentry->d_fsdata;
		INIT_WORK(&obj->orphan, dma_buf_put_orphan);
		schedule_work(&obj->orphan);
	}
	cursor->file = NULL;
	cursor->dentry = NULL;
}
