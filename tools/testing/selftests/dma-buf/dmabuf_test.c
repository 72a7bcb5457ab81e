// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program dmabuf, which lies beside this one: situations in which somebody asks who holds a
 * buffer, and what it answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../../../samples/dma-buf/model.h"
#include "buffer_info.h"
#include "exporters.h"
#include "harness.h"
#include "modules.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"
#include "trace.h"

#define KEEPER_UNKNOWN	"driver or socket"

/* The text of what ran last. */
static char answer[1 << 20];

/* Runs a command line with both outputs in answer: its exit status, or -1. */
static int run(const char *command)
{
	char line[512];
	FILE *pipe;
	size_t len;
	int status;

	snprintf(line, sizeof(line), "exec 2>&1; %s", command);
	fflush(NULL);
	pipe = popen(line, "r");
	if (!pipe)
		return -1;
	len = fread(answer, 1, sizeof(answer) - 1, pipe);
	answer[len] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether a line of the answer begins with the first text, after blanks, and ends in the other. */
static bool says(const char *start, const char *end)
{
	const char *line, *next;

	for (line = answer; *line; line = *next ? next + 1 : next) {
		const char *text = line + strspn(line, " ");

		next = line + strcspn(line, "\n");
		if (!strncmp(text, start, strlen(start)) &&
		    (size_t)(next - text) >= strlen(end) &&
		    !strncmp(next - strlen(end), end, strlen(end)))
			return true;
	}
	return false;
}

FIXTURE(dmabuf)
{
	struct buffer buf;
	char ino[24];		/* as a line of the list begins */
	char me[40];		/* as one ends */
};

FIXTURE_SETUP(dmabuf)
{
	int err;

	if (access("./dmabuf", X_OK))
		SKIP(return, "the program dmabuf is not here");
	err = buffer_create(&system_heap, 3 * page_align(1), O_RDWR | O_CLOEXEC, &self->buf);
	if (err == -ENODEV)
		SKIP(return, "this kernel has no system heap");
	ASSERT_EQ(0, err);
	buffer_close_device(&self->buf);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "holder"));
	snprintf(self->ino, sizeof(self->ino), "%lu ", (unsigned long)buffer_ino(self->buf.fd));
	snprintf(self->me, sizeof(self->me), "holder (%d)", getpid());
}

FIXTURE_TEARDOWN(dmabuf)
{
	buffer_destroy(&self->buf);
}

TEST_F(dmabuf, list_names_who_holds_it)
{
	char line[128];

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "frame 1"));
	ASSERT_NE(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd, 0));
	ASSERT_EQ(0, run("./dmabuf"));
	snprintf(line, sizeof(line), "frame 1    2   1    1    0 %s", self->me);
	EXPECT_TRUE(says(self->ino, line)) TH_LOG("%s", answer);
	EXPECT_NE(NULL, strstr(answer, "   12 KiB system "));
	EXPECT_TRUE(says("INODE", "HELD BY"));
	EXPECT_NE(NULL, strstr(answer, " buffers, "));
}

/* Of two processes that share a buffer, one opens it again and again. */
TEST_F(dmabuf, ps_shows_the_leak)
{
	char leaker[40];
	int hold;
	pid_t pid;

	pid = process_opening("leaker", self->buf.fd, 100, &hold);
	ASSERT_GE(pid, 0);
	snprintf(leaker, sizeof(leaker), "1   101     0  leaker (%d)", pid);
	ASSERT_EQ(0, run("./dmabuf ps"));
	/* Half of it each, and none would be free without the other. */
	EXPECT_TRUE(says("6144 B       0 B    12 KiB ", leaker)) TH_LOG("%s", answer);
	EXPECT_TRUE(says("6144 B       0 B    12 KiB ", self->me)) TH_LOG("%s", answer);
	close(hold);
	EXPECT_EQ(0, process_end(pid));
	ASSERT_EQ(0, run("./dmabuf ps"));
	EXPECT_TRUE(says("12 KiB    12 KiB       0 B ", self->me)) TH_LOG("%s", answer);
}

TEST_F(dmabuf, importer_keeps_it)
{
	int device = drm_open("vkms");
	bool list = !access(BUFINFO, F_OK);
	char show[64], keeper[80];
	__u32 handle;

	if (device == -ENODEV || !list)
		SKIP(return, "this kernel has no vkms, or no list of buffers");
	ASSERT_EQ(0, import_handle(device, self->buf.fd, &handle));
	buffer_destroy(&self->buf);
	snprintf(keeper, sizeof(keeper), "device vkms, maybe for %s", self->me);
	ASSERT_EQ(0, run("./dmabuf"));
	EXPECT_TRUE(says(self->ino, keeper)) TH_LOG("%s", answer);
	ASSERT_EQ(0, run("./dmabuf ps"));
	EXPECT_TRUE(says("12 KiB      1 buffers", keeper)) TH_LOG("%s", answer);
	snprintf(show, sizeof(show), "./dmabuf show %s", self->ino);
	ASSERT_EQ(0, run(show));
	EXPECT_TRUE(says("No process has it. What keeps it: device vkms, maybe for holder", "."));
	if (!access(BUFFERS, F_OK)) {
		EXPECT_TRUE(says("device      vkms, static", "")) TH_LOG("%s", answer);
		EXPECT_NE(NULL, strstr(answer, "    importer\tstatic\n")) TH_LOG("%s", answer);
	}
	close(device);
	ASSERT_EQ(0, run("./dmabuf"));
	EXPECT_FALSE(says(self->ino, ""));
}

/* What a driver itself exported, it keeps while a process has the handle. */
TEST_F(dmabuf, handle_keeps_it)
{
	char command[64], keeper[80];
	struct buffer made;
	int err = buffer_create(&vgem, page_align(1), O_RDWR | O_CLOEXEC, &made);

	if (err == -ENODEV || access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no vgem, or no list of buffers");
	ASSERT_EQ(0, err);
	snprintf(command, sizeof(command), "./dmabuf show %lu",
		 (unsigned long)buffer_ino(made.fd));
	snprintf(keeper, sizeof(keeper), "What keeps it: " KEEPER_UNKNOWN ", maybe for %s.",
		 self->me);
	close(made.fd);
	ASSERT_EQ(0, run(command));
	EXPECT_TRUE(says("No process has it.", keeper)) TH_LOG("%s", answer);
	buffer_close_device(&made);
}

/* On its way from one process to another, and nowhere else. */
TEST_F(dmabuf, in_a_socket)
{
	int ends[2];

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no list of buffers");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, send_fd(ends[0], self->buf.fd));
	buffer_destroy(&self->buf);
	ASSERT_EQ(0, run("./dmabuf"));
	EXPECT_TRUE(says(self->ino, "0    0 " KEEPER_UNKNOWN)) TH_LOG("%s", answer);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(dmabuf, path_descriptor)
{
	char by_path[64];
	int path;

	if (access(BUFFERS, F_OK))
		SKIP(return, "this kernel does not list such buffers");
	path = buffer_open_path(self->buf.fd);
	ASSERT_GE(path, 0);
	buffer_destroy(&self->buf);
	snprintf(by_path, sizeof(by_path), "%s by O_PATH", self->me);
	ASSERT_EQ(0, run("./dmabuf"));
	EXPECT_TRUE(says(self->ino, by_path)) TH_LOG("%s", answer);
	close(path);
}

/* What a program chose moves no cursor and makes no line. */
TEST_F(dmabuf, names_are_harmless)
{
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "\033[2J\n9 B"));
	ASSERT_EQ(0, prctl(PR_SET_NAME, "a\033c\nb"));
	ASSERT_EQ(0, run("./dmabuf; ./dmabuf ps"));
	EXPECT_NULL(strchr(answer, '\033'));
	EXPECT_NE(NULL, strstr(answer, "a\\033c\\012b"));
	ASSERT_EQ(0, run("DMABUF_DEBUGFS=/ ./dmabuf"));
	EXPECT_NULL(strchr(answer, '\033'));
	ASSERT_EQ(0, run("./dmabuf --json | python3 -m json.tool"));
	EXPECT_NULL(strchr(answer, '\033'));
}

/* With less to go by it tells less, says so once, and is not wrong. */
TEST_F(dmabuf, without_debugfs)
{
	ASSERT_EQ(0, run("DMABUF_DEBUGFS=/ ./dmabuf"));
	EXPECT_TRUE(says(self->ino, self->me)) TH_LOG("%s", answer);
	EXPECT_NE(NULL, strstr(answer, " 12 KiB system "));
	EXPECT_TRUE(says("dmabuf: no list of buffers (is debugfs mounted?):",
			 "are not seen, nor devices")) TH_LOG("%s", answer);
}

TEST_F(dmabuf, with_bufinfo_alone)
{
	char dir[] = "/dev/shm/dmabuf.XXXXXX";
	char command[256];

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(command, sizeof(command),
		 "D=%s; mkdir $D/dma_buf; cat " BUFINFO " > $D/dma_buf/bufinfo;"
		 "DMABUF_DEBUGFS=$D ./dmabuf; rm -r $D", dir);
	ASSERT_EQ(0, run(command));
	EXPECT_TRUE(says(self->ino, self->me)) TH_LOG("%s", answer);
	EXPECT_TRUE(says("dmabuf: this kernel does not tell what is mapped", ""));
}

TEST_F(dmabuf, without_root)
{
	int program = open("./dmabuf", O_PATH), out[2];
	char *const arguments[] = { "dmabuf", NULL };
	pid_t pid;
	ssize_t len;

	ASSERT_GE(program, 0);
	ASSERT_EQ(0, pipe(out));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		close(out[1]);
		if (setgid(65534) || setuid(65534))
			_exit(99);
		/* It is its own that is seen, although that ends with the exec. */
		fcntl(self->buf.fd, F_SETFD, 0);
		fexecve(program, arguments, environ);
		_exit(errno);
	}
	close(out[1]);
	for (len = 0; len >= 0 && (size_t)len < sizeof(answer) - 1; ) {
		ssize_t got = read(out[0], answer + len, sizeof(answer) - 1 - len);

		if (got <= 0)
			break;
		len += got;
	}
	answer[len] = '\0';
	EXPECT_EQ(0, process_end(pid)) TH_LOG("%s", answer);
	snprintf(self->me, sizeof(self->me), "dmabuf (%d)", pid);
	EXPECT_TRUE(says(self->ino, self->me)) TH_LOG("%s", answer);
	EXPECT_NE(NULL, strstr(answer, "could not be looked into")) TH_LOG("%s", answer);
	EXPECT_NE(NULL, strstr(answer, "no list of buffers (it takes root)"));
}

TEST_F(dmabuf, sums_agree)
{
	static const char sum[] =
		"python3 -c '\n"
		"import json, os\n"
		"ask = lambda what: json.load(os.popen(\"./dmabuf --json \" + what))\n"
		"size = lambda: sum(b[\"size\"] for b in ask(\"list\")[\"buffers\"])\n"
		"share = lambda what, key: sum(o[\"share\"] for o in ask(what)[\"held\"][key])\n"
		"for what, key in (\"ps\", \"processes\"), (\"cg\", \"cgroups\"):\n"
		"    total = share(what, key) + share(what, \"without_process\")\n"
		"    assert total == size() > 0, (what, total, size())\n"
		"buffers = ask(\"list\")[\"buffers\"]\n"
		"mine = [b for b in buffers if b[\"inode\"] == INO]\n"
		"assert len(mine) == 1 and mine[0][\"exporter\"] == \"system\", mine\n"
		"shown = ask(\"show INO\")[\"buffer\"]\n"
		"facts = shown.pop(\"facts\")\n"
		"assert shown == mine[0]\n"
		"listed = os.path.exists(\"" BUFFERS "\")\n"
		"assert ({\"key\": \"exporter\", \"value\": \"system\"} in facts) == listed\n"
		"'";
	char command[2048] = "", *end = command;
	const char *at, *next;

	/* The number of the buffer, wherever that is meant. */
	for (at = sum; (next = strstr(at, "INO")); at = next + 3)
		end += sprintf(end, "%.*s%s", (int)(next - at), at, self->ino);
	sprintf(end, "%s", at);
	/* run() has room for less. */
	ASSERT_EQ(0, setenv("SUM", command, 1));
	EXPECT_EQ(0, run("eval \"$SUM\"")) TH_LOG("%s", answer);
}

/* In a process of its own, until that is ended: a step every 20 ms. */
static pid_t repeat(const char *name, void (*step)(const struct buffer *buf),
		    const struct buffer *buf)
{
	pid_t pid = process_start();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	for (;;) {
		step(buf);
		usleep(20000);
	}
}

static void open_one(const struct buffer *buf)
{
	struct buffer other;

	if (!buffer_create(&system_heap, 1, O_RDWR | O_CLOEXEC, &other))
		buffer_close_device(&other);
}

static void open_and_close_one(const struct buffer *buf)
{
	struct buffer other;

	if (!buffer_create(&system_heap, 1, O_RDWR | O_CLOEXEC, &other))
		buffer_destroy(&other);
}

static void open_again(const struct buffer *buf)
{
	dup(buf->fd);
}

/* The number of descriptors stays; what grows is what the importer holds. */
static void import_one(const struct buffer *buf)
{
	static int device = -1;
	struct buffer other;
	__u32 handle;

	if (device < 0)
		device = drm_open("vkms");
	if (buffer_create(&system_heap, 1, O_RDWR | O_CLOEXEC, &other))
		return;
	import_handle(device, other.fd, &handle);
	buffer_destroy(&other);
}

TEST_F(dmabuf, leaks_are_found)
{
	static const struct {
		const char *name;
		void (*step)(const struct buffer *buf);
		const char *start, *verdict;
	} leaks[] = {
		{ "hoarder", open_one, "hoarder (%d) opens ",
		  " buffers of system a second and closes none: " },
		{ "forgetful", open_again, "forgetful (%d) opens ",
		  " of system a second and closes none\n" },
		{ "careful", open_and_close_one },
		{ "importer", import_one, "device vkms, maybe for importer (%d) takes ",
		  " buffers of system a second and lets go of none: " },
	};
	int device = drm_open("vkms");
	size_t i;

	if (device == -ENODEV || access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no vkms, or no list of buffers");
	close(device);
	for (i = 0; i < ARRAY_SIZE(leaks); i++) {
		pid_t pid = repeat(leaks[i].name, leaks[i].step, &self->buf);
		char start[80];

		ASSERT_GE(pid, 0);
		EXPECT_TRUE(process_sleeps(pid));
		ASSERT_EQ(0, run("./dmabuf leaks 2"));
		if (leaks[i].start) {
			snprintf(start, sizeof(start), leaks[i].start, pid);
			EXPECT_TRUE(says(start, "")) TH_LOG("%s", answer);
			EXPECT_NE(NULL, strstr(answer, leaks[i].verdict)) TH_LOG("%s", answer);
		} else {
			EXPECT_TRUE(says("Nothing grew", "")) TH_LOG("%s", answer);
		}
		kill(pid, SIGKILL);
		process_end(pid);
	}
}

#define REFUSED	TRACING "/events/dma_buf/dma_buf_refused"
#define RECORDED	TRACING "/instances/dmabuf"
#define MMAP_REFUSED	\
	" %s: mmap of buffer %sof system: Invalid argument (-22), said by the core\n"

/* Starts it with its output in a file, which is gone with the last descriptor: that descriptor. */
static int watch(const char *option, pid_t *pid)
{
	int out = memfd_create("watch", 0);

	*pid = process_start();
	if (!*pid) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		execl("./dmabuf", "dmabuf", "watch", option, NULL);
		_exit(errno);
	}
	return out;
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

/* Begins to watch. The descriptor, when it is sure that it sees what happens from now on. */
static int watch_begin(const char *option, const struct buffer *buf, pid_t *pid)
{
	int out = watch(option, pid);
	char instance[64];

	snprintf(instance, sizeof(instance), TRACING "/instances/dmabuf-%d", *pid);
	while (!waitpid(*pid, NULL, WNOHANG)) {
		sync_access(buf->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
		sync_access(buf->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
		if (pread(out, answer, 1, 0) == 1)
			return out;
		usleep(10000);
	}
	return -1;
}

TEST_F(dmabuf, watch_tells_who_said_no)
{
	char line[128], instance[64];
	pid_t pid;
	int out;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	out = watch_begin(NULL, &self->buf, &pid);
	ASSERT_GE(out, 0);
	ASSERT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	ASSERT_TRUE(watched(out, pid, "said by")) TH_LOG("%s", answer);
	snprintf(line, sizeof(line), MMAP_REFUSED, self->me, self->ino);
	EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
	snprintf(line, sizeof(line),
		 "%s: begin_cpu_access of buffer %sof system, dir from-device\n", self->me,
		 self->ino);
	EXPECT_NE(NULL, strstr(answer, line)) TH_LOG("%s", answer);
	kill(pid, SIGINT);
	EXPECT_EQ(0, process_end(pid));
	snprintf(instance, sizeof(instance), TRACING "/instances/dmabuf-%d", pid);
	EXPECT_EQ(-ENOENT, result(access(instance, F_OK)));
	close(out);
}

/* A line is an object, whatever a program is called. */
TEST_F(dmabuf, watch_for_programs)
{
	pid_t pid;
	int out;

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	out = watch_begin("--json", &self->buf, &pid);
	ASSERT_GE(out, 0);
	ASSERT_EQ(0, prctl(PR_SET_NAME, "a\033c\nb"));
	ASSERT_EQ(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	ASSERT_TRUE(watched(out, pid, "\"err\":-22}")) TH_LOG("%s", answer);
	EXPECT_NULL(strchr(answer, '\033'));
	kill(pid, SIGTERM);
	EXPECT_EQ(0, process_end(pid));
	close(out);
}

TEST_F(dmabuf, why_knows_the_process)
{
	char command[64], line[128];

	if (access(REFUSED, F_OK))
		SKIP(return, "this kernel has no event of refusals");
	rmdir(RECORDED);
	snprintf(command, sizeof(command), "./dmabuf why %d", getpid());
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

/* Bold is for people, and for those who want it. */
TEST_F(dmabuf, colour_on_a_terminal_only)
{
	if (run("script -qc true /dev/null"))
		SKIP(return, "no terminal to try it on");
	EXPECT_EQ(0, run("script -qc ./dmabuf /dev/null"));
	EXPECT_NE(NULL, strstr(answer, "\033[1m")) TH_LOG("%s", answer);
	EXPECT_EQ(0, run("NO_COLOR=1 script -qc ./dmabuf /dev/null"));
	EXPECT_NULL(strchr(answer, '\033'));
}

TEST_F(dmabuf, exit_codes)
{
	EXPECT_EQ(2, run("./dmabuf nonsense"));
	EXPECT_TRUE(says("dmabuf: no such command: nonsense", ""));
	EXPECT_EQ(2, run("./dmabuf list nonsense"));
	EXPECT_EQ(2, run("./dmabuf --sort nonsense"));
	EXPECT_EQ(2, run("./dmabuf --sort age ps"));
	EXPECT_EQ(2, run("./dmabuf show"));
	EXPECT_EQ(2, run("./dmabuf leaks soon"));
	EXPECT_EQ(2, run("./dmabuf show frame"));
	EXPECT_EQ(1, run("./dmabuf show 99999999"));
	EXPECT_TRUE(says("dmabuf: no buffer has the inode number 99999999", ""));
	EXPECT_EQ(1, run("./dmabuf > /dev/full"));
	EXPECT_EQ(0, run("./dmabuf --help > /dev/null"));
	/* A reader that went away is no error of ours. */
	EXPECT_EQ(0, run("./dmabuf | true"));
	EXPECT_STREQ("", answer);
}

TEST_HARNESS_MAIN
