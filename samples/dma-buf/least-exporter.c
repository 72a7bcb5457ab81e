// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least exporter of dma-bufs: ordinary pages, there from the start, which
 * only devices look at.
 *
 * Documentation/dma-buf-sharing.txt explains it line by line.
 */
#include <linux/dma-buf.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "model.h"

static void least_free(struct page **pages, unsigned long count)
{
	unsigned long i;

	for (i = 0; i < count && pages[i]; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

static struct page **least_allocate(unsigned long count)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	unsigned long i;

	if (!pages)
		return NULL;
	for (i = 0; i < count; i++) {
		pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!pages[i]) {
			least_free(pages, count);
			return NULL;
		}
	}
	return pages;
}

/* Better no sharing than a device that works on a copy. */
static int least_attach(struct dma_buf *dmabuf,
			struct dma_buf_attachment *attach)
{
	return dma_addressing_limited(attach->dev) ? -EBUSY : 0;
}

static struct sg_table *least_map(struct dma_buf_attachment *attach,
				  enum dma_data_direction dir)
{
	struct dma_buf *dmabuf = attach->dmabuf;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int err;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	err = sg_alloc_table_from_pages_segment(sgt, dmabuf->priv,
						PHYS_PFN(dmabuf->size), 0,
						dmabuf->size,
						dma_get_max_seg_size(attach->dev),
						GFP_KERNEL);
	if (err)
		goto err_free;
	err = dma_map_sgtable(attach->dev, sgt, dir, 0);
	if (err)
		goto err_table;
	return sgt;

err_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ERR_PTR(err);
}

static void least_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static void least_release(struct dma_buf *dmabuf)
{
	least_free(dmabuf->priv, PHYS_PFN(dmabuf->size));
}

static const struct dma_buf_ops least_ops = {
	.attach = least_attach,
	.map_dma_buf = least_map,
	.unmap_dma_buf = least_unmap,
	.release = least_release,
};

static int least_export(unsigned long size)
{
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct dma_buf *dmabuf;
	struct page **pages;
	int fd;

	if (!size || PHYS_PFN(size) >= totalram_pages())
		return -EINVAL;
	size = PAGE_ALIGN(size);
	pages = least_allocate(PHYS_PFN(size));
	if (!pages)
		return -ENOMEM;

	exp_info.ops = &least_ops;
	exp_info.size = size;
	exp_info.flags = O_RDWR;
	exp_info.priv = pages;
	dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(dmabuf)) {
		least_free(pages, PHYS_PFN(size));
		return PTR_ERR(dmabuf);
	}

	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static long least_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cmd == MODEL_EXPORTER_ALLOC ? least_export(arg) : -ENOTTY;
}

static const struct file_operations least_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = least_ioctl,
	.compat_ioctl = least_ioctl,
};

static struct miscdevice least_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "least_exporter",
	.fops = &least_fops,
};
module_misc_device(least_device);

/* As MODULE_IMPORT_NS() does, whose argument is not written the same everywhere. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("The least exporter of dma-bufs");
MODULE_LICENSE("GPL");
