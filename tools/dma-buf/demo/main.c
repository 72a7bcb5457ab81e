// SPDX-License-Identifier: GPL-2.0-only
/*
 * A camera's frames on a display, through buffers that two processes and two
 * devices share.
 *
 * This process only starts the other two, the camera application and the
 * compositor, waits for both, and prints what they measured. It starts them
 * afresh for each pass, so that the second begins with as little as the first.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processes.h"
#include "status.h"

/* A disk that is full shows only when all is written. */
static int flush(int status)
{
	if ((fflush(stdout) || ferror(stdout)) && !status)
		return fail_call("standard output", "write");
	return status;
}

/*
 * The kernel cleans up after a process that a signal ends: descriptors,
 * mappings, the stream, what is on screen. So signals keep their default, and
 * the children end with their parent.
 */
static pid_t start(const char *name, int (*process)(const struct pass *pass, int socket),
		   const struct pass *pass, int socket, int other)
{
	pid_t parent = getpid(), child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		fail_call(name, "fork");
	if (child)
		return child;
	close(other);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(STATUS_FAILED);
	/* The name that other programs, and the table of buffers, show. */
	prctl(PR_SET_NAME, name);
	status_role(name);
	_exit(flush(process(pass, socket)));
}

static int end(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return STATUS_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return fail(STATUS_FAILED, "a process was ended by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
}

static int run_pass(const struct options *options, bool copy, struct result *result)
{
	struct pass pass = { .options = options, .copy = copy, .result = result };
	int sockets[2], camera_status, compositor_status;
	pid_t camera, compositor;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return fail_call("camera and compositor", "socketpair");
	camera = start("camera", camera_process, &pass, sockets[0], sockets[1]);
	compositor = start("compositor", compositor_process, &pass, sockets[1], sockets[0]);
	/* Each child must see the end when the other closes its socket. */
	close(sockets[0]);
	close(sockets[1]);
	camera_status = end(camera);
	compositor_status = end(compositor);

	/* Of two failures, the one that is not just the other's consequence. */
	if (camera_status && camera_status != STATUS_PEER_GONE)
		return camera_status;
	if (compositor_status && compositor_status != STATUS_PEER_GONE)
		return compositor_status;
	return camera_status || compositor_status ? STATUS_FAILED : STATUS_OK;
}

int main(int argc, char **argv)
{
	struct options options;
	struct result *results;
	int status;

	options_parse(&options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	results = mmap(NULL, 2 * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return fail_call("results", "mmap");
	status = run_pass(&options, false, &results[0]);
	if (!status && options.copy)
		status = run_pass(&options, true, &results[1]);
	if (!status)
		report_costs(&results[0], options.copy ? &results[1] : NULL);
	return flush(status);
}
