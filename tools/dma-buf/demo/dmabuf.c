// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a shared buffer, and its mapping.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/dma-buf.h>
#include <linux/types.h>

#include "dmabuf.h"
#include "status.h"

#define NAME "shared buffer"

int dmabuf_set_name(int fd, const char *name)
{
	if (ioctl(fd, DMA_BUF_SET_NAME, name))
		return fail_call(name, "DMA_BUF_SET_NAME");
	return STATUS_OK;
}

int dmabuf_map(int fd, size_t size, const void **memory)
{
	off_t end = lseek(fd, 0, SEEK_END);
	void *mapped;

	if (end < 0)
		return fail_call(NAME, "lseek to its end");
	/* The size came from another process; touching more would be SIGBUS. */
	if (!size || (__u64)end < size)
		return fail(STATUS_FAILED, NAME ": has %lld bytes, %zu were announced",
			    (long long)end, size);
	mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return fail_call(NAME, "mmap");
	*memory = mapped;
	return STATUS_OK;
}

void dmabuf_unmap(const void *memory, size_t size)
{
	if (memory)
		munmap((void *)memory, size);
}

static int sync_access(int fd, __u64 flags)
{
	struct dma_buf_sync request = { .flags = flags };
	int error;

	/* The kernel may ask for the same call again at any time. */
	do {
		error = ioctl(fd, DMA_BUF_IOCTL_SYNC, &request);
	} while (error && (errno == EINTR || errno == EAGAIN));
	if (error)
		return fail_call(NAME, "DMA_BUF_IOCTL_SYNC");
	return STATUS_OK;
}

int dmabuf_begin_read(int fd)
{
	return sync_access(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
}

int dmabuf_end_read(int fd)
{
	return sync_access(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}
