// SPDX-License-Identifier: GPL-2.0-only
#include "send_fd.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Room for one descriptor, aligned as the socket calls want it. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message(struct iovec *vec, union control *control)
{
	return (struct msghdr) {
		.msg_iov = vec,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(*control),
	};
}

int send_fd(int socket, int fd)
{
	char byte = 0;
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	union control control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	struct msghdr msg = message(&vec, &control);

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int receive_fd(int socket)
{
	char byte;
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	union control control = { .header.cmsg_len = 0 };
	struct msghdr msg = message(&vec, &control);
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&msg);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(fd)))
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}
