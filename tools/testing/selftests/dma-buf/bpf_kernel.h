/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a BPF program needs to know of the kernel to walk over buffers: of its types what is read
 * (where that is, the kernel's BTF says), and the functions of a walk.
 */
#ifndef DMA_BUF_BPF_KERNEL_H
#define DMA_BUF_BPF_KERNEL_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct inode {
	unsigned long i_ino;
};

struct file {
	struct inode *f_inode;
};

struct list_head {
	struct list_head *next;
};

struct kobject {
	const char *name;
};

struct device {
	struct kobject kobj;
};

struct dma_buf_attachment {
	struct device *dev;
	struct list_head node;
	__u8 peer2peer;
	const void *importer_ops;
};

struct dma_buf {
	unsigned long size;
	struct file *file;
	struct list_head attachments;
	const char *exp_name;
	const char *name;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__dmabuf {
	struct bpf_iter_meta *meta;
	struct dma_buf *dmabuf;
};

#pragma clang attribute pop

struct bpf_iter_dmabuf {
	__u64 opaque;
};

int bpf_iter_dmabuf_new(struct bpf_iter_dmabuf *it) __ksym;
struct dma_buf *bpf_iter_dmabuf_next(struct bpf_iter_dmabuf *it) __ksym;
void bpf_iter_dmabuf_destroy(struct bpf_iter_dmabuf *it) __ksym;

#endif
