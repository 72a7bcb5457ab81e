// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: several tasks at the same buffers at the same time.
 *
 * Each test is a number of rounds, a few of them unless the kernel's command
 * line has dma_buf_race_test.rounds=N. With one CPU, tasks change where the
 * racers call schedule(), also inside the exporter; a second CPU and a
 * sanitizer find more.
 */
#include <linux/file.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "mock.h"

static unsigned int rounds = 100;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often each race is run");

#define RACE_TASKS	3
#define RACE_BYTES	(2 * PAGE_SIZE)

/**
 * struct race - what the tasks of a test share
 * @test: which test
 * @ops: of the buffers
 * @dmabuf: the one buffer that all of them work on
 * @attach: an attachment that all of them use
 * @memory: of every buffer
 * @mapped: tables that importers have
 * @pinned: pins of the exporter
 * @vmapped: mappings of the exporter
 * @alive: buffers which are not released
 * @fence: handed from one task to the other
 * @over: the task that sets the pace is done
 */
struct race {
	struct kunit *test;
	struct dma_buf_ops ops;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	void *memory;
	atomic_t mapped;
	atomic_t pinned;
	atomic_t vmapped;
	atomic_t alive;
	struct mock_fence *fence;
	bool over;
};

/**
 * struct racer - one of the tasks
 * @race: where it takes part
 * @step: what it does, again and again; 0, or an error
 * @imp: the device that it has
 * @invalidated: how often that was told that the buffer moves
 */
struct racer {
	struct race *race;
	long (*step)(struct racer *racer);
	struct mock_importer *imp;
	unsigned int invalidated;
};

static struct race *race_of(struct dma_buf *dmabuf)
{
	return dmabuf->priv;
}

/*
 * An exporter that is slow: somebody else comes in between. The mock exporter
 * is none for races, since it remembers who called last.
 */
static struct sg_table *race_map(struct dma_buf_attachment *attach,
				 enum dma_data_direction dir)
{
	struct race *race = race_of(attach->dmabuf);
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(sgt, 1, GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	sg_set_buf(sgt->sgl, race->memory, RACE_BYTES);
	sg_dma_address(sgt->sgl) = virt_to_phys(race->memory);
	sg_dma_len(sgt->sgl) = RACE_BYTES;
	schedule();
	atomic_inc(&race->mapped);
	return sgt;
}

static void race_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		       enum dma_data_direction dir)
{
	atomic_dec(&race_of(attach->dmabuf)->mapped);
	schedule();
	sg_free_table(sgt);
	kfree(sgt);
}

static int race_pin(struct dma_buf_attachment *attach)
{
	atomic_inc(&race_of(attach->dmabuf)->pinned);
	return 0;
}

static void race_unpin(struct dma_buf_attachment *attach)
{
	atomic_dec(&race_of(attach->dmabuf)->pinned);
}

static int race_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct race *race = race_of(dmabuf);

	/* The core asks for no second one. */
	KUNIT_EXPECT_EQ(race->test, atomic_inc_return(&race->vmapped), 1);
	schedule();
	iosys_map_set_vaddr(map, race->memory);
	return 0;
}

static void race_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	atomic_dec(&race_of(dmabuf)->vmapped);
}

static void race_release(struct dma_buf *dmabuf)
{
	atomic_dec_and_wake_up(&race_of(dmabuf)->alive);
}

static const struct dma_buf_ops race_ops = {
	.map_dma_buf = race_map,
	.unmap_dma_buf = race_unmap,
	.vmap = race_vmap,
	.vunmap = race_vunmap,
	.release = race_release,
};

static struct dma_buf *race_export(struct race *race)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.exp_name = "race";
	info.ops = &race->ops;
	info.size = RACE_BYTES;
	info.flags = O_RDWR;
	info.priv = race;
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		atomic_inc(&race->alive);
	return dmabuf;
}

static void race_end(void *data)
{
	struct race *race = data;

	if (!IS_ERR_OR_NULL(race->dmabuf))
		__fput_sync(race->dmabuf->file);
	/* What others put is released by a worker, who may be at it now. */
	flush_delayed_fput();
	if (!wait_var_event_timeout(&race->alive, !atomic_read(&race->alive),
				    MOCK_DEADLOCK)) {
		KUNIT_FAIL(race->test, "buffers are never released");
		return;
	}
	KUNIT_EXPECT_EQ(race->test, atomic_read(&race->mapped), 0);
	KUNIT_EXPECT_EQ(race->test, atomic_read(&race->pinned), 0);
	KUNIT_EXPECT_EQ(race->test, atomic_read(&race->vmapped), 0);
	kfree(race->memory);
}

/* A race for one buffer, of one kind of exporter. */
static struct race *race_start(struct kunit *test, enum mock_kind kind)
{
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, race);
	race->test = test;
	race->ops = race_ops;
	race->ops.cache_sgt_mapping = kind == MOCK_CACHED;
	if (kind == MOCK_DYNAMIC) {
		race->ops.pin = race_pin;
		race->ops.unpin = race_unpin;
	}
	race->memory = kzalloc(RACE_BYTES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, race->memory);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, race_end,
							   race));
	race->dmabuf = race_export(race);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race->dmabuf);
	return race;
}

static struct racer *racer_new(struct race *race, const char *name,
			       long (*step)(struct racer *racer))
{
	struct racer *racer = kunit_kzalloc(race->test, sizeof(*racer),
					    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(race->test, racer);
	racer->race = race;
	racer->step = step;
	racer->imp = mock_importer(race->test, name);
	return racer;
}

static long racer_lead(void *data)
{
	struct racer *racer = data;
	unsigned int i;
	long err = 0;

	for (i = 0; i < rounds && !err; i++) {
		err = racer->step(racer);
		schedule();
	}
	return err;
}

static long racer_follow(void *data)
{
	struct racer *racer = data;
	long err;

	do {
		err = racer->step(racer);
		schedule();
	} while (!err && !READ_ONCE(racer->race->over));
	return err;
}

/*
 * One task takes as many steps of its kind as there are rounds; others take
 * theirs until it is through.
 */
static void race_run(struct race *race, long (*lead)(struct racer *racer),
		     long (*follow)(struct racer *racer))
{
	static const char * const names[] = { "racer0", "racer1", "racer2" };
	struct mock_task *followers[RACE_TASKS], *leader;
	struct racer *racers[RACE_TASKS], *first;
	unsigned int i;

	first = racer_new(race, "leader", lead);
	for (i = 0; i < RACE_TASKS; i++)
		racers[i] = racer_new(race, names[i], follow);
	for (i = 0; i < RACE_TASKS; i++)
		followers[i] = mock_task(race->test, racer_follow, racers[i]);
	leader = mock_task(race->test, racer_lead, first);

	/*
	 * As long as it takes: mock_task_join() would call many rounds a hang.
	 * But an assertion that fails in a step ends its task without a word.
	 */
	while (!wait_for_completion_timeout(&leader->done, MOCK_DEADLOCK)) {
		if (race->test->status == KUNIT_FAILURE)
			break;
	}
	WRITE_ONCE(race->over, true);
	KUNIT_EXPECT_EQ(race->test, mock_task_join(leader), 0);
	for (i = 0; i < RACE_TASKS; i++)
		KUNIT_EXPECT_EQ(race->test, mock_task_join(followers[i]), 0);
}

/* Map the shared attachment, see that the table is right, and unmap it. */
static long step_map(struct racer *racer)
{
	struct race *race = racer->race;
	struct sg_table *sgt;

	sgt = dma_buf_map_attachment_unlocked(race->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	schedule();
	KUNIT_EXPECT_EQ(race->test, sg_dma_address(sgt->sgl),
			virt_to_phys(race->memory));
	KUNIT_EXPECT_GT(race->test, atomic_read(&race->mapped), 0);
	dma_buf_unmap_attachment_unlocked(race->attach, sgt, DMA_BIDIRECTIONAL);
	return 0;
}

static void map_race(struct kunit *test, enum mock_kind kind)
{
	struct race *race = race_start(test, kind);
	struct mock_importer *imp = mock_importer(test, "shared");

	race->attach = dma_buf_attach(race->dmabuf, imp->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race->attach);
	race_run(race, step_map, step_map);
	dma_buf_detach(race->dmabuf, race->attach);
}

static void map_against_unmap(struct kunit *test)
{
	map_race(test, MOCK_STATIC);
}

static void map_against_unmap_cached(struct kunit *test)
{
	map_race(test, MOCK_CACHED);
}

static void map_against_unmap_pinned(struct kunit *test)
{
	map_race(test, MOCK_DYNAMIC);
}

static void racer_invalidated(struct dma_buf_attachment *attach)
{
	struct racer *racer = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	racer->invalidated++;
}

static const struct dma_buf_attach_ops racer_ops = {
	.invalidate_mappings = racer_invalidated,
};

static long step_invalidate(struct racer *racer)
{
	struct dma_buf *dmabuf = racer->race->dmabuf;

	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

/* Join, map and leave. Who is told that the buffer moves must be there. */
static long step_attach(struct racer *racer)
{
	struct dma_buf *dmabuf = racer->race->dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	attach = dma_buf_dynamic_attach(dmabuf, racer->imp->dev, &racer_ops,
					racer);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	schedule();
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(dmabuf, attach);
	return PTR_ERR_OR_ZERO(sgt);
}

static void attach_against_invalidate(struct kunit *test)
{
	struct race *race = race_start(test, MOCK_DYNAMIC);

	race_run(race, step_invalidate, step_attach);
	KUNIT_EXPECT_TRUE(test, list_empty(&race->dmabuf->attachments));
}

static long step_vmap(struct racer *racer)
{
	struct race *race = racer->race;
	struct iosys_map map;
	int err = dma_buf_vmap_unlocked(race->dmabuf, &map);

	if (err)
		return err;
	KUNIT_EXPECT_PTR_EQ(race->test, map.vaddr, race->memory);
	schedule();
	KUNIT_EXPECT_EQ(race->test, atomic_read(&race->vmapped), 1);
	dma_buf_vunmap_unlocked(race->dmabuf, &map);
	return 0;
}

static void vmap_against_vunmap(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_vmap, step_vmap);
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
	KUNIT_EXPECT_EQ(race->test, met, 1);
	return 0;
}

static void iteration_against_release(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_export, step_iterate);
}

static __poll_t race_poll(struct dma_buf *dmabuf, __poll_t events)
{
	poll_table table = { ._key = events };

	return vfs_poll(dmabuf->file, &table);
}

/* Poll a busy buffer, and close it while the end of the work is near. */
static long step_poll_and_close(struct racer *racer)
{
	struct race *race = racer->race;
	struct mock_fence *fence = mock_fence(race->test);
	struct dma_buf *dmabuf = race_export(race);

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	mock_fence_add(race->test, dmabuf->resv, fence, DMA_RESV_USAGE_WRITE);
	KUNIT_EXPECT_EQ(race->test, race_poll(dmabuf, EPOLLIN | EPOLLOUT), 0);
	/* From here on it may signal at any moment. */
	xchg(&race->fence, fence);
	if (get_random_u32_below(2))
		schedule();
	race_poll(dmabuf, EPOLLIN);
	__fput_sync(dmabuf->file);
	return 0;
}

/* Signal what the other one waits for, before, while or after it closes. */
static long step_signal(struct racer *racer)
{
	struct mock_fence *fence = xchg(&racer->race->fence, NULL);

	if (fence)
		dma_fence_signal(&fence->base);
	return 0;
}

static void poll_against_signal_against_release(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_poll_and_close,
		 step_signal);
}

static struct kunit_case dma_buf_race_cases[] = {
	KUNIT_CASE_SLOW(map_against_unmap),
	KUNIT_CASE_SLOW(map_against_unmap_cached),
	KUNIT_CASE_SLOW(map_against_unmap_pinned),
	KUNIT_CASE_SLOW(attach_against_invalidate),
	KUNIT_CASE_SLOW(vmap_against_vunmap),
	KUNIT_CASE_SLOW(iteration_against_release),
	KUNIT_CASE_SLOW(poll_against_signal_against_release),
	{}
};

static struct kunit_suite dma_buf_race_suite = {
	.name = "dma_buf_race",
	.test_cases = dma_buf_race_cases,
};

kunit_test_suite(dma_buf_race_suite);
