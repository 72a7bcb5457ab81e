// SPDX-License-Identifier: GPL-2.0-only
/*
 * The events of the dma_buf trace system: one for each step of a buffer's life, telling the truth
 * about it, on every core.
 */
#include <drm/drm.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "buffer_info.h"
#include "exporters.h"
#include "harness.h"
#include "result.h"
#include "trace.h"

FIXTURE(traced)
{
	struct trace trace;
};

FIXTURE_VARIANT(traced)
{
	const struct exporter *exporter;
};

FIXTURE_VARIANT_ADD(traced, system_heap) { .exporter = &system_heap };
FIXTURE_VARIANT_ADD(traced, udmabuf) { .exporter = &udmabuf };
FIXTURE_VARIANT_ADD(traced, vgem) { .exporter = &vgem };
FIXTURE_VARIANT_ADD(traced, vivid) { .exporter = &vivid };

FIXTURE_SETUP(traced)
{
	int err = trace_begin(&self->trace);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no dma_buf events");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN(traced)
{
	EXPECT_EQ(0, trace_end(&self->trace));
}

TEST_F(traced, events_there_are)
{
	static const char *const events[] = {
		"dma_buf_export", "dma_buf_fd", "dma_buf_get", "dma_buf_put",
		"dma_buf_dynamic_attach", "dma_buf_detach", "dma_buf_mmap",
		"dma_buf_mmap_internal",
	};
	char path[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(path, sizeof(path), TRACING "/events/dma_buf/%s/format", events[i]);
		EXPECT_EQ(0, access(path, R_OK)) TH_LOG("%s", path);
	}
}

TEST_F(traced, export_and_descriptor)
{
	char about[128], about_fd[128], fd[32], *event;
	struct buffer buf;
	int made, err = buffer_create(variant->exporter, page_align(1), O_RDWR, &buf);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, trace_read(&self->trace));
	describe_event(about, sizeof(about), variant->exporter->exp_name, &buf,
		       "");
	snprintf(fd, sizeof(fd), " fd=%d", buf.fd);
	describe_event(about_fd, sizeof(about_fd), variant->exporter->exp_name, &buf,
		       fd);

	EXPECT_EQ(1, count_events(self->trace.text, "dma_buf_export", about))
		TH_LOG("%s", self->trace.text);
	/* In this order, or a reader of the trace meets a buffer that it has not heard of. */
	event = find_event(self->trace.text, "dma_buf_export", about);
	made = count_events(self->trace.text, "dma_buf_fd", about_fd);
	if (variant->exporter->core_makes_fd) {
		EXPECT_NE(NULL, find_event(event, "dma_buf_fd", about_fd))
			TH_LOG("%s", self->trace.text);
		EXPECT_EQ(1, made);
	} else {
		/* On mainline most others have the core install it. */
		EXPECT_GE(1, made);
	}
	buffer_destroy(&buf);
}

TEST_F(traced, mapping)
{
	struct buffer buf;
	char about[128];
	int err = buffer_create(variant->exporter, page_align(1), O_RDWR, &buf);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_EQ(0, err);
	describe_event(about, sizeof(about), variant->exporter->exp_name, &buf,
		       "");
	ASSERT_EQ(0, trace_read(&self->trace));
	EXPECT_EQ(0, count_events(self->trace.text, "dma_buf_mmap_internal", about));
	ASSERT_NE(MAP_FAILED, mmap(NULL, buf.size, PROT_READ, MAP_SHARED, buf.fd, 0));
	ASSERT_EQ(0, trace_read(&self->trace));
	EXPECT_EQ(1, count_events(self->trace.text, "dma_buf_mmap_internal", about));
	EXPECT_EQ(0, count_events(self->trace.text, "dma_buf_mmap", about));
	buffer_destroy(&buf);
}

/* The attachment that an event tells of, from the first such event of the buffer. */
static bool attachment_of(char *text, const char *event, const char *about, char seen[32])
{
	char start[192], *at;

	snprintf(start, sizeof(start), ": %s: %s attachment:", event, about);
	at = strstr(text, start);
	if (!at || sscanf(at + strlen(start), "%31s", seen) != 1)
		return false;
	return !strncmp(at + strlen(start) + strlen(seen), " is_dynamic=0 dev_name=vkms\n", 28);
}

TEST_F(traced, import)
{
	char about[128], about_get[128], fd[32], attached[32], detached[32];
	struct drm_prime_handle prime = { .handle = 0 };
	struct drm_gem_close close_handle = { .handle = 0 };
	int device = drm_open("vkms");
	struct buffer buf;
	int err = buffer_create(variant->exporter, page_align(1), O_RDWR, &buf);

	if (err == -ENODEV || device == -ENODEV)
		SKIP(return, "this kernel has no such exporter, or no vkms");
	ASSERT_EQ(0, err);
	ASSERT_GE(device, 0);
	describe_event(about, sizeof(about), variant->exporter->exp_name, &buf,
		       "");
	snprintf(fd, sizeof(fd), " fd=%d", buf.fd);
	describe_event(about_get, sizeof(about_get), variant->exporter->exp_name, &buf,
		       fd);

	prime.fd = buf.fd;
	ASSERT_EQ(0, ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	ASSERT_EQ(0, trace_read(&self->trace));
	EXPECT_EQ(1, count_events(self->trace.text, "dma_buf_get", about_get))
		TH_LOG("%s", self->trace.text);
	EXPECT_LE(1, count_events(self->trace.text, "dma_buf_put", about));
	EXPECT_TRUE(attachment_of(self->trace.text, "dma_buf_dynamic_attach", about, attached));
	EXPECT_FALSE(attachment_of(self->trace.text, "dma_buf_detach", about, detached));

	close_handle.handle = prime.handle;
	ASSERT_EQ(0, ioctl(device, DRM_IOCTL_GEM_CLOSE, &close_handle));
	ASSERT_EQ(0, trace_read(&self->trace));
	ASSERT_TRUE(attachment_of(self->trace.text, "dma_buf_detach", about, detached));
	EXPECT_STREQ(attached, detached);
	close(device);
	buffer_destroy(&buf);
}

/* Calls that fail tell nothing. */
TEST_F(traced, nothing_of_failures)
{
	struct drm_prime_handle prime = { .fd = -1 };
	int device = drm_open("vkms");
	struct buffer buf;
	char about[128];
	int err = buffer_create(variant->exporter, page_align(1), O_RDWR, &buf);

	if (err == -ENODEV || device == -ENODEV)
		SKIP(return, "this kernel has no such exporter, or no vkms");
	ASSERT_EQ(0, err);
	ASSERT_GE(device, 0);
	describe_event(about, sizeof(about), variant->exporter->exp_name, &buf,
		       "");
	EXPECT_EQ(-1, ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	prime.fd = device;
	EXPECT_EQ(-1, ioctl(device, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, buf.size + 1, PROT_READ, MAP_SHARED, buf.fd, 0));
	ASSERT_EQ(0, trace_read(&self->trace));
	EXPECT_NULL(strstr(self->trace.text, ": dma_buf_get: "));
	EXPECT_NULL(strstr(self->trace.text, ": dma_buf_mmap_internal: "));
	EXPECT_NULL(strstr(self->trace.text, ": dma_buf_dynamic_attach: "));
	close(device);
	buffer_destroy(&buf);
}

TEST_HARNESS_MAIN
