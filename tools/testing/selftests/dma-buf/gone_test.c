// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that goes before its buffer, and drivers that go before their devices' work: whoever has
 * a buffer gets errors and never its old memory, and in the end nothing is left. A device that was
 * told lets go at once; one that cannot be told holds the memory, and that is said.
 */
#include <linux/dma-buf.h>
#include <setjmp.h>
#include <signal.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "fences.h"
#include "model_fixture.h"
#include "process.h"
#include "race.h"
#include "send_fd.h"

#define SIZE	(PAGES * page_align(1))

static __thread sigjmp_buf touched;

static void on_signal(int signal)
{
	siglongjmp(touched, signal);
}

/* 0, or the signal that it got for that. */
static int touch(__u32 *word)
{
	struct sigaction action = { .sa_handler = on_signal };
	int got;

	sigaction(SIGBUS, &action, NULL);
	/* User Mode Linux logs either one if nobody is there for this one. */
	sigaction(SIGSEGV, &action, NULL);
	got = sigsetjmp(touched, 1);
	if (!got)
		__atomic_add_fetch(word, 1, __ATOMIC_RELAXED);
	return got;
}

static int map_again(int buffer)
{
	void *area = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, buffer, 0);

	if (area == MAP_FAILED)
		return -errno;
	munmap(area, SIZE);
	return 0;
}

static int unplug(int exporter)
{
	return result(ioctl(exporter, MODEL_EXPORTER_UNPLUG));
}

static int plug(int exporter)
{
	return result(ioctl(exporter, MODEL_EXPORTER_PLUG));
}

static void expect_gone(struct __test_metadata *_metadata, int buffer, __u32 *word)
{
	EXPECT_EQ(SIGBUS, touch(word));
	EXPECT_EQ(-ENODEV, map_again(buffer));
	EXPECT_EQ(-ENODEV, sync_access(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_EQ(POLLERR | POLLHUP, ready(buffer, POLLIN, 0) & ~POLLIN);
	EXPECT_EQ(SIZE, lseek(buffer, 0, SEEK_END));
}

/* 0, or -errno; what a driver is bound to is its device of the same name. */
static int bind_driver(const char *driver, const char *how)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", driver, how);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, driver, strlen(driver)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* What was in the memory does not come back with it. */
TEST_F(model, memory_goes_and_comes_empty)
{
	ASSERT_EQ(0, touch(self->word));
	ASSERT_EQ(1, *self->word);
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	EXPECT_EQ(0, unplug(self->exporter));
	expect_gone(_metadata, self->buffer, self->word);
	EXPECT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	EXPECT_EQ(-ENODEV, result(ioctl(self->exporter, MODEL_EXPORTER_ALLOC, SIZE)));
	EXPECT_EQ(-ENODEV, result(ioctl(self->exporter, MODEL_EXPORTER_MOVE, self->buffer)));
	EXPECT_EQ(0, unplug(self->exporter));

	EXPECT_EQ(0, plug(self->exporter));
	EXPECT_EQ(POLLIN, ready(self->buffer, POLLIN, 0));
	EXPECT_EQ(0, map_again(self->buffer));
	EXPECT_EQ(0, touch(self->word));
	EXPECT_EQ(1, *self->word);
}

/* A device that attaches meanwhile waits for better times. */
TEST_F(model, device_lets_go_if_it_is_told)
{
	int late = open("/dev/model_importer", O_RDWR | O_CLOEXEC);

	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 7));
	EXPECT_EQ(variant->dynamic ? 0 : -EBUSY, unplug(self->exporter));
	expect_gone(_metadata, self->buffer, self->word);
	EXPECT_EQ(variant->dynamic ? -ENODEV : 0, fill(self->importer, 7));
	EXPECT_EQ(0, attach(late, self->buffer));
	EXPECT_EQ(-ENODEV, fill(late, 7));

	EXPECT_EQ(variant->dynamic ? 0 : -EBUSY, plug(self->exporter));
	EXPECT_EQ(variant->dynamic ? 0 : -ENODEV, fill(late, 7));
	if (!variant->dynamic) {
		expect_gone(_metadata, self->buffer, self->word);
		close(self->importer);
		self->importer = -1;
		EXPECT_EQ(0, plug(self->exporter));
	}
	EXPECT_EQ(0, fill(late, 9));
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_EQ(9, *self->word);
	close(late);
}

TEST_F(model, who_sleeps_in_poll_is_woken)
{
	int timeline = timeline_open();
	pid_t pid;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, touch(self->word));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	pid = process_start();
	/* User Mode Linux looks at all areas of a process that ends meanwhile, without a lock. */
	if (!pid)
		_exit(munmap(self->word, SIZE) ||
		      ready(self->buffer, POLLIN, HANG_GUARD_MS) != (POLLERR | POLLHUP));
	ASSERT_TRUE(process_sleeps(pid));
	/* A device may be at work for all that anybody knows. */
	EXPECT_EQ(-ETIMEDOUT, unplug(self->exporter));
	EXPECT_EQ(0, process_end(pid));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(0, unplug(self->exporter));
	expect_gone(_metadata, self->buffer, self->word);
	EXPECT_EQ(0, plug(self->exporter));
	EXPECT_EQ(0, touch(self->word));
	EXPECT_EQ(1, *self->word);
	close(timeline);
}

/* 0 once it was told, and of nothing else. */
static int sleep_in_epoll(int buffer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, buffer, &event) ||
	       epoll_wait(epoll, &event, 1, HANG_GUARD_MS) != 1 ||
	       event.events != (EPOLLERR | EPOLLHUP);
}

/* Those who ask to be woken one at a time, too. */
TEST_F(model, each_epoll_is_told)
{
	int timeline = timeline_open(), i;
	pid_t pids[2];

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	munmap(self->word, SIZE);
	for (i = 0; i < 2; i++) {
		pids[i] = process_start();
		if (!pids[i])
			_exit(sleep_in_epoll(self->buffer));
		ASSERT_TRUE(process_sleeps(pids[i]));
	}
	EXPECT_EQ(-ETIMEDOUT, unplug(self->exporter));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, process_end(pids[i]));
	close(timeline);
}

/* The child has the area, and the pages that its parent had. */
TEST_F(model, child_loses_its_mapping)
{
	int there[2], back[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(there));
	ASSERT_EQ(0, pipe(back));
	ASSERT_EQ(0, touch(self->word));
	pid = process_start();
	if (!pid)
		_exit(touch(self->word) || write(back[1], "", 1) != 1 ||
		      read(there[0], &byte, 1) != 1 || touch(self->word) != SIGBUS);
	ASSERT_EQ(1, read(back[0], &byte, 1));
	EXPECT_EQ(0, unplug(self->exporter));
	ASSERT_EQ(1, write(there[1], "", 1));
	EXPECT_EQ(0, process_end(pid));
}

/* In a socket, or by a path that keeps less than a descriptor does. */
TEST_F(model, nobody_in_particular_has_it)
{
	char path[64];
	int ends[2], by_path;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->buffer);
	by_path = open(path, O_PATH | O_CLOEXEC);
	ASSERT_GE(by_path, 0);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	ASSERT_EQ(0, send_fd(ends[0], self->buffer));
	close(self->buffer);
	munmap(self->word, SIZE);
	EXPECT_EQ(0, unplug(self->exporter));
	self->buffer = receive_fd(ends[1]);
	ASSERT_GE(self->buffer, 0);
	EXPECT_EQ(-ENODEV, map_again(self->buffer));
	EXPECT_EQ(POLLERR | POLLHUP, ready(self->buffer, 0, 0));

	/* Only the path is left. */
	close(self->buffer);
	self->buffer = -1;
	EXPECT_EQ(0, plug(self->exporter));
	EXPECT_EQ(0, unplug(self->exporter));
	close(by_path);
	close(ends[0]);
	close(ends[1]);
}

/* With a descriptor, an area, a device that has it mapped and one that works on it. */
TEST_F(model, exporter_loses_its_driver)
{
	ASSERT_EQ(0, touch(self->word));
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 7));
	ASSERT_EQ(0, bind_driver("model_exporter", "unbind"));
	expect_gone(_metadata, self->buffer, self->word);
	EXPECT_EQ(-ENODEV, result(ioctl(self->exporter, MODEL_EXPORTER_ALLOC, SIZE)));
	EXPECT_EQ(-ENODEV, plug(self->exporter));
	EXPECT_EQ(-1, open("/dev/model_exporter", O_RDWR));

	/* The device is another one to those who had the old. */
	ASSERT_EQ(0, bind_driver("model_exporter", "bind"));
	close(self->exporter);
	self->exporter = open("/dev/model_exporter", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->exporter, 0);
	expect_gone(_metadata, self->buffer, self->word);
	munmap(self->word, SIZE);
	close(self->buffer);
	self->buffer = ioctl(self->exporter, MODEL_EXPORTER_ALLOC, SIZE);
	ASSERT_GE(self->buffer, 0);
	EXPECT_EQ(0, map_again(self->buffer));
}

TEST_F(model, exporter_loses_its_driver_with_a_fence_pending)
{
	int timeline = timeline_open();

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, touch(self->word));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, bind_driver("model_exporter", "unbind"));
	expect_gone(_metadata, self->buffer, self->word);
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	expect_gone(_metadata, self->buffer, self->word);
	close(timeline);
}

/* The job that waits for somebody else ends with an error, and does not keep the driver. */
TEST_F(model, importer_loses_its_driver)
{
	int timeline = timeline_open();
	__u64 sum;
	pid_t pid;

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, fill(self->importer, 7));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, fill(self->importer, 8));
	pid = process_start();
	if (!pid)
		_exit(result(ioctl(self->importer, MODEL_IMPORTER_SUM, &sum)) != -ENODEV);
	ASSERT_TRUE(process_sleeps(pid));
	ASSERT_EQ(0, bind_driver("model_importer", "unbind"));
	EXPECT_EQ(0, process_end(pid));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	EXPECT_EQ(-ENODEV, fill(self->importer, 8));
	EXPECT_EQ(-ENODEV, attach(self->importer, self->buffer));

	/* The buffer is as it was. */
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ));
	EXPECT_EQ(7, *self->word);
	ASSERT_EQ(0, sync_access(self->buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ));
	ASSERT_EQ(0, bind_driver("model_importer", "bind"));
	close(self->importer);
	self->importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->importer, 0);
	EXPECT_EQ(0, attach(self->importer, self->buffer));
	EXPECT_EQ(0, fill(self->importer, 9));
	close(timeline);
}

/* A job of one waits for somebody else, and its unmap for the job; another has nothing to do. */
TEST_F(model, both_lose_their_drivers)
{
	int other = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	int timeline = timeline_open();

	if (timeline == -ENODEV)
		SKIP(return, "this kernel has no sw_sync");
	ASSERT_EQ(0, attach(self->importer, self->buffer));
	ASSERT_EQ(0, attach(other, self->buffer));
	ASSERT_EQ(0, fence_add(self->buffer, DMA_BUF_SYNC_WRITE, timeline, 1));
	ASSERT_EQ(0, fill(self->importer, 7));
	ASSERT_EQ(0, bind_driver("model_exporter", "unbind"));
	ASSERT_EQ(0, bind_driver("model_importer", "unbind"));
	EXPECT_EQ(0, timeline_advance(timeline, 1));
	expect_gone(_metadata, self->buffer, self->word);
	close(other);
	close(timeline);
}

/* What a racer returns when it saw what cannot be. */
#define IMPOSSIBLE	1

/* @gone: the same number from when nobody has the memory until it is there again, else 0 */
struct course {
	int exporter;
	int buffer;
	__u32 *word;
	unsigned long gone;
};

static unsigned long gone(struct course *course)
{
	return __atomic_load_n(&course->gone, __ATOMIC_SEQ_CST);
}

static int excuse(int err)
{
	return err == -ENODEV ? 0 : err;
}

static int step_unplug(struct racer *racer)
{
	struct course *course = racer->course;
	int err;

	do {
		err = unplug(course->exporter);
	} while (err == -EBUSY || err == -ETIMEDOUT);
	if (err)
		return err;
	__atomic_store_n(&course->gone, racer->steps + 1, __ATOMIC_SEQ_CST);
	sched_yield();
	if (touch(course->word) != SIGBUS)
		return IMPOSSIBLE;
	__atomic_store_n(&course->gone, 0, __ATOMIC_SEQ_CST);
	/* An mmap that is about to be refused may be in the way. */
	do {
		err = plug(course->exporter);
	} while (err == -EBUSY);
	return err;
}

/* An area that is new each time: revoke has to find those that come at the wrong moment. */
static int step_map_and_touch(struct racer *racer)
{
	struct course *course = racer->course;
	unsigned long before;
	void *area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, course->buffer, 0);
	int err = 0;

	if (area == MAP_FAILED)
		return excuse(-errno);
	touch(area);
	sched_yield();
	before = gone(course);
	if (!touch(area) && before && gone(course) == before)
		err = IMPOSSIBLE;
	munmap(area, SIZE);
	return err;
}

static int step_work(struct racer *racer)
{
	struct course *course = racer->course;
	int importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC), err;
	__u64 sum;

	if (importer < 0)
		return -errno;
	err = attach(importer, course->buffer);
	err = err ?: fill(importer, 1);
	err = err ?: result(ioctl(importer, MODEL_IMPORTER_SUM, &sum));
	close(importer);
	return excuse(err);
}

static int step_sync(struct racer *racer)
{
	struct course *course = racer->course;
	int err = sync_access(course->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);

	err = err ?: sync_access(course->buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	ready(course->buffer, POLLIN, 1);
	return excuse(err);
}

/* Its release waits for the unplug, and the unplug passes it by or finds it. */
static int step_alloc_and_close(struct racer *racer)
{
	struct course *course = racer->course;
	int buffer = ioctl(course->exporter, MODEL_EXPORTER_ALLOC, SIZE);

	if (buffer < 0)
		return excuse(-errno);
	close(buffer);
	return 0;
}

TEST_F(model, everybody_is_at_it)
{
	struct racer racers[] = {
		{ .name = "unplug", .step = step_unplug },
		{ .name = "map and touch", .step = step_map_and_touch },
		{ .name = "map and touch as well", .step = step_map_and_touch },
		{ .name = "work", .step = step_work },
		{ .name = "work as well", .step = step_work },
		{ .name = "sync and poll", .step = step_sync },
		{ .name = "alloc and close", .step = step_alloc_and_close },
	};
	struct course course = { self->exporter, self->buffer, self->word, 0 };
	struct racer *failed;

	/* User Mode Linux with its one looks at the areas of others without their lock. */
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "not enough CPUs for a race");
	failed = race_run(racers, ARRAY_SIZE(racers), &course);
	EXPECT_EQ(NULL, failed) TH_LOG("%s: %d", failed->name, failed->error);
}

TEST_HARNESS_MAIN
