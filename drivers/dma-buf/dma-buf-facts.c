// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: what programs read about buffers.
 */
#include <linux/cgroup.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "dma-buf-internal.h"

static void dma_buf_fact_text(struct seq_file *m, const char *key,
			      const char *text)
{
	seq_puts(m, key);
	seq_putc(m, '\t');
	/* An exporter may have no name. */
	dma_buf_seq_name(m, text ?: "(null)");
	seq_putc(m, '\n');
}

static void dma_buf_fact_number(struct seq_file *m, const char *key, u64 number)
{
	seq_puts(m, key);
	seq_put_decimal_ull(m, "\t", number);
	seq_putc(m, '\n');
}

/* What is the rule is not worth a line for each of many thousand buffers. */
static void dma_buf_fact_if(struct seq_file *m, const char *key, u64 number)
{
	if (number)
		dma_buf_fact_number(m, key, number);
}

static void dma_buf_facts_table(struct seq_file *m, struct device *dev,
				struct sg_table *sgt)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		bytes += sg_dma_len(sg);
	dma_buf_fact_number(m, "segments", sgt->nents);
	dma_buf_fact_number(m, "bytes", bytes);
	dma_buf_fact_if(m, "bounced", dma_buf_bounced(dev, sgt));
}

static void dma_buf_facts_mapping(struct seq_file *m,
				  struct dma_buf_attachment_object *obj,
				  struct dma_buf_mapping *mapping)
{
	static const char * const direction[] = {
		[DMA_BIDIRECTIONAL] = "both",
		[DMA_TO_DEVICE] = "to-device",
		[DMA_FROM_DEVICE] = "from-device",
	};

	dma_buf_fact_text(m, "mapping", direction[mapping->dir]);
	dma_buf_fact_number(m, "uses", mapping->users);
	dma_buf_fact_if(m, "kept", obj->kept && mapping == &obj->first);
	dma_buf_fact_if(m, "pinned", obj->must_pin);
}

/*
 * A table may be given back, and freed, at any moment by an importer that forgot the
 * reservation lock before, and by a driver that is taken from its device: amdgpu does
 * so without that lock, but within the device's. The attachment stays.
 */
static void dma_buf_facts_mappings(struct seq_file *m,
				   struct dma_buf_attachment_object *obj)
{
	struct dma_buf_mapping *mapping = &obj->first;
	struct device *dev = obj->base.dev;
	bool stays;

	if (!dma_buf_attachment_is_mapped(obj))
		return;
	stays = !READ_ONCE(to_dma_buf_object(obj->base.dmabuf)->lockless) &&
		device_trylock(dev);
	do {
		if (!mapping->sgt)
			continue;
		dma_buf_facts_mapping(m, obj, mapping);
		if (stays)
			dma_buf_facts_table(m, dev, mapping->sgt);
	} while (stays && (mapping = mapping->next));
	if (stays)
		device_unlock(dev);
}

static void dma_buf_facts_attachment(struct seq_file *m,
				     struct dma_buf_attachment_object *obj)
{
	struct dma_buf_attachment *attach = &obj->base;
	const char *importer;

	dma_buf_fact_text(m, "attachment", dev_name(attach->dev));
	if (attach->dev->bus)
		dma_buf_fact_text(m, "bus", attach->dev->bus->name);
	if (obj->abandoned)
		importer = "abandoned";
	else if (!dma_buf_attachment_is_dynamic(attach))
		importer = "static";
	else
		importer = obj->revocable ? "dynamic" : "deaf";
	dma_buf_fact_text(m, "importer", importer);
	if (obj->asked_peer2peer)
		dma_buf_fact_text(m, "peer2peer",
				  attach->peer2peer ? "granted" : "refused");
	dma_buf_fact_if(m, "pins", obj->pins);
	dma_buf_facts_mappings(m, obj);
}

/* What the reservation lock guards, if it is free: nobody waits for it here. */
static void dma_buf_facts_users(struct seq_file *m, struct dma_buf_object *obj)
{
	struct dma_buf_attachment *attach;

	if (!dma_resv_trylock(obj->base.resv)) {
		dma_buf_fact_number(m, "busy", READ_ONCE(obj->devices));
		return;
	}
	dma_buf_fact_if(m, "vmaps", obj->vmap_users);
	list_for_each_entry(attach, &obj->base.attachments, node)
		dma_buf_facts_attachment(m, to_attachment_object(attach));
	dma_resv_unlock(obj->base.resv);
}

static void dma_buf_facts_fence(struct seq_file *m, struct dma_fence *fence,
				const char *usage)
{
	dma_buf_fact_text(m, "fence", usage);
	/* On mainline the driver may be gone once the fence has signaled. */
	guard(rcu)();
	dma_buf_fact_text(m, "driver",
			  (__force const char *)dma_fence_driver_name(fence));
	dma_buf_fact_text(m, "timeline",
			  (__force const char *)dma_fence_timeline_name(fence));
	dma_buf_fact_number(m, "context", fence->context);
	dma_buf_fact_number(m, "seqno", fence->seqno);
}

#ifdef CONFIG_MEMCG
static u64 dma_buf_cgroup(struct dma_buf_object *obj)
{
	struct mem_cgroup *memcg;

	guard(rcu)();
	memcg = mem_cgroup_from_virt(obj);
	return memcg ? cgroup_ino(memcg->css.cgroup) : 0;
}
#else
static u64 dma_buf_cgroup(struct dma_buf_object *obj)
{
	return 0;
}
#endif

/**
 * dma_buf_facts - one buffer in /sys/kernel/debug/dma_buf/buffers
 * @m: where to
 * @obj: the buffer, held by the reader
 * @file: a reference of the reader's, or NULL if the buffer has outlived its own
 *
 * The format is promised in Documentation/userspace-api/dma-buf-watching.rst.
 *
 * Context: May sleep. Tries the reservation lock and, inside of it, those of the
 * devices that have the buffer mapped, and waits for none.
 */
void dma_buf_facts(struct seq_file *m, struct dma_buf_object *obj,
		   struct file *file)
{
	struct dma_buf *dmabuf = &obj->base;
	char name[DMA_BUF_NAME_LEN];
	int begun = 0;

	dma_buf_fact_number(m, "buffer", obj->ino);
	dma_buf_fact_number(m, "size", dmabuf->size);
	dma_buf_fact_text(m, "exporter", dmabuf->exp_name);
	dma_buf_fact_text(m, "module", module_name(dmabuf->owner));
	if (dma_buf_copy_name(dmabuf, name))
		dma_buf_fact_text(m, "name", name);
	/* One is the reader's. */
	dma_buf_fact_number(m, "references", file ? file_count(file) - 1 : 0);
	dma_buf_fact_if(m, "moves", dma_buf_is_dynamic(dmabuf));
	dma_buf_fact_if(m, "revoked", dma_buf_is_gone(dmabuf));
	dma_buf_fact_if(m, "shared-resv", !obj->owns_resv);
	dma_buf_fact_if(m, "cgroup", dma_buf_cgroup(obj));
	if (IS_ENABLED(CONFIG_DMABUF_DEBUG))
		begun = dma_buf_debug_accesses(obj);
	if (begun)
		seq_printf(m, "begun\t%d\n", begun);
	if (file && READ_ONCE(obj->poll_armed[DMA_BUF_POLL_IN]))
		dma_buf_fact_text(m, "poll", "in");
	if (file && READ_ONCE(obj->poll_armed[DMA_BUF_POLL_OUT]))
		dma_buf_fact_text(m, "poll", "out");
	dma_buf_facts_users(m, obj);
	dma_buf_seq_fences(m, dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
			   dma_buf_facts_fence);
}
