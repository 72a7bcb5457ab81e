// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver outside the tree: all that drivers for 5.18 to 6.12 call and read, written as
 * they do. It is compiled for both cores, and loaded in both.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

static bool old;
module_param(old, bool, 0444);
MODULE_PARM_DESC(old, "call without the reservation lock, as was done before 6.2");

/* The exporter: a page. */

static int outside_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct dma_buf_attachment *other;

	/* As one does that chooses memory to suit all. */
	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(other, &dmabuf->attachments, node) {
		if (other->dev == attach->dev && !other->peer2peer)
			attach->peer2peer = false;
	}
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static void outside_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	WARN_ON(attach->priv);
}

static struct sg_table *outside_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int err;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (err)
		goto free;
	sg_set_buf(sgt->sgl, attach->dmabuf->priv, attach->dmabuf->size);
	err = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (err)
		goto free_table;
	attach->priv = sgt;
	return sgt;

free_table:
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void outside_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	attach->priv = NULL;
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static int outside_pin(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
	return 0;
}

static void outside_unpin(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
}

static void outside_release(struct dma_buf *dmabuf)
{
	kfree(dmabuf->priv);
}

static int outside_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct dma_buf_attachment *attach;

	/* As those do that keep a table for each device. */
	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		if (attach->priv)
			dma_sync_sgtable_for_cpu(attach->dev, attach->priv, dir);
	}
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int outside_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct dma_buf_attachment *attach;

	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		if (attach->priv)
			dma_sync_sgtable_for_device(attach->dev, attach->priv, dir);
	}
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int outside_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, virt_to_phys(dmabuf->priv) >> PAGE_SHIFT,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int outside_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	iosys_map_set_vaddr(map, dmabuf->priv);
	return 0;
}

static void outside_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	iosys_map_clear(map);
}

static const struct dma_buf_ops outside_ops = {
#ifdef HAS_cache_sgt_mapping
	.cache_sgt_mapping = true,
#endif
	.attach = outside_attach,
	.detach = outside_detach,
	.map_dma_buf = outside_map,
	.unmap_dma_buf = outside_unmap,
	.release = outside_release,
	.begin_cpu_access = outside_begin_cpu_access,
	.end_cpu_access = outside_end_cpu_access,
	.mmap = outside_mmap,
	.vmap = outside_vmap,
	.vunmap = outside_vunmap,
};

static const struct dma_buf_ops outside_movable_ops = {
	.map_dma_buf = outside_map,
	.unmap_dma_buf = outside_unmap,
	.pin = outside_pin,
	.unpin = outside_unpin,
	.release = outside_release,
};

static struct dma_buf *outside_export(const struct dma_buf_ops *ops)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = kzalloc(PAGE_SIZE, GFP_KERNEL);
	info.resv = NULL;
	if (!info.priv)
		return ERR_PTR(-ENOMEM);
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		kfree(info.priv);
	return dmabuf;
}

/* What a program would pass on: whoever has the descriptor has the reference. */
static int outside_export_fd(void)
{
	struct dma_buf *dmabuf = outside_export(&outside_ops);
	int fd;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/* The importer. */

static void outside_moved(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
	*(bool *)attach->importer_priv = true;
}

static const struct dma_buf_attach_ops outside_importers[] = {
#ifdef HAS_move_notify
	{ .allow_peer2peer = true, .move_notify = outside_moved },
#endif
#ifdef HAS_invalidate_mappings
	{ .allow_peer2peer = true, .invalidate_mappings = outside_moved },
#endif
};

static int outside_map_both_ways(struct dma_buf_attachment *attach)
{
	struct sg_table *sgt;

	if (old) {
		sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
		if (IS_ERR_OR_NULL(sgt))
			return -ENOMEM;
		dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
	}
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	pr_info("%s of %s: %zu bytes in %u pieces, inode %lu\n",
		attach->dmabuf->name ?: "a buffer", attach->dmabuf->exp_name, attach->dmabuf->size,
		sgt->nents, (unsigned long)file_inode(attach->dmabuf->file)->i_ino);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	return 0;
}

static int outside_look(struct dma_buf *dmabuf)
{
	struct iosys_map map;
	int err = dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE);

	if (err)
		return err;
	if (old && !dma_buf_vmap(dmabuf, &map))
		dma_buf_vunmap(dmabuf, &map);
	err = dma_buf_vmap_unlocked(dmabuf, &map);
	if (!err)
		dma_buf_vunmap_unlocked(dmabuf, &map);
	return dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE) ?: err;
}

static int outside_import(struct device *dev, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dma_buf_attachment *attach;
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, dev);
	err = PTR_ERR_OR_ZERO(attach);
	if (!err) {
		err = outside_map_both_ways(attach) ?: outside_look(dmabuf);
		dma_buf_detach(attach->dmabuf, attach);
	}
	dma_buf_put(dmabuf);
	return err;
}

static void outside_move(struct dma_buf *dmabuf)
{
	if (!dma_buf_is_dynamic(dmabuf))
		return;
#ifdef HAS_move_notify
	dma_buf_move_notify(dmabuf);
#else
	dma_buf_invalidate_mappings(dmabuf);
#endif
}

static int outside_import_movable(struct dma_buf *dmabuf, struct device *dev,
				  const struct dma_buf_attach_ops *ops)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	bool moved = false;
	int err;

	attach = dma_buf_dynamic_attach(dmabuf, dev, ops, &moved);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	dma_resv_lock(dmabuf->resv, NULL);
	outside_move(dmabuf);
	err = dma_buf_pin(attach);
	if (!err) {
		sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
		err = PTR_ERR_OR_ZERO(sgt);
		if (!err)
			dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
		dma_buf_unpin(attach);
	}
#ifdef HAS_dma_buf_attachment_is_dynamic
	if (!dma_buf_attachment_is_dynamic(attach))
		err = -EINVAL;
#endif
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	return moved ? err : -EINVAL;
}

/* The device: it shows a buffer to programs, and imports what it exports. */

static int outside_show(struct file *file, struct vm_area_struct *vma)
{
	struct dma_buf *dmabuf = outside_export(&outside_ops);
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = dma_buf_mmap(dmabuf, vma, 0);
	dma_buf_put(dmabuf);
	return err;
}

static const struct file_operations outside_fops = {
	.owner = THIS_MODULE,
	.mmap = outside_show,
};

static struct miscdevice outside_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "outside",
	.fops = &outside_fops,
};

static struct platform_device *outside_device;

static int outside_share(struct device *dev)
{
	struct dma_buf *movable = outside_export(&outside_movable_ops);
	int fd, err = 0, i;

	if (IS_ERR(movable))
		return PTR_ERR(movable);
	for (i = 0; !err && i < ARRAY_SIZE(outside_importers); i++)
		err = outside_import_movable(movable, dev, &outside_importers[i]);
	dma_buf_put(movable);
	if (err)
		return err;
	fd = outside_export_fd();
	return fd < 0 ? fd : outside_import(dev, fd);
}

static int __init outside_init(void)
{
	int err;

	outside_device = platform_device_register_simple("outside", -1, NULL, 0);
	if (IS_ERR(outside_device))
		return PTR_ERR(outside_device);
	err = outside_share(&outside_device->dev) ?: misc_register(&outside_misc);
	if (err)
		platform_device_unregister(outside_device);
	return err;
}
module_init(outside_init);

static void __exit outside_exit(void)
{
	misc_deregister(&outside_misc);
	platform_device_unregister(outside_device);
}
module_exit(outside_exit);

MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("A driver outside the tree");
MODULE_LICENSE("GPL");
