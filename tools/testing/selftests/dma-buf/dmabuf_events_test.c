// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program dmabuf, and what it says of events as they come, and of refusals.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../../../samples/dma-buf/model.h"
#include "dmabuf_fixture.h"
#include "modules.h"
#include "process.h"
#include "result.h"
#include "trace.h"

#define REFUSED	TRACING "/events/dma_buf/dma_buf_refused"
#define RECORDED	TRACING "/instances/dmabuf"
#define MMAP_REFUSED	\
	" %s: mmap of buffer %sof system: Invalid argument (-22), said by the core\n"

/* Starts it with that for its output. */
static pid_t watch(const char *option, int out)
{
	pid_t pid = process_start();

	if (!pid) {
		dup2(out, STDOUT_FILENO);
		execl("./dmabuf", "dmabuf", "watch", option, NULL);
		_exit(errno);
	}
	return pid;
}

/* Puts all that it has told in answer, once that has this word. False if it ended before. */
static bool watched(int out, pid_t pid, const char *word)
{
	while (!waitpid(pid, NULL, WNOHANG)) {
		ssize_t len = pread(out, answer, sizeof(answer) - 1, 0);

		answer[len < 0 ? 0 : len] = '\0';
		if (strstr(answer, word))
			return true;
		usleep(10000);
	}
	return false;
}

static void access_once(const struct buffer *buf)
{
	sync_access(buf->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	sync_access(buf->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}

/*
 * Begins to watch. The file with its output, which is gone with the last descriptor, when it is
 * sure that it sees what happens from now on.
 */
static int watch_begin(const char *option, const struct buffer *buf, pid_t *pid)
{
	int out = memfd_create("watch", MFD_CLOEXEC);

	*pid = watch(option, out);
	while (!waitpid(*pid, NULL, WNOHANG)) {
		access_once(buf);
		if (pread(out, answer, 1, 0) == 1)
			return out;
		usleep(10000);
	}
	return -1;
}

static bool has_recording(pid_t pid)
{
	char instance[64];

	snprintf(instance, sizeof(instance), TRACING "/instances/dmabuf-%d", pid);
	return !access(instance, F_OK);
}

TEST_F(dmabuf, watch_tells_who_said_no)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	char line[160];
	size_t i;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		pid_t pid;
		int out = watch_begin(NULL, &self->buf, &pid);

		ASSERT_GE(out, 0);
		EXPECT_TRUE(has_recording(pid));
		ASSERT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED,
					   self->buf.fd, self->buf.size));
		ASSERT_TRUE(watched(out, pid, "said by")) TH_LOG("%s", answer);
		snprintf(line, sizeof(line), MMAP_REFUSED, self->me, self->ino);
		EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
		snprintf(line, sizeof(line),
			 "%s: begin_cpu_access of buffer %sof system, dir from-device\n",
			 self->me, self->ino);
		EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
		kill(pid, ends[i]);
		EXPECT_EQ(0, process_end(pid));
		EXPECT_FALSE(has_recording(pid));
		close(out);
	}
}

/* A line is an object, whatever a program is called: half a name is not in it. */
TEST_F(dmabuf, watch_for_programs)
{
	pid_t pid;
	int out;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	ASSERT_EQ(0, prctl(PR_SET_NAME, "a\033c\nb"));
	out = watch_begin("--json", &self->buf, &pid);
	ASSERT_GE(out, 0);
	ASSERT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	ASSERT_TRUE(watched(out, pid, "\"err\":-22}\n")) TH_LOG("%s", answer);
	kill(pid, SIGTERM);
	EXPECT_EQ(0, process_end(pid));
	ASSERT_EQ(0, setenv("WATCHED", answer, 1));
	EXPECT_EQ(0, run("echo \"$WATCHED\" | python3 -c 'import json, sys\n"
			 "told = [json.loads(line) for line in sys.stdin if line.strip()]\n"
			 "assert told[-1][\"process\"] == \"b\", told[-1]\n"
			 "assert told[-1][\"by\"] == \"core\" and told[-1][\"err\"] == -22'"))
		TH_LOG("%s", answer);
	close(out);
}

/* Nobody reads any more: it ends with the next event, and so does what it records. */
TEST_F(dmabuf, watch_into_a_closed_pipe)
{
	int out, ends[2];
	pid_t pid;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	/* None of it is left behind the exec but the output. */
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	pid = watch(NULL, ends[1]);
	ASSERT_GE(pid, 0);
	close(ends[0]);
	close(ends[1]);
	while (!waitpid(pid, &out, WNOHANG)) {
		access_once(&self->buf);
		usleep(10000);
	}
	EXPECT_TRUE(WIFEXITED(out) && !WEXITSTATUS(out));
	EXPECT_FALSE(has_recording(pid));
}

TEST_F(dmabuf, why_knows_the_process)
{
	char command[64], line[160];

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	rmdir(RECORDED);
	/* What somebody else is used to must not make it blind, nor that it was switched off. */
	ASSERT_EQ(0, run("echo record-tgid > " TRACING "/trace_options"));
	snprintf(command, sizeof(command), "./dmabuf why %d", getpid());
	EXPECT_EQ(1, run(command));
	EXPECT_TRUE(says("dmabuf: refusals are recorded from now on", "")) TH_LOG("%s", answer);
	ASSERT_EQ(0, run("echo norecord-tgid > " TRACING "/trace_options"));
	ASSERT_EQ(0, run("echo 0 > " RECORDED "/events/dma_buf/enable"));
	EXPECT_EQ(1, run(command));
	EXPECT_TRUE(says("dmabuf: refusals are recorded from now on", "")) TH_LOG("%s", answer);
	EXPECT_EQ(0, run("./dmabuf why"));
	EXPECT_STREQ("Nothing was refused since recording began.\n", answer);
	ASSERT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	snprintf(line, sizeof(line), MMAP_REFUSED, self->me, self->ino);
	EXPECT_EQ(0, run(command));
	EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
	/* Another time it says the same, and nothing of others. */
	EXPECT_EQ(0, run("./dmabuf why"));
	EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
	EXPECT_EQ(0, run("./dmabuf why holder"));
	EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
	EXPECT_EQ(0, run("./dmabuf why 1"));
	EXPECT_STREQ("Nothing about 1 was refused since recording began.\n", answer);
	EXPECT_EQ(0, run("./dmabuf --json why | python3 -c 'import json, sys\n"
			 "r = json.load(sys.stdin)[\"refusals\"]\n"
			 "assert r[0][\"err\"] == -22 and r[0][\"by\"] == \"core\", r'"))
		TH_LOG("%s", answer);
	EXPECT_EQ(0, rmdir(RECORDED));
}

/* Memory that never suits the device. */
TEST_F(dmabuf, why_knows_the_device)
{
	int exporter, importer, fd;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	if (module_load("least-exporter.ko", "") == -ENOENT)
		SKIP(return, "the modules of samples/dma-buf are not here");
	ASSERT_EQ(0, module_load("model-importer.ko", "dma_bits=24"));
	exporter = open("/dev/least_exporter", O_RDWR | O_CLOEXEC);
	importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	fd = ioctl(exporter, MODEL_EXPORTER_ALLOC, page_align(1));
	ASSERT_GE(fd, 0);
	rmdir(RECORDED);
	EXPECT_EQ(1, run("./dmabuf why model_importer"));
	EXPECT_EQ(-EBUSY, result(ioctl(importer, MODEL_IMPORTER_ATTACH, (long)fd)));
	EXPECT_EQ(0, run("./dmabuf why model_importer"));
	EXPECT_NE(NULL, strstr(answer, " of least_exporter for model_importer: "));
	EXPECT_NE(NULL, strstr(answer, "busy (-16), said by the exporter's attach\n"))
		TH_LOG("%s", answer);
	EXPECT_EQ(0, run("./dmabuf why least_exporter"));
	EXPECT_NE(NULL, strstr(answer, " for model_importer: "));
	EXPECT_EQ(0, run("./dmabuf why vkms"));
	EXPECT_STREQ("Nothing about vkms was refused since recording began.\n", answer);
	EXPECT_EQ(0, rmdir(RECORDED));
	close(fd);
	close(exporter);
	close(importer);
	EXPECT_EQ(0, module_unload("model_importer"));
	EXPECT_EQ(0, module_unload("least_exporter"));
}

TEST_HARNESS_MAIN
