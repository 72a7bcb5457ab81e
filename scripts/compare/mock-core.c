// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mocks and tests see of the inside of the kernel's own core, in place of the
 * file of that name in drivers/dma-buf/tests.
 */
#include "mock.h"

bool mock_is_mapped(struct dma_buf_attachment *attach)
{
	struct mock_exporter *exp = attach->dmabuf->priv;

	/* What that core thinks is not known; what it asked for is. */
	return exp->users;
}

unsigned int mock_vmap_count(struct dma_buf *dmabuf)
{
	return dmabuf->vmapping_counter;
}

wait_queue_head_t *mock_poll_head(struct dma_buf *dmabuf)
{
	return &dmabuf->poll;
}

void mock_forget_told(struct dma_buf *dmabuf)
{
}

void mock_room_for_reports(void)
{
}

void mock_free_leaked(struct mock_exporter *exp)
{
	/* What the core left alone, if anything, is not known: lose it. */
	KUNIT_EXPECT_EQ(exp->test, exp->calls[MOCK_RELEASE], 0);
	exp->dmabuf = NULL;
}
