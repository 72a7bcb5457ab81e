// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program dmabuf, which lies beside this one: situations in which somebody asks who holds a
 * buffer, and what it answers.
 */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "buffer_info.h"
#include "dmabuf_fixture.h"
#include "exporters.h"
#include "harness.h"
#include "prime.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"

#define KEEPER_UNKNOWN	"driver or socket"

TEST_F(dmabuf, list_names_who_holds_it)
{
	char line[128];

	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "frame 1"));
	ASSERT_NE(MAP_FAILED, mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd, 0));
	ASSERT_EQ(0, run("./dmabuf"));
	/* Only a list knows of devices. */
	snprintf(line, sizeof(line), "frame 1    2   1    1    %c %s",
		 access(BUFINFO, F_OK) ? '?' : '0', self->me);
	EXPECT_TRUE(says(self->ino, line)) TH_LOG("%s", answer);
	EXPECT_NE(NULL, strstr(answer, "   12 KiB system "));
	EXPECT_TRUE(says("INODE", "HELD BY"));
	EXPECT_TRUE(strstr(answer, "\n1 buffer, 12 KiB\n") || strstr(answer, " buffers, "))
		TH_LOG("%s", answer);
	EXPECT_EQ(NULL, strstr(answer, "\n1 buffers"));
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
	EXPECT_TRUE(says("12 KiB      1 buffer ", keeper)) TH_LOG("%s", answer);
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
	snprintf(keeper, sizeof(keeper), "it: " KEEPER_UNKNOWN ", maybe for %s.", self->me);
	close(made.fd);
	ASSERT_EQ(0, run(command));
	EXPECT_TRUE(says("No process has it. What keeps ", keeper)) TH_LOG("%s", answer);
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
	EXPECT_TRUE(says("dmabuf: no list of buffers (mount -t debugfs none /sys/kernel/debug?):",
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
		{ "careful", open_and_close_one, NULL, NULL },
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

/* However long names are, who holds a buffer is to be read. */
TEST_F(dmabuf, narrow_terminal)
{
	char *line;

	if (run("script -qc true /dev/null"))
		SKIP(return, "no terminal to try it on");
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "a name of thirty-one characters"));
	EXPECT_EQ(0, run("script -qc 'stty columns 80; ./dmabuf' /dev/null"));
	line = strstr(answer, self->ino);
	ASSERT_NE(NULL, line) TH_LOG("%s", answer);
	line[strcspn(line, "\r\n")] = '\0';
	EXPECT_NE(NULL, strstr(line, self->me)) TH_LOG("%s", line);
	EXPECT_GE(80, strlen(line)) TH_LOG("%s", line);
}

/* A file can have the name of a buffer, as /proc shows it, and in a file system its number. */
TEST_F(dmabuf, no_file_looks_like_a_buffer)
{
	static const char script[] =
		"d=$(mktemp -d /dev/shm/dmabuf.XXXXXX); mount -t tmpfs none $d\n"
		"exec 9> $d/dmabuf:x; umount -l $d; rmdir $d\n"
		"readlink /proc/$$/fd/9; ./dmabuf ps";

	ASSERT_EQ(0, run(script));
	EXPECT_EQ(0, strncmp("/dmabuf:x\n", answer, strlen("/dmabuf:x\n"))) TH_LOG("%s", answer);
	EXPECT_TRUE(says("", self->me)) TH_LOG("%s", answer);
	EXPECT_NULL(strstr(answer, " sh ("));
	EXPECT_NULL(strstr(answer, " dmabuf ("));
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
	/* A reader that went away is no error of ours: there is nobody to tell it. */
	EXPECT_NE(1, run("bash -c './dmabuf | true; exit ${PIPESTATUS[0]}'"));
	EXPECT_STREQ("", answer);
}

TEST_HARNESS_MAIN
