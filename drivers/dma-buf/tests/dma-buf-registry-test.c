// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: the registry, and both ways to walk through it.
 */
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../dma-buf-internal.h"
#include "mock.h"

/* Others in the system may have buffers, too, so the tests know their own. */
#define BUFFERS	8

struct crowd {
	struct mock_exporter *exp[BUFFERS];
	unsigned int met[BUFFERS];
};

static struct crowd *crowd(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	for (i = 0; i < BUFFERS; i++)
		crowd->exp[i] = mock_buffer(test, MOCK_STATIC);
	return crowd;
}

/* Which of the crowd it is; BUFFERS if it is none. */
static unsigned int crowd_meet(struct crowd *crowd, struct dma_buf *dmabuf)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++) {
		if (crowd->exp[i]->dmabuf == dmabuf) {
			crowd->met[i]++;
			break;
		}
	}
	return i;
}

static void expect_each_once(struct kunit *test, struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		KUNIT_EXPECT_EQ(test, 1, crowd->met[i]);
	memset(crowd->met, 0, sizeof(crowd->met));
}

static void iterate(struct crowd *crowd)
{
	struct dma_buf *dmabuf;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf))
		crowd_meet(crowd, dmabuf);
}

static void walk(struct crowd *crowd)
{
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *obj;

	dma_buf_cursor_start(&cursor);
	while ((obj = dma_buf_cursor_get(&cursor))) {
		crowd_meet(crowd, &obj->base);
		dma_buf_cursor_pass(&cursor, obj);
		dma_buf_cursor_put(&cursor);
	}
	dma_buf_cursor_end(&cursor);
}

static void walks_meet_every_buffer_once(struct kunit *test)
{
	struct crowd *all = crowd(test);
	unsigned int i;

	iterate(all);
	expect_each_once(test, all);
	walk(all);
	expect_each_once(test, all);

	/* And leave no reference behind. */
	for (i = 0; i < BUFFERS; i++) {
		KUNIT_EXPECT_EQ(test, 1, file_count(all->exp[i]->dmabuf->file));
		KUNIT_EXPECT_EQ(test, 1,
				d_count(all->exp[i]->dmabuf->file->f_path.dentry));
	}
}

/* As __fput() does before it lets go of the dentry and frees the file. */
static void nobody_holds_a_buffer_between_file_and_release(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct file *file = all->exp[0]->dmabuf->file;

	dma_buf_fops.release(file_inode(file), file);
	walk(all);
	KUNIT_EXPECT_EQ(test, 0, all->met[0]);
	KUNIT_EXPECT_EQ(test, 1, all->met[1]);
}

static void iterator_hands_out_references(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf *dmabuf;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf)) {
		if (crowd_meet(all, dmabuf) < BUFFERS)
			KUNIT_EXPECT_EQ(test, 2, file_count(dmabuf->file));
	}
	expect_each_once(test, all);
}

/* A walk which is given up early owes one reference. */
static void iteration_may_end_early(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf *dmabuf = dma_buf_iter_begin();

	while (dmabuf && crowd_meet(all, dmabuf) == BUFFERS)
		dmabuf = dma_buf_iter_next(dmabuf);
	KUNIT_ASSERT_NOT_NULL(test, dmabuf);
	KUNIT_EXPECT_EQ(test, 2, file_count(dmabuf->file));
	dma_buf_put(dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(dmabuf->file));
}

/* The walker's reference may be the last one. */
static void buffers_go_during_iteration(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf *dmabuf;
	unsigned int i;

	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf)) {
		i = crowd_meet(all, dmabuf);
		if (i < BUFFERS) {
			dma_buf_put(dmabuf);
			all->exp[i]->is_put = true;
			KUNIT_EXPECT_EQ(test, 1, file_count(dmabuf->file));
		}
	}
	expect_each_once(test, all);
	for (i = 0; i < BUFFERS; i++)
		mock_wait_released(all->exp[i]);
}

/* What goes before the walker comes there is never met, the rest all the same. */
static void buffers_ahead_go_during_iteration(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf *dmabuf = dma_buf_iter_begin();
	unsigned int first, i, alive = 1;

	while (dmabuf && crowd_meet(all, dmabuf) == BUFFERS)
		dmabuf = dma_buf_iter_next(dmabuf);
	KUNIT_ASSERT_NOT_NULL(test, dmabuf);
	for (first = 0; !all->met[first]; first++)
		;
	for (i = 0; i < BUFFERS; i++) {
		if (i != first && i % 2)
			mock_release(all->exp[i]);
		else if (i != first)
			alive++;
	}

	while ((dmabuf = dma_buf_iter_next(dmabuf)))
		crowd_meet(all, dmabuf);
	for (i = 0; i < BUFFERS; i++) {
		KUNIT_EXPECT_EQ(test, all->met[i], !all->exp[i]->is_put);
		alive -= all->met[i];
	}
	KUNIT_EXPECT_EQ(test, 0, alive);
}

static void buffers_come_during_iteration(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf *dmabuf;
	unsigned int count = 0;

	/* A walk that met these as well would never end. */
	for (dmabuf = dma_buf_iter_begin(); dmabuf;
	     dmabuf = dma_buf_iter_next(dmabuf)) {
		crowd_meet(all, dmabuf);
		if (++count < 16 * BUFFERS)
			mock_buffer(test, MOCK_STATIC);
	}
	KUNIT_EXPECT_LT(test, count, 16 * BUFFERS);
	expect_each_once(test, all);
}

/* No descriptor refers to it any more: for cursors only. */
static void iterator_passes_over_the_dying(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct mock_exporter *dying = all->exp[BUFFERS / 2];
	struct path path = dying->dmabuf->file->f_path;

	path_get(&path);
	mock_release(dying);
	KUNIT_EXPECT_EQ(test, 0, dying->calls[MOCK_RELEASE]);

	iterate(all);
	KUNIT_EXPECT_EQ(test, 0, all->met[BUFFERS / 2]);
	all->met[BUFFERS / 2]++;
	expect_each_once(test, all);

	walk(all);
	expect_each_once(test, all);
	path_put(&path);
	KUNIT_EXPECT_EQ(test, 1, dying->calls[MOCK_RELEASE]);
}

/* So many that a walker has to let go of the lock on its way past them. */
#define DYING	100

static void iterator_passes_over_many_dying(struct kunit *test)
{
	struct path *path = kunit_kcalloc(test, DYING, sizeof(*path), GFP_KERNEL);
	struct crowd *before = crowd(test), *after;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, path);
	for (i = 0; i < DYING; i++) {
		struct mock_exporter *dying = mock_buffer(test, MOCK_STATIC);

		path[i] = dying->dmabuf->file->f_path;
		path_get(&path[i]);
		mock_release(dying);
	}
	after = crowd(test);
	iterate(before);
	expect_each_once(test, before);
	iterate(after);
	expect_each_once(test, after);
	for (i = 0; i < DYING; i++)
		path_put(&path[i]);
}

/* The most that anybody waits for the lock of a shard, in steps of a walk. */
#define LONGEST_HOLD	32

/* Their files are to be released as soon as this thread lets a worker run. */
static void cursor_passes_over_many_dying(struct kunit *test)
{
	struct crowd *before = crowd(test);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_entry *entry;
	struct dma_buf_object *obj;
	unsigned int i, steps = 0;

	for (i = 0; i < DYING; i++) {
		struct mock_exporter *dying = mock_buffer(test, MOCK_STATIC);

		dying->is_put = true;
		dma_buf_put(dying->dmabuf);
	}
	dma_buf_cursor_start(&cursor);
	obj = dma_buf_cursor_get(&cursor);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	/* It went ahead each time that it let others have the lock. */
	entry = list_next_entry(&cursor.entry, link);
	for (; entry != &obj->entry; entry = list_next_entry(entry, link))
		steps++;
	KUNIT_EXPECT_LE(test, steps, LONGEST_HOLD);
	dma_buf_cursor_put(&cursor);
	dma_buf_cursor_end(&cursor);

	walk(before);
	expect_each_once(test, before);
}

static void expect_gone(struct mock_exporter *exp, enum mock_op op)
{
	struct crowd *all = exp->hook_data;

	if (op == MOCK_RELEASE) {
		iterate(all);
		walk(all);
	}
}

static void released_is_nowhere_to_be_found(struct kunit *test)
{
	struct crowd *all = crowd(test);

	all->exp[0]->hook = expect_gone;
	all->exp[0]->hook_data = all;
	mock_release(all->exp[0]);
	KUNIT_EXPECT_EQ(test, 1, all->exp[0]->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, 0, all->met[0]);
	KUNIT_EXPECT_EQ(test, 2, all->met[1]);
}

static void cursor_stays_until_it_passes(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *first, *again;

	dma_buf_cursor_start(&cursor);
	first = dma_buf_cursor_get(&cursor);
	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_EXPECT_EQ(test, 2, file_count(first->base.file));
	dma_buf_cursor_put(&cursor);
	KUNIT_EXPECT_EQ(test, 1, file_count(first->base.file));

	again = dma_buf_cursor_get(&cursor);
	KUNIT_EXPECT_PTR_EQ(test, again, first);
	dma_buf_cursor_pass(&cursor, again);
	dma_buf_cursor_put(&cursor);
	again = dma_buf_cursor_get(&cursor);
	KUNIT_ASSERT_NOT_NULL(test, again);
	KUNIT_EXPECT_PTR_NE(test, again, first);
	dma_buf_cursor_put(&cursor);

	/* From the beginning. */
	dma_buf_cursor_start(&cursor);
	again = dma_buf_cursor_get(&cursor);
	KUNIT_EXPECT_PTR_EQ(test, again, first);
	dma_buf_cursor_put(&cursor);
	dma_buf_cursor_end(&cursor);
	walk(all);
	expect_each_once(test, all);
}

static void buffers_go_before_a_cursor(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *obj;
	unsigned int i, met = 0;

	/* What it stands before goes while nobody holds a reference. */
	dma_buf_cursor_start(&cursor);
	while ((obj = dma_buf_cursor_get(&cursor))) {
		i = crowd_meet(all, &obj->base);
		if (i < BUFFERS && met++ % 2) {
			dma_buf_cursor_put(&cursor);
			mock_release(all->exp[i]);
			KUNIT_EXPECT_EQ(test, 1,
					all->exp[i]->calls[MOCK_RELEASE]);
			continue;
		}
		dma_buf_cursor_pass(&cursor, obj);
		dma_buf_cursor_put(&cursor);
	}
	dma_buf_cursor_end(&cursor);
	KUNIT_EXPECT_EQ(test, BUFFERS, met);
	expect_each_once(test, all);
}

static struct dma_buf_object *cursor_find(struct dma_buf_cursor *cursor,
					  struct mock_exporter *exp)
{
	struct dma_buf_object *obj;

	dma_buf_cursor_start(cursor);
	while ((obj = dma_buf_cursor_get(cursor)) &&
	       &obj->base != exp->dmabuf) {
		dma_buf_cursor_pass(cursor, obj);
		dma_buf_cursor_put(cursor);
	}
	return obj;
}

/* Whoever reads a buffer may turn out to be the last who holds it. */
static void cursor_may_hold_the_last_reference(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_cursor cursor = {};
	struct dma_buf_object *obj;

	obj = cursor_find(&cursor, exp);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	dma_buf_put(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
	dma_buf_cursor_pass(&cursor, obj);
	dma_buf_cursor_put(&cursor);
	mock_wait_released(exp);
	dma_buf_cursor_end(&cursor);
}

static void note_who_releases(struct mock_exporter *exp, enum mock_op op)
{
	if (op == MOCK_RELEASE)
		exp->hook_data = current;
}

/* Nor is it the reader who then runs the exporter's release, with his locks. */
static void cursor_may_hold_the_last_path(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct path path = exp->dmabuf->file->f_path;
	struct dma_buf_cursor a = {}, b = {};
	struct dma_buf_object *obj;

	exp->hook = note_who_releases;
	path_get(&path);
	mock_release(exp);
	obj = cursor_find(&a, exp);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	path_put(&path);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	/* Another reader comes while the first one leaves. */
	KUNIT_EXPECT_PTR_EQ(test, cursor_find(&b, exp), obj);
	dma_buf_cursor_put(&a);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
	dma_buf_cursor_put(&b);
	mock_wait_released(exp);
	KUNIT_EXPECT_PTR_NE(test, exp->hook_data, (void *)current);
	dma_buf_cursor_end(&a);
	dma_buf_cursor_end(&b);
}

/* Two bookmarks beside each other, and a walk across both. */
static void cursors_do_not_see_each_other(struct kunit *test)
{
	struct crowd *all = crowd(test);
	struct dma_buf_cursor a = {}, b = {};
	struct dma_buf_object *of_a, *of_b;

	dma_buf_cursor_start(&a);
	dma_buf_cursor_start(&b);
	iterate(all);
	expect_each_once(test, all);
	walk(all);
	expect_each_once(test, all);

	of_a = dma_buf_cursor_get(&a);
	of_b = dma_buf_cursor_get(&b);
	KUNIT_ASSERT_NOT_NULL(test, of_a);
	KUNIT_EXPECT_PTR_EQ(test, of_a, of_b);
	dma_buf_cursor_put(&a);
	dma_buf_cursor_put(&b);
	dma_buf_cursor_end(&a);
	dma_buf_cursor_end(&b);
}

static void cursor_may_end_at_any_time(struct kunit *test)
{
	struct dma_buf_cursor cursor = {};

	dma_buf_cursor_end(&cursor);
	KUNIT_EXPECT_NULL(test, dma_buf_cursor_get(&cursor));
	dma_buf_cursor_start(&cursor);
	dma_buf_cursor_end(&cursor);
	dma_buf_cursor_end(&cursor);
	KUNIT_EXPECT_NULL(test, dma_buf_cursor_get(&cursor));
}

/* More than a shard takes from the common stock at once, twice. */
#define NUMBERS	2500

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static void inode_numbers_come_once(struct kunit *test)
{
	unsigned long *ino;
	unsigned int i;

	ino = kunit_kcalloc(test, NUMBERS, sizeof(*ino), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ino);
	for (i = 0; i < NUMBERS; i++)
		ino[i] = dma_buf_registry_ino();
	sort(ino, NUMBERS, sizeof(*ino), compare, NULL);
	KUNIT_EXPECT_NE(test, 0, ino[0]);
	for (i = 1; i < NUMBERS; i++)
		KUNIT_ASSERT_LT(test, ino[i - 1], ino[i]);
}

static struct kunit_case dma_buf_registry_cases[] = {
	KUNIT_CASE(walks_meet_every_buffer_once),
	KUNIT_CASE(nobody_holds_a_buffer_between_file_and_release),
	KUNIT_CASE(iterator_hands_out_references),
	KUNIT_CASE(iteration_may_end_early),
	KUNIT_CASE(buffers_go_during_iteration),
	KUNIT_CASE(buffers_ahead_go_during_iteration),
	KUNIT_CASE(buffers_come_during_iteration),
	KUNIT_CASE(iterator_passes_over_the_dying),
	KUNIT_CASE(iterator_passes_over_many_dying),
	KUNIT_CASE(cursor_passes_over_many_dying),
	KUNIT_CASE(released_is_nowhere_to_be_found),
	KUNIT_CASE(cursor_stays_until_it_passes),
	KUNIT_CASE(buffers_go_before_a_cursor),
	KUNIT_CASE(cursor_may_hold_the_last_reference),
	KUNIT_CASE(cursor_may_hold_the_last_path),
	KUNIT_CASE(cursors_do_not_see_each_other),
	KUNIT_CASE(cursor_may_end_at_any_time),
	KUNIT_CASE(inode_numbers_come_once),
	{}
};

static struct kunit_suite dma_buf_registry_suite = {
	.name = "dma_buf_registry",
	.test_cases = dma_buf_registry_cases,
};

kunit_test_suite(dma_buf_registry_suite);
