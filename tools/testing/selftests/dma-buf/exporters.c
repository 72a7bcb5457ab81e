// SPDX-License-Identifier: GPL-2.0-only
#include "exporters.h"

#include <dirent.h>
#include <drm/drm.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prime.h"
#include "result.h"

size_t page_align(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static bool is_drm_driver(int fd, const char *driver, unsigned int unused)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	(void)unused;
	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, driver);
}

static bool is_v4l2_driver(int fd, const char *driver, unsigned int caps)
{
	struct v4l2_capability cap;

	return !ioctl(fd, VIDIOC_QUERYCAP, &cap) && !strcmp((char *)cap.driver, driver) &&
	       (cap.device_caps & caps) == caps;
}

static int open_matching(const char *folder, const char *prefix, const char *driver,
			 unsigned int caps, bool (*matches)(int, const char *, unsigned int))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int found = -ENODEV;

	if (!dir)
		return errno == ENOENT ? -ENODEV : -errno;
	while (found < 0 && (entry = readdir(dir))) {
		int fd;

		if (strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC);
		if (fd < 0 && errno != ENXIO && errno != ENODEV)
			found = -errno;
		else if (fd >= 0 && matches(fd, driver, caps))
			found = fd;
		else if (fd >= 0)
			close(fd);
	}
	closedir(dir);
	return found;
}

int drm_open(const char *driver)
{
	return open_matching("/dev/dri", "card", driver, 0, is_drm_driver);
}

int v4l2_open(const char *driver, unsigned int caps)
{
	return open_matching("/dev", "video", driver, caps, is_v4l2_driver);
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

static int system_heap_create(struct buffer *buf, size_t size, int flags)
{
	struct dma_heap_allocation_data data = { .len = size, .fd_flags = flags };

	buf->device = open_node("/dev/dma_heap/system");
	if (buf->device < 0)
		return buf->device;
	if (ioctl(buf->device, DMA_HEAP_IOCTL_ALLOC, &data))
		return -errno;
	buf->fd = data.fd;
	buf->size = size;
	return 0;
}

static int udmabuf_from_memfd(struct buffer *buf, int memfd, size_t size, int flags)
{
	struct udmabuf_create create = {
		.memfd = memfd,
		.flags = flags & O_CLOEXEC ? UDMABUF_FLAGS_CLOEXEC : 0,
		.size = size,
	};

	if (ftruncate(memfd, size) || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	buf->fd = ioctl(buf->device, UDMABUF_CREATE, &create);
	buf->size = size;
	return buf->fd < 0 ? -errno : 0;
}

static int udmabuf_create(struct buffer *buf, size_t size, int flags)
{
	int memfd, err;

	buf->device = open_node("/dev/udmabuf");
	if (buf->device < 0)
		return buf->device;
	memfd = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (memfd < 0)
		return -errno;
	err = udmabuf_from_memfd(buf, memfd, size, flags);
	close(memfd);
	return err;
}

static int vgem_create(struct buffer *buf, size_t size, int flags)
{
	struct drm_prime_handle prime = { .flags = flags };
	int err;

	buf->device = drm_open("vgem");
	if (buf->device < 0)
		return buf->device;
	err = create_handle(buf->device, size, &prime.handle);
	if (err)
		return err;
	if (ioctl(buf->device, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	buf->fd = prime.fd;
	buf->size = size;
	return 0;
}

static int vivid_create(struct buffer *buf, size_t size, int flags)
{
	struct v4l2_requestbuffers request = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	struct v4l2_exportbuffer export = { .flags = flags };
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_buffer plane = { 0 };

	/* The camera's format says how large its buffers are. */
	(void)size;
	buf->device = v4l2_open("vivid", V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING);
	if (buf->device < 0)
		return buf->device;
	request.type = format.type;
	plane.type = format.type;
	export.type = format.type;
	if (ioctl(buf->device, VIDIOC_G_FMT, &format))
		return -errno;
	format.fmt.pix.width = 640;
	format.fmt.pix.height = 360;
	if (ioctl(buf->device, VIDIOC_S_FMT, &format) ||
	    ioctl(buf->device, VIDIOC_REQBUFS, &request) ||
	    ioctl(buf->device, VIDIOC_QUERYBUF, &plane) ||
	    ioctl(buf->device, VIDIOC_EXPBUF, &export))
		return -errno;
	buf->fd = export.fd;
	buf->size = page_align(plane.length);
	return 0;
}

const struct exporter system_heap = {
	.exp_name = "system",
	.access = { O_RDONLY, O_WRONLY, O_RDWR },
	.maps_offset = true,
	.create = system_heap_create,
};

const struct exporter udmabuf = {
	.exp_name = "udmabuf",
	.access = { O_RDWR, O_RDWR, O_RDWR },
	.maps_offset = true,
	.end_needs_start = true,
	.core_makes_fd = true,
	.create = udmabuf_create,
};

const struct exporter vgem = {
	.exp_name = "drm",
	.access = { O_RDONLY, -EINVAL, O_RDWR },
	.references = 2,
	.create = vgem_create,
};

const struct exporter vivid = {
	.exp_name = "videobuf2_vmalloc",
	.access = { O_RDONLY, O_WRONLY, O_RDWR },
	.core_makes_fd = true,
	.maps_private = true,
	.create = vivid_create,
};

int buffer_create(const struct exporter *exporter, size_t size, int flags, struct buffer *buf)
{
	int err;

	buf->fd = -1;
	buf->device = -1;
	err = exporter->create(buf, page_align(size), flags);
	if (err)
		buffer_destroy(buf);
	return err;
}

void buffer_close_device(struct buffer *buf)
{
	if (buf->device >= 0)
		close(buf->device);
	buf->device = -1;
}

void buffer_destroy(struct buffer *buf)
{
	if (buf->fd >= 0)
		close(buf->fd);
	buf->fd = -1;
	buffer_close_device(buf);
}

int sync_access(int fd, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	return result(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
}
