// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: memory that goes and comes while everybody is at it.
 */
#include <linux/random.h>
#include <linux/sched.h>

#include "mock-race.h"

static atomic_t revocations;

static void race_revoked(struct dma_buf *dmabuf)
{
	dma_resv_assert_held(dmabuf->resv);
	KUNIT_EXPECT_TRUE(race_of(dmabuf)->test, dma_buf_is_revoked(dmabuf));
	atomic_inc(&revocations);
}

static struct race *revocable_race(struct kunit *test, enum mock_kind kind)
{
	struct race *race = race_start(test, kind);

	race->ops.revoked = race_revoked;
	atomic_set(&revocations, 0);
	return race;
}

static void racer_told(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
}

static const struct dma_buf_attach_ops told_ops = {
	.invalidate_mappings = racer_told,
};

/* Both kinds of importer, with what it maps, for as long as others let it. */
static long use_as_device(struct racer *racer, bool dynamic)
{
	struct dma_buf *dmabuf = racer->race->dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	attach = dma_buf_dynamic_attach(dmabuf, racer->imp->dev,
					dynamic ? &told_ops : NULL, racer);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	schedule();
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(dmabuf, attach);
	return PTR_ERR_OR_ZERO(sgt);
}

static long use_in_kernel(struct dma_buf *dmabuf)
{
	struct iosys_map map;
	long err = dma_buf_vmap_unlocked(dmabuf, &map);

	if (err)
		return err;
	schedule();
	dma_buf_vunmap_unlocked(dmabuf, &map);
	return 0;
}

static long use_by_cpu(struct dma_buf *dmabuf)
{
	long err = dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL);

	if (err)
		return err;
	schedule();
	return dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL);
}

/* Whatever there is to do with a buffer. Refused or not, it is in order. */
static long step_use(struct racer *racer)
{
	struct dma_buf *dmabuf = racer->race->dmabuf;
	poll_table table = { ._key = EPOLLIN };
	long err = 0;

	switch (get_random_u32_below(5)) {
	case 0:
		err = use_as_device(racer, false);
		break;
	case 1:
		err = use_as_device(racer, true);
		break;
	case 2:
		err = use_in_kernel(dmabuf);
		break;
	case 3:
		err = use_by_cpu(dmabuf);
		break;
	default:
		vfs_poll(dmabuf->file, &table);
	}
	return err == -ENODEV ? 0 : err;
}

/* While it is gone for all, nobody has it, and the exporter was told once. */
static long step_revoke(struct racer *racer)
{
	struct race *race = racer->race;
	int err;

	while ((err = dma_buf_revoke(race->dmabuf, get_random_u32_below(2)))) {
		if (err != -EBUSY && err != -ETIMEDOUT)
			return err;
		schedule();
	}
	racer->steps++;
	KUNIT_EXPECT_EQ(race->test, racer->steps, atomic_read(&revocations));
	schedule();
	KUNIT_EXPECT_EQ(race->test, 0, atomic_read(&race->mapped));
	KUNIT_EXPECT_EQ(race->test, 0, atomic_read(&race->vmapped));
	return dma_buf_restore(race->dmabuf);
}

static void revoke_against_use(struct kunit *test)
{
	race_run(revocable_race(test, MOCK_STATIC), step_revoke, step_use);
}

static void revoke_against_use_cached(struct kunit *test)
{
	race_run(revocable_race(test, MOCK_CACHED), step_revoke, step_use);
}

static void revoke_against_use_pinned(struct kunit *test)
{
	race_run(revocable_race(test, MOCK_DYNAMIC), step_revoke, step_use);
}

/* One ends what the other began; then it begins anew. */
static long step_revoke_or_use(struct racer *racer)
{
	struct dma_buf *dmabuf = racer->race->dmabuf;
	int err;

	switch (get_random_u32_below(4)) {
	case 0:
		err = dma_buf_revoke(dmabuf, get_random_u32_below(2));
		return err == -EBUSY || err == -ETIMEDOUT || err == -EAGAIN ? 0 : err;
	case 1:
		err = dma_buf_restore(dmabuf);
		return err == -EBUSY ? 0 : err;
	default:
		return step_use(racer);
	}
}

static void revoke_against_revoke(struct kunit *test)
{
	struct race *race = revocable_race(test, MOCK_DYNAMIC);

	race_run(race, step_revoke_or_use, step_revoke_or_use);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(race->dmabuf, 0));
	KUNIT_EXPECT_GT(test, atomic_read(&revocations), 0);
}

static struct kunit_case revoke_race_cases[] = {
	KUNIT_CASE_SLOW(revoke_against_use),
	KUNIT_CASE_SLOW(revoke_against_use_cached),
	KUNIT_CASE_SLOW(revoke_against_use_pinned),
	KUNIT_CASE_SLOW(revoke_against_revoke),
	{}
};

static struct kunit_suite revoke_race_suite = {
	.name = "dma_buf_revoke_race",
	.test_cases = revoke_race_cases,
};

kunit_test_suite(revoke_race_suite);
