// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: buffers that are so many that there is nothing to each.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/wait_bit.h>

#include "mock-many.h"

static unsigned int buffers = 20000;
module_param(buffers, uint, 0444);
MODULE_PARM_DESC(buffers, "how many there are at once, or come and go");

/* As many come and go while one is stuck, if that many may be. */
#define MOCK_MANY_PASSING	10000U

static struct sg_table *mock_many_map(struct dma_buf_attachment *attach,
				      enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void mock_many_unmap(struct dma_buf_attachment *attach,
			    struct sg_table *sgt, enum dma_data_direction dir)
{
}

static void mock_many_release(struct dma_buf *dmabuf)
{
	struct mock_many_buffer *buffer = dmabuf->priv;

	if (atomic_dec_and_test(&buffer->many->alive))
		wake_up_var(&buffer->many->alive);
}

static const struct dma_buf_ops mock_many_ops = {
	.map_dma_buf = mock_many_map,
	.unmap_dma_buf = mock_many_unmap,
	.release = mock_many_release,
};

static struct dma_buf *mock_many_export(struct mock_many *many, unsigned int index)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.exp_name = "many";
	info.ops = &mock_many_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = &many->buffer[index];
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		atomic_inc(&many->alive);
	return dmabuf;
}

static void mock_many_end(void *data)
{
	struct mock_many *many = data;
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

static struct mock_many *mock_many_start(struct kunit *test, unsigned int count)
{
	struct mock_many *many;
	unsigned int i;

	many = kvzalloc(struct_size(many, buffer, count + 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, many);
	many->test = test;
	many->count = count;
	for (i = 0; i <= count; i++)
		many->buffer[i].many = many;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_many_end,
							   many));
	return many;
}

/**
 * mock_many_pass_one - make a buffer, share it as programs do, and be rid of it
 * @many: to whom it belongs meanwhile
 *
 * Return: 0, or an error.
 */
int mock_many_pass_one(struct mock_many *many)
{
	struct dma_buf *dmabuf = mock_many_export(many, many->count);
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

static long mock_many_pass(void *data)
{
	unsigned int i, passing = min(buffers, MOCK_MANY_PASSING);
	struct mock_many *many = data;
	int err = 0;

	for (i = 0; i < passing && !err; i++) {
		err = mock_many_pass_one(many);
		cond_resched();
	}
	flush_delayed_fput();
	wait_var_event(&many->alive, !atomic_read(&many->alive));
	return err;
}

/**
 * mock_many - make as many buffers as the parameter says
 * @test: whose they will be
 *
 * Return: the buffers.
 */
struct mock_many *mock_many(struct kunit *test)
{
	struct mock_many *many = mock_many_start(test, buffers);
	unsigned int i;

	for (i = 0; i < many->count; i++) {
		struct dma_buf *dmabuf = mock_many_export(many, i);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
		many->buffer[i].dmabuf = dmabuf;
		cond_resched();
	}
	return many;
}

/**
 * mock_many_find - a buffer that a walk has met
 * @many: the buffers
 * @dmabuf: any buffer of the kernel
 *
 * Return: which of @many it is, or NULL if it is none that stays.
 */
struct mock_many_buffer *mock_many_find(struct mock_many *many,
					struct dma_buf *dmabuf)
{
	struct mock_many_buffer *buffer = dmabuf->priv;

	if (dmabuf->ops != &mock_many_ops || buffer->dmabuf != dmabuf)
		return NULL;
	return buffer;
}

/**
 * mock_many_pass_a_stuck - a reservation lock that is held stops nobody else
 * @test: which test
 * @read: what a reader does meanwhile
 * @arg: for @read
 *
 * Others work with other buffers, and have to come to an end while one buffer's
 * lock is held. So has the reader.
 */
void mock_many_pass_a_stuck(struct kunit *test, long (*read)(void *),
			    void *arg)
{
	struct mock_exporter *stuck = mock_buffer(test, MOCK_STATIC);
	struct mock_many *many = mock_many_start(test, 0);
	struct mock_task *reader, *passer;
	unsigned long left;

	dma_resv_lock(stuck->dmabuf->resv, NULL);
	reader = mock_task(test, read, arg);
	/* The reader comes as far as it can. */
	wait_for_completion_timeout(&reader->done, HZ / 10);
	passer = mock_task(test, mock_many_pass, many);
	left = wait_for_completion_timeout(&passer->done, MOCK_DEADLOCK);
	if (left)
		left = wait_for_completion_timeout(&reader->done,
						   MOCK_DEADLOCK);
	dma_resv_unlock(stuck->dmabuf->resv);
	KUNIT_EXPECT_NE_MSG(test, 0, left, "somebody waits for the lock");
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(passer));
	KUNIT_EXPECT_GE(test, mock_task_join(reader), 0);
}
