// SPDX-License-Identifier: GPL-2.0-only
/* The SYNC ioctl that brackets CPU access, and the ioctls that a buffer does not know. */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "fixture.h"
#include "result.h"

TEST_F(shared, brackets)
{
	static const __u64 access[] = { DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(access); i++) {
		EXPECT_EQ(0, sync_access(self->buf.fd, access[i] | DMA_BUF_SYNC_START));
		EXPECT_EQ(0, sync_access(self->buf.fd, access[i] | DMA_BUF_SYNC_END));
	}
}

TEST_F(shared, nested_brackets)
{
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
}

/* The core counts nothing: whether an end needs a start is for the exporter to say. */
TEST_F(shared, end_without_start)
{
	int expected = variant->exporter->end_needs_start ? -EINVAL : 0;

	EXPECT_EQ(expected, sync_access(self->buf.fd, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END));
}

TEST_F(shared, neither_read_nor_write)
{
	EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, DMA_BUF_SYNC_START));
	EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, DMA_BUF_SYNC_END));
}

TEST_F(shared, unknown_flags)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		__u64 flag = 1ULL << bit;

		if (flag & DMA_BUF_SYNC_VALID_FLAGS_MASK)
			continue;
		EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, flag));
		EXPECT_EQ(-EINVAL, sync_access(self->buf.fd, flag | DMA_BUF_SYNC_READ));
		EXPECT_EQ(-EINVAL,
			  sync_access(self->buf.fd, flag | DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	}
}

TEST_F(shared, bad_pointer)
{
	char *hole = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	EXPECT_EQ(-EFAULT, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_SYNC, NULL)));
	EXPECT_EQ(-EFAULT, result(ioctl(self->buf.fd, DMA_BUF_IOCTL_SYNC, hole)));
}

/* The access mode of the descriptor binds its mappings, not what SYNC is told. */
TEST_F(shared, read_only_descriptor)
{
	struct buffer buf;

	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, self->page, O_RDONLY, &buf));
	ASSERT_EQ(variant->exporter->access[O_RDONLY], fcntl(buf.fd, F_GETFL));
	EXPECT_EQ(0, sync_access(buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	EXPECT_EQ(0, sync_access(buf.fd, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	buffer_destroy(&buf);
}

TEST_F(shared, unknown_ioctls)
{
	static const unsigned long unknown[] = {
		_IO('b', 0), _IOR('b', 0, struct dma_buf_sync), _IOWR('b', 0, struct dma_buf_sync),
		_IOW('b', 0, __u32), _IOW('b', 2, struct dma_buf_export_sync_file),
		_IOWR('b', 3, struct dma_buf_import_sync_file), _IOW('b', 4, __u64), _IO('b', 255),
		_IOW('c', 0, struct dma_buf_sync), FIONREAD, TCGETS, FIBMAP, FIOQSIZE,
		FS_IOC_GETFLAGS,
	};
	char arg[64] = { DMA_BUF_SYNC_READ };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		EXPECT_EQ(-ENOTTY, result(ioctl(self->buf.fd, unknown[i], arg)))
			TH_LOG("ioctl %#lx", unknown[i]);
	}
}

/* Those that the kernel answers for every file. */
TEST_F(shared, generic_ioctls)
{
	int arg = 1;

	EXPECT_EQ(0, ioctl(self->buf.fd, FIONBIO, &arg));
	EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(self->buf.fd, F_GETFL));
	EXPECT_EQ(0, ioctl(self->buf.fd, FIONCLEX));
	EXPECT_EQ(0, fcntl(self->buf.fd, F_GETFD));
	EXPECT_EQ(0, ioctl(self->buf.fd, FIOCLEX));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->buf.fd, F_GETFD));
	EXPECT_EQ(0, ioctl(self->buf.fd, FIGETBSZ, &arg));
	EXPECT_EQ(self->page, (size_t)arg);
}

TEST_HARNESS_MAIN
