// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"
#include "uring.h"

#define ENTRIES 4

/* One mapping has both queues, since 5.4, and the array in front of or behind them. */
static size_t queues_size(const struct uring *ring)
{
	size_t array = ring->params.sq_off.array + ENTRIES * sizeof(unsigned int);
	size_t all = ring->params.cq_off.cqes + 2 * ENTRIES * sizeof(struct io_uring_cqe);

	return array > all ? array : all;
}

static unsigned int *word(struct uring *ring, __u32 offset)
{
	return (unsigned int *)(ring->queues + offset);
}

int uring_open(struct uring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = result(syscall(SYS_io_uring_setup, ENTRIES, &ring->params));
	if (ring->fd < 0)
		return -ENODEV;
	ring->queues = mmap(NULL, queues_size(ring), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			    IORING_OFF_SQ_RING);
	ring->requests = mmap(NULL, ENTRIES * sizeof(*ring->requests), PROT_READ | PROT_WRITE,
			      MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (ring->queues != MAP_FAILED && ring->requests != MAP_FAILED)
		return 0;
	uring_close(ring);
	return -ENOMEM;
}

void uring_close(struct uring *ring)
{
	if (ring->queues != MAP_FAILED)
		munmap(ring->queues, queues_size(ring));
	if (ring->requests != MAP_FAILED)
		munmap(ring->requests, ENTRIES * sizeof(*ring->requests));
	close(ring->fd);
}

int uring_poll(struct uring *ring, int fd, short events)
{
	unsigned int tail = *word(ring, ring->params.sq_off.tail);
	struct io_uring_sqe *request = &ring->requests[tail % ENTRIES];
	int submitted;

	memset(request, 0, sizeof(*request));
	request->opcode = IORING_OP_POLL_ADD;
	request->fd = fd;
	request->poll32_events = events;
	word(ring, ring->params.sq_off.array)[tail % ENTRIES] = tail % ENTRIES;
	__atomic_store_n(word(ring, ring->params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	submitted = result(syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0));
	return submitted < 0 ? submitted : submitted == 1 ? 0 : -EIO;
}

int uring_result(struct uring *ring, int timeout)
{
	struct pollfd pfd = { .fd = ring->fd, .events = POLLIN };
	unsigned int head = *word(ring, ring->params.cq_off.head);
	struct io_uring_cqe *done = (void *)word(ring, ring->params.cq_off.cqes);
	int res;

	/* A result may wait for its task to enter the kernel. */
	if (poll(&pfd, 1, timeout) != 1 ||
	    __atomic_load_n(word(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		return -ETIMEDOUT;
	res = done[head % (2 * ENTRIES)].res;
	__atomic_store_n(word(ring, ring->params.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return res;
}
