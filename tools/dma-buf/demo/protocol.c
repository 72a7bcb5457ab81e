// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages and file descriptors over a Unix socket.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"
#include "status.h"

#define SOCKET_NAME "socket between camera and compositor"

union descriptor_space {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr alignment;
};

static void attach_descriptor(struct msghdr *header, union descriptor_space *space, int fd)
{
	struct cmsghdr *control;

	memset(space, 0, sizeof(*space));
	header->msg_control = space->bytes;
	header->msg_controllen = sizeof(space->bytes);
	control = CMSG_FIRSTHDR(header);
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
}

int message_send(int socket, const struct message *message, int fd)
{
	struct iovec vector = { (void *)message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
	union descriptor_space space;
	ssize_t sent;

	if (fd >= 0)
		attach_descriptor(&header, &space, fd);
	do {
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EPIPE || errno == ECONNRESET ? STATUS_PEER_GONE :
			fail_call(SOCKET_NAME, "sendmsg");
	return STATUS_OK;
}

static int received_descriptor(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fd;

	if (!control || control->cmsg_level != SOL_SOCKET ||
	    control->cmsg_type != SCM_RIGHTS ||
	    control->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

int message_receive(int socket, struct message *message, int *fd)
{
	struct iovec vector = { message, sizeof(*message) };
	union descriptor_space space;
	struct msghdr header = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space.bytes),
	};
	ssize_t received;

	*fd = -1;
	do {
		received = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (received < 0 && errno == EINTR);
	if (!received || (received < 0 && errno == ECONNRESET))
		return STATUS_PEER_GONE;
	if (received < 0)
		return fail_call(SOCKET_NAME, "recvmsg");

	*fd = received_descriptor(&header);
	if (received != sizeof(*message) || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		return fail(STATUS_FAILED, SOCKET_NAME ": a message was cut short (%s)",
			    header.msg_flags & MSG_CTRUNC ?
			    "out of file descriptors?" : "wrong length");
	}
	return STATUS_OK;
}

int message_expect(int socket, enum message_type type, struct message *message, int *fd)
{
	int received, status;

	status = message_receive(socket, message, &received);
	if (status)
		return status;
	if (message->type == type && !fd && received < 0)
		return STATUS_OK;
	if (message->type == type && fd && received >= 0) {
		*fd = received;
		return STATUS_OK;
	}
	if (received >= 0)
		close(received);
	return fail(STATUS_FAILED, SOCKET_NAME ": message %u came instead of %u",
		    message->type, type);
}
