// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ways of BPF to walk over all buffers: a program that the kernel calls for each while
 * somebody reads the iterator's file, and one that walks by itself. In the kernel it is all by way
 * of dma_buf_iter_begin() and dma_buf_iter_next().
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "bpf_buffers.h"
#include "bpf_kernel.h"

char bpf_license[] SEC("license") = "GPL";

struct bpf_walk walk;

SEC("iter/dmabuf")
int list_buffers(struct bpf_iter__dmabuf *ctx)
{
	struct dma_buf *dmabuf = ctx->dmabuf;
	struct bpf_buffer buffer = { };
	const char *name;

	/* The end is announced as well. */
	if (!dmabuf)
		return 0;
	buffer.ino = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	buffer.size = BPF_CORE_READ(dmabuf, size);
	name = BPF_CORE_READ(dmabuf, name);
	bpf_probe_read_kernel_str(buffer.exporter, sizeof(buffer.exporter),
				  BPF_CORE_READ(dmabuf, exp_name));
	if (name)
		bpf_probe_read_kernel_str(buffer.name, sizeof(buffer.name), name);
	bpf_seq_write(ctx->meta->seq, &buffer, sizeof(buffer));
	return 0;
}

SEC("syscall")
int walk_buffers(void *ctx)
{
	struct bpf_iter_dmabuf it;
	struct dma_buf *dmabuf;

	bpf_iter_dmabuf_new(&it);
	while ((dmabuf = bpf_iter_dmabuf_next(&it))) {
		walk.all++;
		if (BPF_CORE_READ(dmabuf, file, f_inode, i_ino) != walk.ino)
			continue;
		walk.met++;
		walk.size = BPF_CORE_READ(dmabuf, size);
	}
	bpf_iter_dmabuf_destroy(&it);
	return 0;
}
