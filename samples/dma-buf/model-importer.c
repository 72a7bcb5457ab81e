// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model importer of dma-bufs.
 *
 * A device made of software, which fills a buffer with numbers or adds them up.
 * A kernel thread takes the place of its hardware: it knows of a buffer no more
 * than the DMA addresses and lengths that were mapped for the device, works
 * through its queue, and signals a fence for each job.
 *
 * With dynamic=1 it lets the exporter move a buffer which is mapped, or take it
 * away. When the driver is taken from the device it lets go of all buffers; files
 * stay open, and get errors.
 *
 * Documentation/dma-buf-sharing.txt explains it part by part.
 */
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "model.h"

static bool dynamic = true;
module_param(dynamic, bool, 0444);
MODULE_PARM_DESC(dynamic, "Let the exporter move buffers (default: yes)");

static unsigned int dma_bits = 64;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "Width of the device's DMA addresses (default: 64)");

static struct workqueue_struct *model_wq;

/**
 * struct model_device - the device, and what outlives its driver
 * @users: the driver while it is bound, and every open file
 * @dev: the device
 * @lock: guards @importers
 * @importers: every &struct model_importer
 * @misc: for programs
 */
struct model_device {
	struct kref users;
	struct device *dev;
	/* Taken outside of that of an importer. */
	struct mutex lock;
	struct list_head importers;
	struct miscdevice misc;
};

/**
 * struct model_mapping - what the device can reach of a buffer
 * @attach: the device on the buffer
 * @sgt: DMA addresses
 * @last: fence of the last job that uses them, or NULL
 * @retire: to unmap when this fence has signaled
 */
struct model_mapping {
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct dma_fence *last;
	struct work_struct retire;
};

/**
 * struct model_importer - an open file
 * @device: which device
 * @node: in &model_device.importers
 * @lock: one ioctl at a time
 * @gone: the driver has left the device
 * @engine: the thread that stands for the hardware
 * @attach: the device on the buffer; NULL before ATTACH
 * @mapping: the current one, or NULL; guarded by the reservation lock
 * @context: the timeline of the fences
 * @seqno: number of the last fence on it
 */
struct model_importer {
	struct model_device *device;
	struct list_head node;
	/* Taken outside the reservation lock. */
	struct mutex lock;
	bool gone;
	struct kthread_worker *engine;
	struct dma_buf_attachment *attach;
	struct model_mapping *mapping;
	u64 context;
	u64 seqno;
};

/**
 * struct model_job - one command to the device
 * @fence: signals when it is done
 * @lock: that of @fence
 * @imp: whose it is
 * @after: what to wait for before it begins, or NULL
 * @work: in the queue of the engine
 * @sgt: where to work
 * @size: bytes to work on
 * @fill: write numbers; otherwise add them up
 * @number: the next number to be written
 * @sum: of all numbers so far
 */
struct model_job {
	struct dma_fence fence;
	/* The fence lives as long, and so does this. */
	spinlock_t lock;
	struct model_importer *imp;
	struct dma_fence *after;
	struct kthread_work work;
	struct sg_table *sgt;
	size_t size;
	bool fill;
	u32 number;
	u64 sum;
};

static const char *model_fence_name(struct dma_fence *fence)
{
	return "model_importer";
}

static void model_job_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct model_job, fence.rcu));
	module_put(THIS_MODULE);
}

static void model_fence_release(struct dma_fence *fence)
{
	call_rcu(&fence->rcu, model_job_free);
}

static const struct dma_fence_ops model_fence_ops = {
	.get_driver_name = model_fence_name,
	.get_timeline_name = model_fence_name,
	.release = model_fence_release,
};

static void model_job_words(struct model_job *job, u32 *word, size_t count)
{
	for (; count; count--, word++) {
		if (job->fill)
			*word = job->number++;
		else
			job->sum += *word;
	}
}

/*
 * The hardware. A real one is on the bus and reaches the memory by itself; ours
 * has to find out what is behind an address there.
 */
static void model_job_dma(struct model_job *job)
{
	struct scatterlist *sg;
	size_t left = job->size;
	int i;

	for_each_sgtable_dma_sg(job->sgt, sg, i) {
		phys_addr_t at = dma_to_phys(job->imp->device->dev,
					     sg_dma_address(sg));
		phys_addr_t end = at + min_t(size_t, left, sg_dma_len(sg));

		left -= end - at;
		while (at < end) {
			size_t part = min_t(size_t, end - at,
					    PAGE_SIZE - offset_in_page(at));
			void *page = kmap_local_page(pfn_to_page(PHYS_PFN(at)));

			model_job_words(job, page + offset_in_page(at),
					part / sizeof(u32));
			kunmap_local(page);
			at += part;
		}
	}
}

/* A device that is gone waits for nobody: the end must not depend on others. */
static bool model_job_wait(struct model_job *job)
{
	long left = !job->after;

	while (!left && !READ_ONCE(job->imp->gone))
		left = dma_fence_wait_timeout(job->after, false, HZ / 10);
	return left;
}

/*
 * Others wait for the fence, some of them with the reservation lock held or in
 * order to free memory. So whatever leads to the signal must do without both.
 */
static void model_job_run(struct kthread_work *work)
{
	struct model_job *job = container_of(work, struct model_job, work);
	bool cookie = dma_fence_begin_signalling();

	if (model_job_wait(job))
		model_job_dma(job);
	else
		dma_fence_set_error(&job->fence, -ENODEV);
	dma_fence_signal(&job->fence);
	dma_fence_end_signalling(cookie);

	dma_fence_put(job->after);
	dma_fence_put(&job->fence);
}

/* Not the engine's work: it takes the reservation lock, see model_job_run(). */
static void model_retire_work(struct work_struct *work)
{
	struct model_mapping *mapping =
		container_of(work, struct model_mapping, retire);

	if (mapping->last)
		dma_fence_wait(mapping->last, false);
	dma_fence_put(mapping->last);
	dma_buf_unmap_attachment_unlocked(mapping->attach, mapping->sgt,
					  DMA_BIDIRECTIONAL);
	kfree(mapping);
}

/* Do not use the mapping for new jobs; unmap it when the old ones are done. */
static void model_retire(struct model_importer *imp)
{
	if (imp->mapping)
		queue_work(model_wq, &imp->mapping->retire);
	imp->mapping = NULL;
}

static void model_invalidate_mappings(struct dma_buf_attachment *attach)
{
	model_retire(attach->importer_priv);
}

static const struct dma_buf_attach_ops model_attach_ops = {
	.invalidate_mappings = model_invalidate_mappings,
};

/* @map: the function that suits, with the reservation lock or without */
static int model_map(struct model_importer *imp,
		     struct sg_table *(*map)(struct dma_buf_attachment *attach,
					     enum dma_data_direction dir))
{
	struct model_mapping *mapping;

	if (imp->mapping)
		return 0;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);
	if (!mapping)
		return -ENOMEM;
	mapping->attach = imp->attach;
	mapping->sgt = map(imp->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(mapping->sgt)) {
		int err = PTR_ERR(mapping->sgt);

		kfree(mapping);
		return err;
	}
	INIT_WORK(&mapping->retire, model_retire_work);
	imp->mapping = mapping;
	return 0;
}

static struct model_job *model_job_alloc(bool fill, u32 number)
{
	struct model_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	if (!job)
		return NULL;
	spin_lock_init(&job->lock);
	kthread_init_work(&job->work, model_job_run);
	job->fill = fill;
	job->number = number;
	return job;
}

/* Make the job wait for others and others for the job, and queue it. */
static int model_queue_locked(struct model_importer *imp, struct model_job *job)
{
	struct dma_resv *resv = imp->attach->dmabuf->resv;
	struct dma_fence *fence = &job->fence;
	int err;

	err = model_map(imp, dma_buf_map_attachment);
	if (err)
		return err;
	err = dma_resv_reserve_fences(resv, 1);
	if (err)
		return err;
	err = dma_resv_get_singleton(resv, dma_resv_usage_rw(job->fill),
				     &job->after);
	if (err)
		return err;

	/* Nothing can fail from here on. */
	job->imp = imp;
	job->sgt = imp->mapping->sgt;
	job->size = imp->attach->dmabuf->size;
	__module_get(THIS_MODULE);
	dma_fence_init(fence, &model_fence_ops, &job->lock, imp->context,
		       ++imp->seqno);
	dma_fence_put(imp->mapping->last);
	imp->mapping->last = dma_fence_get(fence);
	dma_resv_add_fence(resv, fence, job->fill ? DMA_RESV_USAGE_WRITE :
						    DMA_RESV_USAGE_READ);
	dma_fence_get(fence);
	kthread_queue_work(imp->engine, &job->work);
	return 0;
}

static int model_queue(struct model_importer *imp, struct model_job *job)
{
	struct dma_buf_attachment *attach = imp->attach;
	int err;

	if (imp->gone)
		return -ENODEV;
	if (!attach)
		return -EINVAL;

	/* What cannot be taken away is better mapped without the lock. */
	if (!dma_buf_attachment_is_dynamic(attach)) {
		err = model_map(imp, dma_buf_map_attachment_unlocked);
		if (err)
			return err;
	}

	err = dma_resv_lock_interruptible(attach->dmabuf->resv, NULL);
	if (err)
		return err;
	err = model_queue_locked(imp, job);
	dma_resv_unlock(attach->dmabuf->resv);
	return err;
}

/* A job is plain memory until it is queued, and a fence with references then. */
static struct model_job *model_begin(struct model_importer *imp, bool fill,
				     u32 number)
{
	struct model_job *job = model_job_alloc(fill, number);
	int err;

	if (!job)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&imp->lock);
	err = model_queue(imp, job);
	mutex_unlock(&imp->lock);
	if (err) {
		kfree(job);
		return ERR_PTR(err);
	}
	return job;
}

static int model_fill(struct model_importer *imp, u32 number)
{
	struct model_job *job = model_begin(imp, true, number);

	if (IS_ERR(job))
		return PTR_ERR(job);
	dma_fence_put(&job->fence);
	return 0;
}

static int model_sum(struct model_importer *imp, u64 __user *to)
{
	struct model_job *job = model_begin(imp, false, 0);
	int err;

	if (IS_ERR(job))
		return PTR_ERR(job);
	err = dma_fence_wait(&job->fence, true);
	if (!err)
		err = min(dma_fence_get_status(&job->fence), 0);
	if (!err)
		err = put_user(job->sum, to);
	dma_fence_put(&job->fence);
	return err;
}

static int model_attach(struct model_importer *imp, int fd)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	if (imp->gone)
		return -ENODEV;
	if (imp->attach)
		return -EBUSY;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_dynamic_attach(dmabuf, imp->device->dev,
					dynamic ? &model_attach_ops : NULL, imp);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	imp->attach = attach;
	return 0;
}

static void model_detach(struct model_importer *imp)
{
	struct dma_buf *dmabuf;

	if (!imp->attach)
		return;
	dmabuf = imp->attach->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	model_retire(imp);
	dma_resv_unlock(dmabuf->resv);
	flush_workqueue(model_wq);

	dma_buf_detach(dmabuf, imp->attach);
	dma_buf_put(dmabuf);
	imp->attach = NULL;
}

static long model_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct model_importer *imp = file->private_data;
	int err;

	switch (cmd) {
	case MODEL_IMPORTER_ATTACH:
		mutex_lock(&imp->lock);
		err = model_attach(imp, arg);
		mutex_unlock(&imp->lock);
		return err;
	case MODEL_IMPORTER_FILL:
		return model_fill(imp, arg);
	case MODEL_IMPORTER_SUM:
		return model_sum(imp, (u64 __user *)arg);
	default:
		return -ENOTTY;
	}
}

static void model_device_free(struct kref *users)
{
	kfree(container_of(users, struct model_device, users));
}

/* misc holds a lock that keeps remove from passing by. */
static int model_open(struct inode *inode, struct file *file)
{
	struct model_importer *imp = kzalloc(sizeof(*imp), GFP_KERNEL);
	struct model_device *device =
		container_of(file->private_data, struct model_device, misc);

	if (!imp)
		return -ENOMEM;
	imp->engine = kthread_create_worker(0, "model_importer");
	if (IS_ERR(imp->engine)) {
		int err = PTR_ERR(imp->engine);

		kfree(imp);
		return err;
	}
	/* It runs already, or waits for this, depending on the kernel. */
	wake_up_process(imp->engine->task);
	mutex_init(&imp->lock);
	imp->context = dma_fence_context_alloc(1);
	imp->device = device;
	kref_get(&device->users);
	scoped_guard(mutex, &device->lock)
		list_add(&imp->node, &device->importers);
	file->private_data = imp;
	return 0;
}

static int model_close(struct inode *inode, struct file *file)
{
	struct model_importer *imp = file->private_data;
	struct model_device *device = imp->device;

	/* As long as it is attached, remove has to find it. */
	scoped_guard(mutex, &imp->lock)
		model_detach(imp);
	scoped_guard(mutex, &device->lock)
		list_del(&imp->node);
	kthread_destroy_worker(imp->engine);
	kfree(imp);
	kref_put(&device->users, model_device_free);
	return 0;
}

static const struct file_operations model_fops = {
	.owner = THIS_MODULE,
	.open = model_open,
	.release = model_close,
	.unlocked_ioctl = model_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static int model_probe(struct platform_device *pdev)
{
	struct model_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	int err;

	if (!device)
		return -ENOMEM;
	kref_init(&device->users);
	mutex_init(&device->lock);
	INIT_LIST_HEAD(&device->importers);
	device->dev = &pdev->dev;
	device->misc.minor = MISC_DYNAMIC_MINOR;
	device->misc.name = "model_importer";
	device->misc.fops = &model_fops;
	platform_set_drvdata(pdev, device);
	err = misc_register(&device->misc);
	if (err)
		kref_put(&device->users, model_device_free);
	return err;
}

/* After this nobody may use the device, its DMA least of all. */
static void model_remove(struct platform_device *pdev)
{
	struct model_device *device = platform_get_drvdata(pdev);
	struct model_importer *imp;

	misc_deregister(&device->misc);
	scoped_guard(mutex, &device->lock) {
		/* Who waits for a job of one waits for those of all others, too. */
		list_for_each_entry(imp, &device->importers, node)
			WRITE_ONCE(imp->gone, true);
		list_for_each_entry(imp, &device->importers, node) {
			guard(mutex)(&imp->lock);
			model_detach(imp);
		}
	}
	kref_put(&device->users, model_device_free);
}

static struct platform_driver model_driver = {
	.driver.name = "model_importer",
	.probe = model_probe,
	.remove = model_remove,
};

static struct platform_device *model_pdev;

static int __init model_init(void)
{
	struct platform_device_info info = {
		.name = "model_importer",
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(dma_bits),
	};
	int err;

	model_wq = alloc_workqueue("model_importer", WQ_UNBOUND, 0);
	if (!model_wq)
		return -ENOMEM;
	err = platform_driver_register(&model_driver);
	if (err)
		goto err_wq;
	model_pdev = platform_device_register_full(&info);
	err = PTR_ERR_OR_ZERO(model_pdev);
	if (err)
		goto err_driver;
	return 0;

err_driver:
	platform_driver_unregister(&model_driver);
err_wq:
	destroy_workqueue(model_wq);
	return err;
}
module_init(model_init);

static void __exit model_exit(void)
{
	platform_device_unregister(model_pdev);
	platform_driver_unregister(&model_driver);
	destroy_workqueue(model_wq);
	/* The code of model_job_free() goes, too. */
	rcu_barrier();
}
module_exit(model_exit);

/* As MODULE_IMPORT_NS() does, whose argument is not written the same everywhere. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("A model importer of dma-bufs");
MODULE_LICENSE("GPL");
