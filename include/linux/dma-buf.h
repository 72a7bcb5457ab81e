/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-buf: one piece of memory, shared between devices as a file.
 *
 * This header is the contract with drivers. An exporter fills a
 * &struct dma_buf_export_info and calls dma_buf_export(); an importer gets the
 * buffer with dma_buf_get(), joins with dma_buf_attach() and reaches the memory
 * with dma_buf_map_attachment(). Everything the core keeps for itself is behind
 * these structures and cannot be seen from here.
 */
#ifndef _LINUX_DMA_BUF_H
#define _LINUX_DMA_BUF_H

#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct dma_resv;
struct module;
struct vm_area_struct;

/**
 * struct dma_buf_ops - what an exporter does for its buffers
 *
 * @map_dma_buf, @unmap_dma_buf and @release must be there, and @pin comes with
 * @unpin. All others are optional. "Locked" below means that the core calls
 * the operation with the reservation lock of the buffer (&dma_buf.resv) held, as
 * far as it can make good for a caller that forgot to take it.
 * Every operation may sleep.
 */
struct dma_buf_ops {
	/**
	 * @cache_sgt_mapping: Set it where mapping is costly and the result
	 * stays true as long as the device is attached. The core then asks for
	 * one mapping for each attachment, hands it out again and again, and
	 * returns it at detach, or if the buffer is revoked. Cannot go
	 * together with @pin.
	 */
	bool cache_sgt_mapping;

	/**
	 * @attach: A device wants to join; not locked. Look at
	 * &dma_buf_attachment.dev and refuse with a negative errno if that
	 * device can never reach the memory. Clear
	 * &dma_buf_attachment.peer2peer if it must go through system memory.
	 * Private state goes to &dma_buf_attachment.priv. Nothing needs to be
	 * allocated or placed yet; see @map_dma_buf.
	 *
	 * Optional. Returns 0 or a negative errno, which the importer receives
	 * as it is.
	 */
	int (*attach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);

	/**
	 * @detach: The device leaves; not locked. Undo what @attach did.
	 * Optional.
	 */
	void (*detach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);

	/**
	 * @pin: Keep the buffer where it is until @unpin; locked. Its presence
	 * is what makes an exporter *dynamic*, that is, free to move its memory
	 * at other times. Pins nest. The place chosen must suit every attached
	 * device.
	 *
	 * Returns 0 or a negative errno.
	 */
	int (*pin)(struct dma_buf_attachment *attach);

	/** @unpin: Undo one @pin; locked. Cannot fail. */
	void (*unpin)(struct dma_buf_attachment *attach);

	/**
	 * @map_dma_buf: Give the device of the attachment its view of the
	 * memory, as a table of DMA addresses; locked. The first call is the
	 * moment for an exporter that allocates late: all devices which matter
	 * are attached by then.
	 *
	 * Returns a table which stays valid until the matching @unmap_dma_buf,
	 * or an ERR_PTR; NULL is taken for -ENOMEM.
	 */
	struct sg_table *(*map_dma_buf)(struct dma_buf_attachment *attach,
					enum dma_data_direction dir);

	/**
	 * @unmap_dma_buf: Take back a table from @map_dma_buf, with the
	 * direction that it was made for; locked. Cannot fail.
	 */
	void (*unmap_dma_buf)(struct dma_buf_attachment *attach,
			      struct sg_table *sgt,
			      enum dma_data_direction dir);

	/**
	 * @release: The last user is gone, free the memory; not locked. Nobody
	 * can find the buffer any more.
	 */
	void (*release)(struct dma_buf *dmabuf);

	/**
	 * @begin_cpu_access: Make the memory coherent for the CPU; not locked.
	 * The fences of &dma_buf.resv that stand in the way of @dir have
	 * signaled by then: kernel fences and writers, and readers where the
	 * CPU writes. Kernel fences that this operation adds are waited for
	 * afterwards.
	 *
	 * A call that the core let pass just before dma_buf_revoke() may get here
	 * when that has answered. An exporter that revokes takes the lock, and
	 * then touches only what is mapped, or asks dma_buf_is_revoked() first.
	 *
	 * Optional. Returns 0 or a negative errno; may return -ERESTARTSYS.
	 */
	int (*begin_cpu_access)(struct dma_buf *dmabuf,
				enum dma_data_direction dir);

	/**
	 * @end_cpu_access: The CPU is done, make its writes visible to devices;
	 * not locked. Optional. Returns 0 or a negative errno; one that asks
	 * for another try (-EINTR, -ERESTARTSYS, -EAGAIN) means that the access
	 * goes on until then. Some exporters in the tree give up for a signal;
	 * new ones do not. Called for a revoked buffer, too.
	 */
	int (*end_cpu_access)(struct dma_buf *dmabuf,
			      enum dma_data_direction dir);

	/**
	 * @mmap: Show the memory in a process; not locked. The range is within
	 * the buffer, and the area cannot grow. Optional: without it mmap() is
	 * refused with -EINVAL.
	 */
	int (*mmap)(struct dma_buf *dmabuf, struct vm_area_struct *vma);

	/**
	 * @vmap: Show the memory in the kernel's address space; locked. Called
	 * for the first of several users only. Optional: without it
	 * dma_buf_vmap() is refused with -EINVAL.
	 */
	int (*vmap)(struct dma_buf *dmabuf, struct iosys_map *map);

	/** @vunmap: The last user of @vmap is gone; locked. Optional. */
	void (*vunmap)(struct dma_buf *dmabuf, struct iosys_map *map);

	/**
	 * @revoked: Neither a device nor the kernel nor a program has the memory
	 * mapped any more; locked. Called once after each dma_buf_revoke() that
	 * was the first: by it or a later one, by dma_buf_restore(), or by the
	 * last one to let go, however late. What programs mapped where the core
	 * cannot empty it is the exporter's business, and fences may still be
	 * pending: if dma_buf_revoke() said -ETIMEDOUT after that, ask it again.
	 * Optional.
	 */
	void (*revoked)(struct dma_buf *dmabuf);
};

/**
 * struct dma_buf - a shared buffer
 *
 * Made by dma_buf_export(), kept alive by references to its @file. The members
 * are for reading. The exporter alone may write to @priv, and to @ops until it
 * hands the buffer out.
 */
struct dma_buf {
	/** @size: in bytes; never changes */
	size_t size;

	/**
	 * @file: the file which carries the references. Valid as long as the
	 * caller holds one of them.
	 */
	struct file *file;

	/**
	 * @attachments: the devices that joined, a list of &struct
	 * dma_buf_attachment; guarded by the reservation lock
	 */
	struct list_head attachments;

	/** @ops: the exporter's operations */
	const struct dma_buf_ops *ops;

	/** @exp_name: who exported it; for people and debugging */
	const char *exp_name;

	/**
	 * @name: what userspace calls it (DMA_BUF_SET_NAME), or NULL; guarded
	 * by @name_lock
	 */
	const char *name;

	/** @name_lock: guards @name against a change while it is being read */
	spinlock_t name_lock;

	/** @owner: the exporter's module, held until its release has run */
	struct module *owner;

	/** @priv: the exporter's own */
	void *priv;

	/**
	 * @resv: The reservation object: its lock is the lock of the buffer,
	 * its fences tell who works on the memory. The exporter's own if it
	 * brought one, otherwise one of the core's.
	 */
	struct dma_resv *resv;
};

/**
 * struct dma_buf_attach_ops - what a dynamic importer does for the exporter
 */
struct dma_buf_attach_ops {
	/**
	 * @allow_peer2peer: The device can reach memory of other devices on
	 * the bus; there may be no struct page behind what it gets.
	 */
	bool allow_peer2peer;

	union {
		/**
		 * @move_notify: The buffer is about to move, or is revoked; locked. All
		 * mappings of this attachment are stale from here on: the
		 * device may use them until the fences of &dma_buf.resv have
		 * signaled, and the importer unmaps them in bounded time. It
		 * does not map in here, where the exporter may still give the
		 * old place, but when it has got the lock itself.
		 */
		void (*move_notify)(struct dma_buf_attachment *attach);

		/** @invalidate_mappings: newer name of @move_notify */
		void (*invalidate_mappings)(struct dma_buf_attachment *attach);
	};
};

/**
 * struct dma_buf_attachment - one device on one buffer
 *
 * Made by dma_buf_attach() or dma_buf_dynamic_attach(), gone with
 * dma_buf_detach().
 */
struct dma_buf_attachment {
	/** @dmabuf: the buffer */
	struct dma_buf *dmabuf;
	/** @dev: the device */
	struct device *dev;
	/** @node: in &dma_buf.attachments */
	struct list_head node;
	/**
	 * @peer2peer: the importer takes peer memory and the exporter did not
	 * object; the exporter may clear it at attach
	 */
	bool peer2peer;
	/** @importer_ops: of a dynamic importer; NULL for a static one */
	const struct dma_buf_attach_ops *importer_ops;
	/** @importer_priv: the importer's own */
	void *importer_priv;
	/** @priv: the exporter's own */
	void *priv;
};

/**
 * struct dma_buf_export_info - what dma_buf_export() needs to know
 * @exp_name: name of the exporter; must outlive the buffer
 * @owner: module to hold as long as the buffer lives
 * @ops: the exporter's operations; must outlive the buffer
 * @size: in bytes
 * @flags: for the file: access mode (O_RDONLY, O_RDWR) and the like
 * @resv: the reservation object to use; NULL to be given one
 * @priv: becomes &dma_buf.priv; must not be NULL
 *
 * Define it with DEFINE_DMA_BUF_EXPORT_INFO().
 */
struct dma_buf_export_info {
	const char *exp_name;
	struct module *owner;
	const struct dma_buf_ops *ops;
	size_t size;
	int flags;
	struct dma_resv *resv;
	void *priv;
};

/**
 * DEFINE_DMA_BUF_EXPORT_INFO - define a &struct dma_buf_export_info
 * @name: of the variable
 *
 * Owner and exporter name are those of the module in which it stands; all else
 * is zero.
 */
#define DEFINE_DMA_BUF_EXPORT_INFO(name)		\
	struct dma_buf_export_info name = {		\
		.exp_name = KBUILD_MODNAME,		\
		.owner = THIS_MODULE,			\
	}

/**
 * get_dma_buf - take one more reference
 * @dmabuf: the buffer, on which the caller holds a reference already
 *
 * Context: Any.
 */
static inline void get_dma_buf(struct dma_buf *dmabuf)
{
	get_file(dmabuf->file);
}

/**
 * dma_buf_is_dynamic - may the exporter move the buffer while it is shared?
 * @dmabuf: the buffer
 *
 * Context: Any.
 * Return: true if the exporter has a pin operation.
 */
static inline bool dma_buf_is_dynamic(struct dma_buf *dmabuf)
{
	return dmabuf->ops->pin;
}

/**
 * dma_buf_attachment_is_dynamic - did the importer come with operations?
 * @attach: the attachment
 *
 * Context: Any.
 * Return: true if it came through dma_buf_dynamic_attach() with operations.
 */
static inline bool dma_buf_attachment_is_dynamic(struct dma_buf_attachment *attach)
{
	return attach->importer_ops;
}

struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info);
int dma_buf_fd(struct dma_buf *dmabuf, int flags);
void dma_buf_fd_install(struct dma_buf *dmabuf, int fd);
struct dma_buf *dma_buf_get(int fd);
void dma_buf_put(struct dma_buf *dmabuf);

struct dma_buf *dma_buf_iter_begin(void);
struct dma_buf *dma_buf_iter_next(struct dma_buf *dmabuf);

struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf,
					  struct device *dev);
struct dma_buf_attachment *
dma_buf_dynamic_attach(struct dma_buf *dmabuf, struct device *dev,
		       const struct dma_buf_attach_ops *importer_ops,
		       void *importer_priv);
void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
bool dma_buf_attach_revocable(struct dma_buf_attachment *attach);
int dma_buf_pin(struct dma_buf_attachment *attach);
void dma_buf_unpin(struct dma_buf_attachment *attach);

struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach,
					enum dma_data_direction dir);
void dma_buf_unmap_attachment(struct dma_buf_attachment *attach,
			      struct sg_table *sgt,
			      enum dma_data_direction dir);
struct sg_table *
dma_buf_map_attachment_unlocked(struct dma_buf_attachment *attach,
				enum dma_data_direction dir);
void dma_buf_unmap_attachment_unlocked(struct dma_buf_attachment *attach,
				       struct sg_table *sgt,
				       enum dma_data_direction dir);
void dma_buf_invalidate_mappings(struct dma_buf *dmabuf);
void dma_buf_move_notify(struct dma_buf *dmabuf);

int dma_buf_revoke(struct dma_buf *dmabuf, unsigned long timeout);
int dma_buf_restore(struct dma_buf *dmabuf);
bool dma_buf_is_revoked(struct dma_buf *dmabuf);

int dma_buf_begin_cpu_access(struct dma_buf *dmabuf,
			     enum dma_data_direction dir);
int dma_buf_end_cpu_access(struct dma_buf *dmabuf,
			   enum dma_data_direction dir);
int dma_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma,
		 unsigned long pgoff);
int dma_buf_vmap(struct dma_buf *dmabuf, struct iosys_map *map);
void dma_buf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map);
int dma_buf_vmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map);
void dma_buf_vunmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map);

#endif /* _LINUX_DMA_BUF_H */
