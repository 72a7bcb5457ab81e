// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: a slow exporter, and tasks that get into each other's way.
 *
 * Each test is a number of rounds, a few of them unless the kernel's command
 * line has dma_buf_race_test.rounds=N. With one CPU, tasks change where the
 * racers call schedule(), also inside the exporter; a second CPU and a
 * sanitizer find more.
 */
#include <linux/file.h>
#include <linux/moduleparam.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "mock-race.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dma_buf_race_test."

static unsigned int rounds = 100;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often each race is run");

/**
 * race_of - the race that a buffer is in
 * @dmabuf: from race_export(), or &race.dmabuf
 *
 * Return: the race.
 */
struct race *race_of(struct dma_buf *dmabuf)
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
	KUNIT_EXPECT_EQ(race->test, 1, atomic_inc_return(&race->vmapped));
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
	if (atomic_dec_and_test(&race_of(dmabuf)->alive))
		wake_up_var(&race_of(dmabuf)->alive);
}

static const struct dma_buf_ops race_ops = {
	.map_dma_buf = race_map,
	.unmap_dma_buf = race_unmap,
	.vmap = race_vmap,
	.vunmap = race_vunmap,
	.release = race_release,
};

/**
 * race_export - one more buffer
 * @race: where it takes part
 *
 * Return: the buffer with one reference, or an ERR_PTR. The race ends well only
 * if it has been released.
 */
struct dma_buf *race_export(struct race *race)
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
	KUNIT_EXPECT_EQ(race->test, 0, atomic_read(&race->mapped));
	KUNIT_EXPECT_EQ(race->test, 0, atomic_read(&race->pinned));
	KUNIT_EXPECT_EQ(race->test, 0, atomic_read(&race->vmapped));
	kfree(race->memory);
}

/**
 * race_start - a race for one buffer
 * @test: which test
 * @kind: of the exporter
 *
 * Return: the race, before the start.
 */
struct race *race_start(struct kunit *test, enum mock_kind kind)
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
	race->fd = -1;
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

/**
 * race_run - let one task take as many steps of its kind as there are rounds,
 *            and others theirs until it is through
 * @race: the race
 * @lead: one step of the one
 * @follow: one step of the others
 */
void race_run(struct race *race, long (*lead)(struct racer *racer),
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
	KUNIT_EXPECT_EQ(race->test, 0, mock_task_join(leader));
	for (i = 0; i < RACE_TASKS; i++)
		KUNIT_EXPECT_EQ(race->test, 0, mock_task_join(followers[i]));
}
