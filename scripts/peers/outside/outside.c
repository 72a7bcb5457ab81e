// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver outside the tree: all that drivers for 5.10 to 6.12 call and read, written as
 * they do. It is compiled and linked with both cores, never loaded.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

/* The exporter. */

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
	attach->priv = dmabuf->priv;
	return 0;
}

static void outside_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	attach->priv = NULL;
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

static struct sg_table *outside_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct sg_table *sgt = attach->priv;
	int err = dma_map_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);

	return err ? ERR_PTR(err) : sgt;
}

static void outside_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
}

static void outside_release(struct dma_buf *dmabuf)
{
	kfree(dmabuf->priv);
}

static int outside_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct dma_buf_attachment *attach;

	/* As those do that keep one table for each device. */
	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(attach, &dmabuf->attachments, node) {
		if (attach->priv)
			dma_sync_sgtable_for_cpu(attach->dev, attach->priv, dir);
	}
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int outside_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return vma->vm_end - vma->vm_start > dmabuf->size ? -EINVAL : -ENODEV;
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
	.pin = outside_pin,
	.unpin = outside_unpin,
	.map_dma_buf = outside_map,
	.unmap_dma_buf = outside_unmap,
	.release = outside_release,
	.begin_cpu_access = outside_cpu_access,
	.end_cpu_access = outside_cpu_access,
	.mmap = outside_mmap,
	.vmap = outside_vmap,
	.vunmap = outside_vunmap,
};

/* Before 5.16 a namespace was no matter; before 6.2 each call was made without the lock. */

static struct dma_buf *outside_export(size_t size, int *fd)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &outside_ops;
	info.size = size;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = kzalloc(size, GFP_KERNEL);
	info.resv = NULL;
	info.exp_name = "outside";
	info.owner = THIS_MODULE;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		kfree(info.priv);
		return dmabuf;
	}
	*fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (*fd < 0)
		dma_buf_put(dmabuf);
	else
		get_dma_buf(dmabuf);
	return dmabuf;
}

/* The importer. */

static void outside_moved(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
	*(bool *)attach->importer_priv = true;
}

#ifdef HAS_move_notify
static const struct dma_buf_attach_ops outside_importer_ops = {
	.allow_peer2peer = true,
	.move_notify = outside_moved,
};
#endif

#ifdef HAS_invalidate_mappings
static const struct dma_buf_attach_ops outside_new_importer_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = outside_moved,
};
#endif

static int outside_import(struct device *dev, int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct iosys_map map;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	if (!IS_ERR_OR_NULL(sgt)) {
		pr_info("%s of %s: %zu bytes in %u pieces, inode %lu\n",
			dmabuf->name ?: "a buffer", dmabuf->exp_name, dmabuf->size, sgt->nents,
			file_inode(dmabuf->file)->i_ino);
		dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
	}
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	if (!IS_ERR(sgt))
		dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(attach->dmabuf, attach);

	if (!dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE)) {
		if (!dma_buf_vmap(dmabuf, &map))
			dma_buf_vunmap(dmabuf, &map);
		if (!dma_buf_vmap_unlocked(dmabuf, &map))
			dma_buf_vunmap_unlocked(dmabuf, &map);
		dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE);
	}
	dma_buf_put(dmabuf);
	return 0;
}

static int outside_import_dynamic(struct dma_buf *dmabuf, struct device *dev,
				  const struct dma_buf_attach_ops *ops, bool *moved)
{
	struct dma_buf_attachment *attach = dma_buf_dynamic_attach(dmabuf, dev, ops, moved);
	struct sg_table *sgt;
	int err;

	if (IS_ERR(attach))
		return PTR_ERR(attach);
	dma_resv_lock(dmabuf->resv, NULL);
	err = dma_buf_attachment_is_dynamic(attach) ? 0 : dma_buf_pin(attach);
	if (!err) {
		sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
		if (!IS_ERR(sgt))
			dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
		if (!dma_buf_attachment_is_dynamic(attach))
			dma_buf_unpin(attach);
		if (dma_buf_is_dynamic(dmabuf))
#ifdef HAS_move_notify
			dma_buf_move_notify(dmabuf);
#else
			dma_buf_invalidate_mappings(dmabuf);
#endif
	}
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	return err;
}

static int __init outside_init(void)
{
	bool moved = false;
	struct dma_buf *dmabuf;
	int fd, err;

	dmabuf = outside_export(PAGE_SIZE, &fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = outside_import(NULL, fd);
#ifdef HAS_move_notify
	if (!err)
		err = outside_import_dynamic(dmabuf, NULL, &outside_importer_ops, &moved);
#endif
#ifdef HAS_invalidate_mappings
	if (!err)
		err = outside_import_dynamic(dmabuf, NULL, &outside_new_importer_ops, &moved);
#endif
	dma_buf_put(dmabuf);
	return err;
}
module_init(outside_init);

static void __exit outside_exit(void)
{
}
module_exit(outside_exit);

MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("A driver outside the tree");
MODULE_LICENSE("GPL");
