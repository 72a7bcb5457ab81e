// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation of every operation fails once, and so does every copy from and to the program:
 * the error that is documented for that comes back, nothing has changed, nothing is lost, and the
 * next try works.
 */
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "buffer_info.h"
#include "faults.h"
#include "fence_fixture.h"
#include "memory.h"
#include "prime.h"
#include "process.h"
#include "result.h"

/* An object that is lost each time stands out among those that come and go by chance. */
#define TURNS	16
/* Chance spoils now and then one turn, but not all of so many. */
#define TRIES	3

/* What an operation works on, and what it made. */
struct scene {
	int buffer;
	int timeline;
	int device;
	int memfd;
	int sync_file;
	unsigned int value;
	int made;
	__u32 handle;
	void *mapping;
	size_t page;
};

struct operation {
	int (*run)(struct scene *scene);
	/* Takes back what run did when it worked. */
	void (*undo)(struct scene *scene);
	/* What it takes after a run of which only the answer was lost. */
	void (*recover)(struct scene *scene);
	/* Holds before run, and again when it failed. */
	bool (*intact)(const struct scene *scene);
};

static void undo_nothing(struct scene *scene)
{
	(void)scene;
}

static void undo_made(struct scene *scene)
{
	close(scene->made);
}

/* How often an operation came back with which error. */
struct failures {
	unsigned int memory;
	unsigned int copy;
};

/* The number that the next descriptor gets: greater than before if one was lost. */
static int next_fd(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	close(fd);
	return fd;
}

/* Fails one call of run after the other. */
static struct failures fail_each(struct __test_metadata *_metadata,
				 const struct operation *operation, struct scene *scene)
{
	struct failures failures = { 0 };
	long alive = buffers_alive();
	int next = next_fd();
	unsigned int nth;
	bool hit;

	for (nth = 1, hit = true; hit; nth++) {
		int err;

		faults_arm(nth);
		err = operation->run(scene);
		hit = faults_disarm();
		if (!err) {
			/* It can do without what it did not get. */
			operation->undo(scene);
			continue;
		}
		failures.memory += err == -ENOMEM;
		failures.copy += err == -EFAULT;
		if (operation->recover)
			operation->recover(scene);
		EXPECT_TRUE(hit) TH_LOG("%d without a fault", err);
		EXPECT_TRUE(err == -ENOMEM || err == -EFAULT) TH_LOG("fault %u: %d", nth, err);
		EXPECT_EQ(alive, buffers_alive()) TH_LOG("fault %u", nth);
		EXPECT_GE(next, next_fd()) TH_LOG("fault %u", nth);
		if (operation->intact)
			EXPECT_TRUE(operation->intact(scene)) TH_LOG("fault %u", nth);
		ASSERT_EQ(0, operation->run(scene)) TH_LOG("the try after fault %u", nth);
		operation->undo(scene);
	}
	EXPECT_EQ(alive, buffers_alive());
	return failures;
}

/*
 * Each kind of fault has its error: where copies alone fail, no call comes back for lack of memory,
 * and where allocations fail too, no more calls come back with the error of a copy. A copy may
 * itself fault a page in and need memory for that, so of a few turns the best one counts.
 */
static void tell_apart(struct __test_metadata *_metadata, const struct operation *operation,
		       struct scene *scene)
{
	unsigned int copies_at_most = 0, copies_at_least = UINT_MAX, failures = 0;
	struct failures failed;
	int turn;

	ASSERT_EQ(0, faults_spare_memory(true));
	for (turn = 0; turn < TRIES; turn++) {
		failed = fail_each(_metadata, operation, scene);
		EXPECT_EQ(0, failed.memory);
		if (failed.copy > copies_at_most)
			copies_at_most = failed.copy;
	}
	ASSERT_EQ(0, faults_spare_memory(false));
	for (turn = 0; turn < TRIES; turn++) {
		failed = fail_each(_metadata, operation, scene);
		if (failed.copy < copies_at_least)
			copies_at_least = failed.copy;
		failures += failed.copy + failed.memory;
	}
	EXPECT_LE(copies_at_least, copies_at_most);
	EXPECT_LT(0, failures);
}

/*
 * By how many objects the cache has grown that grew most in so many turns. What the kernel frees
 * later, it frees some time.
 */
static long lost_objects(struct __test_metadata *_metadata, const struct operation *operation,
			 struct scene *scene, const char **cache)
{
	static struct slabs before, after;
	int patience = 30, turn;
	long grown;

	slabs_count(&before, NULL);
	/* A loss is not to be outweighed by what turns before this one freed under RCU. */
	usleep(200000);
	slabs_count(&after, &before);
	slabs_lesser(&before, &after);
	for (turn = 0; turn < TURNS; turn++)
		fail_each(_metadata, operation, scene);
	do {
		slabs_count(&after, &before);
		*cache = slabs_most_grown(&before, &after, &grown);
	} while (grown >= TURNS && --patience && !usleep(200000));
	return grown;
}

static void try_operation(struct __test_metadata *_metadata, const struct operation *operation,
			  struct scene *scene)
{
	const char *cache;
	long grown;
	int err;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	if (faults_open() == -ENODEV)
		SKIP(return, "this kernel makes no allocation fail");
	/* This also fills what is only ever filled once. */
	tell_apart(_metadata, operation, scene);
	err = slabs_open();
	if (err == -ENODEV)
		SKIP(return, "this kernel does not count its objects");
	ASSERT_EQ(0, err);
	grown = lost_objects(_metadata, operation, scene, &cache);
	EXPECT_GT(TURNS, grown) TH_LOG("in %d turns %ld objects of %s were lost", TURNS, grown,
				       cache);
	faults_close();
}

/* Two writers, so that waiting for both takes a set of fences. */
static void add_writers(struct __test_metadata *_metadata, int buffer, int timelines[2])
{
	int i;

	for (i = 0; i < 2; i++) {
		timelines[i] = timeline_open();
		ASSERT_GE(timelines[i], 0);
		ASSERT_EQ(0, fence_add(buffer, DMA_BUF_SYNC_WRITE, timelines[i], 1));
	}
}

static int run_heap(struct scene *scene)
{
	struct dma_heap_allocation_data data = { .len = scene->page, .fd_flags = O_RDWR };
	int err = result(ioctl(scene->device, DMA_HEAP_IOCTL_ALLOC, &data));

	scene->made = data.fd;
	return err;
}

TEST(export_from_the_system_heap)
{
	static const struct operation operation = { .run = run_heap, .undo = undo_made };
	struct scene scene = { .page = page_align(1) };

	scene.device = open("/dev/dma_heap/system", O_RDWR);
	if (scene.device < 0)
		SKIP(return, "this kernel has no system heap");
	try_operation(_metadata, &operation, &scene);
}

static int run_udmabuf(struct scene *scene)
{
	struct udmabuf_create create = { .memfd = scene->memfd, .size = scene->page };

	scene->made = result(ioctl(scene->device, UDMABUF_CREATE, &create));
	return scene->made < 0 ? scene->made : 0;
}

TEST(export_from_udmabuf)
{
	static const struct operation operation = { .run = run_udmabuf, .undo = undo_made };
	/* For one page udmabuf takes objects of the smallest cache, which is not counted. */
	struct scene scene = { .page = 2 * page_align(1) };

	scene.device = open("/dev/udmabuf", O_RDWR);
	if (scene.device < 0)
		SKIP(return, "this kernel has no udmabuf");
	scene.memfd = memfd_create("fault", MFD_ALLOW_SEALING);
	ASSERT_GE(scene.memfd, 0);
	ASSERT_EQ(0, ftruncate(scene.memfd, scene.page));
	ASSERT_EQ(0, fcntl(scene.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	try_operation(_metadata, &operation, &scene);
}

/* Opens descriptors until the next one takes a larger table. */
static void fill_table(void)
{
	int fd;

	do {
		fd = dup(0);
	} while (fd >= 0 && (fd + 1) % 64);
}

/* A process whose next descriptor takes memory; 1 after a fault, 2 for a wrong answer. */
static int export_without_room(struct scene *scene, unsigned int nth)
{
	pid_t pid = process_start();
	int err, hit;

	if (pid)
		return process_end(pid);
	/* The right one of fail-nth is that of this process. */
	faults_close();
	if (faults_open())
		_exit(3);
	fill_table();
	faults_arm(nth);
	err = run_heap(scene);
	hit = faults_disarm();
	_exit(err && err != -ENOMEM && err != -EFAULT ? 2 : hit);
}

TEST(export_with_a_full_table)
{
	struct scene scene = { .page = page_align(1) };
	long alive = buffers_alive();
	unsigned int nth = 0;
	int status;

	scene.device = open("/dev/dma_heap/system", O_RDWR);
	if (scene.device < 0)
		SKIP(return, "this kernel has no system heap");
	if (faults_open() == -ENODEV)
		SKIP(return, "this kernel makes no allocation fail");
	do {
		status = export_without_room(&scene, ++nth);
		EXPECT_LE(0, status);
		EXPECT_GE(1, status) TH_LOG("fault %u", nth);
		EXPECT_EQ(alive, buffers_alive());
	} while (status);
	EXPECT_LT(1, nth);
	faults_close();
}

static int run_import(struct scene *scene)
{
	return import_handle(scene->device, scene->buffer, &scene->handle);
}

static void undo_import(struct scene *scene)
{
	close_handle(scene->device, scene->handle);
}

/* A device that could not tell the handle that it made keeps it until it is closed. */
static void reopen_display(struct scene *scene)
{
	close(scene->device);
	scene->device = drm_open("vkms");
}

static bool is_unattached(const struct scene *scene)
{
	char *block = bufinfo_block(buffer_ino(scene->buffer));
	bool none = block && strstr(block, "\nTotal 0 devices attached\n");

	free(block);
	return none;
}

/* Attaching a display and mapping the buffer for it. */
TEST_F(fenced, attach_and_map)
{
	static const struct operation operation = {
		.run = run_import,
		.undo = undo_import,
		.recover = reopen_display,
		.intact = is_unattached,
	};
	struct scene scene = { .buffer = self->buf.fd, .device = drm_open("vkms") };

	if (scene.device == -ENODEV)
		SKIP(return, "this kernel has no vkms");
	ASSERT_GE(scene.device, 0);
	try_operation(_metadata, &operation, &scene);
}

#define NAMED	"the one before"

static int run_rename(struct scene *scene)
{
	return result(ioctl(scene->buffer, DMA_BUF_SET_NAME, "another"));
}

static void undo_rename(struct scene *scene)
{
	ioctl(scene->buffer, DMA_BUF_SET_NAME, NAMED);
}

static bool has_old_name(const struct scene *scene)
{
	char link[64];

	return buffer_link(scene->buffer, link, sizeof(link)) > 0 &&
	       !strcmp(link, "/dmabuf:" NAMED);
}

TEST_F(fenced, set_name)
{
	static const struct operation operation = {
		.run = run_rename,
		.undo = undo_rename,
		.intact = has_old_name,
	};
	struct scene scene = { .buffer = self->buf.fd };

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, NAMED));
	try_operation(_metadata, &operation, &scene);
}

static int run_export_fence(struct scene *scene)
{
	scene->made = fence_export(scene->buffer, DMA_BUF_SYNC_READ);
	return scene->made < 0 ? scene->made : 0;
}

TEST_F(fenced, export_sync_file)
{
	static const struct operation operation = { .run = run_export_fence, .undo = undo_made };
	struct scene scene = { .buffer = self->buf.fd };
	int timelines[2];

	add_writers(_metadata, self->buf.fd, timelines);
	try_operation(_metadata, &operation, &scene);
}

static int run_import_fence(struct scene *scene)
{
	return fence_import(scene->buffer, DMA_BUF_SYNC_WRITE, scene->sync_file);
}

static bool has_no_writer(const struct scene *scene)
{
	struct pollfd pfd = { .fd = scene->buffer, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void undo_import_fence(struct scene *scene)
{
	timeline_advance(scene->timeline, 1);
	close(scene->sync_file);
	scene->sync_file = timeline_fence(scene->timeline, ++scene->value);
}

TEST_F(fenced, import_sync_file)
{
	static const struct operation operation = {
		.run = run_import_fence,
		.undo = undo_import_fence,
		.intact = has_no_writer,
	};
	struct scene scene = { .buffer = self->buf.fd, .timeline = self->timeline };

	scene.sync_file = timeline_fence(self->timeline, ++scene.value);
	ASSERT_GE(scene.sync_file, 0);
	try_operation(_metadata, &operation, &scene);
}

static int run_mmap(struct scene *scene)
{
	scene->mapping = mmap(NULL, scene->page, PROT_READ | PROT_WRITE, MAP_SHARED,
			      scene->buffer, 0);
	return scene->mapping == MAP_FAILED ? -errno : 0;
}

static void undo_mmap(struct scene *scene)
{
	munmap(scene->mapping, scene->page);
}

TEST_F(fenced, mmap)
{
	static const struct operation operation = { .run = run_mmap, .undo = undo_mmap };
	struct scene scene = { .buffer = self->buf.fd, .page = page_align(1) };

	try_operation(_metadata, &operation, &scene);
}

/* Few copies: how many it takes depends on what else there is in the system. */
static int run_bufinfo(struct scene *scene)
{
	char piece[4096];
	ssize_t got = 0;
	int fd = open(BUFINFO, O_RDONLY);

	(void)scene;
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, piece, sizeof(piece));
	} while (got > 0);
	got = result(got);
	close(fd);
	return got;
}

TEST_F(fenced, bufinfo)
{
	static const struct operation operation = { .run = run_bufinfo, .undo = undo_nothing };
	struct scene scene = { .buffer = self->buf.fd };

	try_operation(_metadata, &operation, &scene);
}

static int run_sync(struct scene *scene)
{
	return sync_access(scene->buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
}

static void undo_sync(struct scene *scene)
{
	sync_access(scene->buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
}

TEST_F(fenced, cpu_access)
{
	static const struct operation operation = { .run = run_sync, .undo = undo_sync };
	struct scene scene = { .buffer = self->buf.fd };

	try_operation(_metadata, &operation, &scene);
}

static int run_epoll(struct scene *scene)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };

	return result(epoll_ctl(scene->device, EPOLL_CTL_ADD, scene->buffer, &event));
}

static void undo_epoll(struct scene *scene)
{
	epoll_ctl(scene->device, EPOLL_CTL_DEL, scene->buffer, NULL);
}

/* Also watched when there was no memory for the set of fences: never ready too early. */
static bool is_not_ready(const struct scene *scene)
{
	struct pollfd pfd = { .fd = scene->buffer, .events = POLLIN | POLLOUT };

	return !poll(&pfd, 1, 0);
}

TEST_F(fenced, epoll)
{
	static const struct operation operation = {
		.run = run_epoll,
		.undo = undo_epoll,
		.intact = is_not_ready,
	};
	struct scene scene = { .buffer = self->buf.fd, .device = epoll_create1(0) };
	int timelines[2];

	ASSERT_GE(scene.device, 0);
	add_writers(_metadata, self->buf.fd, timelines);
	try_operation(_metadata, &operation, &scene);
}

/*
 * Polls with a fault on the way, until the buffer is ready. The exit status says what poll
 * answered (1: ready, 0: not so, 2: no memory for itself), and in the 4 whether a fault came.
 */
static pid_t poll_with_fault(int buffer, unsigned int nth)
{
	struct pollfd pfd = { .fd = buffer, .events = POLLIN };
	pid_t pid = process_start();
	int ready, hit;

	if (pid)
		return pid;
	faults_close();
	if (faults_open())
		_exit(8);
	faults_arm(nth);
	ready = poll(&pfd, 1, HANG_GUARD_MS);
	hit = faults_disarm();
	if (ready < 0)
		_exit(4 * hit + 2);
	_exit(4 * hit + (ready == 1 && pfd.revents == POLLIN));
}

/*
 * Without the memory to wait for all writers at once poll waits for one after the other. It may be
 * late in noticing the end of one, but it says "ready" only when all are done.
 */
TEST_F(fenced, poll_without_memory_tells_no_lie)
{
	unsigned int nth = 0, waited = 0;
	int timelines[2], status;

	if (faults_open() == -ENODEV)
		SKIP(return, "this kernel makes no allocation fail");
	do {
		pid_t pid;

		add_writers(_metadata, self->buf.fd, timelines);
		pid = poll_with_fault(self->buf.fd, ++nth);
		if (process_sleeps(pid)) {
			/* One writer is done; who waits wakes up, looks, and waits on. */
			ASSERT_EQ(0, timeline_advance(timelines[nth % 2], 1));
			EXPECT_TRUE(process_sleeps(pid)) TH_LOG("fault %u", nth);
			ASSERT_EQ(0, timeline_advance(timelines[!(nth % 2)], 1));
			status = process_end(pid);
			EXPECT_EQ(1, status & 3) TH_LOG("fault %u", nth);
			waited += status == 5;
		} else {
			status = process_end(pid);
			EXPECT_EQ(6, status) TH_LOG("fault %u", nth);
		}
		close(timelines[0]);
		close(timelines[1]);
	} while (status & 4);
	/* That a fault came and poll could do without. */
	EXPECT_LT(0, waited);
	faults_close();
}

TEST_HARNESS_MAIN
