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

#include "options.h"
#include "processes.h"
#include "report.h"
#include "status.h"

struct child {
	const char *name;
	int (*process)(const struct pass *pass, int socket);
	pid_t pid;	/* 0: it has ended */
	int status;
};

enum { CAMERA, COMPOSITOR, CHILDREN };

/* What the starting process waits for; blocked in it, so that none is missed. */
static void watched_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static int run_child(const struct child *child, const struct pass *pass, int socket,
		     const sigset_t *signals, pid_t parent)
{
	int status;

	/*
	 * The kernel cleans up after a process that a signal ends: descriptors,
	 * mappings, the stream, what is on screen. So signals keep their default.
	 */
	sigprocmask(SIG_SETMASK, signals, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return STATUS_FAILED;
	/* The name that other programs, and the table of buffers, show. */
	prctl(PR_SET_NAME, child->name);
	status_role(child->name);

	status = child->process(pass, socket);
	close(socket);
	if ((fflush(stdout) || ferror(stdout)) && !status)
		status = fail_call("standard output", "write");
	return status;
}

static int start_children(struct child *children, const struct pass *pass,
			  const sigset_t *signals)
{
	pid_t parent = getpid();
	int sockets[CHILDREN];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return fail_call("camera and compositor", "socketpair");
	fflush(stdout);
	for (int i = 0; i < CHILDREN; i++) {
		children[i].pid = fork();
		if (!children[i].pid) {
			close(sockets[CHILDREN - 1 - i]);
			_exit(run_child(&children[i], pass, sockets[i], signals, parent));
		}
		if (children[i].pid < 0) {
			children[i].pid = 0;
			children[i].status = fail_call(children[i].name, "fork");
			break;
		}
	}
	/* Each child must see the end when the other closes its socket. */
	close(sockets[CAMERA]);
	close(sockets[COMPOSITOR]);
	return STATUS_OK;
}

static void note_end(struct child *child, int wait_status)
{
	child->pid = 0;
	if (WIFEXITED(wait_status)) {
		child->status = WEXITSTATUS(wait_status);
		return;
	}
	child->status = fail(STATUS_FAILED, "%s: ended by signal %d (%s)", child->name,
			     WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
}

static void reap(struct child *children, bool quiet)
{
	int wait_status;

	for (int i = 0; i < CHILDREN; i++) {
		if (!children[i].pid ||
		    waitpid(children[i].pid, &wait_status, WNOHANG) != children[i].pid)
			continue;
		if (quiet)
			children[i].pid = 0;
		else
			note_end(&children[i], wait_status);
	}
}

/* Returns the signal that was to end all, or 0. */
static int wait_for_children(struct child *children)
{
	int received, interrupt = 0;
	sigset_t set;

	watched_signals(&set);
	for (;;) {
		/* A child cut short by Ctrl-C has nothing to tell. */
		reap(children, interrupt);
		if (!children[CAMERA].pid && !children[COMPOSITOR].pid)
			return interrupt;
		received = sigwaitinfo(&set, NULL);
		if (received < 0 || received == SIGCHLD)
			continue;
		interrupt = received;
		for (int i = 0; i < CHILDREN; i++)
			if (children[i].pid)
				kill(children[i].pid, SIGTERM);
	}
}

/* Of two failures, the one that is not just the other's consequence. */
static int combined_status(const struct child *children)
{
	int camera = children[CAMERA].status, compositor = children[COMPOSITOR].status;

	if (camera && camera != STATUS_PEER_GONE)
		return camera;
	if (compositor && compositor != STATUS_PEER_GONE)
		return compositor;
	return camera || compositor ? STATUS_FAILED : STATUS_OK;
}

static int run_pass(const struct pass *pass)
{
	struct child children[CHILDREN] = {
		[CAMERA] = { .name = "camera", .process = camera_process },
		[COMPOSITOR] = { .name = "compositor", .process = compositor_process },
	};
	sigset_t watched, before;
	int interrupt, status;

	watched_signals(&watched);
	sigprocmask(SIG_BLOCK, &watched, &before);
	status = start_children(children, pass, &before);
	interrupt = status ? 0 : wait_for_children(children);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (interrupt) {
		/* End as the signal would have ended us. */
		signal(interrupt, SIG_DFL);
		raise(interrupt);
	}
	return status ? status : combined_status(children);
}

static int run_passes(const struct options *options, struct pass_result *results)
{
	struct pass pass = { .options = options, .first = true, .result = &results[0] };
	int status;

	status = run_pass(&pass);
	if (!status && options->copy) {
		pass = (struct pass) { .options = options, .copy = true, .result = &results[1] };
		status = run_pass(&pass);
	}
	if (!status)
		report_costs(&results[0], options->copy ? &results[1] : NULL);
	return status;
}

int main(int argc, char **argv)
{
	struct pass_result *results;
	struct options options;
	int status;
	bool help;

	status = options_parse(&options, argc, argv, &help);
	if (status)
		return status;
	if (!help) {
		setvbuf(stdout, NULL, _IOLBF, 0);
		results = mmap(NULL, 2 * sizeof(*results), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (results == MAP_FAILED)
			return fail_call("results", "mmap");
		status = run_passes(&options, results);
		munmap(results, 2 * sizeof(*results));
	}
	if ((fflush(stdout) || ferror(stdout)) && !status)
		status = fail_call("standard output", "write");
	return status;
}
