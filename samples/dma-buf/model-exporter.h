/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model exporter of dma-bufs: what its two files share.
 */
#ifndef _MODEL_EXPORTER_H
#define _MODEL_EXPORTER_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/slab.h>

struct dma_buf;
struct model_store;

/**
 * struct model_card - the device, whose memory is exported
 * @users: the driver while it is bound, every open file and every buffer. So
 *         nothing of it may be devm's, which is freed when the driver goes
 * @lock: guards all below; release takes it, so that a buffer on the list is there
 * @buffers: every &struct model_buffer
 * @bound: the driver has the device
 * @plugged: its memory can be used
 * @misc: for programs
 */
struct model_card {
	struct kref users;
	/* Taken outside the reservation lock. */
	struct mutex lock;
	struct list_head buffers;
	bool bound;
	bool plugged;
	struct miscdevice misc;
};

static inline void model_card_free(struct kref *users)
{
	kfree(container_of(users, struct model_card, users));
}

static inline void model_card_put(struct model_card *card)
{
	kref_put(&card->users, model_card_free);
}

/**
 * struct model_buffer - what &dma_buf.priv points to
 * @card: whose memory it is
 * @node: in &model_card.buffers, guarded by its lock
 * @dmabuf: the buffer
 * @store: where the memory is; NULL as long as nobody needed it
 * @pins: as long as there are any, @store stays
 * @vaddr: where the kernel has mapped @store; NULL as long as nobody looks
 * @mappings: every &struct model_mapping
 *
 * The reservation lock guards all from @store on.
 */
struct model_buffer {
	struct model_card *card;
	struct list_head node;
	struct dma_buf *dmabuf;
	struct model_store *store;
	unsigned int pins;
	void *vaddr;
	struct list_head mappings;
};

int model_alloc(struct model_card *card, unsigned long size);
int model_move_fd(int fd);
void model_forget(struct model_buffer *buf);

#endif /* _MODEL_EXPORTER_H */
