// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: threads that use, name, watch, import and close the same buffers. What they
 * may see is what one of them alone could have seen; and in the end nothing is left.
 *
 * ROUNDS in the environment says how long.
 */
#include <linux/dma-buf.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "buffer_info.h"
#include "fence_fixture.h"
#include "memory.h"
#include "prime.h"
#include "race.h"
#include "result.h"
#include "send_fd.h"

/* The descriptor that one thread opens and closes, and all others reach for. */
#define SLOT	500

/* What a racer returns when it saw what cannot be. */
#define IMPOSSIBLE	1

struct course {
	const struct exporter *exporter;
	struct buffer buf;
	int timeline;
	int devices[2];
	int ends[2];
};

/* Nothing is in the slot, or something else than a moment ago: no error in a race. */
static int excuse(int err)
{
	return err == -EBADF ? 0 : err;
}

static int step_open_and_close(struct racer *racer)
{
	struct course *course = racer->course;
	struct buffer buf;
	int err = buffer_create(course->exporter, page_align(1), O_RDWR | O_CLOEXEC, &buf);

	if (err)
		return err;
	if (dup2(buf.fd, SLOT) < 0)
		err = -errno;
	buffer_destroy(&buf);
	/* Some time to find it, with nobody else holding it. */
	sched_yield();
	close(SLOT);
	return err;
}

static int step_dup(struct racer *racer)
{
	int fd = dup(SLOT);
	ino_t ino;

	(void)racer;
	if (fd < 0)
		return excuse(-errno);
	/* Whatever it is: a buffer, and the same one all the time. */
	ino = buffer_ino(fd);
	sched_yield();
	if (!ino || ino != buffer_ino(fd) || ioctl(fd, DMA_BUF_SET_NAME, "dup"))
		return IMPOSSIBLE;
	close(fd);
	return 0;
}

static int step_send(struct racer *racer)
{
	struct course *course = racer->course;
	int err = send_fd(course->ends[0], SLOT);
	int fd;

	if (err)
		return excuse(err);
	fd = receive_fd(course->ends[1]);
	if (fd < 0)
		return fd;
	err = ioctl(fd, DMA_BUF_SET_NAME, "sent") ? -errno : 0;
	close(fd);
	return err;
}

/* Through /proc there is no descriptor to be had, but a path, which holds the memory. */
static int step_open_path(struct racer *racer)
{
	int fd = open("/proc/thread-self/fd/500", O_PATH);

	(void)racer;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	close(fd);
	return 0;
}

static int step_map(struct racer *racer)
{
	size_t page = page_align(1);
	unsigned char *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, SLOT, 0);

	(void)racer;
	if (at == MAP_FAILED)
		return excuse(-errno);
	at[0] = 1;
	munmap(at, page);
	return 0;
}

/* Takes the buffer into a device, and lets go of it. */
static int import_into(int device)
{
	__u32 handle;
	int err = import_handle(device, SLOT, &handle);

	if (err)
		return excuse(err);
	err = close_handle(device, handle);
	/* All imports of a buffer into one device share a handle: it may be closed already. */
	return err == -EINVAL ? 0 : err;
}

static int step_import_first(struct racer *racer)
{
	struct course *course = racer->course;

	return import_into(course->devices[0]);
}

static int step_import_second(struct racer *racer)
{
	struct course *course = racer->course;

	return import_into(course->devices[1]);
}

static int step_read_bufinfo(struct racer *racer)
{
	(void)racer;
	return buffers_alive() < 0 ? IMPOSSIBLE : 0;
}

static int step_read_fdinfo(struct racer *racer)
{
	char text[512];
	ssize_t got = buffer_fdinfo(SLOT, text, sizeof(text));

	(void)racer;
	return got < 0 && got != -ENOENT ? got : 0;
}

static void run_race(struct __test_metadata *_metadata, struct racer *racers, size_t count,
		     struct course *course)
{
	long alive = buffers_alive();
	struct racer *failed = race_run(racers, count, course);

	EXPECT_EQ(NULL, failed) TH_LOG("%s: %d in step %lu", failed->name, failed->error,
				       failed->steps);
	EXPECT_EQ(alive, buffers_alive());
}

static struct course course_of(struct __test_metadata *_metadata, const struct exporter *exporter)
{
	struct course course = { .exporter = exporter };

	course.devices[0] = drm_open("vkms");
	course.devices[1] = drm_open("vgem");
	EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, course.ends));
	return course;
}

static void leave_course(struct course *course)
{
	close(course->devices[0]);
	close(course->devices[1]);
	close(course->ends[0]);
	close(course->ends[1]);
}

TEST_F(fenced, get_against_last_close)
{
	struct racer racers[] = {
		{ .name = "open and close", .step = step_open_and_close },
		{ .name = "dup", .step = step_dup },
		{ .name = "send", .step = step_send },
		{ .name = "open path", .step = step_open_path },
		{ .name = "mmap", .step = step_map },
		{ .name = "bufinfo", .step = step_read_bufinfo },
		{ .name = "fdinfo", .step = step_read_fdinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	/* A camera makes buffers for one at a time. */
	buffer_destroy(&self->buf);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
}

TEST_F(fenced, import_against_close)
{
	struct racer racers[] = {
		{ .name = "open and close", .step = step_open_and_close },
		{ .name = "display", .step = step_import_first },
		{ .name = "the same display", .step = step_import_first },
		{ .name = "renderer", .step = step_import_second },
		{ .name = "bufinfo", .step = step_read_bufinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	if (course.devices[0] == -ENODEV || course.devices[1] == -ENODEV)
		SKIP(return, "this kernel lacks vkms or vgem");
	buffer_destroy(&self->buf);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
}

/* Fills the slot for good, for races in which nothing is closed. */
static void keep_in_slot(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(SLOT, dup2(fd, SLOT));
}

static int step_import_and_pace(struct racer *racer)
{
	struct course *course = racer->course;
	__u32 handle;
	int fd, err = import_handle(course->devices[0], SLOT, &handle);

	if (err)
		return err;
	fd = export_handle(course->devices[0], handle);
	if (fd >= 0)
		close(fd);
	err = close_handle(course->devices[0], handle);
	return err ?: fd < 0 ? fd : 0;
}

TEST_F(fenced, mapped_by_many)
{
	struct racer racers[] = {
		{ .name = "display", .step = step_import_and_pace },
		{ .name = "renderer", .step = step_import_second },
		{ .name = "the same renderer", .step = step_import_second },
		{ .name = "mmap", .step = step_map },
		{ .name = "bufinfo", .step = step_read_bufinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	if (course.devices[0] == -ENODEV || course.devices[1] == -ENODEV)
		SKIP(return, "this kernel lacks vkms or vgem");
	keep_in_slot(_metadata, self->buf.fd);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
	close(SLOT);
}

#define NAME_A	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_B	"bbbbbbbbbbbbbbb"

static int step_rename(struct racer *racer)
{
	const char *name = racer->steps % 2 ? NAME_A : NAME_B;

	return ioctl(SLOT, DMA_BUF_SET_NAME, name) ? -errno : 0;
}

/* One name or the other, never a part of one or some of both. */
static int one_of_both(const char *name, size_t len)
{
	if (len == strlen(NAME_A) && !strncmp(name, NAME_A, len))
		return 0;
	if (len == strlen(NAME_B) && !strncmp(name, NAME_B, len))
		return 0;
	return IMPOSSIBLE;
}

static int step_name_in_link(struct racer *racer)
{
	char link[64];
	ssize_t len = buffer_link(SLOT, link, sizeof(link));

	(void)racer;
	if (len < 0)
		return len;
	return one_of_both(link + strlen("/dmabuf:"), len - strlen("/dmabuf:"));
}

static int step_name_in_fdinfo(struct racer *racer)
{
	char text[512], *name;
	ssize_t len = buffer_fdinfo(SLOT, text, sizeof(text));

	(void)racer;
	if (len < 0)
		return len;
	name = strstr(text, "\nname:\t");
	if (!name)
		return IMPOSSIBLE;
	name += strlen("\nname:\t");
	return one_of_both(name, strcspn(name, "\n"));
}

static int step_name_in_bufinfo(struct racer *racer)
{
	char *block = bufinfo_block(buffer_ino(SLOT)), *name = block;
	int column, err = IMPOSSIBLE;

	(void)racer;
	for (column = 1; name && column < 7; column++) {
		name = strchr(name, '\t');
		name = name ? name + 1 : NULL;
	}
	if (name)
		err = one_of_both(name, strcspn(name, "\n"));
	free(block);
	return err;
}

TEST_F(fenced, names_against_readers)
{
	struct racer racers[] = {
		{ .name = "name", .step = step_rename },
		{ .name = "another name", .step = step_rename },
		{ .name = "link", .step = step_name_in_link },
		{ .name = "fdinfo", .step = step_name_in_fdinfo },
		{ .name = "bufinfo", .step = step_name_in_bufinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, NAME_A));
	keep_in_slot(_metadata, self->buf.fd);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
	close(SLOT);
}

/* A buffer with a fence pending in the slot, closed with somebody waiting for it. */
static int step_busy_and_close(struct racer *racer)
{
	struct course *course = racer->course;
	struct pollfd pfd = { .fd = SLOT, .events = POLLIN | POLLOUT };
	struct buffer buf;
	int err = buffer_create(course->exporter, page_align(1), O_RDWR | O_CLOEXEC, &buf);

	if (err)
		return err;
	err = fence_add(buf.fd, racer->steps % 2 ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ,
			course->timeline, racer->steps + 1);
	if (!err && dup2(buf.fd, SLOT) < 0)
		err = -errno;
	buffer_destroy(&buf);
	poll(&pfd, 1, 0);
	close(SLOT);
	return err;
}

static int step_signal(struct racer *racer)
{
	struct course *course = racer->course;

	return timeline_advance(course->timeline, 1);
}

static int step_poll(struct racer *racer)
{
	struct pollfd pfd = { .fd = SLOT, .events = racer->steps % 2 ? POLLIN : POLLOUT };

	return poll(&pfd, 1, 1) < 0 ? -errno : 0;
}

static int step_epoll(struct racer *racer)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int epoll = epoll_create1(0), err = 0;

	(void)racer;
	if (epoll < 0)
		return -errno;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, SLOT, &event))
		err = excuse(-errno);
	else if (epoll_wait(epoll, &event, 1, 1) < 0)
		err = -errno;
	close(epoll);
	return err;
}

TEST_F(fenced, poll_against_close_against_signal)
{
	struct racer racers[] = {
		{ .name = "busy and close", .step = step_busy_and_close },
		{ .name = "signal", .step = step_signal },
		{ .name = "poll", .step = step_poll },
		{ .name = "another poll", .step = step_poll },
		{ .name = "epoll", .step = step_epoll },
		{ .name = "bufinfo", .step = step_read_bufinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	course.timeline = self->timeline;
	buffer_destroy(&self->buf);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
}

/* Makes the buffer busy, and has it done once the others had time to wait for that. */
static int step_write_and_finish(struct racer *racer)
{
	struct course *course = racer->course;
	int err = fence_add(SLOT, DMA_BUF_SYNC_WRITE, course->timeline, racer->steps + 1);

	if (err)
		return err;
	sched_yield();
	return timeline_advance(course->timeline, 1);
}

/* Nobody waits for ever: all that is begun is finished. */
static int step_wait(struct racer *racer)
{
	struct pollfd pfd = { .fd = SLOT, .events = racer->steps % 2 ? POLLIN : POLLOUT };

	return poll(&pfd, 1, HANG_GUARD_MS) == 1 ? 0 : IMPOSSIBLE;
}

/*
 * Asked for the status of a set that is pending, the kernel looks at what is in it inside the
 * set's lock, which lockdep has a word to say about on PREEMPT_RT.
 */
static int step_export_fence(struct racer *racer)
{
	struct pollfd pfd = { .fd = fence_export(SLOT, DMA_BUF_SYNC_RW), .events = POLLIN };
	int err = 0;

	(void)racer;
	if (pfd.fd < 0)
		return pfd.fd;
	if (poll(&pfd, 1, 0) == 1)
		err = fence_status(pfd.fd);
	close(pfd.fd);
	return err < 0 ? err : 0;
}

/* Puts what the buffer waits for back into it, and so never adds anything new. */
static int step_import_fence(struct racer *racer)
{
	int fence = fence_export(SLOT, DMA_BUF_SYNC_READ), err;

	(void)racer;
	if (fence < 0)
		return fence;
	err = fence_import(SLOT, DMA_BUF_SYNC_READ, fence);
	close(fence);
	return err;
}

TEST_F(fenced, sync_files_against_pollers)
{
	struct racer racers[] = {
		{ .name = "write and finish", .step = step_write_and_finish },
		{ .name = "wait", .step = step_wait },
		{ .name = "wait as well", .step = step_wait },
		{ .name = "export", .step = step_export_fence },
		{ .name = "import", .step = step_import_fence },
		{ .name = "bufinfo", .step = step_read_bufinfo },
	};
	struct course course = course_of(_metadata, variant->exporter);

	course.timeline = self->timeline;
	keep_in_slot(_metadata, self->buf.fd);
	run_race(_metadata, racers, ARRAY_SIZE(racers), &course);
	leave_course(&course);
	close(SLOT);
}

TEST_HARNESS_MAIN
