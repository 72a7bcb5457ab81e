// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: smp-init threads | latency
 *
 * The only program of the machine with several processors that make bench
 * emulates. Has the kernel export buffers on one, two and four of them and shows
 * what its lock statistics say, or measures how long an export takes while a
 * second process reads all there is to read about buffers. Then it ends the
 * machine.
 *
 * Each result is a line "SETTING|ORDER|UNIT|VALUE", each line of the statistics
 * is "lock|ORDER|" with the line behind it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN		"/sys/kernel/debug/dma_buf_bench/run"
#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"
#define CLOCK		"/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define LOCK_STAT	"/proc/lock_stat"
#define ROUNDS		31

static void end(const char *what)
{
	if (what)
		printf("failed|%s|%s\n", what, strerror(errno));
	else
		printf("complete|\n");
	fflush(stdout);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) ||
	    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL))
		end("mount");
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		end(text);
	close(fd);
}

/* Print a file line by line. Blanks separate the fields of a result. */
static void show(const char *path, const char *before, char blank)
{
	FILE *file = fopen(path, "r");
	char line[512];

	if (!file)
		end(path);
	while (fgets(line, sizeof(line), file)) {
		char *space = strchr(line, ' ');

		if (space)
			*space = blank;
		printf("%s|%s", before, line);
	}
	fclose(file);
}

static void order(const char *setting, const char *text)
{
	char before[64];

	put(RUN, text);
	snprintf(before, sizeof(before), "%s|%s", setting, text);
	show(RUN, before, '|');
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		end("sched_setaffinity");
}

static void threads(const char *text)
{
	char before[64];

	put(LOCK_STAT, "0\n");
	order("alone", text);
	snprintf(before, sizeof(before), "lock|%s", text);
	show(LOCK_STAT, before, ' ');
}

static void read_for_ever(void)
{
	static char buffer[65536];
	ssize_t got;

	for (;;) {
		int fd = open(BUFINFO, O_RDONLY);

		if (fd < 0)
			_exit(1);
		while ((got = read(fd, buffer, sizeof(buffer))) > 0)
			;
		if (got < 0)
			_exit(1);
		close(fd);
	}
}

static void time_exports(const char *setting)
{
	for (int i = 0; i < ROUNDS; i++)
		order(setting, "latency 300");
}

static void measure_threads(void)
{
	threads("threads 1");
	threads("threads 2");
	threads("threads 4");
}

static void measure_latency(void)
{
	pid_t reader;
	int status;

	pin(0);
	put(RUN, "live 1000");
	time_exports("alone");
	reader = fork();
	if (reader < 0)
		end("fork");
	if (!reader) {
		pin(1);
		read_for_ever();
	}
	time_exports("reader");
	/* One that is gone already has stopped nobody. */
	if (kill(reader, SIGKILL) || waitpid(reader, &status, 0) != reader ||
	    !WIFSIGNALED(status))
		end("the reader");
}

int main(int argc, char **argv)
{
	mount_all();
	show(CLOCK, "clock", ' ');
	if (argc == 2 && !strcmp(argv[1], "threads"))
		measure_threads();
	else if (argc == 2 && !strcmp(argv[1], "latency"))
		measure_latency();
	else
		end("what to measure");
	end(NULL);
}
