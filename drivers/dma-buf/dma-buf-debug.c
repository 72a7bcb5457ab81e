// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: catching importers that look at pages, and exporters that hand out
 * nonsense.
 */
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "dma-buf-internal.h"

/* Report the first thing that is wrong with what an exporter mapped. */
static void dma_buf_debug_check(struct dma_buf_attachment *attach,
				struct sg_table *sgt)
{
	struct dma_buf *dmabuf = attach->dmabuf;
	struct scatterlist *sg;
	u64 total = 0;
	int i;

	if (!sgt->nents) {
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_MAPPED_NONSENSE,
			       "exporter mapped an empty table");
		return;
	}

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 where = total;

		total += sg_dma_len(sg);
		if (PAGE_ALIGNED(sg_dma_address(sg)) &&
		    (PAGE_ALIGNED(sg_dma_len(sg)) || total >= dmabuf->size))
			continue;
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_MAPPED_NONSENSE,
			       "exporter mapped an unaligned segment at byte %llu",
			       where);
		return;
	}
	if (total < dmabuf->size || total > PAGE_ALIGN(dmabuf->size))
		dma_buf_misuse(dmabuf, attach->dev, DMA_BUF_MAPPED_NONSENSE,
			       "exporter mapped %llu bytes of a buffer of %zu",
			       total, dmabuf->size);
}

/**
 * dma_buf_debug_wrap - a table for an importer, without pages
 * @attach: the importer's attachment
 * @exported: the table that the exporter mapped; must outlive the copy
 *
 * An importer has a right to DMA addresses and lengths, nothing else. One that
 * takes a page from the copy gets NULL at once, and not just on the day when
 * there is no page.
 *
 * Return: The copy, for dma_buf_debug_unwrap(), or -ENOMEM.
 */
struct sg_table *dma_buf_debug_wrap(struct dma_buf_attachment *attach,
				    struct sg_table *exported)
{
	struct sg_table *copy;
	struct scatterlist *from, *to;
	int i, err;

	dma_buf_debug_check(attach, exported);

	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	/* Reported, but the copy is no better than what it copies. */
	if (!exported->nents)
		return copy;
	err = sg_alloc_table(copy, exported->nents, GFP_KERNEL);
	if (err) {
		kfree(copy);
		return ERR_PTR(err);
	}

	to = copy->sgl;
	for_each_sgtable_dma_sg(exported, from, i) {
		/* Those who count what they have been given count this. */
		sg_set_page(to, NULL, sg_dma_len(from), 0);
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		if (sg_dma_is_bus_address(from))
			sg_dma_mark_bus_address(to);
		to = sg_next(to);
	}
	return copy;
}

/**
 * dma_buf_debug_unwrap - free a copy
 * @given: from dma_buf_debug_wrap()
 */
void dma_buf_debug_unwrap(struct sg_table *given)
{
	sg_free_table(given);
	kfree(given);
}
