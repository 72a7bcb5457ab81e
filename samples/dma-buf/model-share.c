// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer on its way from the model exporter to the model importer to a second
 * process, and back.
 *
 * This process allocates the buffer, makes the device fill it with numbers, and
 * sends it to the second one without waiting. That one waits, checks the
 * numbers, and inverts them. Then the device adds them up.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/dma-buf.h>
#include <linux/types.h>

#include "model.h"

#define BYTES	(1024 * 1024)
#define WORDS	(BYTES / sizeof(__u32))
#define NUMBER	1000

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static int allocate(void)
{
	int exporter = open_device("/dev/model_exporter");
	int buffer = ioctl(exporter, MODEL_EXPORTER_ALLOC, (unsigned long)BYTES);

	if (buffer < 0)
		err(1, "MODEL_EXPORTER_ALLOC");
	if (ioctl(buffer, DMA_BUF_SET_NAME_B, "numbers"))
		err(1, "DMA_BUF_SET_NAME_B");
	/* The buffer does not need the device that it came from. */
	close(exporter);
	return buffer;
}

/* What carries a descriptor: a message of at least one byte, and an ancillary. */
union envelope {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void send_buffer(int socket, int buffer)
{
	union envelope envelope = {};
	struct iovec body = { .iov_base = "b", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &body,
		.msg_iovlen = 1,
		.msg_control = &envelope,
		.msg_controllen = sizeof(envelope),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &buffer, sizeof(int));
	if (sendmsg(socket, &msg, MSG_NOSIGNAL) != 1)
		err(1, "sendmsg");
}

static int receive_buffer(int socket)
{
	union envelope envelope = {};
	char byte;
	struct iovec body = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &body,
		.msg_iovlen = 1,
		.msg_control = &envelope,
		.msg_controllen = sizeof(envelope),
	};
	struct cmsghdr *cmsg;
	int buffer;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
		err(1, "recvmsg");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		errx(1, "no descriptor came");
	memcpy(&buffer, CMSG_DATA(cmsg), sizeof(int));
	return buffer;
}

/* Both ends of an access by the CPU may be cut short by a signal. */
static void sync_buffer(int buffer, __u64 flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	while (ioctl(buffer, DMA_BUF_IOCTL_SYNC, &sync)) {
		if (errno != EINTR && errno != EAGAIN)
			err(1, "DMA_BUF_IOCTL_SYNC");
	}
}

static int second_process(int socket)
{
	int buffer = receive_buffer(socket);
	struct pollfd writers = { .fd = buffer, .events = POLLIN };
	off_t size = lseek(buffer, 0, SEEK_END);
	int wrong = 0;
	__u32 *word;

	if (size != BYTES)
		errx(1, "the buffer has %lld bytes", (long long)size);
	word = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);
	if (word == MAP_FAILED)
		err(1, "mmap");

	/* A program with other things to do waits this way; SYNC would wait, too. */
	while (poll(&writers, 1, -1) != 1) {
		if (errno != EINTR)
			err(1, "poll");
	}
	sync_buffer(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	for (__u32 i = 0; i < WORDS; i++) {
		wrong += word[i] != NUMBER + i;
		word[i] = ~word[i];
	}
	sync_buffer(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);

	printf("second process: %zu numbers, %d of them wrong\n", WORDS, wrong);
	return wrong != 0;
}

static __u64 expected_sum(void)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < WORDS; i++)
		sum += (__u32)~(NUMBER + i);
	return sum;
}

int main(void)
{
	int buffer = allocate();
	int importer = open_device("/dev/model_importer");
	int pair[2], status;
	__u64 sum;
	pid_t pid;

	if (ioctl(importer, MODEL_IMPORTER_ATTACH, (unsigned long)buffer))
		err(1, "MODEL_IMPORTER_ATTACH");
	if (ioctl(importer, MODEL_IMPORTER_FILL, (unsigned long)NUMBER))
		err(1, "MODEL_IMPORTER_FILL");

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(1, "socketpair");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		/* All that it shall have of the buffer comes through the socket. */
		close(buffer);
		close(importer);
		close(pair[0]);
		exit(second_process(pair[1]));
	}
	close(pair[1]);
	send_buffer(pair[0], buffer);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "the second process failed");

	if (ioctl(importer, MODEL_IMPORTER_SUM, &sum))
		err(1, "MODEL_IMPORTER_SUM");
	printf("importer: the sum is %llu, expected %llu\n", sum,
	       expected_sum());
	return sum != expected_sum();
}
