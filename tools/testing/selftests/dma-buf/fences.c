// SPDX-License-Identifier: GPL-2.0-only
#include "fences.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel keeps these two to itself, since only tests use them. */
struct sw_sync_fence {
	__u32 value;
	char name[32];
	__s32 fence;
};

#define SW_SYNC_CREATE_FENCE	_IOWR('W', 0, struct sw_sync_fence)
#define SW_SYNC_INC		_IOW('W', 1, __u32)

int timeline_open(void)
{
	int fd = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT ? -ENODEV : -errno;
}

int timeline_fence(int timeline, unsigned int value)
{
	struct sw_sync_fence create = { .value = value, .name = "test" };

	return ioctl(timeline, SW_SYNC_CREATE_FENCE, &create) ? -errno : create.fence;
}

int timeline_advance(int timeline, unsigned int steps)
{
	__u32 arg = steps;

	return ioctl(timeline, SW_SYNC_INC, &arg) ? -errno : 0;
}

int fence_merge(int first, int second)
{
	struct sync_merge_data merge = { .name = "merged", .fd2 = second };

	return ioctl(first, SYNC_IOC_MERGE, &merge) ? -errno : merge.fence;
}

int fence_status(int sync_file)
{
	struct sync_file_info info = { 0 };

	return ioctl(sync_file, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
}

int fence_number(int sync_file)
{
	struct sync_file_info info = { 0 };

	return ioctl(sync_file, SYNC_IOC_FILE_INFO, &info) ? -errno : (int)info.num_fences;
}

int fence_export(int buffer, unsigned int flags)
{
	struct dma_buf_export_sync_file arg = { .flags = flags, .fd = -1 };

	return ioctl(buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &arg) ? -errno : arg.fd;
}

int fence_import(int buffer, unsigned int flags, int sync_file)
{
	struct dma_buf_import_sync_file arg = { .flags = flags, .fd = sync_file };

	return ioctl(buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg) ? -errno : 0;
}

int fence_add(int buffer, unsigned int flags, int timeline, unsigned int value)
{
	int fence = timeline_fence(timeline, value);
	int err;

	if (fence < 0)
		return fence;
	err = fence_import(buffer, flags, fence);
	close(fence);
	return err;
}
