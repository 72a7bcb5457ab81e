// SPDX-License-Identifier: GPL-2.0-only
/* The name of a buffer: both encodings of the ioctl, its limits, and every place that shows it. */
#define ONE_EXPORTER

#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "buffer_info.h"
#include "fixture.h"
#include "result.h"

#define LONGEST	"0123456789abcdef0123456789abcde"

static int set_name(int fd, const char *name)
{
	return result(ioctl(fd, DMA_BUF_SET_NAME, name));
}

/* Whether the link says that this is the name. */
static bool linked_as(int fd, const char *name)
{
	char expected[128], seen[128];

	snprintf(expected, sizeof(expected), "/dmabuf:%s", name);
	return buffer_link(fd, seen, sizeof(seen)) > 0 && !strcmp(expected, seen);
}

/* The name as fdinfo has it, in its last line, or NULL when there is no such line. */
static const char *fdinfo_name(int fd, char *text, size_t len)
{
	char *line;

	if (buffer_fdinfo(fd, text, len) < 0)
		return NULL;
	line = strstr(text, "\nname:\t");
	if (!line || text[strlen(text) - 1] != '\n')
		return NULL;
	text[strlen(text) - 1] = '\0';
	return line + strlen("\nname:\t");
}

TEST_F(shared, none_at_first)
{
	char text[512];

	EXPECT_TRUE(linked_as(self->buf.fd, ""));
	EXPECT_NULL(fdinfo_name(self->buf.fd, text, sizeof(text)));
}

TEST_F(shared, encodings)
{
	static const struct {
		unsigned long cmd;
		const char *name;
	} encodings[] = {
		{ DMA_BUF_SET_NAME_A, "four bytes" },
		{ DMA_BUF_SET_NAME_B, "eight bytes" },
		{ DMA_BUF_SET_NAME, "a pointer" },
	};
	char text[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(encodings); i++) {
		EXPECT_EQ(0, result(ioctl(self->buf.fd, encodings[i].cmd, encodings[i].name)));
		EXPECT_TRUE(linked_as(self->buf.fd, encodings[i].name));
		EXPECT_STREQ(encodings[i].name,
			     fdinfo_name(self->buf.fd, text, sizeof(text)) ?: "(none)");
	}
}

TEST_F(shared, other_encodings_unknown)
{
	EXPECT_EQ(-ENOTTY, result(ioctl(self->buf.fd, _IOW('b', 1, __u16), "two")));
	EXPECT_EQ(-ENOTTY, result(ioctl(self->buf.fd, _IOW('b', 1, char[32]), "all")));
	EXPECT_EQ(-ENOTTY, result(ioctl(self->buf.fd, _IOR('b', 1, __u64), "read")));
	EXPECT_EQ(-ENOTTY, result(ioctl(self->buf.fd, _IO('b', 1), "nothing")));
	EXPECT_TRUE(linked_as(self->buf.fd, ""));
}

TEST_F(shared, empty_is_a_name)
{
	char text[512];

	ASSERT_EQ(0, set_name(self->buf.fd, "something"));
	ASSERT_EQ(0, set_name(self->buf.fd, ""));
	EXPECT_TRUE(linked_as(self->buf.fd, ""));
	EXPECT_STREQ("", fdinfo_name(self->buf.fd, text, sizeof(text)) ?: "(none)");
}

TEST_F(shared, length_limit)
{
	ASSERT_EQ(DMA_BUF_NAME_LEN, (int)sizeof(LONGEST));
	ASSERT_EQ(0, set_name(self->buf.fd, LONGEST));
	EXPECT_TRUE(linked_as(self->buf.fd, LONGEST));

	ASSERT_EQ(0, set_name(self->buf.fd, "kept"));
	EXPECT_EQ(-EINVAL, set_name(self->buf.fd, LONGEST "f"));
	EXPECT_EQ(-EINVAL, set_name(self->buf.fd, LONGEST LONGEST LONGEST LONGEST));
	EXPECT_TRUE(linked_as(self->buf.fd, "kept"));
}

TEST_F(shared, bad_pointer)
{
	char *hole = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	ASSERT_EQ(0, set_name(self->buf.fd, "kept"));
	EXPECT_EQ(-EFAULT, set_name(self->buf.fd, NULL));
	EXPECT_EQ(-EFAULT, set_name(self->buf.fd, (char *)8));
	EXPECT_EQ(-EFAULT, set_name(self->buf.fd, hole));
	EXPECT_TRUE(linked_as(self->buf.fd, "kept"));
}

/* Nothing past the terminating NUL is read, and a name that runs into a hole is a fault. */
TEST_F(shared, name_at_the_end_of_memory)
{
	char *end = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	ASSERT_NE(MAP_FAILED, end);
	ASSERT_EQ(0, munmap(end + self->page, self->page));
	end += self->page;

	memcpy(end - sizeof(LONGEST), LONGEST, sizeof(LONGEST));
	EXPECT_EQ(0, set_name(self->buf.fd, end - sizeof(LONGEST)));
	EXPECT_TRUE(linked_as(self->buf.fd, LONGEST));
	EXPECT_EQ(0, set_name(self->buf.fd, end - 1));
	EXPECT_TRUE(linked_as(self->buf.fd, ""));

	end[-1] = 'x';
	EXPECT_EQ(-EFAULT, set_name(self->buf.fd, end - 1));
	EXPECT_EQ(-EFAULT, set_name(self->buf.fd, end - 8));
	EXPECT_EQ(-EINVAL, set_name(self->buf.fd, end - sizeof(LONGEST)));
	EXPECT_TRUE(linked_as(self->buf.fd, ""));
}

TEST_F(shared, rename_replaces)
{
	char text[512];

	ASSERT_EQ(0, set_name(self->buf.fd, "a long first name"));
	ASSERT_EQ(0, set_name(self->buf.fd, "short"));
	EXPECT_TRUE(linked_as(self->buf.fd, "short"));
	EXPECT_STREQ("short", fdinfo_name(self->buf.fd, text, sizeof(text)) ?: "(none)");
}

TEST_F(shared, any_byte_in_the_link)
{
	char all[DMA_BUF_NAME_LEN];
	int first, i;

	for (first = 1; first < 256; first += DMA_BUF_NAME_LEN - 1) {
		for (i = 0; i < DMA_BUF_NAME_LEN - 1 && first + i < 256; i++)
			all[i] = first + i;
		all[i] = '\0';
		EXPECT_EQ(0, set_name(self->buf.fd, all));
		EXPECT_TRUE(linked_as(self->buf.fd, all)) TH_LOG("from byte %d", first);
	}
}

/* The name belongs to the buffer, so each descriptor shows it and each may change it. */
TEST_F(shared, one_name_for_all_descriptors)
{
	int copy = dup(self->buf.fd);
	int status;
	pid_t pid;

	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, set_name(copy, "by the copy"));
	EXPECT_TRUE(linked_as(self->buf.fd, "by the copy"));

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(!linked_as(self->buf.fd, "by the copy") ||
		      set_name(self->buf.fd, "by the child"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(linked_as(copy, "by the child"));
	close(copy);
}

TEST_F(shared, read_only_descriptor_may_name)
{
	struct buffer buf;

	buffer_destroy(&self->buf);
	ASSERT_EQ(0, buffer_create(variant->exporter, self->page, O_RDONLY, &buf));
	ASSERT_EQ(variant->exporter->access[O_RDONLY], fcntl(buf.fd, F_GETFL));
	EXPECT_EQ(0, set_name(buf.fd, "from below"));
	EXPECT_TRUE(linked_as(buf.fd, "from below"));
	buffer_destroy(&buf);
}

TEST_F(shared, name_in_maps)
{
	static char maps[1 << 16];
	char *line;

	ASSERT_EQ(0, set_name(self->buf.fd, "a mapped one"));
	ASSERT_NE(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->buf.fd, 0));
	ASSERT_LT(0, read_text("/proc/self/maps", maps, sizeof(maps)));
	line = strstr(maps, "/dmabuf:a mapped one\n");
	ASSERT_NE(NULL, line);
	EXPECT_NULL(strstr(line + 1, "/dmabuf:"));
}

/* A reader finds the whole of the old name or the whole of the new one, never a mixture. */
TEST_F(shared, read_while_renamed)
{
	static const char *const names[] = { "first, the longer of the two", "second" };
	char link[128], text[512], one[64], two[64];
	int status, i, bad = 0;
	pid_t pid;

	snprintf(one, sizeof(one), "/dmabuf:%s", names[0]);
	snprintf(two, sizeof(two), "/dmabuf:%s", names[1]);
	ASSERT_EQ(0, set_name(self->buf.fd, names[0]));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		for (i = 0; i < 2000; i++)
			bad += set_name(self->buf.fd, names[i % 2]) != 0;
		_exit(bad != 0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		const char *name = fdinfo_name(self->buf.fd, text, sizeof(text)) ?: "(none)";

		ASSERT_LT(0, buffer_link(self->buf.fd, link, sizeof(link)));
		bad += strcmp(link, one) && strcmp(link, two);
		bad += strcmp(name, names[0]) && strcmp(name, names[1]);
	}
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, bad);
}

TEST_HARNESS_MAIN
