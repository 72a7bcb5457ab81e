// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: statistics in sysfs, a directory for each buffer:
 * /sys/kernel/dmabuf/buffers/INODE/{exporter_name,size}
 */
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "dma-buf-internal.h"

/**
 * struct dma_buf_stats - the directory of one buffer
 * @kobj: the directory; it may outlive the buffer, but then nobody reads it
 * @dmabuf: the buffer
 */
struct dma_buf_stats {
	struct kobject kobj;
	const struct dma_buf *dmabuf;
};

static struct kset *dma_buf_stats_kset;

static const struct dma_buf *kobj_to_dma_buf(struct kobject *kobj)
{
	return container_of(kobj, struct dma_buf_stats, kobj)->dmabuf;
}

static ssize_t exporter_name_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", kobj_to_dma_buf(kobj)->exp_name);
}

static ssize_t size_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%zu\n", kobj_to_dma_buf(kobj)->size);
}

static struct kobj_attribute exporter_name_attr = __ATTR_RO(exporter_name);
static struct kobj_attribute size_attr = __ATTR_RO(size);

static struct attribute *dma_buf_stats_attrs[] = {
	&exporter_name_attr.attr,
	&size_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(dma_buf_stats);

static void dma_buf_stats_free(struct kobject *kobj)
{
	kfree(container_of(kobj, struct dma_buf_stats, kobj));
}

static const struct kobj_type dma_buf_stats_type = {
	.release = dma_buf_stats_free,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = dma_buf_stats_groups,
};

/**
 * dma_buf_stats_add - make the directory of a buffer
 * @obj: the buffer
 *
 * Return: 0, -ENOMEM, or -EINVAL for a buffer without an exporter's name.
 */
int dma_buf_stats_add(struct dma_buf_object *obj)
{
	struct dma_buf_stats *stats;
	int err;

	if (!obj->base.exp_name)
		return -EINVAL;
	/* There was no memory for it at boot. */
	if (!dma_buf_stats_kset)
		return -ENOMEM;

	stats = kzalloc(sizeof(*stats), GFP_KERNEL_ACCOUNT);
	if (!stats)
		return -ENOMEM;
	stats->dmabuf = &obj->base;
	stats->kobj.kset = dma_buf_stats_kset;

	err = kobject_init_and_add(&stats->kobj, &dma_buf_stats_type, NULL,
				   "%lu", obj->ino);
	if (err) {
		kobject_put(&stats->kobj);
		return err;
	}
	obj->stats = stats;
	return 0;
}

/**
 * dma_buf_stats_remove - remove the directory of a buffer
 * @obj: the buffer; nobody reads it through sysfs once this returns
 */
void dma_buf_stats_remove(struct dma_buf_object *obj)
{
	kobject_del(&obj->stats->kobj);
	kobject_put(&obj->stats->kobj);
}

static int __init dma_buf_stats_init(void)
{
	struct kset *dir;

	/* No uevent is sent: buffers come and go too often to tell udev. */
	dir = kset_create_and_add("dmabuf", NULL, kernel_kobj);
	if (!dir)
		return -ENOMEM;

	dma_buf_stats_kset = kset_create_and_add("buffers", NULL, &dir->kobj);
	if (!dma_buf_stats_kset) {
		kset_unregister(dir);
		return -ENOMEM;
	}
	return 0;
}
subsys_initcall(dma_buf_stats_init);
