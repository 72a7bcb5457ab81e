/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests of fences: a fresh buffer of each exporter in turn, and a timeline whose
 * fences the test signals. What the kernel lacks of these is a skip.
 */
#ifndef DMA_BUF_FENCE_FIXTURE_H
#define DMA_BUF_FENCE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>

#include "exporters.h"
#include "fences.h"
#include "harness.h"

FIXTURE(fenced)
{
	struct buffer buf;
	int timeline;
};

FIXTURE_VARIANT(fenced)
{
	const struct exporter *exporter;
};

FIXTURE_VARIANT_ADD(fenced, system_heap) { .exporter = &system_heap };
/* What the core alone decides is tested with one exporter. */
#ifndef ONE_EXPORTER
FIXTURE_VARIANT_ADD(fenced, udmabuf) { .exporter = &udmabuf };
FIXTURE_VARIANT_ADD(fenced, vgem) { .exporter = &vgem };
FIXTURE_VARIANT_ADD(fenced, vivid) { .exporter = &vivid };
#endif

FIXTURE_SETUP(fenced)
{
	int err;

	err = buffer_create(variant->exporter, 4 * page_align(1), O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_EQ(0, err);
	self->timeline = timeline_open();
	if (self->timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_GE(self->timeline, 0);
}

FIXTURE_TEARDOWN(fenced)
{
	close(self->timeline);
	buffer_destroy(&self->buf);
}

#endif
