// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: fuzz [-a] SECONDS [SEED [CORPUS]]
 *
 * Processes that do at random all that a program can do with buffers, while memory runs out now and
 * then and any of them is killed at any moment. What each does follows from SEED, which is printed.
 * A kernel with KCOV says what is worth doing again; that is read from the file CORPUS, if there is
 * one, and written there. At the end nothing may be left over; the rest is for who reads the
 * kernel's log.
 *
 * With -a one process does it alone, and is not killed. That is for User Mode Linux: a fork that is
 * killed half-way is its end, whatever else goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buffer_info.h"
#include "corpus.h"
#include "exporters.h"
#include "faults.h"
#include "fences.h"
#include "memory.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"
#include "uring.h"

#define WORKERS		4
#define SLOTS		12	/* of each kind, in each worker */
#define STRETCH		16	/* calls that are judged, and repeated, together */
#define CALLS		25
/* Objects that come and go by chance in a cache, whatever is done. */
#define BY_CHANCE	400

/* What all processes share. */
static struct shared {
	unsigned long calls[CALLS];
	unsigned long failed[CALLS];
	bool faulty[WORKERS];
} *shared;

/* Of shared->faulty, that of this worker. */
static bool *faulty;
static int sockets[WORKERS][2];
static uint64_t chance;
/* Waiters are epolls and rings, paths are descriptors of a buffer that can do nothing. */
static int slots[4][SLOTS];
static int *const buffers = slots[0], *const fences = slots[1];
static int *const waiters = slots[2], *const paths = slots[3];
static void *maps[SLOTS];
static size_t sizes[SLOTS];
static int timeline, devices[2];

static unsigned int draw(unsigned int below)
{
	/* splitmix64 */
	uint64_t z = chance += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

/* A place for a new one; what was there goes. */
static int *place(int *kind)
{
	int *slot = &kind[draw(SLOTS)];

	if (*slot >= 0)
		close(*slot);
	*slot = -1;
	return slot;
}

static int keep(int *kind, int fd)
{
	int *slot = place(kind);

	if (fd >= 0)
		*slot = fd;
	return fd;
}

/* One of them, or -1 where there is none. */
static int any(const int *kind)
{
	unsigned int start = draw(SLOTS), i = start;

	do {
		if (kind[i] >= 0)
			return kind[i];
		i = (i + 1) % SLOTS;
	} while (i != start);
	return -1;
}

/* Now and then it is no buffer at all. */
static int buffer(void)
{
	return any(draw(32) ? buffers : draw(2) ? fences : paths);
}

static int do_export(void)
{
	static const struct exporter *const exporters[] = {
		&system_heap, &udmabuf, &vgem, &vivid,
	};
	struct buffer buf = { .fd = -1, .device = -1 };
	int err = buffer_create(exporters[draw(4)], (1 + draw(8)) * page_align(1),
				draw(2) ? O_RDWR | O_CLOEXEC : O_RDONLY, &buf);

	buffer_close_device(&buf);
	return err ? err : keep(buffers, buf.fd);
}

static int do_dup(void)
{
	return keep(buffers, result(dup(buffer())));
}

static int do_close(void)
{
	place(slots[draw(4)]);
	return 0;
}

static int do_path(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer());
	return keep(paths, result(open(path, draw(8) ? O_PATH : O_RDWR)));
}

static int do_send(void)
{
	return send_fd(sockets[draw(WORKERS)][1], draw(8) ? buffer() : any(waiters));
}

static int do_receive(void)
{
	return keep(buffers, receive_fd(sockets[draw(WORKERS)][0]));
}

/* Of so many most often some, at times too many. */
static size_t pages(size_t all)
{
	return (1 + (all && draw(8) ? draw(all) : draw(9))) * page_align(1);
}

static int do_mmap(void)
{
	unsigned int i = draw(SLOTS);
	int fd = buffer();
	off_t size = lseek(fd, 0, SEEK_END);

	if (maps[i])
		munmap(maps[i], sizes[i]);
	sizes[i] = pages(size > 0 ? size / page_align(1) : 0);
	maps[i] = mmap(NULL, sizes[i], draw(2) ? PROT_READ | PROT_WRITE : PROT_READ,
		       draw(8) ? MAP_SHARED : MAP_PRIVATE, fd,
		       draw(4) ? 0 : draw(3) * page_align(1));
	if (maps[i] == MAP_FAILED)
		maps[i] = NULL;
	return maps[i] ? 0 : -errno;
}

/* Which mapping, if there is one. */
static unsigned int mapping(void)
{
	unsigned int start = draw(SLOTS), i = start;

	do {
		if (maps[i])
			break;
		i = (i + 1) % SLOTS;
	} while (i != start);
	return i;
}

static int do_mremap(void)
{
	unsigned int i = mapping();
	size_t size;
	void *moved;

	if (!maps[i])
		return -ENOENT;
	size = pages(sizes[i] / page_align(1));
	moved = mremap(maps[i], sizes[i], size, draw(2) ? MREMAP_MAYMOVE : 0);
	if (moved == MAP_FAILED)
		return -errno;
	maps[i] = moved;
	sizes[i] = size;
	return 0;
}

/* By a call, which answers an address that is not good where an access would be a signal. */
static int do_touch(void)
{
	unsigned int i = mapping();
	int pipes[2], err;

	if (!maps[i])
		return -ENOENT;
	if (pipe2(pipes, O_NONBLOCK))
		return -errno;
	err = result(write(pipes[1], maps[i], 64));
	if (err > 0 && draw(2))
		err = result(read(pipes[0], maps[i], 64));
	close(pipes[0]);
	close(pipes[1]);
	return err;
}

static int do_fork(void)
{
	pid_t pid = process_start();

	if (pid < 0)
		return -errno;
	if (!pid) {
		do_touch();
		_exit(0);
	}
	return process_end(pid);
}

static int do_name(void)
{
	char name[40];
	size_t i;

	for (i = 0; i < sizeof(name) - 1; i++)
		name[i] = draw(256);
	name[draw(sizeof(name))] = '\0';
	name[sizeof(name) - 1] = '\0';
	return result(ioctl(buffer(), draw(2) ? DMA_BUF_SET_NAME_A : DMA_BUF_SET_NAME_B, name));
}

static int do_sync(void)
{
	return sync_access(buffer(), draw(16) ? draw(8) : draw(1 << 30));
}

/* One of ours with anything in it, or any call of any size. */
static int do_ioctl(void)
{
	static const unsigned int ours[] = {
		DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B,
		DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
	};
	static uint32_t words[64];
	unsigned int any_call = _IOC(draw(4), draw(8) ? DMA_BUF_BASE : draw(256), draw(6),
				     draw(2) ? 8 : draw(64));
	size_t i;

	for (i = 0; i < 64; i++)
		words[i] = draw(4) ? draw(4) : draw(~0U);
	return result(ioctl(buffer(), draw(8) ? ours[draw(5)] : any_call,
			    draw(16) ? words : (void *)(uintptr_t)draw(~0U)));
}

static int do_fence(void)
{
	return keep(fences, timeline_fence(timeline, draw(8) ? draw(200) : draw(1 << 30)));
}

static int do_signal(void)
{
	return timeline_advance(timeline, draw(8));
}

/* The fences of a timeline that goes before they signal have an error. */
static int do_timeline(void)
{
	close(timeline);
	timeline = timeline_open();
	return timeline;
}

static int do_fence_in(void)
{
	return fence_import(buffer(), 1 + draw(3), any(draw(16) ? fences : waiters));
}

static int do_fence_out(void)
{
	return keep(fences, fence_export(buffer(), 1 + draw(3)));
}

static int do_merge(void)
{
	return keep(fences, fence_merge(any(fences), any(fences)));
}

static int do_poll(void)
{
	struct pollfd fds[3];
	int i;

	for (i = 0; i < 3; i++)
		fds[i] = (struct pollfd) { .fd = buffer(), .events = draw(64) };
	return result(poll(fds, 3, draw(4) ? 0 : draw(5)));
}

static int do_epoll(void)
{
	struct epoll_event event = { .events = draw(2) ? EPOLLIN | EPOLLOUT | EPOLLET : draw(~0U) };
	int waiter = any(waiters), fd = buffer(), err;

	err = result(epoll_ctl(waiter, EPOLL_CTL_ADD, fd, &event));
	if (err == -EEXIST)
		err = result(epoll_ctl(waiter, draw(4) ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd,
				       &event));
	else if (err == -EINVAL || err == -EBADF)
		return keep(waiters, result(epoll_create1(EPOLL_CLOEXEC)));
	return err ? err : result(epoll_wait(waiter, &event, 1, 0));
}

/* Leaves the ring with its request pending. */
static int do_ring(void)
{
	struct uring ring;
	int err = uring_open(&ring), fd;

	if (err)
		return err;
	err = uring_poll(&ring, buffer(), draw(2) ? POLLIN : POLLOUT);
	fd = dup(ring.fd);
	uring_close(&ring);
	keep(waiters, fd);
	return err;
}

static int do_import(void)
{
	int device = devices[draw(2)], err;
	__u32 handle;

	err = import_handle(device, buffer(), &handle);
	if (err)
		return err;
	if (draw(2))
		keep(buffers, export_handle(device, handle));
	return draw(4) ? close_handle(device, handle) : 0;
}

/* The display, and all that it still has. */
static int do_reopen(void)
{
	unsigned int i = draw(2);

	close(devices[i]);
	devices[i] = drm_open(i ? "vgem" : "vkms");
	return devices[i];
}

static int do_read(void)
{
	static char text[1 << 16];
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buffer());
	return read_text(draw(4) ? path : BUFINFO, text, sizeof(text));
}

static const struct call {
	const char *name;
	int (*make)(void);
} calls[CALLS] = {
	{ "export", do_export }, { "dup", do_dup }, { "close", do_close }, { "path", do_path },
	{ "send", do_send }, { "receive", do_receive }, { "mmap", do_mmap },
	{ "mremap", do_mremap }, { "touch", do_touch }, { "name", do_name },
	{ "sync", do_sync }, { "ioctl", do_ioctl }, { "fence", do_fence }, { "signal", do_signal },
	{ "timeline", do_timeline }, { "fence-in", do_fence_in }, { "fence-out", do_fence_out },
	{ "merge", do_merge }, { "poll", do_poll }, { "epoll", do_epoll }, { "ring", do_ring },
	{ "import", do_import }, { "reopen", do_reopen }, { "read", do_read },
	{ "fork", do_fork },
};

/* Who is alone draws the same numbers, and does not fork. */
static void make(unsigned int nr, bool alone)
{
	int err = alone && calls[nr].make == do_fork ? do_touch() : calls[nr].make();

	__atomic_add_fetch(&shared->calls[nr], 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shared->failed[nr], err < 0, __ATOMIC_RELAXED);
}

/* What would wait for ever ends after so many microseconds, then again and again. */
static void end_waits(long first)
{
	struct itimerval often = { { 0, 50000 }, { 0, first } };

	setitimer(ITIMER_REAL, &often, NULL);
}

/* Some calls, which are worth repeating if they come to where nobody was. */
static void stretch(bool faults, bool alone)
{
	uint64_t start, own;
	bool again;
	int i;

	again = !draw(4) && corpus_get(draw(~0U), &start);
	own = chance;
	if (again)
		chance = start + draw(2);
	start = chance;
	for (i = 0; i < STRETCH; i++) {
		bool fail = faults && !draw(16);

		/* The frame of a signal may be what fails, and then the kernel ends us. */
		if (fail) {
			end_waits(999999);
			*faulty = true;
			faults_arm(1 + draw(24));
		}
		make(draw(CALLS), alone);
		if (fail) {
			faults_disarm();
			*faulty = false;
			end_waits(50000);
		}
	}
	corpus_judge(start);
	if (again)
		chance = own;
}

static void wake(int signal)
{
	(void)signal;
}

/* One that works until it is killed, or until the time given. */
static pid_t start_worker(unsigned int slot, unsigned int number, uint64_t seed, time_t end)
{
	struct sigaction action = { .sa_handler = wake };
	pid_t pid = process_start();
	bool faults;
	int i;

	if (pid)
		return pid;
	faults = faults_open() == 0;
	chance = seed + number;
	faulty = &shared->faulty[slot];
	*faulty = false;
	memset(slots, -1, sizeof(slots));
	timeline = timeline_open();
	devices[0] = drm_open("vkms");
	devices[1] = drm_open("vgem");
	sigaction(SIGALRM, &action, NULL);
	end_waits(50000);
	corpus_watch();
	/* Nobody begins with empty hands. */
	for (i = 0; i < 2 * SLOTS; i++) {
		do_export();
		do_fence();
		do_mmap();
	}
	while (!end || time(NULL) < end)
		stretch(faults, end);
	_exit(0);
}

/* Waits for what is freed later. Returns how many buffers or objects are left. */
static long left_over(long alive, const struct slabs *before, const char **what)
{
	static struct slabs after;
	int patience = 100;
	long grown = 0;

	do {
		*what = "buffers";
		if (buffers_alive() == alive) {
			slabs_count(&after, before);
			*what = slabs_most_grown(before, &after, &grown);
			if (grown < BY_CHANCE)
				return 0;
		}
	} while (--patience && !usleep(200000));
	return grown ? grown : buffers_alive() - alive;
}

/* Whether that one was killed here, is done, or died of a fault that it wanted. */
static bool ended(unsigned int slot, pid_t pid, bool alone)
{
	int status = -1;

	if (pid < 0)
		return false;
	if (!waitpid(pid, &status, alone ? 0 : WNOHANG)) {
		kill(pid, SIGKILL);
		process_end(pid);
		return true;
	}
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSEGV && shared->faulty[slot];
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Returns how many processes died by themselves. */
static unsigned int fuzz(unsigned int seconds, uint64_t seed, bool alone)
{
	unsigned int workers = alone ? 1 : WORKERS, number, died = 0, i;
	time_t end = time(NULL) + seconds;
	pid_t pids[WORKERS];

	for (i = 0; i < WORKERS; i++)
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets[i]);
	for (i = 0; i < workers; i++)
		pids[i] = start_worker(i, i, seed << 32, alone ? end : 0);
	for (number = workers; time(NULL) < end; number++) {
		/* Each lives for some thousand calls, but one that is alone. */
		if (!alone)
			usleep(500000 + draw(4000000));
		i = draw(workers);
		died += !ended(i, pids[i], alone);
		pids[i] = start_worker(i, number, seed << 32, alone ? end : 0);
	}
	for (i = 0; i < workers; i++)
		died += !ended(i, pids[i], alone);
	for (i = 0; i < WORKERS; i++) {
		close(sockets[i][0]);
		close(sockets[i][1]);
	}
	printf("%u processes, of which %u died; coverage: %lu places\n", number, died,
	       corpus_places());
	return died;
}

static void report(void)
{
	unsigned long all = 0, failed = 0, seldom = 0;
	int i;

	for (i = 0; i < CALLS; i++) {
		printf("%-10s %9lu calls, %9lu failed\n", calls[i].name, shared->calls[i],
		       shared->failed[i]);
		all += shared->calls[i];
		failed += shared->failed[i];
		seldom += shared->failed[i] * 3 > shared->calls[i] * 2;
	}
	printf("%lu calls, %lu failed; %lu kinds succeed less than once in three times\n", all,
	       failed, seldom);
}

int main(int argc, char **argv)
{
	bool alone = argc > 1 && !strcmp(argv[1], "-a");
	const char *corpus = argc > 3 + alone ? argv[3 + alone] : NULL;
	unsigned int seconds = argc > 1 + alone ? atoi(argv[1 + alone]) : 10;
	uint64_t seed = argc > 2 + alone ? strtoull(argv[2 + alone], NULL, 0) :
					   (uint64_t)time(NULL);
	static struct slabs before;
	unsigned int died;
	const char *what;
	long alive, left;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", (unsigned long long)seed);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || corpus_open(corpus))
		return 1;
	chance = seed;
	alive = buffers_alive();
	/* What is only ever filled once is filled first. */
	died = fuzz(1, seed + 1, alone);
	if (slabs_open())
		printf("this kernel does not count its objects, or more kinds than fit\n");
	slabs_count(&before, NULL);
	died += fuzz(seconds, seed, alone);
	report();
	if (corpus)
		corpus_write(corpus);
	left = left_over(alive, &before, &what);
	if (left)
		printf("%ld %s are left over\n", left, what);
	return left || died;
}
