// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model exporter of dma-bufs: the device.
 *
 * It can be pulled like a card, by a program or by taking the driver from it. The
 * memory of its buffers goes with it, and the buffers stay as long as anybody has
 * a descriptor, an area or an attachment of them.
 *
 * Documentation/dma-buf-sharing.txt explains it part by part.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "model-exporter.h"
#include "model.h"

/* How long importers may take to let go of a card's memory, all together. */
#define MODEL_PATIENCE	(2 * HZ)

/*
 * Take the memory of each buffer from everybody, or ask again. Those on the list are
 * there as long as the lock is held: release takes it. For the same reason nobody is
 * waited for with it, or for a jiffy at most, which has the log name who was told.
 */
static int model_revoke_all(struct model_card *card, unsigned long timeout)
{
	struct model_buffer *buf;
	int err, ret = 0;

	guard(mutex)(&card->lock);
	/* Somebody put it back meanwhile. */
	if (card->plugged)
		return 0;
	list_for_each_entry(buf, &card->buffers, node) {
		err = dma_buf_revoke(buf->dmabuf, timeout);
		if (!err)
			model_forget(buf);
		else if (ret != -ETIMEDOUT)
			ret = err;
	}
	return ret;
}

static int model_unplug(struct model_card *card)
{
	unsigned long end = jiffies + MODEL_PATIENCE;
	int err;

	scoped_guard(mutex, &card->lock)
		card->plugged = false;
	while ((err = model_revoke_all(card, 0)) == -ETIMEDOUT &&
	       time_before(jiffies, end))
		msleep(20);
	/* Who was told and still has it is named now. What he has goes with his unmap. */
	return err ? model_revoke_all(card, 1) : 0;
}

/* The card is back, empty. Whoever still has the old memory gets no new one. */
static int model_plug(struct model_card *card)
{
	struct model_buffer *buf;
	int err, ret = 0;

	guard(mutex)(&card->lock);
	if (!card->bound)
		return -ENODEV;
	card->plugged = true;
	list_for_each_entry(buf, &card->buffers, node) {
		err = dma_buf_restore(buf->dmabuf);
		ret = ret ?: err;
	}
	return ret;
}

static long model_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct model_card *card = file->private_data;

	switch (cmd) {
	case MODEL_EXPORTER_ALLOC:
		return model_alloc(card, arg);
	case MODEL_EXPORTER_MOVE:
		return model_move_fd(arg);
	case MODEL_EXPORTER_UNPLUG:
		return model_unplug(card);
	case MODEL_EXPORTER_PLUG:
		return model_plug(card);
	default:
		return -ENOTTY;
	}
}

/* misc holds a lock that keeps remove from passing by. */
static int model_open(struct inode *inode, struct file *file)
{
	struct model_card *card =
		container_of(file->private_data, struct model_card, misc);

	kref_get(&card->users);
	file->private_data = card;
	return 0;
}

static int model_close(struct inode *inode, struct file *file)
{
	struct model_card *card = file->private_data;

	model_card_put(card);
	return 0;
}

static const struct file_operations model_fops = {
	.owner = THIS_MODULE,
	.open = model_open,
	.release = model_close,
	.unlocked_ioctl = model_ioctl,
	.compat_ioctl = model_ioctl,
};

static int model_probe(struct platform_device *pdev)
{
	struct model_card *card = kzalloc(sizeof(*card), GFP_KERNEL);
	int err;

	if (!card)
		return -ENOMEM;
	kref_init(&card->users);
	mutex_init(&card->lock);
	INIT_LIST_HEAD(&card->buffers);
	card->bound = true;
	card->plugged = true;
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.name = "model_exporter";
	card->misc.fops = &model_fops;
	platform_set_drvdata(pdev, card);
	err = misc_register(&card->misc);
	if (err)
		model_card_put(card);
	return err;
}

/* Descriptors, areas of processes and attachments may stay, the memory may not. */
static void model_remove(struct platform_device *pdev)
{
	struct model_card *card = platform_get_drvdata(pdev);

	misc_deregister(&card->misc);
	scoped_guard(mutex, &card->lock)
		card->bound = false;
	model_unplug(card);
	model_card_put(card);
}

static struct platform_driver model_driver = {
	.driver.name = "model_exporter",
	.probe = model_probe,
	.remove = model_remove,
};

static struct platform_device *model_pdev;

static int __init model_init(void)
{
	int err = platform_driver_register(&model_driver);

	if (err)
		return err;
	model_pdev = platform_device_register_simple("model_exporter",
						     PLATFORM_DEVID_NONE, NULL, 0);
	err = PTR_ERR_OR_ZERO(model_pdev);
	if (err)
		platform_driver_unregister(&model_driver);
	return err;
}
module_init(model_init);

static void __exit model_exit(void)
{
	platform_device_unregister(model_pdev);
	platform_driver_unregister(&model_driver);
}
module_exit(model_exit);

/* As MODULE_IMPORT_NS() does, whose argument is not written the same everywhere. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("A model exporter of dma-bufs");
MODULE_LICENSE("GPL");
