// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ways of BPF to walk over all buffers: programs that the kernel calls for each while
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

/*
 * The devices on each buffer. Without the lock of the list, which changes meanwhile: what is read
 * then may be wrong, but is never more than so many wrong lines.
 */
SEC("iter/dmabuf")
int list_devices(struct bpf_iter__dmabuf *ctx)
{
	struct dma_buf *dmabuf = ctx->dmabuf;
	struct bpf_device device = { };
	struct list_head *node;
	int i;

	if (!dmabuf)
		return 0;
	device.ino = BPF_CORE_READ(dmabuf, file, f_inode, i_ino);
	node = BPF_CORE_READ(dmabuf, attachments.next);
	for (i = 0; i < 64 && node && node != &dmabuf->attachments; i++) {
		struct dma_buf_attachment *attach =
			(void *)node - bpf_core_field_offset(struct dma_buf_attachment, node);

		bpf_probe_read_kernel_str(device.name, sizeof(device.name),
					  BPF_CORE_READ(attach, dev, kobj.name));
		device.dynamic = !!BPF_CORE_READ(attach, importer_ops);
		device.peer2peer = BPF_CORE_READ(attach, peer2peer);
		bpf_seq_write(ctx->meta->seq, &device, sizeof(device));
		node = BPF_CORE_READ(attach, node.next);
	}
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
