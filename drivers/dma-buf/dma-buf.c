// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-buf: a buffer's life, from export to release.
 */
#include <linux/dcache.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <uapi/linux/magic.h>

#include "dma-buf-internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/dma_buf.h>

/**
 * DOC: a buffer's life
 *
 * dma_buf_export() makes a buffer and, with it, a file on an internal mount.
 * References to that file are the references to the buffer: file descriptors,
 * mappings, get_dma_buf(), dma_buf_get().
 *
 * The file goes with its last reference; the memory stays until the dentry
 * behind the file goes, too, which an O_PATH descriptor may delay. So there are
 * two ends. When the file is released, everything that counted on descriptors
 * stops (poll callbacks, iteration). When the dentry is released, the buffer is
 * taken out of every list, and then the exporter frees the memory.
 *
 * A buffer whose memory may still be in use then, because an importer or a
 * kernel mapping was left behind, is not freed at all: it is reported once and
 * leaked, and no list has it any more.
 */

static struct vfsmount *dma_buf_mnt;

/* The second with a reservation object behind each. */
static struct kmem_cache *dma_buf_cache, *dma_buf_resv_cache;

/* May anybody still reach the memory? Says so. */
static bool dma_buf_is_left_in_use(struct dma_buf_object *obj)
{
	struct dma_buf *dmabuf = &obj->base;
	struct dma_buf_attachment *attach;

	attach = list_first_entry_or_null(&dmabuf->attachments,
					  struct dma_buf_attachment, node);
	if (attach)
		dma_buf_report(dmabuf, attach->dev, DMA_BUF_RELEASED_EARLY,
			       "released with devices attached");
	else if (obj->vmap_users)
		dma_buf_report(dmabuf, NULL, DMA_BUF_RELEASED_EARLY,
			       "released with %u kernel mappings",
			       obj->vmap_users);
	return attach || obj->vmap_users;
}

/* Of a buffer whose memory is gone, or the exporter's again. */
static void dma_buf_object_free(struct dma_buf_object *obj)
{
	struct module *owner = obj->base.owner;
	bool own_resv = obj->owns_resv;

	if (own_resv)
		dma_resv_fini(obj->own_resv);
	kfree(obj->base.name);
	kmem_cache_free(own_resv ? dma_buf_resv_cache : dma_buf_cache, obj);
	module_put(owner);
}

static void dma_buf_release_dentry(struct dentry *dentry)
{
	struct dma_buf_object *obj = dentry->d_fsdata;

	/* An export that failed half-way. */
	if (!obj)
		return;

	might_sleep();
	dma_buf_registry_remove(&obj->entry);
	if (IS_ENABLED(CONFIG_DMABUF_SYSFS_STATS))
		dma_buf_stats_remove(obj);

	/* The module stays as well: its code may still be needed. */
	if (dma_buf_is_left_in_use(obj))
		return;
	obj->base.ops->release(&obj->base);
	dma_buf_object_free(obj);
}

static char *dma_buf_dname(struct dentry *dentry, char *buffer, int len)
{
	struct dma_buf_object *obj = dentry->d_fsdata;
	char name[DMA_BUF_NAME_LEN];

	dma_buf_copy_name(&obj->base, name);
	return dynamic_dname(buffer, len, "/%pd:%s", dentry, name);
}

static const struct dentry_operations dma_buf_dentry_ops = {
	.d_dname = dma_buf_dname,
	.d_release = dma_buf_release_dentry,
};

static int dma_buf_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, DMA_BUF_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->dops = &dma_buf_dentry_ops;
	return 0;
}

static struct file_system_type dma_buf_fs_type = {
	.name = "dmabuf",
	.init_fs_context = dma_buf_init_fs_context,
	.kill_sb = kill_anon_super,
};

static bool dma_buf_export_is_sound(const struct dma_buf_export_info *exp_info)
{
	const struct dma_buf_ops *ops;

	if (!exp_info || !exp_info->priv || !exp_info->ops)
		return false;

	ops = exp_info->ops;
	return ops->map_dma_buf && ops->unmap_dma_buf && ops->release &&
	       !ops->pin == !ops->unpin &&
	       !(ops->cache_sgt_mapping && ops->pin);
}

/* With a reference to the module, or an ERR_PTR. */
static struct dma_buf_object *
dma_buf_object_alloc(const struct dma_buf_export_info *exp_info)
{
	struct dma_buf_object *obj;

	if (!try_module_get(exp_info->owner))
		return ERR_PTR(-ENOENT);
	obj = kmem_cache_zalloc(exp_info->resv ? dma_buf_cache :
						 dma_buf_resv_cache, GFP_KERNEL);
	if (!obj) {
		module_put(exp_info->owner);
		return ERR_PTR(-ENOMEM);
	}
	obj->base.size = exp_info->size;
	obj->base.ops = exp_info->ops;
	obj->base.exp_name = exp_info->exp_name;
	obj->base.owner = exp_info->owner;
	obj->base.priv = exp_info->priv;
	obj->base.resv = exp_info->resv;
	if (!obj->base.resv) {
		obj->owns_resv = true;
		obj->base.resv = obj->own_resv;
		dma_resv_init(obj->own_resv);
	}
	spin_lock_init(&obj->base.name_lock);
	INIT_LIST_HEAD(&obj->base.attachments);
	init_waitqueue_head(&obj->poll_wait);
	obj->ino = dma_buf_registry_ino();
	return obj;
}

static struct file *dma_buf_make_file(struct dma_buf_object *obj, int flags)
{
	struct inode *inode = alloc_anon_inode(dma_buf_mnt->mnt_sb);
	struct file *file;

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	inode->i_ino = obj->ino;
	inode->i_size = obj->base.size;
	inode_set_bytes(inode, obj->base.size);

	/* Whether it closes on exec is a matter of each descriptor. */
	file = alloc_file_pseudo(inode, dma_buf_mnt, "dmabuf",
				 flags & (O_ACCMODE | O_NONBLOCK),
				 &dma_buf_fops);
	if (IS_ERR(file))
		iput(inode);
	return file;
}

/**
 * dma_buf_export - wrap memory in a buffer that can be shared
 * @exp_info: what it is and who exports it; only read during the call
 *
 * The new buffer holds the module &dma_buf_export_info.owner until the
 * exporter's release has run. A reservation object of the exporter's own must
 * live that long as well.
 *
 * Context: May sleep. Takes no lock that a driver knows of.
 * Return: The buffer with one reference, which is the caller's: it goes to
 * dma_buf_fd() or dma_buf_put(). Otherwise an ERR_PTR, and the exporter keeps
 * all that it brought: -EINVAL if @exp_info lacks something or contradicts
 * itself, -ENOENT if the module is being unloaded, -ENOMEM, -ENFILE if the
 * system has no file left; with CONFIG_DMABUF_SYSFS_STATS also -EINVAL for an
 * exporter without a name.
 */
struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info)
{
	struct dma_buf_object *obj;
	struct file *file;
	int err;

	might_sleep();

	if (dma_buf_bad_args(!dma_buf_export_is_sound(exp_info), __func__))
		return ERR_PTR(-EINVAL);
	obj = dma_buf_object_alloc(exp_info);
	if (IS_ERR(obj))
		return ERR_CAST(obj);
	if (IS_ENABLED(CONFIG_DMABUF_SYSFS_STATS)) {
		err = dma_buf_stats_add(obj);
		if (err)
			goto err_object;
	}
	file = dma_buf_make_file(obj, exp_info->flags);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_stats;
	}
	obj->base.file = file;
	file->private_data = &obj->base;
	file->f_path.dentry->d_fsdata = obj;
	dma_buf_registry_add(&obj->entry, raw_smp_processor_id());
	trace_dma_buf_export(&obj->base);
	return &obj->base;

err_stats:
	if (IS_ENABLED(CONFIG_DMABUF_SYSFS_STATS))
		dma_buf_stats_remove(obj);
err_object:
	dma_buf_object_free(obj);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(dma_buf_export);

/**
 * dma_buf_fd - give a buffer a file descriptor in the calling process
 * @dmabuf: the buffer
 * @flags: O_CLOEXEC or 0
 *
 * Context: May sleep.
 * Return: The descriptor, which then owns the caller's reference: another
 * thread may have closed it by the time the caller looks. Otherwise -EINVAL for
 * no buffer, or -EMFILE or -ENOMEM when the process cannot have one more, and
 * the reference stays the caller's.
 */
int dma_buf_fd(struct dma_buf *dmabuf, int flags)
{
	int fd;

	if (!dmabuf)
		return -EINVAL;

	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		return dma_buf_refused(dmabuf, NULL, __func__,
				       fd == -EMFILE ? "process" : "memory", fd);
	dma_buf_fd_install(dmabuf, fd);
	return fd;
}
EXPORT_SYMBOL_GPL(dma_buf_fd);

/**
 * dma_buf_fd_install - put a buffer behind a descriptor reserved before
 * @dmabuf: the buffer; the caller's reference to it is consumed
 * @fd: from get_unused_fd_flags()
 *
 * For a caller that must tell userspace the number first and cannot undo what
 * comes after: this cannot fail.
 *
 * Context: Process context of the owner of @fd.
 */
void dma_buf_fd_install(struct dma_buf *dmabuf, int fd)
{
	/* Once installed, another thread can close it. */
	trace_dma_buf_fd(dmabuf, fd);
	fd_install(fd, dmabuf->file);
}
EXPORT_SYMBOL_GPL(dma_buf_fd_install);

/**
 * dma_buf_get - the buffer behind a file descriptor
 * @fd: of the calling process
 *
 * Context: Process context.
 * Return: The buffer with a reference, to be given back by dma_buf_put().
 * Otherwise an ERR_PTR: -EBADF if nothing is open there, or by O_PATH only, -EINVAL
 * if it is not a buffer.
 */
struct dma_buf *dma_buf_get(int fd)
{
	struct dma_buf *dmabuf;
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &dma_buf_fops) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}

	dmabuf = file->private_data;
	trace_dma_buf_get(dmabuf, fd);
	return dmabuf;
}
EXPORT_SYMBOL_GPL(dma_buf_get);

/**
 * dma_buf_put - give back a reference to a buffer
 * @dmabuf: the buffer; must not be touched afterwards
 *
 * The exporter's release does not run inside this call, but when the task
 * returns to userspace or, for a kernel thread, from a worker.
 *
 * Context: Any.
 */
void dma_buf_put(struct dma_buf *dmabuf)
{
	if (dma_buf_bad_args(!dmabuf, __func__))
		return;

	trace_dma_buf_put(dmabuf);
	fput(dmabuf->file);
}
EXPORT_SYMBOL_GPL(dma_buf_put);

/**
 * dma_buf_iter_begin - start a walk over all buffers of the system
 *
 * No lock is held between the steps of a walk. A buffer which lives all through
 * it is met exactly once, one that is made or released meanwhile once or not at
 * all. A buffer without its file, kept by an O_PATH descriptor, is not met.
 *
 * Context: May sleep.
 * Return: A buffer with a reference for the caller, to be given to
 * dma_buf_iter_next() or dma_buf_put(); NULL if there is none.
 */
struct dma_buf *dma_buf_iter_begin(void)
{
	might_sleep();
	return dma_buf_registry_next(NULL);
}
EXPORT_SYMBOL_GPL(dma_buf_iter_begin);

/**
 * dma_buf_iter_next - one step of a walk over all buffers
 * @dmabuf: where the walk is; the caller's reference to it is consumed
 *
 * Context: May sleep.
 * Return: The next buffer, with a reference for the caller, or NULL at the end.
 */
struct dma_buf *dma_buf_iter_next(struct dma_buf *dmabuf)
{
	struct dma_buf *next;

	might_sleep();
	next = dma_buf_registry_next(to_dma_buf_object(dmabuf));
	dma_buf_put(dmabuf);
	cond_resched();
	return next;
}
EXPORT_SYMBOL_GPL(dma_buf_iter_next);

static int __init dma_buf_init(void)
{
	dma_buf_cache = KMEM_CACHE(dma_buf_object, SLAB_ACCOUNT | SLAB_PANIC);
	dma_buf_resv_cache =
		kmem_cache_create("dma_buf_object_resv",
				  struct_size_t(struct dma_buf_object, own_resv, 1),
				  0, SLAB_ACCOUNT | SLAB_PANIC, NULL);
	dma_buf_registry_init();
	dma_buf_mnt = kern_mount(&dma_buf_fs_type);
	return PTR_ERR_OR_ZERO(dma_buf_mnt);
}
subsys_initcall(dma_buf_init);
