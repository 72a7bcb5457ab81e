/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dma_buf

#if !defined(_TRACE_DMA_BUF_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DMA_BUF_H

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/tracepoint.h>

/*
 * What mainline has as well, to the byte. These read the inode number from the file:
 * whoever emits one holds a reference to the buffer. None has the buffer's name, so
 * nobody holds &dma_buf.name_lock for one, unlike mainline.
 */
DECLARE_EVENT_CLASS(dma_buf,
		    TP_PROTO(struct dma_buf *dmabuf),
		    TP_ARGS(dmabuf),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(ino_t, ino)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = file_inode(dmabuf->file)->i_ino;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu",
			      __get_str(exp_name), __entry->size, __entry->ino)
);

DECLARE_EVENT_CLASS(dma_buf_attach_dev,
		    TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
			     bool is_dynamic, struct device *dev),
		    TP_ARGS(dmabuf, attach, is_dynamic, dev),
		    TP_STRUCT__entry(__string(dev_name, dev_name(dev))
				     __string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(ino_t, ino)
				     __field(struct dma_buf_attachment *, attach)
				     __field(bool, is_dynamic)
				     ),
		    TP_fast_assign(__assign_str(dev_name);
				   __assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = file_inode(dmabuf->file)->i_ino;
				   __entry->attach = attach;
				   __entry->is_dynamic = is_dynamic;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu attachment:%p is_dynamic=%d dev_name=%s",
			      __get_str(exp_name), __entry->size, __entry->ino,
			      __entry->attach, __entry->is_dynamic, __get_str(dev_name))
);

DECLARE_EVENT_CLASS(dma_buf_fd,
		    TP_PROTO(struct dma_buf *dmabuf, int fd),
		    TP_ARGS(dmabuf, fd),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(ino_t, ino)
				     __field(int, fd)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = file_inode(dmabuf->file)->i_ino;
				   __entry->fd = fd;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu fd=%d",
			      __get_str(exp_name), __entry->size, __entry->ino, __entry->fd)
);

DEFINE_EVENT(dma_buf, dma_buf_export,
	     TP_PROTO(struct dma_buf *dmabuf), TP_ARGS(dmabuf));
DEFINE_EVENT(dma_buf, dma_buf_put,
	     TP_PROTO(struct dma_buf *dmabuf), TP_ARGS(dmabuf));
DEFINE_EVENT(dma_buf, dma_buf_mmap,
	     TP_PROTO(struct dma_buf *dmabuf), TP_ARGS(dmabuf));
DEFINE_EVENT(dma_buf, dma_buf_mmap_internal,
	     TP_PROTO(struct dma_buf *dmabuf), TP_ARGS(dmabuf));

DEFINE_EVENT(dma_buf_attach_dev, dma_buf_dynamic_attach,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      bool is_dynamic, struct device *dev),
	     TP_ARGS(dmabuf, attach, is_dynamic, dev));
DEFINE_EVENT(dma_buf_attach_dev, dma_buf_detach,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      bool is_dynamic, struct device *dev),
	     TP_ARGS(dmabuf, attach, is_dynamic, dev));

DEFINE_EVENT(dma_buf_fd, dma_buf_fd,
	     TP_PROTO(struct dma_buf *dmabuf, int fd), TP_ARGS(dmabuf, fd));
DEFINE_EVENT(dma_buf_fd, dma_buf_get,
	     TP_PROTO(struct dma_buf *dmabuf, int fd), TP_ARGS(dmabuf, fd));

/*
 * What takes time, and what goes wrong. Some of it is emitted of a buffer without
 * its file, so these have the number from the core's own structure. Whoever defines
 * the events has to know that one, and includes this file behind it.
 */
TRACE_DEFINE_ENUM(DMA_BIDIRECTIONAL);
TRACE_DEFINE_ENUM(DMA_TO_DEVICE);
TRACE_DEFINE_ENUM(DMA_FROM_DEVICE);
TRACE_DEFINE_ENUM(DMA_NONE);
TRACE_DEFINE_ENUM(DMA_RESV_USAGE_KERNEL);
TRACE_DEFINE_ENUM(DMA_RESV_USAGE_WRITE);
TRACE_DEFINE_ENUM(DMA_RESV_USAGE_READ);

#define dma_buf_show_dir(dir)						\
	__print_symbolic(dir, { DMA_BIDIRECTIONAL, "both" },		\
			 { DMA_TO_DEVICE, "to-device" },		\
			 { DMA_FROM_DEVICE, "from-device" },		\
			 { DMA_NONE, "none" })

DECLARE_EVENT_CLASS(dma_buf_table,
		    TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
			     enum dma_data_direction dir, unsigned int segments),
		    TP_ARGS(dmabuf, attach, dir, segments),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(unsigned long, ino)
				     __string(dev_name, dev_name(attach->dev))
				     __field(struct dma_buf_attachment *, attach)
				     __field(int, dir)
				     __field(unsigned int, segments)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = to_dma_buf_object(dmabuf)->ino;
				   __assign_str(dev_name);
				   __entry->attach = attach;
				   __entry->dir = dir;
				   __entry->segments = segments;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu attachment:%p dev_name=%s dir=%s segments=%u",
			      __get_str(exp_name), __entry->size, __entry->ino,
			      __entry->attach, __get_str(dev_name),
			      dma_buf_show_dir(__entry->dir), __entry->segments)
);

DECLARE_EVENT_CLASS(dma_buf_pins,
		    TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
			     bool by_core),
		    TP_ARGS(dmabuf, attach, by_core),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(unsigned long, ino)
				     __string(dev_name, dev_name(attach->dev))
				     __field(struct dma_buf_attachment *, attach)
				     __field(bool, by_core)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = to_dma_buf_object(dmabuf)->ino;
				   __assign_str(dev_name);
				   __entry->attach = attach;
				   __entry->by_core = by_core;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu attachment:%p dev_name=%s by=%s",
			      __get_str(exp_name), __entry->size, __entry->ino,
			      __entry->attach, __get_str(dev_name),
			      __entry->by_core ? "core" : "importer")
);

DECLARE_EVENT_CLASS(dma_buf_access,
		    TP_PROTO(struct dma_buf *dmabuf, enum dma_data_direction dir),
		    TP_ARGS(dmabuf, dir),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(unsigned long, ino)
				     __field(int, dir)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = to_dma_buf_object(dmabuf)->ino;
				   __entry->dir = dir;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu dir=%s",
			      __get_str(exp_name), __entry->size, __entry->ino,
			      dma_buf_show_dir(__entry->dir))
);

DECLARE_EVENT_CLASS(dma_buf_poll,
		    TP_PROTO(struct dma_buf *dmabuf, bool out),
		    TP_ARGS(dmabuf, out),
		    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
				     __field(size_t, size)
				     __field(unsigned long, ino)
				     __field(bool, out)
				     ),
		    TP_fast_assign(__assign_str(exp_name);
				   __entry->size = dmabuf->size;
				   __entry->ino = to_dma_buf_object(dmabuf)->ino;
				   __entry->out = out;
				   ),
		    TP_printk("exp_name=%s size=%zu ino=%lu for=%s",
			      __get_str(exp_name), __entry->size, __entry->ino,
			      __entry->out ? "out" : "in")
);

DEFINE_EVENT(dma_buf_table, dma_buf_map,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      enum dma_data_direction dir, unsigned int segments),
	     TP_ARGS(dmabuf, attach, dir, segments));
DEFINE_EVENT(dma_buf_table, dma_buf_unmap,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      enum dma_data_direction dir, unsigned int segments),
	     TP_ARGS(dmabuf, attach, dir, segments));

DEFINE_EVENT(dma_buf_pins, dma_buf_pin,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      bool by_core),
	     TP_ARGS(dmabuf, attach, by_core));
DEFINE_EVENT(dma_buf_pins, dma_buf_unpin,
	     TP_PROTO(struct dma_buf *dmabuf, struct dma_buf_attachment *attach,
		      bool by_core),
	     TP_ARGS(dmabuf, attach, by_core));

DEFINE_EVENT(dma_buf_access, dma_buf_begin_cpu_access,
	     TP_PROTO(struct dma_buf *dmabuf, enum dma_data_direction dir),
	     TP_ARGS(dmabuf, dir));
DEFINE_EVENT(dma_buf_access, dma_buf_end_cpu_access,
	     TP_PROTO(struct dma_buf *dmabuf, enum dma_data_direction dir),
	     TP_ARGS(dmabuf, dir));

DEFINE_EVENT(dma_buf_poll, dma_buf_poll_armed,
	     TP_PROTO(struct dma_buf *dmabuf, bool out), TP_ARGS(dmabuf, out));
DEFINE_EVENT(dma_buf_poll, dma_buf_poll_fired,
	     TP_PROTO(struct dma_buf *dmabuf, bool out), TP_ARGS(dmabuf, out));

TRACE_EVENT(dma_buf_invalidate,
	    TP_PROTO(struct dma_buf *dmabuf),
	    TP_ARGS(dmabuf),
	    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
			     __field(size_t, size)
			     __field(unsigned long, ino)
			     __field(unsigned int, devices)
			     ),
	    TP_fast_assign(__assign_str(exp_name);
			   __entry->size = dmabuf->size;
			   __entry->ino = to_dma_buf_object(dmabuf)->ino;
			   __entry->devices = to_dma_buf_object(dmabuf)->devices;
			   ),
	    TP_printk("exp_name=%s size=%zu ino=%lu devices=%u",
		      __get_str(exp_name), __entry->size, __entry->ino, __entry->devices)
);

TRACE_EVENT(dma_buf_revoke,
	    TP_PROTO(struct dma_buf *dmabuf, unsigned int holders, int err),
	    TP_ARGS(dmabuf, holders, err),
	    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
			     __field(size_t, size)
			     __field(unsigned long, ino)
			     __field(unsigned int, holders)
			     __field(int, err)
			     ),
	    TP_fast_assign(__assign_str(exp_name);
			   __entry->size = dmabuf->size;
			   __entry->ino = to_dma_buf_object(dmabuf)->ino;
			   __entry->holders = holders;
			   __entry->err = err;
			   ),
	    TP_printk("exp_name=%s size=%zu ino=%lu holders=%u err=%d",
		      __get_str(exp_name), __entry->size, __entry->ino,
		      __entry->holders, __entry->err)
);

TRACE_EVENT(dma_buf_wait,
	    TP_PROTO(struct dma_buf *dmabuf, enum dma_resv_usage usage, s64 ns,
		     long err),
	    TP_ARGS(dmabuf, usage, ns, err),
	    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
			     __field(size_t, size)
			     __field(unsigned long, ino)
			     __field(int, usage)
			     __field(s64, ns)
			     __field(int, err)
			     ),
	    TP_fast_assign(__assign_str(exp_name);
			   __entry->size = dmabuf->size;
			   __entry->ino = to_dma_buf_object(dmabuf)->ino;
			   __entry->usage = usage;
			   __entry->ns = ns;
			   __entry->err = err;
			   ),
	    TP_printk("exp_name=%s size=%zu ino=%lu usage=%s ns=%lld err=%d",
		      __get_str(exp_name), __entry->size, __entry->ino,
		      __print_symbolic(__entry->usage,
				       { DMA_RESV_USAGE_KERNEL, "kernel" },
				       { DMA_RESV_USAGE_WRITE, "write" },
				       { DMA_RESV_USAGE_READ, "read" }),
		      __entry->ns, __entry->err)
);

/* @by: whose answer @err is, see dma_buf_refused(). */
TRACE_EVENT(dma_buf_refused,
	    TP_PROTO(struct dma_buf *dmabuf, struct device *dev, const char *call,
		     const char *by, int err),
	    TP_ARGS(dmabuf, dev, call, by, err),
	    TP_STRUCT__entry(__string(exp_name, dmabuf->exp_name)
			     __field(size_t, size)
			     __field(unsigned long, ino)
			     __string(dev_name, dev ? dev_name(dev) : "none")
			     __string(call, call)
			     __string(by, by)
			     __field(int, err)
			     ),
	    TP_fast_assign(__assign_str(exp_name);
			   __entry->size = dmabuf->size;
			   __entry->ino = to_dma_buf_object(dmabuf)->ino;
			   __assign_str(dev_name);
			   __assign_str(call);
			   __assign_str(by);
			   __entry->err = err;
			   ),
	    TP_printk("exp_name=%s size=%zu ino=%lu call=%s dev_name=%s by=%s err=%d",
		      __get_str(exp_name), __entry->size, __entry->ino,
		      __get_str(call), __get_str(dev_name), __get_str(by), __entry->err)
);

#endif /* _TRACE_DMA_BUF_H */

#include <trace/define_trace.h>
