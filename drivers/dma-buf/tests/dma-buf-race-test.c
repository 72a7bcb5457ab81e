// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: drivers' tasks at the same buffers at the same time.
 */
#include <linux/file.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>

#include "mock-race.h"

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
	if (dma_buf_is_dynamic(race->dmabuf))
		KUNIT_EXPECT_GT(race->test, atomic_read(&race->pinned), 0);
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
	atomic_inc(&racer->race->invalidated);
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
	/* However the other racer's steps fall, one of them meets somebody. */
	step_invalidate(racer);
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
	KUNIT_EXPECT_GT(test, atomic_read(&race->invalidated), 0);
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
	KUNIT_EXPECT_EQ(race->test, 1, atomic_read(&race->vmapped));
	dma_buf_vunmap_unlocked(race->dmabuf, &map);
	return 0;
}

static void vmap_against_vunmap(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_vmap, step_vmap);
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
	KUNIT_EXPECT_EQ(race->test, 0,
			(__force int)race_poll(dmabuf, EPOLLIN | EPOLLOUT));
	/* From here on it may signal at any moment. */
	xchg(&race->fence, fence);
	if (get_random_u32_below(2))
		schedule();
	race_poll(dmabuf, EPOLLIN);
	__fput_sync(dmabuf->file);

	/* Neither the poll nor the buffer has anything to do with it now. */
	KUNIT_EXPECT_EQ(race->test, 1, kref_read(&fence->base.refcount));
	spin_lock_irq(&fence->lock);
	if (!dma_fence_is_signaled_locked(&fence->base))
		KUNIT_EXPECT_TRUE(race->test,
				  list_empty(&fence->base.cb_list));
	spin_unlock_irq(&fence->lock);
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
	KUNIT_CASE_SLOW(poll_against_signal_against_release),
	{}
};

static struct kunit_suite dma_buf_race_suite = {
	.name = "dma_buf_race",
	.test_cases = dma_buf_race_cases,
};

kunit_test_suite(dma_buf_race_suite);
