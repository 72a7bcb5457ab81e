// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: walks over all buffers, while these come, go and are stuck.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/path.h>
#include <linux/sched.h>

#include "../dma-buf-internal.h"
#include "mock-many.h"
#include "mock-race.h"

/* A walk is here; every now and then another buffer comes and goes meanwhile. */
static void meet(struct mock_many *many, struct dma_buf *dmabuf)
{
	struct mock_many_buffer *buffer = mock_many_find(many, dmabuf);

	if (!buffer)
		return;
	buffer->met++;
	if ((buffer - many->buffer) % 64 == 0)
		KUNIT_ASSERT_EQ(many->test, 0, mock_many_pass_one(many));
}

static void expect_met(struct mock_many *many, unsigned int times)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < many->count; i++)
		wrong += many->buffer[i].met != times;
	KUNIT_EXPECT_EQ(many->test, 0, wrong);
}

static void walks_over_many_come_to_an_end(struct kunit *test)
{
	struct mock_many *many = mock_many(test);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *obj;
	struct dma_buf *dmabuf;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf))
		meet(many, dmabuf);
	expect_met(many, 1);

	dma_buf_cursor_start(&cursor);
	while ((obj = dma_buf_cursor_get(&cursor))) {
		meet(many, &obj->base);
		dma_buf_cursor_pass(&cursor, obj);
		dma_buf_cursor_put(&cursor);
		cond_resched();
	}
	dma_buf_cursor_end(&cursor);
	expect_met(many, 2);
}

static long walk(void *data)
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
	mock_many_pass_a_stuck(test, walk, NULL);
}

static long step_export(struct racer *racer)
{
	struct dma_buf *dmabuf = race_export(racer->race);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	schedule();
	/* An iterator may hold the last reference then. */
	dma_buf_put(dmabuf);
	flush_delayed_fput();
	return 0;
}

/* The one buffer that is there all the time is met in every walk, once. */
static long step_iterate(struct racer *racer)
{
	struct race *race = racer->race;
	struct dma_buf *dmabuf;
	unsigned int met = 0;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf)) {
		met += dmabuf == race->dmabuf;
		schedule();
	}
	KUNIT_EXPECT_EQ(race->test, 1, met);
	return 0;
}

static void iteration_against_release(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_export, step_iterate);
}

/* Close it and keep the memory by its path for a while, as O_PATH does. */
static long step_export_path(struct racer *racer)
{
	struct dma_buf *dmabuf = race_export(racer->race);
	struct path path;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	path = dmabuf->file->f_path;
	path_get(&path);
	schedule();
	__fput_sync(dmabuf->file);
	schedule();
	path_put(&path);
	flush_delayed_fput();
	return 0;
}

/* What readers of bufinfo do with each buffer that they meet. */
static long step_walk(struct racer *racer)
{
	struct race *race = racer->race;
	struct dma_buf_cursor cursor = {};
	char name[DMA_BUF_NAME_LEN];
	struct dma_buf_object *obj;
	unsigned int met = 0;
	struct dentry *dentry;

	dma_buf_cursor_start(&cursor);
	while ((obj = dma_buf_cursor_get(&cursor))) {
		met += &obj->base == race->dmabuf;
		dentry = cursor.dentry ?: cursor.file->f_path.dentry;
		KUNIT_EXPECT_GT(race->test, d_count(dentry), 0);
		dma_buf_copy_name(&obj->base, name);
		schedule();
		dma_buf_cursor_pass(&cursor, obj);
		dma_buf_cursor_put(&cursor);
		schedule();
	}
	dma_buf_cursor_end(&cursor);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(race->test, 1, met);
	return 0;
}

static void readers_against_release(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_export_path, step_walk);
}

static struct kunit_case dma_buf_walk_cases[] = {
	KUNIT_CASE_SLOW(walks_over_many_come_to_an_end),
	KUNIT_CASE_SLOW(walk_over_a_stuck_buffer_stops_nobody),
	KUNIT_CASE_SLOW(iteration_against_release),
	KUNIT_CASE_SLOW(readers_against_release),
	{}
};

static struct kunit_suite dma_buf_walk_suite = {
	.name = "dma_buf_walk",
	.test_cases = dma_buf_walk_cases,
};

kunit_test_suite(dma_buf_walk_suite);
