// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: the registry of every live buffer.
 *
 * One shard for each CPU, each a list with a spinlock of its own. A buffer
 * goes to the shard of the CPU which exports it and stays there, so exports on
 * different CPUs share nothing. A lock is held for one step in a list, or for a
 * batch of them past buffers that are dying, never while somebody sleeps or
 * formats text.
 *
 * What every walk relies on:
 *
 * - An entry is in its list from dma_buf_registry_add() to
 *   dma_buf_registry_remove(), and does not move. Hence a walker that holds a
 *   reference to a buffer can go on from its entry.
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
#include <linux/llist.h>
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
 * @lock: guards everything here, and &dma_buf_entry.link of what is in @entries
 * @entries: newest first
 * @cpu: which one
 */
struct dma_buf_shard {
	/* Guards all of the shard; innermost. */
	spinlock_t lock;
	struct list_head entries;
	int cpu;
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
		shard->cpu = cpu;
	}
}

/* A task may be moved right after; any shard will do. */
static struct dma_buf_shard *dma_buf_shard_here(void)
{
	return raw_cpu_ptr(&dma_buf_shards);
}

static struct dma_buf_object *entry_to_object(struct dma_buf_entry *entry)
{
	return container_of(entry, struct dma_buf_object, entry);
}

/**
 * dma_buf_registry_ino - a number for a new inode
 *
 * Each CPU takes a batch of them at a time, and then needs no lock.
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
 * dma_buf_registry_add - make a buffer known
 * @obj: the buffer, complete
 */
void dma_buf_registry_add(struct dma_buf_object *obj)
{
	struct dma_buf_shard *shard = dma_buf_shard_here();

	obj->entry.shard = shard;
	spin_lock(&shard->lock);
	list_add(&obj->entry.link, &shard->entries);
	spin_unlock(&shard->lock);
}

/**
 * dma_buf_registry_remove - make sure that nobody finds a buffer any more
 * @obj: the buffer, whose references are all gone
 */
void dma_buf_registry_remove(struct dma_buf_object *obj)
{
	struct dma_buf_shard *shard = obj->entry.shard;

	spin_lock(&shard->lock);
	list_del(&obj->entry.link);
	spin_unlock(&shard->lock);
}

/* The shard after that of @cpu, or the first one for -1; NULL at the end. */
static struct dma_buf_shard *dma_buf_shard_after(int cpu)
{
	cpu = cpumask_next(cpu, cpu_possible_mask);
	return cpu < nr_cpu_ids ? per_cpu_ptr(&dma_buf_shards, cpu) : NULL;
}

/*
 * Hold a buffer by its file, so that file and memory go together when this
 * turns out to be the last reference. Only one that has outlived its file is
 * held by the dentry. A count of zero means dying, for either.
 */
static bool dma_buf_cursor_hold(struct dma_buf_cursor *cursor,
				struct dma_buf_object *obj)
{
	cursor->file = get_file_active(&obj->file);
	if (cursor->file)
		return true;
	if (cursor->files_only || READ_ONCE(obj->file) ||
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
static struct dma_buf_object *dma_buf_cursor_find(struct dma_buf_cursor *cursor)
	__must_hold(&cursor->entry.shard->lock)
{
	struct dma_buf_shard *shard = cursor->entry.shard;
	struct dma_buf_entry *entry = &cursor->entry;
	unsigned int passed = 0;

	list_for_each_entry_continue(entry, &shard->entries, link) {
		if (!entry->is_cursor &&
		    dma_buf_cursor_hold(cursor, entry_to_object(entry)))
			return entry_to_object(entry);
		if (++passed % DMA_BUF_PASS_BATCH)
			continue;
		list_move(&cursor->entry.link, &entry->link);
		entry = &cursor->entry;
		dma_buf_shard_yield(shard);
	}
	return NULL;
}

/* With a reference to its file: the first buffer behind @prev that has one. */
static struct dma_buf_object *dma_buf_file_after(struct dma_buf_shard *shard,
						 struct list_head *prev)
{
	struct dma_buf_cursor bookmark = {
		.entry.is_cursor = true,
		.entry.shard = shard,
		.files_only = true,
	};
	struct dma_buf_object *found;

	spin_lock(&shard->lock);
	list_add(&bookmark.entry.link, prev);
	found = dma_buf_cursor_find(&bookmark);
	list_del(&bookmark.entry.link);
	spin_unlock(&shard->lock);
	return found;
}

/**
 * dma_buf_registry_next - one step over all buffers that have a file
 * @obj: where to go on, a buffer that the caller has a reference to, which keeps
 *       its entry in the list; or NULL to begin
 *
 * Context: May sleep.
 * Return: The next one, with a reference to its file, or NULL at the end.
 */
struct dma_buf_object *dma_buf_registry_next(struct dma_buf_object *obj)
{
	struct dma_buf_shard *shard = obj ? obj->entry.shard :
					    dma_buf_shard_after(-1);
	struct list_head *prev = obj ? &obj->entry.link : &shard->entries;
	struct dma_buf_object *next;

	while (!(next = dma_buf_file_after(shard, prev))) {
		shard = dma_buf_shard_after(shard->cpu);
		if (!shard)
			break;
		prev = &shard->entries;
	}
	return next;
}

static void dma_buf_cursor_enter(struct dma_buf_cursor *cursor,
				 struct dma_buf_shard *shard)
{
	cursor->entry.is_cursor = true;
	cursor->entry.shard = shard;
	if (!shard)
		return;
	spin_lock(&shard->lock);
	list_add(&cursor->entry.link, &shard->entries);
	spin_unlock(&shard->lock);
}

static void dma_buf_cursor_leave(struct dma_buf_cursor *cursor)
{
	struct dma_buf_shard *shard = cursor->entry.shard;

	if (!shard)
		return;
	spin_lock(&shard->lock);
	list_del(&cursor->entry.link);
	spin_unlock(&shard->lock);
}

/**
 * dma_buf_cursor_start - go before the first buffer
 * @cursor: zeroed, or in use already
 *
 * A cursor walks like dma_buf_registry_next() does, but it
 * also meets buffers which no descriptor refers to any more, and between two
 * calls it holds no reference. Its owner serialises the calls.
 */
void dma_buf_cursor_start(struct dma_buf_cursor *cursor)
{
	dma_buf_cursor_leave(cursor);
	dma_buf_cursor_enter(cursor, dma_buf_shard_after(-1));
}

/**
 * dma_buf_cursor_end - take a cursor out of the registry
 * @cursor: in use, or zeroed
 */
void dma_buf_cursor_end(struct dma_buf_cursor *cursor)
{
	dma_buf_cursor_leave(cursor);
	cursor->entry.shard = NULL;
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
	while (cursor->entry.shard) {
		struct dma_buf_shard *shard = cursor->entry.shard;
		struct dma_buf_object *obj;

		spin_lock(&shard->lock);
		obj = dma_buf_cursor_find(cursor);
		spin_unlock(&shard->lock);
		if (obj)
			return obj;
		dma_buf_cursor_leave(cursor);
		dma_buf_cursor_enter(cursor, dma_buf_shard_after(shard->cpu));
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
	struct dma_buf_shard *shard = cursor->entry.shard;

	spin_lock(&shard->lock);
	list_move(&cursor->entry.link, &obj->entry.link);
	spin_unlock(&shard->lock);
}

/* Buffers whose last reference was a reader's, for the worker to put. */
static LLIST_HEAD(dma_buf_orphans);

static void dma_buf_put_orphans(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&dma_buf_orphans);
	struct dma_buf_object *obj, *next;

	llist_for_each_entry_safe(obj, next, list, orphan)
		dput(obj->dentry);
}

static DECLARE_WORK(dma_buf_orphans_work, dma_buf_put_orphans);

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
 * @cursor: whose dma_buf_cursor_get() gave it
 *
 * Whoever reads does so with locks of his own, and they must not come to be
 * outside of those which the exporter's release takes. So this never is what
 * runs it: for a file, fput() sees to that; a dentry is left to a worker. It is
 * on the list once only, since whoever takes a reference to it meanwhile finds
 * that his is not the last.
 */
void dma_buf_cursor_put(struct dma_buf_cursor *cursor)
{
	struct dma_buf_object *obj;

	if (cursor->file)
		fput(cursor->file);
	if (cursor->dentry && !dma_buf_put_unless_last(cursor->dentry)) {
		obj = cursor->dentry->d_fsdata;
		if (llist_add(&obj->orphan, &dma_buf_orphans))
			schedule_work(&dma_buf_orphans_work);
	}
	cursor->file = NULL;
	cursor->dentry = NULL;
}
