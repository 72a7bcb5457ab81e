/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmark of dma-buf: what its files share.
 *
 * bench-main.c takes orders from a file in debugfs, bench-time.c measures.
 * bench-exporter.c has the buffers, bench-fence.c the fences; all other files
 * are operations. Nothing here knows how the core is made, so that any core
 * can be measured.
 */
#ifndef _DMA_BUF_BENCH_H
#define _DMA_BUF_BENCH_H

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct bench;

/**
 * struct bench_op - something that can be measured
 * @name: what the order says
 * @setup: make what @run needs; undoes it if it fails. May be NULL
 * @run: do it so many times; what is measured. Returns 0 or an errno
 * @frees_later: @run leaves memory to RCU, and to free it is part of the cost
 * @teardown: undo @setup. May be NULL
 * @measure: in place of @run, where the figure is none of time: takes it and
 *           tells bench_result(). Returns 0 or an errno
 */
struct bench_op {
	const char *name;
	int (*setup)(struct bench *b);
	int (*run)(struct bench *b, unsigned int count);
	bool frees_later;
	void (*teardown)(struct bench *b);
	int (*measure)(struct bench *b);
};

/**
 * struct bench_group - the operations of one file
 * @node: in the list of all groups
 * @ops: the operations, the last one without a name
 */
struct bench_group {
	struct list_head node;
	const struct bench_op *ops;
};

/**
 * enum bench_kind - how an exporter maps
 * @BENCH_STATIC: anew each time, always at the same place
 * @BENCH_CACHED: once for each attachment
 * @BENCH_DYNAMIC: anew each time, and it may move what is not pinned
 */
enum bench_kind {
	BENCH_STATIC,
	BENCH_CACHED,
	BENCH_DYNAMIC,
};

/**
 * struct bench_exporter - memory that can be exported
 * @ops: its operations
 * @size: of the memory
 * @page: any segment of it is this page
 * @sgt: the table that every importer gets
 */
struct bench_exporter {
	const struct dma_buf_ops *ops;
	size_t size;
	struct page *page;
	struct sg_table sgt;
};

/**
 * struct bench_fence - a fence that is signaled by the bench
 * @base: the fence
 * @lock: of @base
 */
struct bench_fence {
	struct dma_fence base;
	/* That of the fence; nothing else is guarded by it. */
	spinlock_t lock;
};

/**
 * struct bench - one order while it is carried out
 * @arg: the number in the order
 * @excluded: nanoseconds of this batch that do not count
 * @stopped: when the clock was stopped by bench_stop()
 * @exp: for the operation: an exporter
 * @dmabuf: ... its buffer
 * @attach: ... an attachment to it
 * @others: ... @arg things of a kind: attachments, fences
 * @context: ... the first of @arg fence contexts
 * @seqno: ... of the fences made last
 * @fd: ... a descriptor
 * @user: ... memory of the calling process, see bench_user()
 */
struct bench {
	unsigned int arg;
	u64 excluded;
	u64 stopped;

	struct bench_exporter *exp;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	void **others;
	u64 context;
	u64 seqno;
	int fd;
	unsigned long user;
};

/* bench-main.c: orders and results */
void bench_register(struct bench_group *group);

/* Make an array of operations known when the kernel starts. */
#define bench_operations(_ops)						\
static struct bench_group _ops##_group = { .ops = _ops };		\
static int __init _ops##_init(void)					\
{									\
	bench_register(&_ops##_group);					\
	return 0;							\
}									\
device_initcall(_ops##_init)

int bench_setup(struct bench *b, const struct bench_op *op, unsigned int arg);
void bench_teardown(struct bench *b, const struct bench_op *op);
__printf(2, 3) void bench_result(const char *unit, const char *fmt, ...);

/* bench-time.c: how long it takes */
int bench_time(const struct bench_op *op, unsigned int arg);
void bench_sort(u64 *samples, unsigned int count);
void bench_stop(struct bench *b);
void bench_go(struct bench *b);

/* bench-exporter.c: buffers, and devices for them */
extern const struct dma_buf_attach_ops bench_importer_ops;
struct device *bench_device(void);
struct bench_exporter *bench_exporter(enum bench_kind kind,
				      unsigned int segments);
void bench_exporter_free(struct bench_exporter *exp);
struct dma_buf *bench_export(struct bench_exporter *exp);
void bench_release(struct dma_buf *dmabuf);
int bench_setup_buffer(struct bench *b, enum bench_kind kind,
		       unsigned int segments);
int bench_setup_one(struct bench *b);
void bench_teardown_buffer(struct bench *b);
int bench_setup_fd(struct bench *b, enum bench_kind kind,
		   unsigned int segments);
void bench_teardown_fd(struct bench *b);
int bench_user(struct bench *b, size_t size);
void bench_user_free(struct bench *b, size_t size);

/* bench-fence.c: fences */
int bench_fences_init(struct bench *b);
int bench_fences_add(struct bench *b);
void bench_fences_put(struct bench *b);
void bench_fences_exit(struct bench *b);

#endif /* _DMA_BUF_BENCH_H */
