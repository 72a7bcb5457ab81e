// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who holds a buffer, and who refused one: situations that people reported, and what the file for
 * programs or the trace says of them. The kernel's own core has neither.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "../../../../samples/dma-buf/model.h"
#include "buffer_info.h"
#include "exporters.h"
#include "fences.h"
#include "harness.h"
#include "modules.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "trace.h"

FIXTURE(held)
{
	struct buffer buf;
	ino_t ino;
};

FIXTURE_VARIANT(held)
{
	const struct exporter *exporter;
};

FIXTURE_VARIANT_ADD(held, system_heap) { .exporter = &system_heap };
FIXTURE_VARIANT_ADD(held, udmabuf) { .exporter = &udmabuf };
FIXTURE_VARIANT_ADD(held, vgem) { .exporter = &vgem };

FIXTURE_SETUP(held)
{
	int err;

	if (access(BUFFERS, F_OK))
		SKIP(return, "this kernel has no " BUFFERS);
	err = buffer_create(variant->exporter, page_align(1), O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_EQ(0, err);
	self->ino = buffer_ino(self->buf.fd);
}

FIXTURE_TEARDOWN(held)
{
	buffer_destroy(&self->buf);
}

/* Whether the file says this of the buffer, now. */
static bool told(ino_t ino, const char *key, const char *value)
{
	char *block = facts_block(ino);
	bool has = has_fact(block, key, value);

	free(block);
	return has;
}

static bool told_number(ino_t ino, const char *key, long number)
{
	char value[24];

	snprintf(value, sizeof(value), "%ld", number);
	return told(ino, key, value);
}

TEST_F(held, only_root_reads)
{
	struct stat st;

	ASSERT_EQ(0, stat(BUFFERS, &st));
	EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
}

TEST_F(held, name_and_size)
{
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "a\nreferences\t99\n\\"));
	EXPECT_TRUE(told(self->ino, "name", "a\\012references\\01199\\012\\134"));
	EXPECT_TRUE(told(self->ino, "exporter", variant->exporter->exp_name));
	EXPECT_TRUE(told_number(self->ino, "size", self->buf.size));
	EXPECT_FALSE(told_number(self->ino, "references", 99));
}

/* Of two processes that share a buffer, one opens it again and again. */
TEST_F(held, descriptors_that_leak)
{
	int own = 1 + variant->exporter->references;
	int hold;
	pid_t pid;

	pid = process_opening(NULL, self->buf.fd, 100, &hold);
	ASSERT_GE(pid, 0);
	EXPECT_TRUE(told_number(self->ino, "references", own + 101));
	close(hold);
	EXPECT_EQ(0, process_end(pid));
	EXPECT_TRUE(told_number(self->ino, "references", own));
}

/* No descriptor is left, only the handle of the device that made the buffer. */
TEST(handle_of_the_maker)
{
	struct buffer buf;
	char *block;
	ino_t ino;
	int err;

	if (access(BUFFERS, F_OK))
		SKIP(return, "this kernel has no " BUFFERS);
	err = buffer_create(&vgem, page_align(1), O_RDWR | O_CLOEXEC, &buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, err);
	ino = buffer_ino(buf.fd);
	close(buf.fd);
	buf.fd = -1;
	EXPECT_TRUE(told_number(ino, "references", vgem.references));
	block = facts_block(ino);
	ASSERT_NE(NULL, block);
	EXPECT_NULL(strstr(block, "\nattachment\t"));
	free(block);
	buffer_close_device(&buf);
	EXPECT_TRUE(facts_gone(ino));
}

/* No descriptor is left, and an importer does not detach. */
TEST_F(held, importer_that_keeps_it)
{
	int device = drm_open("vkms");
	char *block;
	__u32 handle;

	if (device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(device, 0);
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &handle));
	buffer_destroy(&self->buf);
	block = facts_block(self->ino);
	EXPECT_TRUE(has_fact(block, "attachment", "vkms")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "importer", "static")) TH_LOG("%s", block);
	free(block);
	close(device);
	EXPECT_TRUE(facts_gone(self->ino));
}

TEST_F(held, path_descriptor)
{
	int path = buffer_open_path(self->buf.fd);

	ASSERT_GE(path, 0);
	buffer_destroy(&self->buf);
	EXPECT_TRUE(told(self->ino, "references", "0"));
	close(path);
	EXPECT_TRUE(facts_gone(self->ino));
}

/* The name of a timeline is that of the process which made it. */
TEST_F(held, fence_that_does_not_signal)
{
	char *block;
	int timeline;

	ASSERT_EQ(0, prctl(PR_SET_NAME, "a\nvmaps\t9\n"));
	timeline = timeline_open();
	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, timeline, 7));
	block = facts_block(self->ino);
	EXPECT_TRUE(has_fact(block, "fence", "write")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "seqno", "7")) TH_LOG("%s", block);
	EXPECT_FALSE(has_fact(block, "vmaps", "9")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "driver", "sw_sync")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "timeline", "a\\012vmaps\\0119\\012")) TH_LOG("%s", block);
	free(block);
	ASSERT_EQ(0, timeline_advance(timeline, 7));
	EXPECT_FALSE(told(self->ino, "fence", "write"));
	close(timeline);
}

/* Begin of CPU access twice and end once, for each frame. */
TEST_F(held, access_that_does_not_end)
{
	__u64 access = DMA_BUF_SYNC_RW;
	char *block;
	int frame;

	if (system("zgrep -qx CONFIG_DMABUF_DEBUG=y /proc/config.gz"))
		SKIP(return, "this kernel has no CONFIG_DMABUF_DEBUG");
	for (frame = 0; frame < 3; frame++) {
		ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_START | access));
		ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_START | access));
		ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_END | access));
	}
	EXPECT_TRUE(told(self->ino, "begun", "3"));
	for (frame = 0; frame < 3; frame++)
		ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_END | access));
	block = facts_block(self->ino);
	ASSERT_NE(NULL, block);
	EXPECT_NULL(strstr(block, "\nbegun\t"));
	free(block);
}

/* How often a line is in the text. */
static int count_line(const char *text, const char *line)
{
	int found = 0;

	for (text = strstr(text, line); text; text = strstr(text + 1, line))
		found++;
	return found;
}

/* Whether each line is a key, a tab and a value, and the first one the version. */
static bool well_formed(const char *text)
{
	const char *line;

	for (line = text; *line; line = strchr(line, '\n') + 1) {
		size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-");

		if (!key || line[key] != '\t' || !strchr(line, '\n'))
			return false;
	}
	return !strncmp(text, "dma-buf\t1\n", 10);
}

/* However slow somebody reads while buffers come and go. */
TEST_F(held, read_byte_by_byte)
{
	char *text = calloc(1, 1 << 20), line[40];
	struct buffer other;
	size_t used = 0;
	int fd, hold[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(hold));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(hold[1]);
		ASSERT_EQ(0, fcntl(hold[0], F_SETFL, O_NONBLOCK));
		while (read(hold[0], line, 1) < 0) {
			ASSERT_EQ(0, buffer_create(variant->exporter, page_align(1), O_RDWR,
						   &other));
			buffer_destroy(&other);
		}
		_exit(0);
	}
	fd = open(BUFFERS, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	while (used < (1 << 20) - 1 && read(fd, text + used, 1) == 1)
		used++;
	close(hold[1]);
	EXPECT_EQ(0, process_end(pid));
	EXPECT_TRUE(well_formed(text)) TH_LOG("%s", text);
	snprintf(line, sizeof(line), "\nbuffer\t%lu\n", (unsigned long)self->ino);
	EXPECT_EQ(1, count_line(text, line));
	close(fd);
	free(text);
}

/* The events that mainline does not have, with all that they say. */
FIXTURE(traced)
{
	struct trace trace;
	struct buffer buf;
};

FIXTURE_SETUP(traced)
{
	int err;

	if (access(TRACING "/events/dma_buf/dma_buf_refused", F_OK))
		SKIP(return, "this kernel has no event of refusals");
	err = buffer_create(&udmabuf, page_align(1), O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no udmabuf");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, trace_begin(&self->trace));
}

FIXTURE_TEARDOWN(traced)
{
	EXPECT_EQ(0, trace_end(&self->trace));
	buffer_destroy(&self->buf);
}

/* Expects so many events of that text behind what all begin with. */
static void expect_events(struct __test_metadata *_metadata, struct trace *trace,
			  const struct buffer *buf, const char *event, const char *more, int count)
{
	char about[256];

	describe_event(about, sizeof(about), "udmabuf", buf, more);
	ASSERT_EQ(0, trace_read(trace));
	EXPECT_EQ(count, count_events(trace->text, event, about)) TH_LOG("%s", trace->text);
}

TEST_F(traced, access_and_poll)
{
	struct pollfd pollfd = { .fd = self->buf.fd, .events = POLLIN };
	int timeline = timeline_open();

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, sync_access(self->buf.fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ));
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_begin_cpu_access",
		      " dir=from-device", 1);
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_end_cpu_access",
		      " dir=from-device", 1);

	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, timeline, 1));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_poll_armed", " for=in", 1);
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_poll_fired", " for=in", 0);
	ASSERT_EQ(0, timeline_advance(timeline, 1));
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_poll_fired", " for=in", 1);
	close(timeline);
}

TEST_F(traced, mmap_past_the_end)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	expect_events(_metadata, &self->trace, &self->buf, "dma_buf_refused",
		      " call=mmap dev_name=none by=core err=-22", 1);
}

/* A wait, and how long it was: for a clock that is coarse perhaps nothing. */
TEST_F(traced, wait_for_a_fence)
{
	int timeline = timeline_open();
	char about[256];
	char *event;
	pid_t pid;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, fence_add(self->buf.fd, DMA_BUF_SYNC_WRITE, timeline, 1));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(sync_access(self->buf.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_TRUE(process_sleeps(pid));
	ASSERT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(0, process_end(pid));
	ASSERT_EQ(0, trace_read(&self->trace));
	describe_event(about, sizeof(about), "udmabuf", &self->buf, " usage=write ns=");
	event = strstr(self->trace.text, about);
	ASSERT_NE(NULL, event) TH_LOG("%s", self->trace.text);
	EXPECT_LE(0, strtoll(event + strlen(about), &event, 10));
	EXPECT_EQ(0, strncmp(" err=0\n", event, strlen(" err=0\n")));
	close(timeline);
}

/* An exporter that moves its memory, a static importer, and a card that holds it in place. */
FIXTURE(placed)
{
	struct trace trace;
	int exporter, importer;
	struct buffer buf;
};

FIXTURE_SETUP(placed)
{
	int err;

	if (access(TRACING "/events/dma_buf/dma_buf_refused", F_OK) || access(BUFFERS, F_OK))
		SKIP(return, "this kernel has no event of refusals, or no " BUFFERS);
	module_unload("least_exporter");
	module_unload("model_importer");
	module_unload("model_exporter");
	err = module_load("model-exporter.ko", "");
	if (err == -ENOENT)
		SKIP(return, "the modules of samples/dma-buf are not here");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, module_load("model-importer.ko", "dynamic=0 dma_bits=32"));
	self->exporter = open("/dev/model_exporter", O_RDWR | O_CLOEXEC);
	self->importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	self->buf.size = page_align(1);
	self->buf.fd = ioctl(self->exporter, MODEL_EXPORTER_ALLOC, self->buf.size);
	ASSERT_LE(0, self->buf.fd);
	ASSERT_EQ(0, trace_begin(&self->trace));
}

FIXTURE_TEARDOWN(placed)
{
	EXPECT_EQ(0, trace_end(&self->trace));
	close(self->importer);
	close(self->buf.fd);
	close(self->exporter);
	EXPECT_EQ(0, module_unload("model_importer"));
	EXPECT_EQ(0, module_unload("model_exporter"));
}

/* The silent kind: it works, from a place that is slow for the card. */
TEST_F(placed, static_importer_keeps_it_in_place)
{
	char *block;

	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_ATTACH, (long)self->buf.fd));
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_FILL, 1L));
	block = facts_block(buffer_ino(self->buf.fd));
	EXPECT_TRUE(has_fact(block, "module", "model_exporter")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "moves", "1")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "importer", "static")) TH_LOG("%s", block);
	EXPECT_TRUE(has_fact(block, "pinned", "1")) TH_LOG("%s", block);
	free(block);
}

/* Expects that one call for the model importer was refused so. */
static void expect_refusal(struct __test_metadata *_metadata, struct trace *trace,
			   const char *exp_name, const struct buffer *buf, const char *call,
			   const char *by, int err)
{
	char about[256], more[128];

	snprintf(more, sizeof(more), " call=%s dev_name=model_importer by=%s err=%d", call, by,
		 err);
	describe_event(about, sizeof(about), exp_name, buf, more);
	ASSERT_EQ(0, trace_read(trace));
	EXPECT_EQ(1, count_events(trace->text, "dma_buf_refused", about)) TH_LOG("%s", trace->text);
}

TEST_F(placed, map_refused_by_a_pin)
{
	int card = drm_open("vkms");
	__u32 handle;

	if (card == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	/* It reaches all memory, and so the buffer is where the importer may not reach. */
	ASSERT_EQ(0, import_handle(card, self->buf.fd, &handle));
	if (!told(buffer_ino(self->buf.fd), "pinned", "1")) {
		close(card);
		SKIP(return, "this kernel's vkms does not map what it imports");
	}
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_ATTACH, (long)self->buf.fd));
	EXPECT_EQ(-EBUSY, result(ioctl(self->importer, MODEL_IMPORTER_FILL, 1L)));
	expect_refusal(_metadata, &self->trace, "model_exporter", &self->buf,
		       "dma_buf_map_attachment", "exporter:pin", -EBUSY);
	close(card);
}

/* Memory that never suits the device. */
TEST_F(placed, attach_refused)
{
	struct buffer fixed = { .size = page_align(1) };
	int exporter;

	close(self->importer);
	ASSERT_EQ(0, module_unload("model_importer"));
	ASSERT_EQ(0, module_load("model-importer.ko", "dma_bits=24"));
	self->importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->importer, 0);
	ASSERT_EQ(0, module_load("least-exporter.ko", ""));
	exporter = open("/dev/least_exporter", O_RDWR | O_CLOEXEC);
	ASSERT_GE(exporter, 0);
	fixed.fd = ioctl(exporter, MODEL_EXPORTER_ALLOC, fixed.size);
	ASSERT_GE(fixed.fd, 0);
	EXPECT_EQ(-EBUSY,
		  result(ioctl(self->importer, MODEL_IMPORTER_ATTACH, (long)fixed.fd)));
	expect_refusal(_metadata, &self->trace, "least_exporter", &fixed, "dma_buf_attach",
		       "exporter:attach", -EBUSY);
	close(fixed.fd);
	close(exporter);
	EXPECT_EQ(0, module_unload("least_exporter"));
}

TEST_HARNESS_MAIN
