// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: who still has memory mapped that was revoked.
 */
#include <linux/dma-buf.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "dma-buf-internal.h"

/**
 * dma_buf_count_holders - who has the memory of a buffer mapped?
 * @obj: the buffer
 *
 * Context: The caller holds the reservation lock.
 * Return: how many of each kind.
 */
struct dma_buf_holders dma_buf_count_holders(struct dma_buf_object *obj)
{
	struct dma_buf_holders holders = {
		/* Pairs with dma_buf_mmap_returns(): areas are empty, or known of. */
		.told = atomic_read_acquire(&obj->mmap_calls),
		.others = obj->vmap_users,
	};
	struct dma_buf_attachment *attach;

	list_for_each_entry(attach, &obj->base.attachments, node) {
		struct dma_buf_attachment_object *at = to_attachment_object(attach);

		if (!dma_buf_attachment_is_mapped(at))
			continue;
		if (dma_buf_attachment_hears(at))
			holders.told++;
		else
			holders.others++;
	}
	return holders;
}

/**
 * dma_buf_is_free - has nobody the memory of a revoked buffer any more?
 * @obj: the buffer
 *
 * Tells the exporter if he was not told yet: whoever lets go counts down first and
 * takes the lock then, so that somebody else may find it free before.
 *
 * Context: The caller holds the reservation lock.
 * Return: true if so.
 */
bool dma_buf_is_free(struct dma_buf_object *obj)
{
	struct dma_buf_holders holders = dma_buf_count_holders(obj);

	if (holders.told || holders.others)
		return false;
	if (obj->tell_exporter) {
		obj->tell_exporter = false;
		obj->base.ops->revoked(&obj->base);
	}
	return true;
}

/**
 * dma_buf_let_go - tell pollers, and who waits for it, that a buffer is revoked, held
 *                  by one less who was told, or restored; and the exporter, once
 *                  nobody has it
 * @obj: the buffer
 *
 * Context: The caller holds the reservation lock.
 */
void dma_buf_let_go(struct dma_buf_object *obj)
{
	WRITE_ONCE(obj->let_go, obj->let_go + 1);
	/* Those who wait exclusively, too: it is the end for each. */
	__wake_up(&obj->poll_wait, TASK_NORMAL, 0,
		  poll_to_key(EPOLLERR | EPOLLHUP));
	if (obj->tell_exporter)
		dma_buf_is_free(obj);
}
