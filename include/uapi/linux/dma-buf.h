/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dma-buf: ioctls on the file descriptor of a shared buffer.
 */
#ifndef _DMA_BUF_UAPI_H_
#define _DMA_BUF_UAPI_H_

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct dma_buf_sync - argument of DMA_BUF_IOCTL_SYNC
 *
 * A program that touches the buffer through mmap() says so before
 * (DMA_BUF_SYNC_START) and after (DMA_BUF_SYNC_END), each time with the kind
 * of access: DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE or both. START waits for the
 * devices that put a fence on the buffer, and makes visible what devices wrote;
 * END makes what the program wrote visible to devices. Work that is
 * synchronized explicitly puts no fence there: the program waits for it itself.
 * Neither gives an exclusive right: to keep programs apart is their own affair.
 *
 * Both can be interrupted by a signal (EINTR) and may see EAGAIN; call again.
 */
struct dma_buf_sync {
	/** @flags: START or END, with READ, WRITE or RW */
	__u64 flags;
};

#define DMA_BUF_SYNC_READ	(1 << 0)
#define DMA_BUF_SYNC_WRITE	(2 << 0)
#define DMA_BUF_SYNC_RW		(DMA_BUF_SYNC_READ | DMA_BUF_SYNC_WRITE)
#define DMA_BUF_SYNC_START	(0 << 2)
#define DMA_BUF_SYNC_END	(1 << 2)
#define DMA_BUF_SYNC_VALID_FLAGS_MASK \
	(DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END)

/* Longest name of a buffer, its NUL byte included. */
#define DMA_BUF_NAME_LEN	32

/**
 * struct dma_buf_export_sync_file - argument of DMA_BUF_IOCTL_EXPORT_SYNC_FILE
 *
 * Takes a snapshot of the work that is pending on the buffer and returns it as
 * a sync_file. With READ alone it stands for the writers: once it has signaled,
 * reading is safe, as poll() says with POLLIN. With WRITE it stands for readers
 * and writers, as POLLOUT does. Work that comes later is not in it.
 */
struct dma_buf_export_sync_file {
	/** @flags: DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE or both */
	__u32 flags;
	/** @fd: returned: descriptor of the sync_file, close-on-exec */
	__s32 fd;
};

/**
 * struct dma_buf_import_sync_file - argument of DMA_BUF_IOCTL_IMPORT_SYNC_FILE
 *
 * Adds the fences of a sync_file to the buffer. With READ alone they count as
 * readers, for which later writers wait; with WRITE they count as writers, for
 * which everybody waits. Only devices and programs that heed the implicit
 * fences of a buffer are bound by it.
 */
struct dma_buf_import_sync_file {
	/** @flags: DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE or both */
	__u32 flags;
	/** @fd: descriptor of the sync_file; stays the caller's */
	__s32 fd;
};

#define DMA_BUF_BASE		'b'
#define DMA_BUF_IOCTL_SYNC	_IOW(DMA_BUF_BASE, 0, struct dma_buf_sync)

/*
 * The argument is the name itself, not a pointer to it, so the size in the
 * number of DMA_BUF_SET_NAME differs between 32 and 64 bit programs. A and B
 * are these two, and every kernel takes both.
 */
#define DMA_BUF_SET_NAME	_IOW(DMA_BUF_BASE, 1, const char *)
#define DMA_BUF_SET_NAME_A	_IOW(DMA_BUF_BASE, 1, __u32)
#define DMA_BUF_SET_NAME_B	_IOW(DMA_BUF_BASE, 1, __u64)

#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE	_IOWR(DMA_BUF_BASE, 2, struct dma_buf_export_sync_file)
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE	_IOW(DMA_BUF_BASE, 3, struct dma_buf_import_sync_file)

#endif /* _DMA_BUF_UAPI_H_ */
