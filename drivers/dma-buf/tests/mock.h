/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of dma-buf: an exporter, importers, fences and threads made of
 * software. All of them belong to a test and go with it.
 *
 * Make the exporter first, then fences, importers and threads: they are taken
 * down in reverse.
 */
#ifndef _DMA_BUF_TESTS_MOCK_H
#define _DMA_BUF_TESTS_MOCK_H

#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <uapi/linux/dma-buf.h>

#include <kunit/test.h>

#define MOCK_EXPORTER_NAME	"mock"
#define MOCK_PAGES		4

/*
 * How long a test waits for what must happen. Nothing is concluded from the
 * time it took; a test which comes to the end of it is a deadlock, and fails.
 */
#define MOCK_DEADLOCK		(30 * HZ)

/* Wait for what a worker of the kernel does sooner or later. */
#define mock_wait_for(test, condition)					\
	do {								\
		unsigned long end_ = jiffies + MOCK_DEADLOCK;		\
									\
		while (!(condition)) {					\
			KUNIT_ASSERT_TRUE(test,				\
					  time_before(jiffies, end_));	\
			schedule_timeout_uninterruptible(1);		\
		}							\
	} while (0)

/* mock-exporter.c */

enum mock_op {
	MOCK_ATTACH,
	MOCK_DETACH,
	MOCK_PIN,
	MOCK_UNPIN,
	MOCK_MAP,
	MOCK_UNMAP,
	MOCK_RELEASE,
	MOCK_BEGIN_CPU,
	MOCK_END_CPU,
	MOCK_MMAP,
	MOCK_VMAP,
	MOCK_VUNMAP,
	MOCK_OPS
};

enum mock_kind {
	MOCK_STATIC,
	MOCK_CACHED,
	MOCK_DYNAMIC,
};

/* What the map operation returns, if it has no error to return. */
enum mock_table {
	MOCK_TABLE_GOOD,
	MOCK_TABLE_NULL,
	MOCK_TABLE_EMPTY,
	MOCK_TABLE_UNALIGNED,
	MOCK_TABLE_RAGGED,	/* the first segment ends within a page */
	MOCK_TABLE_SHORT,
	MOCK_TABLE_LONG,
	MOCK_TABLE_MERGED,
	MOCK_TABLE_MARKED,	/* the first segment on a bus, the second a copy */
	MOCK_TABLE_SHARED,	/* one for all mappings */
};

/**
 * struct mock_exporter - one exporter with one buffer
 * @test: whose it is
 * @ops: its own copy, to be changed before mock_export()
 * @size: of the buffer; to be changed before mock_export()
 * @pages: the memory, MOCK_PAGES of them
 * @dmabuf: the buffer, once exported
 * @ino: what userspace knows it by
 * @is_put: the reference from export is gone
 * @calls: how often each operation was called
 * @errors: what each operation returns in place of doing its work
 * @table: what the map operation returns
 * @vmap_null: the vmap operation succeeds without an address
 * @vmap_is_iomem: what the vmap operation says of the address
 * @vmap_dirty: the vmap operation writes an address before it fails
 * @hook: called at the begin of each operation
 * @hook_data: for @hook
 * @vunmapped: the map that was unmapped last
 * @dir: of the last operation that has one
 * @attach: of the last operation that has one
 * @mapped: the table that was mapped last
 * @unmapped: the table that was unmapped last
 * @users: map operations without their unmap
 * @vm_flags: of the area, when the mmap operation saw it
 * @vm_pgoff: of the area, when the mmap operation saw it
 * @vm_file: of the area, when the mmap operation saw it
 * @vm_other: what the mmap operation makes the file of the area
 * @released: by the release operation
 */
struct mock_exporter {
	struct kunit *test;
	struct dma_buf_ops ops;
	size_t size;
	struct page *pages[MOCK_PAGES];
	struct dma_buf *dmabuf;
	unsigned long ino;
	bool is_put;
	unsigned int calls[MOCK_OPS];
	int errors[MOCK_OPS];
	enum mock_table table;
	bool vmap_null;
	bool vmap_is_iomem;
	bool vmap_dirty;
	void (*hook)(struct mock_exporter *exp, enum mock_op op);
	void *hook_data;
	struct iosys_map vunmapped;
	enum dma_data_direction dir;
	struct dma_buf_attachment *attach;
	struct sg_table *mapped;
	struct sg_table *unmapped;
	unsigned int users;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
	struct file *vm_other;
	struct completion released;
};

struct mock_exporter *mock_exporter(struct kunit *test, enum mock_kind kind);
struct dma_buf_export_info mock_export_info(struct mock_exporter *exp);
#ifdef CONFIG_MODULE_UNLOAD
struct module *mock_module(struct kunit *test, enum module_state state);
#endif
void mock_exported(struct mock_exporter *exp, struct dma_buf *dmabuf);
void mock_export(struct mock_exporter *exp);
struct mock_exporter *mock_buffer(struct kunit *test, enum mock_kind kind);
void mock_release(struct mock_exporter *exp);
void mock_wait_released(struct mock_exporter *exp);
unsigned int mock_attachments(struct mock_exporter *exp);
void mock_invalidate(struct mock_exporter *exp,
		     void (*how)(struct dma_buf *dmabuf));
phys_addr_t mock_address(struct mock_exporter *exp, unsigned int page);

/* mock-importer.c */

/* Where a dynamic importer of memory that cannot move finds what it mapped before. */
#define mock_needs_kept_tables(test)					\
	do {								\
		if (!IS_ENABLED(CONFIG_DMABUF_KEEP_TABLES))		\
			kunit_skip(test, "this kernel keeps no table");	\
	} while (0)

enum mock_importer_kind {
	MOCK_FIXED,	/* static */
	MOCK_TOLD,	/* dynamic */
	MOCK_DEAF,	/* dynamic, without the op that tells it of a move */
};

/**
 * struct mock_importer - one device, on one buffer at a time
 * @test: whose it is
 * @dev: the device
 * @ops: for a dynamic attachment; its own copy, to be changed before that
 * @attach: the attachment, or NULL
 * @invalidated: how often @ops was told that the buffer moves
 */
struct mock_importer {
	struct kunit *test;
	struct device *dev;
	struct dma_buf_attach_ops ops;
	struct dma_buf_attachment *attach;
	unsigned int invalidated;
};

struct mock_importer *mock_importer(struct kunit *test, const char *name);
struct dma_buf_attachment *mock_attach(struct mock_importer *imp,
				       struct mock_exporter *exp);
struct dma_buf_attachment *mock_attach_dynamic(struct mock_importer *imp,
					       struct mock_exporter *exp);
struct dma_buf_attachment *mock_attach_as(struct mock_importer *imp,
					  struct mock_exporter *exp,
					  enum mock_importer_kind kind);
void mock_detach(struct mock_importer *imp);
int mock_pin(struct mock_importer *imp);
void mock_unpin(struct mock_importer *imp);
void mock_bounce(struct mock_importer *imp, struct mock_exporter *exp,
		 unsigned int page);
struct sg_table *mock_map(struct dma_buf_attachment *attach,
			  enum dma_data_direction dir, bool locked);
void mock_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		enum dma_data_direction dir, bool locked);

/* mock-fence.c */

/**
 * struct mock_fence - a fence that the test signals
 * @base: the fence
 * @lock: for @base
 * @waited: somebody began to wait, or put a callback on it
 * @refuses: whoever wants to do so learns that it has signaled
 * @released: if not NULL, becomes true when the last reference is put
 */
struct mock_fence {
	struct dma_fence base;
	/* The lock of @base. */
	spinlock_t lock;
	struct completion waited;
	bool refuses;
	bool *released;
};

/**
 * struct mock_poller - somebody who polls the file of a buffer
 * @table: for vfs_poll()
 * @wait: in the wait queue of the buffer
 * @head: the wait queue, once polled
 * @wakeups: how many came
 * @woken: one for each of @wakeups
 */
struct mock_poller {
	poll_table table;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	unsigned int wakeups;
	struct completion woken;
};

struct mock_fence *mock_fence(struct kunit *test);
void mock_fence_disown(struct kunit *test, struct mock_fence *fence);
void mock_fence_add(struct kunit *test, struct dma_resv *resv,
		    struct mock_fence *fence, enum dma_resv_usage usage);
struct mock_fence *mock_busy(struct mock_exporter *exp,
			     enum dma_resv_usage usage);
struct mock_poller *mock_poller(struct kunit *test, __poll_t events);
__poll_t mock_poll(struct mock_poller *poller, struct dma_buf *dmabuf);
void mock_unpoll(struct mock_poller *poller);

/* mock-task.c */

/**
 * struct mock_task - a thread beside that of the test
 * @test: whose it is
 * @task: the thread
 * @fn: what it does
 * @arg: for @fn
 * @result: of @fn
 * @done: @result is there, and nothing else happens in the thread
 * @joined: by mock_task_join()
 */
struct mock_task {
	struct kunit *test;
	struct task_struct *task;
	long (*fn)(void *arg);
	void *arg;
	long result;
	struct completion done;
	bool joined;
};

/**
 * struct mock_holder - somebody who holds the lock of a buffer
 * @resv: the lock
 * @locked: he has it
 * @release: he is to give it back
 * @task: he
 */
struct mock_holder {
	struct dma_resv *resv;
	struct completion locked;
	struct completion release;
	struct mock_task *task;
};

struct mock_holder *mock_hold(struct mock_exporter *exp);
void mock_let_go(struct mock_holder *holder);
struct mock_task *mock_task(struct kunit *test, long (*fn)(void *arg),
			    void *arg);
void mock_task_signal(struct mock_task *task);
long mock_task_join(struct mock_task *task);
void mock_signal_begin(struct kunit *test);
void mock_signal_end(struct kunit *test);
void mock_wait(struct kunit *test, struct completion *completion);

/* mock-user.c */

#define MOCK_TEXT_SIZE	((size_t)65536)

void __user *mock_user(struct kunit *test, const void *data, size_t size);
long mock_ioctl(struct file *file, unsigned int cmd, void __user *arg);
unsigned long mock_mmap(struct kunit *test, struct file *file,
			unsigned long pages, unsigned long pgoff,
			unsigned long prot);
struct file *mock_open(struct kunit *test, const char *fs, const char *path);
ssize_t mock_read(struct kunit *test, struct file *file, char *text,
		  size_t size);
char *mock_read_all(struct kunit *test, struct file *file, size_t step);

/* mock-report.c */

/**
 * struct mock_reports - what the core said in the log during the test
 * @mark: what came before is not of interest
 * @count: how many lines of the core's
 * @warnings: how many WARNs, whoever they are from
 * @traced: with the calls that led there
 * @text: the last line of the core's
 * @line: room for a line of the log
 */
struct mock_reports {
	u64 mark;
	unsigned int count;
	unsigned int warnings;
	bool traced;
	char text[256];
	char line[1024];
};

struct mock_reports *mock_reports(struct kunit *test);
void mock_read_reports(struct kunit *test);
void mock_expect_report(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what);
void mock_expect_remark(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what);
void mock_expect_unlocked(struct kunit *test, struct mock_exporter *exp,
			  struct mock_importer *imp, const char *func,
			  const char *twin);
void mock_expect_bad_args(struct kunit *test, const char *func);
void mock_expect_no_report(struct kunit *test);

/* mock-core.c */
bool mock_is_mapped(struct dma_buf_attachment *attach);
unsigned int mock_vmap_count(struct dma_buf *dmabuf);
wait_queue_head_t *mock_poll_head(struct dma_buf *dmabuf);
void mock_forget_told(struct dma_buf *dmabuf);
void mock_room_for_reports(void);
void mock_free_leaked(struct mock_exporter *exp);

#endif /* _DMA_BUF_TESTS_MOCK_H */
