// SPDX-License-Identifier: GPL-2.0-only
#include "process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer_info.h"

pid_t process_start(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent may have gone before that. */
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

pid_t process_opening(const char *name, int fd, int descriptors, int *hold)
{
	int until[2], ready[2];
	char byte;
	pid_t pid;

	if (pipe(until) || pipe(ready))
		return -1;
	pid = process_start();
	if (!pid) {
		if (name)
			prctl(PR_SET_NAME, name);
		while (descriptors--)
			dup(fd);
		close(until[1]);
		_exit(write(ready[1], "", 1) != 1 || read(until[0], &byte, 1));
	}
	close(until[0]);
	close(ready[1]);
	/* One that failed has closed its end. */
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	*hold = until[1];
	return pid;
}

/* The letter that /proc has for the state of a process. */
static char process_state(pid_t pid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return 'X';
	end = strrchr(text, ')');
	return end ? end[2] : 'X';
}

bool process_sleeps(pid_t pid)
{
	char state;

	do {
		sched_yield();
		state = process_state(pid);
	} while (state != 'S' && state != 'Z' && state != 'X');
	return state == 'S';
}

int process_end(pid_t pid)
{
	pid_t ended;
	int status;

	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
