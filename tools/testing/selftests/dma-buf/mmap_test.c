// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping a buffer into memory: which part of it, with which rights, and what becomes of the
 * mapping later.
 */
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "buffer_info.h"
#include "fixture.h"
#include "process.h"
#include "result.h"

/* Maps and unmaps: 0, or -errno of the mapping. */
static int try_map(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *at = mmap(NULL, size, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	return munmap(at, size) ? -errno : 0;
}

static unsigned char *map(int fd, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* The fields of the line of /proc/self/maps that starts at the address. */
static int maps_line(void *at, char rights[5], unsigned long *offset, ino_t *ino)
{
	static char maps[1 << 16];
	char start[32], *line;
	unsigned long inode;

	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	if (read_text("/proc/self/maps", maps, sizeof(maps)) < 0)
		return -1;
	line = strstr(maps, start);
	if (!line || sscanf(line, "%*x-%*x %4s %lx %*x:%*x %lu", rights, offset, &inode) != 3)
		return -1;
	*ino = inode;
	return 0;
}

TEST_F(shared, whole)
{
	unsigned char *first = map(self->buf.fd, self->buf.size, 0);
	unsigned char *second = map(self->buf.fd, self->buf.size, 0);
	size_t i;

	ASSERT_NE(MAP_FAILED, first);
	ASSERT_NE(MAP_FAILED, second);
	for (i = 0; i < self->buf.size; i++)
		first[i] = i * 7 + i / self->page;
	EXPECT_EQ(0, memcmp(first, second, self->buf.size));
	second[self->buf.size - 1] = 0xaa;
	EXPECT_EQ(0xaa, first[self->buf.size - 1]);
}

/* The core checks the range; whether the exporter heeds the offset is its own affair. */
TEST_F(shared, part)
{
	size_t pages = self->buf.size / self->page, i;
	unsigned char *whole = map(self->buf.fd, self->buf.size, 0);

	ASSERT_NE(MAP_FAILED, whole);
	for (i = 0; i < pages; i++)
		whole[i * self->page] = i + 1;
	for (i = 0; i < pages; i++) {
		unsigned char *page = map(self->buf.fd, self->page, i * self->page);

		ASSERT_NE(MAP_FAILED, page);
		EXPECT_EQ(variant->exporter->maps_offset ? i + 1 : 1, page[0]);
		ASSERT_EQ(0, munmap(page, self->page));
	}
}

TEST_F(shared, bounds)
{
	const size_t page = self->page, size = self->buf.size;
	/* A program of 32 bits has a page before the first lie far behind the last. */
	const int beyond = sizeof(long) == 4 ? -EINVAL : -EOVERFLOW;
	const struct {
		size_t length;
		off_t offset;
		int result;
	} cases[] = {
		{ size, 0, 0 },
		{ size - 1, 0, 0 },
		{ 1, 0, 0 },
		{ page, size - page, 0 },
		{ 1, size - page, 0 },
		{ size - page, page, 0 },
		{ size + 1, 0, -EINVAL },
		{ size + page, 0, -EINVAL },
		{ 2 * size, 0, -EINVAL },
		{ size, page, -EINVAL },
		{ 1, size, -EINVAL },
		{ page, size, -EINVAL },
		{ page + 1, size - page, -EINVAL },
		{ 2 * page, size - page, -EINVAL },
		{ page, 16 * size, -EINVAL },
		{ page, (off_t)(INT64_MAX & ~(page - 1)), -EINVAL },
		{ page, (off_t)INT64_MIN, -EINVAL },
		{ page, -2 * (off_t)page, -EINVAL },
		{ page, -(off_t)page, beyond },
		{ 2 * page, -(off_t)page, beyond },
		{ size, -(off_t)size, beyond },
		{ 0, 0, -EINVAL },
		{ page, 1, -EINVAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].result, try_map(self->buf.fd, cases[i].length, PROT_READ,
						   MAP_SHARED, cases[i].offset)) {
			TH_LOG("%zu bytes at %jd", cases[i].length, (intmax_t)cases[i].offset);
		}
	}
}

/* Mainline runs no code from its internal file systems, sockets among them; 6.12 does. */
static int exec_result(void)
{
	int any = socket(AF_UNIX, SOCK_STREAM, 0);
	int result = try_map(any, page_align(1), PROT_EXEC, MAP_SHARED, 0);

	close(any);
	return result == -EPERM ? -EPERM : 0;
}

TEST_F(shared, rights)
{
	static const int rights[] = {
		PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		int result = rights[i] & PROT_EXEC ? exec_result() : 0;

		EXPECT_EQ(result, try_map(self->buf.fd, self->buf.size, rights[i], MAP_SHARED, 0));
		EXPECT_EQ(result, try_map(self->buf.fd, self->buf.size, rights[i],
					  MAP_SHARED_VALIDATE, 0));
		EXPECT_EQ(result, try_map(self->buf.fd, self->buf.size, rights[i],
					  MAP_SHARED | MAP_POPULATE, 0));
	}
	EXPECT_EQ(-EOPNOTSUPP, try_map(self->buf.fd, self->buf.size, PROT_READ,
				       MAP_SHARED_VALIDATE | MAP_SYNC, 0));
}

/* What the descriptor was opened for is what its mappings may do, now and later. */
TEST_F(shared, access_mode_binds)
{
	int asked;

	buffer_destroy(&self->buf);
	for (asked = O_RDONLY; asked <= O_RDWR; asked++) {
		int access = variant->exporter->access[asked];
		int read = access == O_WRONLY ? -EACCES : 0;
		int write = access == O_RDWR ? 0 : -EACCES;
		struct buffer buf;

		ASSERT_EQ(access < 0 ? access : 0,
			  buffer_create(variant->exporter, self->page, asked, &buf));
		if (access < 0)
			continue;
		EXPECT_EQ(read, try_map(buf.fd, buf.size, PROT_READ, MAP_SHARED, 0));
		EXPECT_EQ(write, try_map(buf.fd, buf.size, PROT_WRITE, MAP_SHARED, 0));
		EXPECT_EQ(write, try_map(buf.fd, buf.size, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
		if (!read) {
			void *at = mmap(NULL, buf.size, PROT_READ, MAP_SHARED, buf.fd, 0);

			ASSERT_NE(MAP_FAILED, at);
			EXPECT_EQ(write, result(mprotect(at, buf.size, PROT_READ | PROT_WRITE)));
			EXPECT_EQ(0, mprotect(at, buf.size, PROT_NONE));
			EXPECT_EQ(0, munmap(at, buf.size));
		}
		buffer_destroy(&buf);
	}
}

/* The core has no say here; most exporters insert pages in a way that no private copy can have. */
TEST_F(shared, private)
{
	int expected = variant->exporter->maps_private ? 0 : -EINVAL;
	unsigned char *whole, *own;

	EXPECT_EQ(expected, try_map(self->buf.fd, self->buf.size, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(expected, try_map(self->buf.fd, self->buf.size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE, 0));
	if (expected)
		return;
	whole = map(self->buf.fd, self->buf.size, 0);
	own = mmap(NULL, self->buf.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->buf.fd, 0);
	ASSERT_NE(MAP_FAILED, whole);
	ASSERT_NE(MAP_FAILED, own);
	whole[0] = 1;
	EXPECT_EQ(1, own[0]);
	own[0] = 2;
	EXPECT_EQ(1, whole[0]);
}

TEST_F(shared, line_in_maps)
{
	unsigned char *at = map(self->buf.fd, self->page, 0);
	unsigned long offset;
	char rights[5];
	ino_t ino;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(0, maps_line(at, rights, &offset, &ino));
	EXPECT_STREQ("rw-s", rights);
	EXPECT_EQ(buffer_ino(self->buf.fd), ino);
	/* DRM shows its own offset of the object there. */
	EXPECT_EQ(variant->exporter != &vgem, !offset);
}

/* No growing past the range that was checked, in place or elsewhere. */
TEST_F(shared, cannot_grow)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);
	size_t half = self->page * 2;
	unsigned char *part;

	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(MAP_FAILED, mremap(at, self->buf.size, self->buf.size + self->page, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(at, self->buf.size, 2 * self->buf.size, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, munmap(at, self->buf.size));

	/* Not even to what the buffer has. */
	part = map(self->buf.fd, half, 0);
	ASSERT_NE(MAP_FAILED, part);
	EXPECT_EQ(MAP_FAILED, mremap(part, half, self->buf.size, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(shared, shrinks_and_moves)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);
	unsigned char *target = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
				     -1, 0);
	unsigned char *moved;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, target);
	at[0] = 77;
	EXPECT_EQ(at, mremap(at, self->buf.size, self->page, 0));
	EXPECT_EQ(77, at[0]);
	moved = mremap(at, self->page, self->page, MREMAP_MAYMOVE | MREMAP_FIXED, target);
	ASSERT_EQ(target, moved);
	EXPECT_EQ(77, moved[0]);
}

TEST_F(shared, unmapped_in_the_middle)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);

	ASSERT_NE(MAP_FAILED, at);
	at[0] = 1;
	at[3 * self->page] = 4;
	EXPECT_EQ(0, munmap(at + self->page, self->page));
	EXPECT_EQ(1, at[0]);
	EXPECT_EQ(4, at[3 * self->page]);
	EXPECT_EQ(0, munmap(at, self->buf.size));
}

TEST_F(shared, outlives_the_descriptor)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);
	unsigned char expected[256];
	size_t i;

	ASSERT_NE(MAP_FAILED, at);
	buffer_destroy(&self->buf);
	for (i = 0; i < sizeof(expected); i++)
		expected[i] = i * 3;
	memcpy(at + self->page - 128, expected, sizeof(expected));
	EXPECT_EQ(0, memcmp(at + self->page - 128, expected, sizeof(expected)));
}

TEST_F(shared, same_memory_after_fork)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, at);
	at[0] = 1;
	pid = process_start();
	ASSERT_GE(pid, 0);
	if (!pid) {
		at[1] = at[0] + 1;
		_exit(0);
	}
	EXPECT_EQ(0, process_end(pid));
	EXPECT_EQ(2, at[1]);
}

/* A new buffer tells nothing of who had its memory before. */
TEST_F(shared, begins_as_zeroes)
{
	unsigned char *at = map(self->buf.fd, self->buf.size, 0);

	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(0, at[0]);
	EXPECT_EQ(0, memcmp(at, at + 1, self->buf.size - 1));
}

TEST_HARNESS_MAIN
