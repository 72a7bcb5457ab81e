// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what mocks and tests see of the inside of the core. There is
 * another such file for the kernel's own core, with which `make compare` builds all
 * tests that see no more of it than this.
 */
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "../dma-buf-internal.h"
#include "mock.h"

/**
 * mock_is_mapped - does the core think that an importer has a mapping?
 * @attach: of the importer
 *
 * Return: true if it does.
 */
bool mock_is_mapped(struct dma_buf_attachment *attach)
{
	struct dma_buf_mapping *mapping = &to_attachment_object(attach)->first;
	bool mapped = false;

	dma_resv_lock(attach->dmabuf->resv, NULL);
	for (; mapping; mapping = mapping->next)
		mapped |= mapping->users;
	dma_resv_unlock(attach->dmabuf->resv);
	return mapped;
}

/**
 * mock_vmap_count - how many kernel mappings does the core count?
 * @dmabuf: the buffer
 *
 * Return: as many.
 */
unsigned int mock_vmap_count(struct dma_buf *dmabuf)
{
	return to_dma_buf_object(dmabuf)->vmap_users;
}

/**
 * mock_poll_head - where pollers wait
 * @dmabuf: the buffer
 *
 * Return: the wait queue.
 */
wait_queue_head_t *mock_poll_head(struct dma_buf *dmabuf)
{
	return &to_dma_buf_object(dmabuf)->poll_wait;
}

/**
 * mock_forget_told - let the core report again what it has reported
 * @dmabuf: the buffer
 */
void mock_forget_told(struct dma_buf *dmabuf)
{
	to_dma_buf_object(dmabuf)->told = 0;
}

/**
 * mock_room_for_reports - let the core report as if it had not for long
 */
void mock_room_for_reports(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dma_buf_report_limits); i++)
		ratelimit_state_init(&dma_buf_report_limits[i],
				     dma_buf_report_limits[i].interval,
				     dma_buf_report_limits[i].burst);
}

/**
 * mock_free_leaked - free a buffer that the core left alone for good
 * @exp: the exporter of a misused buffer, after mock_release()
 *
 * In a test nobody uses the memory any more, and it is to leave nothing behind.
 */
void mock_free_leaked(struct mock_exporter *exp)
{
	struct dma_buf_object *obj = to_dma_buf_object(exp->dmabuf);

	KUNIT_ASSERT_EQ(exp->test, 0, exp->calls[MOCK_RELEASE]);
	if (obj->base.resv == obj->own_resv)
		dma_resv_fini(obj->own_resv);
	kfree(obj->base.name);
	kfree(obj);
	exp->dmabuf = NULL;
}
