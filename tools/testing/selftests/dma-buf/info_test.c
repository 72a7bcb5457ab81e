// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people read about a buffer: fdinfo, bufinfo in debugfs and the statistics in sysfs, to the
 * byte, and how the count in it follows those who hold the buffer.
 */
#include <ctype.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "buffer_info.h"
#include "expect_bufinfo.h"
#include "fixture.h"
#include "process.h"
#include "result.h"
#include "send_fd.h"

#define BUFINFO_HEAD	"\nDma-buf Objects:\n" \
	"size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"

/* Expects that fdinfo says just this. */
static void expect_fdinfo(struct __test_metadata *_metadata, const struct buffer *buf,
			  const struct exporter *exporter, int count, const char *name_line)
{
	char expected[256], seen[512];

	snprintf(expected, sizeof(expected), "size:\t%zu\ncount:\t%d\nexp_name:\t%s\n%s",
		 buf->size, count + exporter->references, exporter->exp_name, name_line);
	ASSERT_LT(0, buffer_fdinfo(buf->fd, seen, sizeof(seen)));
	EXPECT_STREQ(expected, seen);
}

TEST_F(shared, fdinfo)
{
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "frame 1"));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "name:\tframe 1\n");
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, ""));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "name:\t\n");
}

/* The lines that every file has come first, and tell the truth of this one too. */
TEST_F(shared, fdinfo_generic_lines)
{
	char path[64], seen[512], expected[256];
	char *line;
	int mount;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->buf.fd);
	ASSERT_LT(0, read_text(path, seen, sizeof(seen)));
	line = strstr(seen, "\nmnt_id:\t");
	ASSERT_NE(NULL, line);
	mount = atoi(line + strlen("\nmnt_id:\t"));
	snprintf(expected, sizeof(expected),
		 "pos:\t0\nflags:\t02000002\nmnt_id:\t%d\nino:\t%lu\nsize:\t", mount,
		 (unsigned long)buffer_ino(self->buf.fd));
	EXPECT_EQ(0, strncmp(expected, seen, strlen(expected))) TH_LOG("%s", seen);
}

TEST_F(shared, count_of_descriptors)
{
	int copies[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		expect_fdinfo(_metadata, &self->buf, variant->exporter, i + 1, "");
		copies[i] = dup(self->buf.fd);
		ASSERT_GE(copies[i], 0);
	}
	for (i = ARRAY_SIZE(copies); i > 0; i--) {
		expect_fdinfo(_metadata, &self->buf, variant->exporter, i + 1, "");
		close(copies[i - 1]);
	}
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");
}

TEST_F(shared, count_of_mappings)
{
	void *first, *second;

	first = mmap(NULL, self->buf.size, PROT_READ, MAP_SHARED, self->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, first);
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 2, "");
	second = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, second);
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 3, "");
	/* A mapping with a hole is two. */
	ASSERT_EQ(0, munmap(first + self->page, self->page));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 4, "");
	ASSERT_EQ(0, munmap(first, self->buf.size));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 2, "");
	ASSERT_EQ(0, munmap(second, self->page));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");
}

TEST_F(shared, count_of_failed_mappings)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->buf.size + 1, PROT_READ, MAP_SHARED, self->buf.fd,
				   0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->buf.fd,
				   self->buf.size));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");
}

/* A child has the descriptor and the mapping of its parent. */
TEST_F(shared, count_of_processes)
{
	int hold[2];
	char byte;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->buf.fd, 0));
	ASSERT_EQ(0, pipe(hold));
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 4, "");
	close(hold[1]);
	EXPECT_EQ(0, process_end(pid));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 2, "");
}

/* A descriptor on its way through a socket is one more. */
TEST_F(shared, count_in_flight)
{
	int ends[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, send_fd(ends[0], self->buf.fd));
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 2, "");
	fd = receive_fd(ends[1]);
	ASSERT_GE(fd, 0);
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 2, "");
	close(fd);
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");

	ASSERT_EQ(0, send_fd(ends[0], self->buf.fd));
	close(ends[0]);
	close(ends[1]);
	expect_fdinfo(_metadata, &self->buf, variant->exporter, 1, "");
}

TEST_F(shared, count_without_the_device)
{
	buffer_close_device(&self->buf);
	EXPECT_EQ(1, buffer_count(self->buf.fd));
}

TEST_F(shared, bufinfo)
{
	int copy;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	expect_bufinfo(_metadata, self->buf.fd, variant->exporter->exp_name, "<none>", "");
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, "frame 2"));
	copy = dup(self->buf.fd);
	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, fcntl(copy, F_SETFL, O_NONBLOCK));
	expect_bufinfo(_metadata, self->buf.fd, variant->exporter->exp_name, "frame 2", "");
	close(copy);
	expect_bufinfo(_metadata, self->buf.fd, variant->exporter->exp_name, "frame 2", "");
	/* An empty name is a name. */
	ASSERT_EQ(0, ioctl(self->buf.fd, DMA_BUF_SET_NAME, ""));
	expect_bufinfo(_metadata, self->buf.fd, variant->exporter->exp_name, "", "");
}

TEST_F(shared, bufinfo_access_modes)
{
	int asked;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	buffer_destroy(&self->buf);
	for (asked = O_RDONLY; asked <= O_RDWR; asked++) {
		struct buffer buf;

		if (variant->exporter->access[asked] < 0)
			continue;
		ASSERT_EQ(0, buffer_create(variant->exporter, self->page, asked, &buf));
		expect_bufinfo(_metadata, buf.fd, variant->exporter->exp_name, "<none>", "");
		buffer_destroy(&buf);
	}
}

TEST_F(shared, bufinfo_forgets)
{
	ino_t ino = buffer_ino(self->buf.fd);
	char *text;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	buffer_destroy(&self->buf);
	EXPECT_NULL(bufinfo_block(ino));
	text = bufinfo_text();
	ASSERT_NE(NULL, text);
	free(text);
}

/* The head, and the sums of the last line. */
TEST_F(shared, bufinfo_frame)
{
	unsigned long objects = 0, bytes = 0;
	char *text, *line, total[128];
	struct buffer other;
	int err;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	err = buffer_create(&system_heap, self->page, O_RDWR, &other);
	if (err == -ENODEV)
		SKIP(return, "no system heap to make a second buffer");
	ASSERT_EQ(0, err);
	text = bufinfo_text();
	ASSERT_NE(NULL, text);
	EXPECT_EQ(0, strncmp(BUFINFO_HEAD, text, strlen(BUFINFO_HEAD))) TH_LOG("%s", text);
	for (line = text; line; line = strchr(line + 1, '\n')) {
		/* Only a buffer's line begins with a number. */
		if (!isdigit(line[1]))
			continue;
		objects++;
		bytes += strtoul(line + 1, NULL, 10);
	}
	EXPECT_LE(2, objects);
	snprintf(total, sizeof(total), "\n\n\nTotal %lu objects, %lu bytes\n", objects, bytes);
	ASSERT_LT(strlen(total), strlen(text));
	EXPECT_STREQ(total, text + strlen(text) - strlen(total));
	free(text);
	buffer_destroy(&other);
}

static int total_objects(void)
{
	char *text = bufinfo_text();
	char *line = text ? strstr(text, "\nTotal ") : NULL;
	int total = -1;

	/* The totals of attached devices come before. */
	for (; line; line = strstr(line + 1, "\nTotal "))
		total = atoi(line + strlen("\nTotal "));
	free(text);
	return total;
}

/* An export that runs out of descriptors, at whatever step, is undone. */
TEST_F(shared, failed_export_leaves_nothing)
{
	int next, room, before, err, failed = 0;
	struct rlimit limit, old;
	struct buffer buf;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	buffer_destroy(&self->buf);
	before = total_objects();
	ASSERT_LE(0, before);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	next = open("/dev/null", O_RDONLY);
	ASSERT_GE(next, 0);
	close(next);
	for (room = 0; room < 8; room++) {
		limit = old;
		limit.rlim_cur = next + room;
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
		err = buffer_create(variant->exporter, self->page, O_RDWR, &buf);
		ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
		EXPECT_EQ(before + !err, total_objects()) TH_LOG("room for %d", room);
		EXPECT_TRUE(!err || err == -EMFILE) TH_LOG("room for %d: %d", room, err);
		failed += err == -EMFILE;
		buffer_destroy(&buf);
	}
	/* At least the device and the buffer need one each. */
	EXPECT_LE(2, failed);
	EXPECT_EQ(0, err);
	EXPECT_EQ(before, total_objects());
}

TEST_F(shared, bufinfo_file)
{
	struct stat st;

	if (access(BUFINFO, F_OK))
		SKIP(return, "this kernel has no " BUFINFO);
	ASSERT_EQ(0, stat(BUFINFO, &st));
	EXPECT_EQ(S_IFREG | 0444, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_size);
}

static int stats_read(ino_t ino, const char *file, char *text, size_t len)
{
	char path[128];

	snprintf(path, sizeof(path), STATS "/%lu/%s", (unsigned long)ino, file);
	return read_text(path, text, len);
}

TEST_F(shared, statistics)
{
	ino_t ino = buffer_ino(self->buf.fd);
	char text[128], expected[128];

	if (!stats_present())
		SKIP(return, "this kernel has no " STATS);
	EXPECT_TRUE(stats_has(ino));
	snprintf(expected, sizeof(expected), "%s\n", variant->exporter->exp_name);
	ASSERT_LT(0, stats_read(ino, "exporter_name", text, sizeof(text)));
	EXPECT_STREQ(expected, text);
	snprintf(expected, sizeof(expected), "%zu\n", self->buf.size);
	ASSERT_LT(0, stats_read(ino, "size", text, sizeof(text)));
	EXPECT_STREQ(expected, text);
}

/* They stay as long as anyone holds the buffer. */
TEST_F(shared, statistics_last_as_long)
{
	ino_t ino = buffer_ino(self->buf.fd);
	void *at;

	if (!stats_present())
		SKIP(return, "this kernel has no " STATS);
	at = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, at);
	buffer_destroy(&self->buf);
	EXPECT_TRUE(stats_has(ino));
	ASSERT_EQ(0, munmap(at, self->page));
	EXPECT_FALSE(stats_has(ino));
}

TEST_F(shared, statistics_files)
{
	static const struct {
		const char *file;
		mode_t mode;
	} files[] = {
		{ "", S_IFDIR | 0755 }, { "exporter_name", S_IFREG | 0444 },
		{ "size", S_IFREG | 0444 },
	};
	char path[128];
	struct stat st;
	size_t i;

	if (!stats_present())
		SKIP(return, "this kernel has no " STATS);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), STATS "/%lu/%s",
			 (unsigned long)buffer_ino(self->buf.fd), files[i].file);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(files[i].mode, st.st_mode) TH_LOG("%s", path);
		EXPECT_EQ(0, st.st_uid);
	}
	EXPECT_EQ(-EACCES, result(open(path, O_WRONLY)));
	ASSERT_EQ(0, stat("/sys/kernel/dmabuf", &st));
	EXPECT_EQ(S_IFDIR | 0755, st.st_mode);
	ASSERT_EQ(0, stat(STATS, &st));
	EXPECT_EQ(S_IFDIR | 0755, st.st_mode);
}

/* A file of the statistics that is open when the buffer goes tells of nothing any more. */
TEST_F(shared, statistics_open_while_released)
{
	char path[128], byte;
	int fd;

	if (!stats_present())
		SKIP(return, "this kernel has no " STATS);
	snprintf(path, sizeof(path), STATS "/%lu/size", (unsigned long)buffer_ino(self->buf.fd));
	fd = open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	buffer_destroy(&self->buf);
	EXPECT_EQ(-ENODEV, result(read(fd, &byte, 1)));
	close(fd);
}

TEST_HARNESS_MAIN
