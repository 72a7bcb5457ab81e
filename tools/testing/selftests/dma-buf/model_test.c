// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exporters and importers of samples/dma-buf, as modules that lie beside this program: they
 * keep what the guide promises of such drivers, and leave nothing behind.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exporters.h"
#include "fences.h"
#include "model_fixture.h"
#include "modules.h"
#include "process.h"
#include "result.h"

/* Without that option of the kernel, what any importer has mapped stays in place. */
static bool moves_while_mapped(bool dynamic)
{
	return dynamic && !system("zgrep -qx CONFIG_DMABUF_MOVE_NOTIFY=y /proc/config.gz");
}

static int move(int exporter, int buffer)
{
	return result(ioctl(exporter, MODEL_EXPORTER_MOVE, (unsigned long)buffer));
}

/* How many words, read as a program should, are not the numbers from the given one on. */
static int wrong_words(int buffer, const __u32 *word, size_t words, __u32 number)
{
	int wrong = 0;
	size_t i;

	if (sync_access(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ))
		return -1;
	for (i = 0; i < words; i++)
		wrong += word[i] != number + i;
	return sync_access(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ) ? -1 : wrong;
}

static __u64 sum_from(__u32 number, size_t words)
{
	__u64 sum = 0;

	while (words--)
		sum += number++;
	return sum;
}

/*
 * How many page faults it takes to look at a word: none, if it is where it was at the last look.
 * Measured twice, since the first time has faults of its own, in code that this process has not
 * come to yet.
 */
static long faults(const __u32 *word)
{
	struct rusage before, after;
	int i;

	for (i = 0; i < 2; i++) {
		getrusage(RUSAGE_SELF, &before);
		if (i)
			__atomic_load_n(word, __ATOMIC_RELAXED);
		getrusage(RUSAGE_SELF, &after);
	}
	return after.ru_minflt - before.ru_minflt;
}

static int run(const char *program, const char *argument)
{
	pid_t pid = process_start();

	if (!pid) {
		execl(program, program, argument, NULL);
		_exit(127);
	}
	return pid < 0 ? -1 : process_end(pid);
}

TEST_F(model, programs_of_the_samples)
{
	int camera = v4l2_open("vivid", V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING);
	char link[32], path[64] = "";

	EXPECT_EQ(0, run("./model-share", NULL));
	if (camera == -ENODEV) {
		EXPECT_EQ(0, run("./read-speed", NULL));
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", camera);
	EXPECT_LT(0, readlink(link, path, sizeof(path) - 1));
	close(camera);
	EXPECT_EQ(0, run("./read-speed", path));
}

TEST_F(model, device_fills_and_sums)
{
	__u64 sum;

	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 7));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 7));
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(sum_from(7, self->words), sum);
}

TEST_F(model, device_sees_what_a_process_writes)
{
	__u64 sum;
	size_t i;

	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 1));
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE));
	for (i = 0; i < self->words; i++)
		self->word[i] = 0x80000000 + i;
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE));
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(sum_from(0x80000000, self->words), sum);
}

TEST_F(model, job_waits_for_fences_and_is_one)
{
	int timeline = timeline_open();
	pid_t pid;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 100));
	EXPECT_EQ(0, ready(self->buffer, POLLIN, 0));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(wrong_words(self->buffer, self->word, self->words, 100) != 0);
	EXPECT_TRUE(process_sleeps(pid));
	EXPECT_EQ(0, self->word[1]);
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(0, process_end(pid));
	EXPECT_EQ(POLLIN, ready(self->buffer, POLLIN, HANG_GUARD_MS));
	close(timeline);
}

/* Who wants to read waits for one fence, who wants to write for two. */
TEST_F(model, a_sum_counts_as_a_reader)
{
	int timeline = timeline_open();
	int writers, all;
	pid_t pid;
	__u64 sum;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(ioctl(self->importer, MODEL_IMPORTER_SUM, &sum) != 0);
	EXPECT_TRUE(process_sleeps(pid));
	writers = fence_export(self->buffer, DMA_BUF_SYNC_READ);
	all = fence_export(self->buffer, DMA_BUF_SYNC_WRITE);
	EXPECT_EQ(1, fence_number(writers));
	EXPECT_EQ(2, fence_number(all));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(0, process_end(pid));
	close(all);
	close(writers);
	close(timeline);
}

/* Readers do not wait for each other, a writer waits for them. */
TEST_F(model, a_sum_waits_for_writers_only)
{
	int timeline = timeline_open();
	__u64 sum;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_READ, timeline, 1));
	EXPECT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	ASSERT_EQ(0, fill(self->importer, 5));
	EXPECT_EQ(0, ready(self->buffer, POLLIN, 0));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 5));
	close(timeline);
}

/* Memory is placed for the attached devices, and moves when one comes that does not reach it. */
TEST_F(model, moves_to_where_the_device_reaches)
{
	__u64 sum;

	self->word[0] = 42;
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	EXPECT_EQ(0, faults(self->word));
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(42, sum);
	EXPECT_EQ(1, faults(self->word));
	EXPECT_EQ(42, self->word[0]);
}

TEST_F(model, mapped_buffer_moves_if_the_importer_lets_it)
{
	bool moves = moves_while_mapped(variant->dynamic);
	__u64 sum;

	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 11));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 11));
	EXPECT_EQ(moves ? 0 : -EBUSY, move(self->exporter, self->buffer));
	EXPECT_EQ(moves, faults(self->word));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 11));

	/* The device is where the process is. */
	ASSERT_EQ(0, fill(self->importer, 12));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 12));
	ASSERT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(sum_from(12, self->words), sum);

	close(self->importer);
	self->importer = -1;
	ASSERT_EQ(0, move(self->exporter, self->buffer));
	EXPECT_EQ(1, faults(self->word));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 12));
}

/* Where the importer is not told, the buffer is pinned, and nobody waits for that to end. */
TEST_F(model, move_waits_for_jobs_but_not_for_pins)
{
	bool moves = moves_while_mapped(variant->dynamic);
	int timeline = timeline_open();
	pid_t pid;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 1));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 1));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, fill(self->importer, 1000));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(-move(self->exporter, self->buffer));
	EXPECT_EQ(moves, process_sleeps(pid));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(moves ? 0 : EBUSY, process_end(pid));
	EXPECT_EQ(0, wrong_words(self->buffer, self->word, self->words, 1000));
	close(timeline);
}

/* A codec that works with the CPU has the kernel map the buffer as soon as it is queued. */
TEST_F(model, kernel_mapping_keeps_it_in_place)
{
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.fmt.pix = { .width = 640, .height = 360, .pixelformat = V4L2_PIX_FMT_RGB565 },
	};
	struct v4l2_requestbuffers request = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_DMABUF,
		.count = 1,
	};
	struct v4l2_buffer frame = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.memory = V4L2_MEMORY_DMABUF,
	};
	int codec = v4l2_open("vim2m", V4L2_CAP_VIDEO_M2M);

	if (codec == -ENODEV)
		SKIP(return, "this kernel has no vim2m");
	ASSERT_GE(codec, 0);
	ASSERT_EQ(0, ioctl(codec, VIDIOC_S_FMT, &format));
	ASSERT_EQ(0, ioctl(codec, VIDIOC_REQBUFS, &request));
	frame.bytesused = format.fmt.pix.sizeimage;
	frame.length = page_align(frame.bytesused);
	frame.m.fd = ioctl(self->exporter, MODEL_EXPORTER_ALLOC, (unsigned long)frame.length);
	ASSERT_GE(frame.m.fd, 0);

	ASSERT_EQ(0, ioctl(codec, VIDIOC_QBUF, &frame));
	EXPECT_EQ(-EBUSY, move(self->exporter, frame.m.fd));
	close(codec);
	EXPECT_EQ(0, move(self->exporter, frame.m.fd));
	close(frame.m.fd);
}

#define CGROUP	"/sys/fs/cgroup/dma_buf_model_test"

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return done;
}

static long charged(void)
{
	char text[32] = "";
	int fd = open(CGROUP "/memory.current", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	close(fd);
	return len > 0 ? atol(text) : -1;
}

TEST_F(model, allocates_late_and_charges)
{
	const long size = 8 << 20;
	long before, attached, filled, closed;
	int buffer;

	if (!write_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory cgroup (version 2) to be had");
	ASSERT_TRUE(!mkdir(CGROUP, 0755) || errno == EEXIST);
	ASSERT_TRUE(write_text(CGROUP "/cgroup.procs", "0"));
	before = charged();
	buffer = ioctl(self->exporter, MODEL_EXPORTER_ALLOC, size);
	ASSERT_GE(buffer, 0);
	ASSERT_EQ(0, attach(self->importer, buffer));
	attached = charged();
	ASSERT_EQ(0, fill(self->importer, 1));
	filled = charged();
	close(self->importer);
	self->importer = -1;
	close(buffer);
	closed = charged();
	ASSERT_TRUE(write_text("/sys/fs/cgroup/cgroup.procs", "0"));
	EXPECT_EQ(0, rmdir(CGROUP));

	ASSERT_GT(before, 0);
	EXPECT_LT(attached, before + size / 2);
	EXPECT_GE(filled, before + size);
	EXPECT_LT(closed, before + size / 2);
}

/* A module stays as long as anything that it made. */
TEST_F(model, modules_stay_while_used)
{
	int timeline = timeline_open();
	int sync_file;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	/* Only a pending fence gets into a sync_file. */
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 1));
	sync_file = fence_export(self->buffer, DMA_BUF_SYNC_WRITE);
	ASSERT_GE(sync_file, 0);
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	close(timeline);
	close(self->importer);
	close(self->exporter);
	self->importer = -1;
	self->exporter = -1;
	EXPECT_EQ(-EAGAIN, result(syscall(SYS_delete_module, "model_exporter", O_NONBLOCK)));
	munmap(self->word, PAGES * page_align(1));
	close(self->buffer);
	self->buffer = -1;
	EXPECT_EQ(0, module_unload("model_exporter"));
	EXPECT_EQ(-EAGAIN, result(syscall(SYS_delete_module, "model_importer", O_NONBLOCK)));
	close(sync_file);
	EXPECT_EQ(0, module_unload("model_importer"));
	/* For the end of the test to unload again. */
	EXPECT_EQ(0, module_load("model-exporter.ko", ""));
	EXPECT_EQ(0, module_load("model-importer.ko", ""));
}

static int import_others(const struct exporter *exporter, int importer)
{
	struct buffer buf;
	__u32 *word;
	int err;

	err = buffer_create(exporter, PAGES * page_align(1), O_RDWR | O_CLOEXEC, &buf);
	if (err)
		return err;
	word = mmap(NULL, buf.size, PROT_READ, MAP_SHARED, buf.fd, 0);
	if (word == MAP_FAILED)
		err = -errno;
	err = err ?: attach(importer, buf.fd);
	err = err ?: fill(importer, 77);
	err = err ?: wrong_words(buf.fd, word, buf.size / sizeof(*word), 77);
	if (word != MAP_FAILED)
		munmap(word, buf.size);
	buffer_destroy(&buf);
	return err;
}

TEST_F(model, importer_takes_a_heaps_buffer)
{
	int err = import_others(&system_heap, self->importer);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	EXPECT_EQ(0, err);
}

TEST_F(model, importer_takes_a_memfds_buffer)
{
	int err = import_others(&udmabuf, self->importer);

	if (err == -ENODEV)
		SKIP(return, "this kernel has no such exporter");
	EXPECT_EQ(0, err);
}

/* The two samples that are no more than they must be, each with the model as the other side. */
TEST_F(model, smallest_exporter)
{
	int exporter, buffer;
	__u64 sum;

	ASSERT_EQ(0, module_load("least-exporter.ko", ""));
	exporter = open("/dev/least_exporter", O_RDWR | O_CLOEXEC);
	ASSERT_GE(exporter, 0);
	EXPECT_EQ(-EINVAL, result(ioctl(exporter, MODEL_EXPORTER_ALLOC, 0)));
	EXPECT_EQ(-EINVAL, result(ioctl(exporter, MODEL_EXPORTER_ALLOC, -1L)));
	buffer = ioctl(exporter, MODEL_EXPORTER_ALLOC, PAGES * page_align(1) - 1);
	ASSERT_GE(buffer, 0);
	EXPECT_EQ(PAGES * page_align(1), lseek(buffer, 0, SEEK_END));
	ASSERT_EQ(0, attach(self->importer, buffer));
	ASSERT_EQ(0, fill(self->importer, 3));
	EXPECT_EQ(0, ioctl(self->importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(sum_from(3, self->words), sum);

	/* Its last fences are in the buffer, and the importer's module stays for them. */
	close(self->importer);
	close(buffer);
	ASSERT_EQ(0, module_unload("model_importer"));
	ASSERT_EQ(0, module_load("model-importer.ko", "dma_bits=24"));
	self->importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->importer, 0);
	buffer = ioctl(exporter, MODEL_EXPORTER_ALLOC, page_align(1));
	ASSERT_GE(buffer, 0);
	EXPECT_EQ(-EBUSY, attach(self->importer, buffer));
	close(buffer);
	close(exporter);
	EXPECT_EQ(0, module_unload("least_exporter"));
}

TEST_F(model, smallest_importer)
{
	int importer;
	__u64 sum;

	ASSERT_EQ(0, module_load("static-importer.ko", ""));
	importer = open("/dev/static_importer", O_RDWR | O_CLOEXEC);
	ASSERT_GE(importer, 0);
	EXPECT_EQ(-EINVAL, result(ioctl(importer, MODEL_IMPORTER_SUM, &sum)));
	EXPECT_EQ(-EINVAL, attach(importer, importer));
	ASSERT_EQ(0, attach(importer, self->buffer));
	EXPECT_EQ(-EBUSY, attach(importer, self->buffer));
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 9));
	EXPECT_EQ(0, ioctl(importer, MODEL_IMPORTER_SUM, &sum));
	EXPECT_EQ(sum_from(9, self->words), sum);
	EXPECT_EQ(-EFAULT, result(ioctl(importer, MODEL_IMPORTER_SUM, NULL)));
	EXPECT_EQ(-ENOTTY, result(ioctl(importer, MODEL_IMPORTER_FILL, 0)));
	close(importer);
	EXPECT_EQ(0, module_unload("static_importer"));
}

TEST_F(model, refuses_nonsense)
{
	size_t page = page_align(1);

	EXPECT_EQ(-EINVAL, result(ioctl(self->exporter, MODEL_EXPORTER_ALLOC, 0)));
	EXPECT_EQ(-EINVAL, result(ioctl(self->exporter, MODEL_EXPORTER_ALLOC, -1L)));
	EXPECT_EQ(-EBADF, move(self->exporter, -1));
	EXPECT_EQ(-EINVAL, move(self->exporter, self->exporter));
	EXPECT_EQ(-ENOTTY, result(ioctl(self->exporter, MODEL_IMPORTER_FILL, 0)));
	EXPECT_EQ(-EINVAL, fill(self->importer, 0));
	EXPECT_EQ(-EBADF, attach(self->importer, -1));
	EXPECT_EQ(-EINVAL, attach(self->importer, self->importer));
	EXPECT_EQ(0, attach(self->importer, self->buffer));
	EXPECT_EQ(-EBUSY, attach(self->importer, self->buffer));
	EXPECT_EQ(-EFAULT, result(ioctl(self->importer, MODEL_IMPORTER_SUM, NULL)));
	EXPECT_EQ(-ENOTTY, result(ioctl(self->importer, MODEL_EXPORTER_ALLOC, page)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_PRIVATE, self->buffer, 0));
	EXPECT_EQ(MAP_FAILED, mremap(self->word, PAGES * page, 2 * PAGES * page, MREMAP_MAYMOVE));
}

TEST_HARNESS_MAIN
