// SPDX-License-Identifier: GPL-2.0-only
/*
 * A static importer of dma-bufs: a device that adds up what is in a buffer.
 *
 * It is made of software, and knows no more of the buffer than the DMA addresses
 * and lengths that it is told.
 *
 * Documentation/dma-buf-sharing.txt explains it line by line.
 */
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "model.h"

static struct platform_device *static_pdev;

/**
 * struct static_importer - an open file
 * @lock: one ioctl at a time
 * @attach: the device on the buffer; NULL before ATTACH
 */
struct static_importer {
	/* Taken outside the reservation lock. */
	struct mutex lock;
	struct dma_buf_attachment *attach;
};

/* A real device is on the bus and reads by itself. */
static u32 static_device_read(dma_addr_t addr)
{
	phys_addr_t phys = dma_to_phys(&static_pdev->dev, addr);
	void *page = kmap_local_page(pfn_to_page(PHYS_PFN(phys)));
	u32 word = *(u32 *)(page + offset_in_page(phys));

	kunmap_local(page);
	return word;
}

static u64 static_device_sum(struct sg_table *sgt, size_t size)
{
	struct scatterlist *sg;
	unsigned int at;
	u64 sum = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		for (at = 0; at < sg_dma_len(sg) && size >= sizeof(u32);
		     at += sizeof(u32), size -= sizeof(u32))
			sum += static_device_read(sg_dma_address(sg) + at);
	}
	return sum;
}

static int static_attach(struct static_importer *imp, int fd)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	if (imp->attach)
		return -EBUSY;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, &static_pdev->dev);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	imp->attach = attach;
	return 0;
}

static int static_sum(struct static_importer *imp, u64 *sum)
{
	struct dma_buf *dmabuf;
	struct sg_table *sgt;
	long left;

	if (!imp->attach)
		return -EINVAL;
	dmabuf = imp->attach->dmabuf;

	/* Before the map, which is when the memory goes over to the device. */
	left = dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_WRITE, true,
				     MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;

	sgt = dma_buf_map_attachment_unlocked(imp->attach, DMA_TO_DEVICE);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	*sum = static_device_sum(sgt, dmabuf->size);
	dma_buf_unmap_attachment_unlocked(imp->attach, sgt, DMA_TO_DEVICE);
	return 0;
}

static void static_detach(struct static_importer *imp)
{
	struct dma_buf *dmabuf = imp->attach->dmabuf;

	dma_buf_detach(dmabuf, imp->attach);
	dma_buf_put(dmabuf);
}

static long static_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct static_importer *imp = file->private_data;
	int err = -ENOTTY;
	u64 sum;

	mutex_lock(&imp->lock);
	if (cmd == MODEL_IMPORTER_ATTACH)
		err = static_attach(imp, arg);
	if (cmd == MODEL_IMPORTER_SUM)
		err = static_sum(imp, &sum);
	mutex_unlock(&imp->lock);

	if (!err && cmd == MODEL_IMPORTER_SUM)
		err = put_user(sum, (u64 __user *)arg);
	return err;
}

static int static_open(struct inode *inode, struct file *file)
{
	struct static_importer *imp = kzalloc(sizeof(*imp), GFP_KERNEL);

	if (!imp)
		return -ENOMEM;
	mutex_init(&imp->lock);
	file->private_data = imp;
	return 0;
}

static int static_close(struct inode *inode, struct file *file)
{
	struct static_importer *imp = file->private_data;

	if (imp->attach)
		static_detach(imp);
	kfree(imp);
	return 0;
}

static const struct file_operations static_fops = {
	.owner = THIS_MODULE,
	.open = static_open,
	.release = static_close,
	.unlocked_ioctl = static_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice static_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "static_importer",
	.fops = &static_fops,
};

static int __init static_init(void)
{
	struct platform_device_info info = {
		.name = "static_importer",
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	int err;

	static_pdev = platform_device_register_full(&info);
	if (IS_ERR(static_pdev))
		return PTR_ERR(static_pdev);
	err = misc_register(&static_device);
	if (err)
		platform_device_unregister(static_pdev);
	return err;
}
module_init(static_init);

static void __exit static_exit(void)
{
	misc_deregister(&static_device);
	platform_device_unregister(static_pdev);
}
module_exit(static_exit);

/* As MODULE_IMPORT_NS() does, whose argument is not written the same everywhere. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("A static importer of dma-bufs");
MODULE_LICENSE("GPL");
