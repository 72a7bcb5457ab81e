// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: many buffers, and readers that stall nobody.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "../dma-buf-internal.h"
#include "mock.h"

static unsigned int buffers = 20000;
module_param(buffers, uint, 0444);
MODULE_PARM_DESC(buffers, "how many there are at once, or come and go");

/* As many come and go while one is stuck, if that many may be. */
#define MANY_PASSING	10000U

struct many;

/**
 * struct many_buffer - what its exporter knows of a buffer
 * @many: where it belongs
 * @dmabuf: the buffer
 * @met: how often a walk met it
 */
struct many_buffer {
	struct many *many;
	struct dma_buf *dmabuf;
	unsigned int met;
};

/**
 * struct many - buffers that are so many that there is nothing to each
 * @test: whose they are
 * @alive: how many are not released
 * @count: of those that live through the test
 * @buffer: they, and behind them one for all that come and go
 */
struct many {
	struct kunit *test;
	atomic_t alive;
	unsigned int count;
	struct many_buffer buffer[];
};

static struct sg_table *many_map(struct dma_buf_attachment *attach,
				 enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void many_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		       enum dma_data_direction dir)
{
}

static void many_release(struct dma_buf *dmabuf)
{
	struct many_buffer *buffer = dmabuf->priv;

	if (atomic_dec_and_test(&buffer->many->alive))
		wake_up_var(&buffer->many->alive);
}

static const struct dma_buf_ops many_ops = {
	.map_dma_buf = many_map,
	.unmap_dma_buf = many_unmap,
	.release = many_release,
};

static struct dma_buf *many_export(struct many *many, unsigned int index)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.exp_name = "many";
	info.ops = &many_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = &many->buffer[index];
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		atomic_inc(&many->alive);
	return dmabuf;
}

static void many_end(void *data)
{
	struct many *many = data;
	unsigned int i;

	for (i = 0; i < many->count && many->buffer[i].dmabuf; i++) {
		__fput_sync(many->buffer[i].dmabuf->file);
		cond_resched();
	}
	flush_delayed_fput();
	if (!wait_var_event_timeout(&many->alive, !atomic_read(&many->alive),
				    MOCK_DEADLOCK)) {
		KUNIT_FAIL(many->test, "buffers are never released");
		return;
	}
	kvfree(many);
}

static struct many *many_start(struct kunit *test, unsigned int count)
{
	struct many *many;
	unsigned int i;

	many = kvzalloc(struct_size(many, buffer, count + 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	many->test = test;
	many->count = count;
	for (i = 0; i <= count; i++)
		many->buffer[i].many = many;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, many_end,
							   many));
	return many;
}

/* Make a buffer, share it as programs do, and be rid of it. */
static int many_pass_one(struct many *many)
{
	struct dma_buf *dmabuf = many_export(many, many->count);
	struct dma_buf *again;
	int fd;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	again = dma_buf_get(fd);
	close_fd(fd);
	if (IS_ERR(again))
		return PTR_ERR(again);
	__fput_sync(again->file);
	return again == dmabuf ? 0 : -EIO;
}

static long many_pass(void *data)
{
	unsigned int i, passing = min(buffers, MANY_PASSING);
	struct many *many = data;
	int err = 0;

	for (i = 0; i < passing && !err; i++) {
		err = many_pass_one(many);
		cond_resched();
	}
	flush_delayed_fput();
	wait_var_event(&many->alive, !atomic_read(&many->alive));
	return err;
}

/**
 * struct stuck_reader - somebody who reads while a buffer is stuck
 * @file: bufinfo
 * @mm: where @text is
 * @text: where the text goes
 */
struct stuck_reader {
	struct file *file;
	struct mm_struct *mm;
	void __user *text;
};

/*
 * Whoever has the reservation lock of one buffer for long stops nobody who
 * works with another one, whatever @read does meanwhile.
 */
static void stuck_buffer_stops_nobody(struct kunit *test, long (*read)(void *),
				      void *arg)
{
	struct mock_exporter *stuck = mock_buffer(test, MOCK_STATIC);
	struct many *many = many_start(test, 0);
	struct mock_task *reader, *passer;
	unsigned long left;

	dma_resv_lock(stuck->dmabuf->resv, NULL);
	reader = mock_task(test, read, arg);
	/* The reader comes as far as it can. */
	wait_for_completion_timeout(&reader->done, HZ / 10);
	passer = mock_task(test, many_pass, many);
	left = wait_for_completion_timeout(&passer->done, MOCK_DEADLOCK);
	if (left)
		left = wait_for_completion_timeout(&reader->done,
						   MOCK_DEADLOCK);
	dma_resv_unlock(stuck->dmabuf->resv);
	KUNIT_EXPECT_NE_MSG(test, 0, left, "somebody waits for the lock");
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(passer));
	KUNIT_EXPECT_GE(test, mock_task_join(reader), 0);
}

static long stuck_read(void *data)
{
	struct stuck_reader *reader = data;
	loff_t pos = 0;
	ssize_t count;

	kthread_use_mm(reader->mm);
	do {
		count = vfs_read(reader->file, reader->text, PAGE_SIZE, &pos);
	} while (count > 0);
	kthread_unuse_mm(reader->mm);
	return count;
}

static void bufinfo_of_a_stuck_buffer_stops_nobody(struct kunit *test)
{
	struct stuck_reader *reader;

	if (!IS_ENABLED(CONFIG_DEBUG_FS))
		kunit_skip(test, "this kernel has no bufinfo");
	reader = kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader);
	reader->file = mock_open(test, "debugfs", "dma_buf/bufinfo");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, reader->file);
	reader->text = mock_user(test, "", 1);
	reader->mm = current->mm;
	stuck_buffer_stops_nobody(test, stuck_read, reader);
}

static long stuck_walk(void *data)
{
	struct dma_buf *dmabuf;
	long count = 0;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf))
		count++;
	return count;
}

static void walk_over_a_stuck_buffer_stops_nobody(struct kunit *test)
{
	stuck_buffer_stops_nobody(test, stuck_walk, NULL);
}

static struct many *many_buffers(struct kunit *test)
{
	struct many *many = many_start(test, buffers);
	unsigned int i;

	for (i = 0; i < many->count; i++) {
		struct dma_buf *dmabuf = many_export(many, i);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
		many->buffer[i].dmabuf = dmabuf;
		cond_resched();
	}
	return many;
}

/* A walk is here; every now and then another buffer comes and goes meanwhile. */
static void many_meet(struct many *many, struct dma_buf *dmabuf)
{
	struct many_buffer *buffer = dmabuf->priv;

	if (dmabuf->ops != &many_ops || buffer->dmabuf != dmabuf)
		return;
	buffer->met++;
	if ((buffer - many->buffer) % 64 == 0)
		KUNIT_ASSERT_EQ(many->test, 0, many_pass_one(many));
}

static void many_expect_met(struct many *many, unsigned int times)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < many->count; i++)
		wrong += many->buffer[i].met != times;
	KUNIT_EXPECT_EQ(many->test, 0, wrong);
}

static void walks_over_many_come_to_an_end(struct kunit *test)
{
	struct many *many = many_buffers(test);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *obj;
	struct dma_buf *dmabuf;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf))
		many_meet(many, dmabuf);
	many_expect_met(many, 1);

	dma_buf_cursor_start(&cursor);
	while ((obj = dma_buf_cursor_get(&cursor))) {
		many_meet(many, &obj->base);
		dma_buf_cursor_pass(&cursor, obj);
		dma_buf_cursor_put(&cursor);
		cond_resched();
	}
	dma_buf_cursor_end(&cursor);
	many_expect_met(many, 2);
}

static struct kunit_case dma_buf_many_cases[] = {
	KUNIT_CASE_SLOW(bufinfo_of_a_stuck_buffer_stops_nobody),
	KUNIT_CASE_SLOW(walk_over_a_stuck_buffer_stops_nobody),
	KUNIT_CASE_SLOW(walks_over_many_come_to_an_end),
	{}
};

static struct kunit_suite dma_buf_many_suite = {
	.name = "dma_buf_many",
	.test_cases = dma_buf_many_cases,
};

kunit_test_suite(dma_buf_many_suite);
