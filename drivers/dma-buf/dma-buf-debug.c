// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: catching importers that look at pages, exporters that hand out
 * nonsense, and programs that begin what they do not end.
 */
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "dma-buf-internal.h"

/**
 * struct dma_buf_debug_copy - a table for an importer, without pages
 * @table: what the importer gets
 * @exported: what the exporter mapped
 */
struct dma_buf_debug_copy {
	struct sg_table table;
	struct sg_table *exported;
};

/* A segment without its page. */
static void dma_buf_debug_copy_segment(struct scatterlist *to,
				       struct scatterlist *from)
{
	/* Those who count what they have been given count this. */
	sg_set_page(to, NULL, sg_dma_len(from), 0);
	sg_dma_address(to) = sg_dma_address(from);
	sg_dma_len(to) = sg_dma_len(from);
	if (sg_dma_is_bus_address(from))
		sg_dma_mark_bus_address(to);
	/* Whether a sync has to copy is seen by this alone. */
	if (sg_dma_is_swiotlb(from))
		sg_dma_mark_swiotlb(to);
}

/*
 * Fill a copy, and tell the first thing that is odd about what the exporter
 * mapped. In one go, since a table may be long.
 *
 * Tables for a device that knows their layout may be short or begin within a
 * page: rows of a tiler, blocks of a card smaller than a page of the CPU.
 */
static void dma_buf_debug_copy(struct dma_buf_attachment *attach,
			       struct sg_table *copy, struct sg_table *exported)
{
	struct scatterlist *from, *to = copy->sgl;
	struct dma_buf *dmabuf = attach->dmabuf;
	u64 total = 0, odd = U64_MAX;
	int i;

	for_each_sgtable_dma_sg(exported, from, i) {
		u64 where = total;

		dma_buf_debug_copy_segment(to, from);
		to = sg_next(to);
		total += sg_dma_len(from);
		if (PAGE_ALIGNED(sg_dma_address(from) | sg_dma_len(from)))
			continue;
		/* Only the last one may end within a page. */
		if (!PAGE_ALIGNED(sg_dma_address(from)) || total < dmabuf->size)
			odd = min(odd, where);
	}

	/* Nothing behind the buffer is the importer's; all else it may know. */
	if (total > PAGE_ALIGN(dmabuf->size))
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_MAPPED_NONSENSE,
			       "exporter mapped %llu bytes of a buffer of %zu",
			       total, dmabuf->size);
	else if (total < dmabuf->size)
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_MAPPED_ODD,
			       "exporter mapped %llu bytes of a buffer of %zu",
			       total, dmabuf->size);
	else if (odd != U64_MAX)
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_MAPPED_ODD,
			       "exporter mapped an unaligned segment at byte %llu",
			       odd);
}

/**
 * dma_buf_debug_wrap - make a table for an importer, without pages
 * @attach: the importer's attachment
 * @exported: the table that the exporter mapped; must outlive the copy
 *
 * An importer has a right to DMA addresses and lengths, nothing else. One that
 * takes a page from the copy gets NULL at once, and not just on the day when
 * there is no page.
 *
 * Return: The copy, and dma_buf_debug_unwrap() must follow, or NULL if there is
 * no memory.
 */
struct sg_table *dma_buf_debug_wrap(struct dma_buf_attachment *attach,
				    struct sg_table *exported)
{
	struct dma_buf_debug_copy *copy = kzalloc(sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return NULL;
	copy->exported = exported;
	if (!exported->nents) {
		/* The copy is no better than what it copies. */
		dma_buf_report(attach->dmabuf, attach->dev, DMA_BUF_MAPPED_ODD,
			       "exporter mapped an empty table");
		return &copy->table;
	}
	if (sg_alloc_table(&copy->table, exported->nents, GFP_KERNEL)) {
		kfree(copy);
		return NULL;
	}
	dma_buf_debug_copy(attach, &copy->table, exported);
	return &copy->table;
}

/**
 * dma_buf_debug_unwrap - free a copy
 * @given: from dma_buf_debug_wrap()
 *
 * Return: The exporter's table.
 */
struct sg_table *dma_buf_debug_unwrap(struct sg_table *given)
{
	struct dma_buf_debug_copy *copy =
		container_of(given, struct dma_buf_debug_copy, table);
	struct sg_table *exported = copy->exported;

	sg_free_table(&copy->table);
	kfree(copy);
	return exported;
}

/**
 * dma_buf_debug_access - access by the CPU has begun, or ended
 * @dmabuf: the buffer
 * @count: 1 or -1
 */
void dma_buf_debug_access(struct dma_buf *dmabuf, int count)
{
	atomic_add(count, &to_dma_buf_object(dmabuf)->cpu_access);
}

/**
 * dma_buf_debug_accesses - access by the CPU that has begun and not ended
 * @obj: the buffer
 *
 * Return: how often; below zero if it ended more often than it began.
 */
int dma_buf_debug_accesses(struct dma_buf_object *obj)
{
	return atomic_read(&obj->cpu_access);
}

/**
 * dma_buf_debug_closed - look for access by the CPU without its other half
 * @obj: the buffer, whose file is going
 *
 * Of an exporter that counts on both.
 */
void dma_buf_debug_closed(struct dma_buf_object *obj)
{
	const struct dma_buf_ops *ops = obj->base.ops;
	int begun = dma_buf_debug_accesses(obj);

	if (begun && ops->begin_cpu_access && ops->end_cpu_access)
		dma_buf_report(&obj->base, NULL, DMA_BUF_ACCESS_ODD,
			       "released with %d more begins than ends of CPU access",
			       begun);
}
