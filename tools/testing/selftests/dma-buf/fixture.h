/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of every test that any exporter's buffer can take: a fresh buffer of each exporter in
 * turn, and its page size. An exporter that the kernel lacks is a skip.
 */
#ifndef DMA_BUF_FIXTURE_H
#define DMA_BUF_FIXTURE_H

#include <errno.h>
#include <fcntl.h>

#include "exporters.h"
#include "harness.h"

FIXTURE(shared)
{
	struct buffer buf;
	size_t page;
};

FIXTURE_VARIANT(shared)
{
	const struct exporter *exporter;
};

FIXTURE_VARIANT_ADD(shared, system_heap) { .exporter = &system_heap };
/* What the core alone decides is tested with one exporter. */
#ifndef ONE_EXPORTER
FIXTURE_VARIANT_ADD(shared, udmabuf) { .exporter = &udmabuf };
FIXTURE_VARIANT_ADD(shared, vgem) { .exporter = &vgem };
FIXTURE_VARIANT_ADD(shared, vivid) { .exporter = &vivid };
#endif

FIXTURE_SETUP(shared)
{
	int err;

	self->page = page_align(1);
	err = buffer_create(variant->exporter, 4 * self->page, O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN(shared)
{
	buffer_destroy(&self->buf);
}

#endif
