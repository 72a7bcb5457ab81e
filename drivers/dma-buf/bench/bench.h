/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmark of dma-buf: what its files share.
 *
 * bench-order.c takes an order and has its operation carried out; it is called
 * by nobody. The other files are in the order of this header, and call only what
 * is below them there. Nothing here knows how the core is made, so that any core
 * can be measured.
 */
#ifndef _DMA_BUF_BENCH_H
#define _DMA_BUF_BENCH_H

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/seq_buf.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct bench;

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
 * struct bench_op - something that can be measured
 * @name: what the order says
 * @kind: how the exporter of its buffer maps
 * @importer: of its attachment; NULL for one that wants the buffer to stay
 * @run: do it so many times; what is timed. Returns 0 or an errno
 * @measure: in place of @run, where the figure is not the time of one: writes
 *           lines of "UNIT VALUE". Returns 0 or an errno
 */
struct bench_op {
	const char *name;
	enum bench_kind kind;
	const struct dma_buf_attach_ops *importer;
	int (*run)(struct bench *b, unsigned int count);
	int (*measure)(struct bench *b, struct seq_buf *results);
};

#define BENCH_FENCES_MAX	256
#define BENCH_USER_SIZE		SZ_64K

/**
 * struct bench - what an operation works on
 * @arg: the number in the order
 * @dmabuf: a buffer
 * @fd: its descriptor
 * @attach: its attachment
 * @user: memory of the calling process, BENCH_USER_SIZE of it
 * @fences: @arg fences that bench_fences_add() made
 * @context: the first of their contexts
 * @seqno: of those made last
 * @stopped: when the clock was stopped by bench_stop()
 * @excluded: nanoseconds that do not count
 */
struct bench {
	unsigned int arg;
	struct dma_buf *dmabuf;
	int fd;
	struct dma_buf_attachment *attach;
	unsigned long user;
	struct dma_fence *fences[BENCH_FENCES_MAX];
	u64 context;
	u64 seqno;
	u64 stopped;
	u64 excluded;
};

/* The operations of a file each, the last one without a name. */
extern const struct bench_op bench_life_ops[];
extern const struct bench_op bench_many_ops[];
extern const struct bench_op bench_device_ops[];
extern const struct bench_op bench_cpu_ops[];
extern const struct bench_op bench_poll_ops[];
extern const struct bench_op bench_sync_file_ops[];

/* bench-time.c: how long it takes */
int bench_time(const struct bench_op *op, unsigned int arg,
	       struct seq_buf *results);
void bench_stop(struct bench *b);
void bench_go(struct bench *b);
void bench_sort(u64 *samples, unsigned int count);

/* bench-fence.c: fences */
int bench_fences_add(struct bench *b);
void bench_fences_put(struct bench *b);

/* bench-buffer.c: a buffer, and what imports it */
extern struct device *bench_importer;
extern const struct dma_buf_attach_ops bench_dynamic_importer;
struct dma_buf *bench_export(enum bench_kind kind);
void bench_release(struct dma_buf *dmabuf);
void bench_close(int fd);
struct bench *bench_begin(const struct bench_op *op, unsigned int arg);
void bench_end(struct bench *b);

#endif /* _DMA_BUF_BENCH_H */
