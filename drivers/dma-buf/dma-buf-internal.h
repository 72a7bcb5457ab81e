/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the dma-buf core share, and nobody else sees.
 *
 * The files, from the top: each calls only those below it.
 *
 *	dma-buf-info.c		a reader of all buffers, and what people read
 *	dma-buf-facts.c		what programs read
 *	dma-buf.c		a buffer's life, references, walks over buffers
 *	dma-buf-file.c		what userspace does with its file
 *	dma-buf-revoke.c	the end of its memory, before its own
 *	dma-buf-attach.c	devices on it
 *	dma-buf-map.c		their DMA addresses
 *	dma-buf-cpu.c		the CPU
 *	dma-buf-mmap.c		programs
 *	dma-buf-holders.c	who still has memory that is gone
 *	dma-buf-fence.c		waiting
 *	dma-buf-registry.c	every live buffer
 *	dma-buf-sysfs-stats.c	the same in sysfs
 *	dma-buf-debug.c		a look at what drivers hand out
 *	dma-buf-report.c	what drivers did wrong, for the log, and refusals
 *	dma-buf-internal.h	the object itself, its conversions and its name
 */
#ifndef _DMA_BUF_INTERNAL_H
#define _DMA_BUF_INTERNAL_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/dma-buf.h>

struct dentry;
struct poll_table_struct;
struct seq_file;

struct dma_buf_stats;

/**
 * struct dma_buf_entry - a place in the registry
 * @link: in the list of the shard of @cpu; guarded by that one's lock
 * @cpu: set when the entry is added, the same until it is removed
 * @is_cursor: a reader's bookmark, not a buffer
 */
struct dma_buf_entry {
	struct list_head link;
	int cpu;
	bool is_cursor;
};

/* Which fences stand in the way: of writers, or all. */
enum dma_buf_poll_which {
	DMA_BUF_POLL_IN,
	DMA_BUF_POLL_OUT,
	DMA_BUF_POLLS
};

/**
 * struct dma_buf_poll - what pollers of one kind of access wait for
 * @fence: a reference, to the whole set that was pending while the callback is
 *         armed; else to one that it could not put when it ran, or NULL
 * @cb: the callback on @fence
 */
struct dma_buf_poll {
	struct dma_fence *fence;
	struct dma_fence_cb cb;
};

/**
 * struct dma_buf_object - a buffer, with what only the core may touch
 * @base: what everybody sees
 * @entry: in the registry, from export until the memory is released
 * @ino: inode number, outlives the inode
 * @told: each &enum dma_buf_misuse that was reported; guarded by
 *        &dma_buf.name_lock
 * @revoked: the memory is gone for everybody; changed under the reservation lock
 * @tell_exporter: nobody called &dma_buf_ops.revoked since; guarded by the same
 * @let_go: counts who let go since, or cannot be told any more; guarded by the same
 * @mmap_calls: how many programs are in mmap, and one who empties their areas
 * @mapped_elsewhere: one of them got an area that the core cannot empty
 * @closed: &dma_buf.file is going, and its memory may be another file's soon
 * @lockless: an importer called without the reservation lock, and may do so again
 * @poll_armed: for each of @polls: on a fence, or about to be found too late
 * @vmap_is_iomem: of @vmap
 * @owns_resv: the exporter brought no reservation object
 * @devices: how many attachments; changed under the reservation lock
 * @vmap_users: kernel mappings; guarded by the reservation lock, like @vmap
 * @vmap: the kernel mapping, while @vmap_users is not zero
 * @poll_wait: where all pollers wait; its lock guards @poll_armed and the fences
 *             of @polls, and is taken in interrupts, inside a fence's lock
 * @polls: for each &enum dma_buf_poll_which, until @closed
 * @dentry: then, if it outlives the file; its reference count is the life of the buffer
 * @orphan: puts the last reference to @dentry
 * @stats: the directory in sysfs, if there is one
 * @cpu_access: how often access by the CPU has begun without its end
 * @own_resv: one reservation object, or none if that is the exporter's
 */
struct dma_buf_object {
	struct dma_buf base;

	struct dma_buf_entry entry;
	unsigned long ino;
	u32 told;
	u32 let_go;
	atomic_t mmap_calls;
	bool revoked;
	bool mapped_elsewhere;
	bool closed;
	bool lockless;
	bool poll_armed[DMA_BUF_POLLS];
	bool vmap_is_iomem;
	bool owns_resv;
	bool tell_exporter;
	unsigned int devices;
	unsigned int vmap_users;
	void *vmap;
	wait_queue_head_t poll_wait;
	union {
		struct dma_buf_poll polls[DMA_BUF_POLLS];
		struct {
			struct dentry *dentry;
			struct work_struct orphan;
		};
	};
#ifdef CONFIG_DMABUF_SYSFS_STATS
	struct dma_buf_stats *stats;
#endif
#ifdef CONFIG_DMABUF_DEBUG
	atomic_t cpu_access;
#endif
	struct dma_resv own_resv[];
};

static inline struct dma_buf_object *to_dma_buf_object(struct dma_buf *dmabuf)
{
	return container_of(dmabuf, struct dma_buf_object, base);
}

/* May nobody get at the memory any more? Whoever must be sure holds the lock. */
static inline bool dma_buf_is_gone(struct dma_buf *dmabuf)
{
	return unlikely(READ_ONCE(to_dma_buf_object(dmabuf)->revoked));
}

/**
 * dma_buf_copy_name - what userspace calls a buffer, at this moment
 * @dmabuf: the buffer
 * @name: where the name goes; empty for a buffer without one
 *
 * Return: false for a buffer without one.
 */
static inline bool dma_buf_copy_name(struct dma_buf *dmabuf,
				     char name[DMA_BUF_NAME_LEN])
{
	bool named;

	spin_lock(&dmabuf->name_lock);
	named = dmabuf->name;
	strscpy(name, dmabuf->name ?: "", DMA_BUF_NAME_LEN);
	spin_unlock(&dmabuf->name_lock);
	return named;
}

/* dma-buf-file.c: what userspace does with it */
extern const struct file_operations dma_buf_fops;
void dma_buf_seq_name(struct seq_file *m, const char *name);

/**
 * struct dma_buf_mapping - one table that an importer has
 * @next: another one of the same attachment, or NULL
 * @sgt: the table that the importer got; NULL if there is none
 * @users: how many map calls without their unmap; more than one, or none while
 *         there is a table, only of one that is kept (or was when it was mapped)
 * @dir: of the transfer, see &enum dma_data_direction
 */
struct dma_buf_mapping {
	struct dma_buf_mapping *next;
	struct sg_table *sgt;
	unsigned int users;
	u8 dir;
};

/**
 * struct dma_buf_attachment_object - an attachment, with what is the core's
 * @base: what everybody sees
 * @first: one mapping, and the head of the list of all others: most attachments
 *         need no other
 * @pins: dma_buf_pin() without its dma_buf_unpin(), on a dynamic exporter, and
 *        the core's own if it is @abandoned, before the buffer was revoked
 * @revocable: the importer can be told, see dma_buf_attachment_hears()
 * @asked_peer2peer: the importer did, whatever the exporter said
 * @abandoned: detached while mapped; the device and the buffer are held for it
 * @named: as one that still holds memory which was revoked
 * @kept: @first goes back to the exporter at detach, not at its last unmap
 * @must_pin: the buffer must stay in place as long as it is mapped here
 * @settled: map waits for nothing: the importer is dynamic and looks after that
 *           itself, or @first is a cached table, and the memory was in place since
 *           it was mapped; cleared only when nothing is, hence set without a lock
 *
 * The reservation lock of the buffer guards all but @base, @must_pin and @settled.
 */
struct dma_buf_attachment_object {
	struct dma_buf_attachment base;
	struct dma_buf_mapping first;
	unsigned int pins : 28;
	unsigned int revocable : 1;
	unsigned int asked_peer2peer : 1;
	unsigned int abandoned : 1;
	unsigned int named : 1;
	bool kept;
	bool must_pin;
	bool settled;
};

static inline struct dma_buf_attachment_object *
to_attachment_object(struct dma_buf_attachment *attach)
{
	return container_of(attach, struct dma_buf_attachment_object, base);
}

/* Is there a table for the device, in use or kept? */
static inline bool
dma_buf_attachment_is_mapped(const struct dma_buf_attachment_object *obj)
{
	return obj->first.sgt || obj->first.next;
}

/*
 * May one table serve several uses?
 *
 * On Linux 6.12, a dynamic importer of memory that never moves unmaps and maps again
 * whenever it moves its own view of the buffer, with jobs under way and no way to live
 * with an error.
 */
static inline bool
dma_buf_attachment_shares(const struct dma_buf_attachment_object *obj)
{
	struct dma_buf *dmabuf = obj->base.dmabuf;

	return dmabuf->ops->cache_sgt_mapping ||
	       (IS_ENABLED(CONFIG_DMABUF_KEEP_TABLES) &&
		obj->base.importer_ops && !dma_buf_is_dynamic(dmabuf));
}

/* Can its importer be told? The operations of one that was abandoned may be gone. */
static inline bool
dma_buf_attachment_hears(const struct dma_buf_attachment_object *obj)
{
	return obj->revocable && !obj->abandoned;
}

/* dma-buf-map.c: DMA addresses for a device */
unsigned int dma_buf_bounced(struct device *dev, struct sg_table *sgt);
bool dma_buf_drop_mappings(struct dma_buf_attachment_object *obj);
void dma_buf_keep_no_more(struct dma_buf_attachment_object *obj);

/* dma-buf-mmap.c: what processes have mapped */
bool dma_buf_has_pages(const struct dma_buf *dmabuf, unsigned long first,
		       unsigned long count);
void dma_buf_empty_areas(struct dma_buf_object *obj);
int dma_buf_exporter_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma,
			  const char *call);

/**
 * struct dma_buf_holders - who still has a revoked buffer mapped
 * @told: those who are to let go soon: devices that were told, programs in mmap
 * @others: devices and users in the kernel that nobody can tell
 */
struct dma_buf_holders {
	unsigned int told, others;
};

/* dma-buf-holders.c */
struct dma_buf_holders dma_buf_count_holders(struct dma_buf_object *obj);
bool dma_buf_is_free(struct dma_buf_object *obj);
void dma_buf_let_go(struct dma_buf_object *obj);

/* dma-buf-fence.c */
int dma_buf_wait(struct dma_buf *dmabuf, enum dma_resv_usage usage,
		 struct device *dev, const char *call);
void dma_buf_seq_fences(struct seq_file *m, struct dma_resv *resv,
			enum dma_resv_usage up_to,
			void (*show)(struct seq_file *m, struct dma_fence *fence,
				     const char *usage));
__poll_t dma_buf_poll(struct file *file, struct poll_table_struct *table);
void dma_buf_poll_end(struct dma_buf_object *obj);
long dma_buf_export_sync_file(struct dma_buf *dmabuf, void __user *arg);
long dma_buf_import_sync_file(struct dma_buf *dmabuf, const void __user *arg);

/**
 * struct dma_buf_cursor - where a reader is in the registry
 * @entry: its bookmark, in the list before the buffer to be read next; none if
 *         it is not a cursor's
 * @file: reference to the file of the buffer that is being read, or NULL
 * @dentry: reference to its dentry, if its file is gone, or NULL
 * @files_only: do not stop at buffers whose file is gone
 */
struct dma_buf_cursor {
	struct dma_buf_entry entry;
	struct file *file;
	struct dentry *dentry;
	bool files_only;
};

/* dma-buf-registry.c: every live buffer */
void dma_buf_registry_init(void);
struct file *dma_buf_get_file(struct dma_buf_object *obj);
unsigned long dma_buf_registry_ino(void);
void dma_buf_registry_add(struct dma_buf_entry *entry, int cpu);
void dma_buf_registry_remove(struct dma_buf_entry *entry);
struct dma_buf *dma_buf_registry_next(struct dma_buf_object *obj);
void dma_buf_cursor_start(struct dma_buf_cursor *cursor);
void dma_buf_cursor_end(struct dma_buf_cursor *cursor);
struct dma_buf_object *dma_buf_cursor_get(struct dma_buf_cursor *cursor);
void dma_buf_cursor_put(struct dma_buf_cursor *cursor);
void dma_buf_cursor_pass(struct dma_buf_cursor *cursor,
			 struct dma_buf_object *obj);

/* dma-buf-facts.c */
void dma_buf_facts(struct seq_file *m, struct dma_buf_object *obj,
		   struct file *file);

/* dma-buf-sysfs-stats.c */
int dma_buf_stats_add(struct dma_buf_object *obj);
void dma_buf_stats_remove(struct dma_buf_object *obj);

/* dma-buf-debug.c */
struct sg_table *dma_buf_debug_wrap(struct dma_buf_attachment *attach,
				    struct sg_table *exported);
struct sg_table *dma_buf_debug_unwrap(struct sg_table *given);
void dma_buf_debug_access(struct dma_buf *dmabuf, int count);
int dma_buf_debug_accesses(struct dma_buf_object *obj);
void dma_buf_debug_closed(struct dma_buf_object *obj);

/* dma-buf-report.c */
enum dma_buf_misuse {
	/* What drivers in the tree do, and it works: a line in the log. */
	DMA_BUF_DETACHED_IN_USE,
	DMA_BUF_UNMAP_DIRECTION,
	DMA_BUF_MAPPED_ODD,
	DMA_BUF_HELD,
	DMA_BUF_HELD_BY_KERNEL,
	DMA_BUF_HELD_ELSEWHERE,
	/* The same, and programs may make it happen all the time, */
	DMA_BUF_MAPPED_BOUNCED,
	DMA_BUF_ACCESS_ODD,
	/* or drivers. With a call trace; a WARN with lockdep, as it is on 6.12. */
	DMA_BUF_UNLOCKED,
	/* Misuse: a WARN. */
	DMA_BUF_RELEASED_EARLY,
	DMA_BUF_DETACHED_MAPPED,
	DMA_BUF_DETACHED_PINNED,
	DMA_BUF_DETACH_FOREIGN,
	DMA_BUF_PIN_STATIC,
	DMA_BUF_UNPIN_UNPINNED,
	DMA_BUF_UNMAP_UNMAPPED,
	DMA_BUF_MAPPED_NONSENSE,
	DMA_BUF_VMAP_EMPTY,
	DMA_BUF_VUNMAP_UNMAPPED,
	DMA_BUF_VUNMAP_FOREIGN,
};

__printf(4, 5)
void dma_buf_report(struct dma_buf *dmabuf, struct device *dev,
		    enum dma_buf_misuse misuse, const char *fmt, ...);
void dma_buf_report_args(const char *func);
int dma_buf_refused(struct dma_buf *dmabuf, struct device *dev,
		    const char *call, const char *by, int err);
#if IS_ENABLED(CONFIG_KUNIT)
extern struct ratelimit_state dma_buf_report_limits[4];
#endif

/* Report what a driver passed to @func, if it is bad. */
static inline bool dma_buf_bad_args(bool bad, const char *func)
{
	if (unlikely(bad))
		dma_buf_report_args(func);
	return bad;
}

/**
 * dma_buf_lacks_lock - has the caller not got the reservation lock, as it must?
 * @dmabuf: the buffer
 * @attach: of the device that calls, or NULL if none has to do with it
 * @func: which function was called, %__func__
 * @twin: there is one of that name and _unlocked
 *
 * Only lockdep knows whose a lock is. Without it, a caller seems to have what
 * anybody else holds at this moment.
 *
 * Return: true if so, and it was reported.
 */
static __always_inline bool dma_buf_lacks_lock(struct dma_buf *dmabuf,
					       struct dma_buf_attachment *attach,
					       const char *func, bool twin)
{
	if (likely(dma_resv_is_locked(dmabuf->resv) &&
		   (!IS_ENABLED(CONFIG_LOCKDEP) || dma_resv_held(dmabuf->resv))))
		return false;
	if (attach)
		WRITE_ONCE(to_dma_buf_object(dmabuf)->lockless, true);
	dma_buf_report(dmabuf, attach ? attach->dev : NULL, DMA_BUF_UNLOCKED,
		       "%s() without the reservation lock, use %s%s()", func,
		       twin ? func : "dma_resv", twin ? "_unlocked" : "_lock");
	return true;
}

/**
 * dma_buf_has_lock - the same for a function without a twin, and take the lock
 * @dmabuf: the buffer
 * @attach: as at dma_buf_lacks_lock()
 * @func: as at dma_buf_lacks_lock()
 *
 * Return: true if the caller has it. Otherwise it was taken, for the caller of this
 * function to give back.
 */
static __always_inline bool dma_buf_has_lock(struct dma_buf *dmabuf,
					     struct dma_buf_attachment *attach,
					     const char *func)
{
	if (!dma_buf_lacks_lock(dmabuf, attach, func, false))
		return true;
	dma_resv_lock(dmabuf->resv, NULL);
	return false;
}

#endif /* _DMA_BUF_INTERNAL_H */
