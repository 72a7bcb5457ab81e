/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs in bpf_buffers.bpf.c and the test that loads them tell each other. */
#ifndef DMA_BUF_BPF_BUFFERS_H
#define DMA_BUF_BPF_BUFFERS_H

#include <linux/dma-buf.h>
#include <linux/types.h>

/* One record of the iterator's file. */
struct bpf_buffer {
	__u64 ino;
	__u64 size;
	char exporter[32];
	char name[DMA_BUF_NAME_LEN];
};

/* One record of the file that tells of devices. */
struct bpf_device {
	__u64 ino;
	char name[32];
	__u8 dynamic;
	__u8 peer2peer;
};

/* What a walk inside of one program looked for, and how often it met that, or anything. */
struct bpf_walk {
	__u64 ino;
	__u64 size;
	__u64 met;
	__u64 all;
};

#endif
