// SPDX-License-Identifier: GPL-2.0-only
#include "process.h"

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
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
