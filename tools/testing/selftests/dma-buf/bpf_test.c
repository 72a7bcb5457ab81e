// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a BPF program sees: each buffer, once, as long as it lives, and what is true of it; and that
 * one which looks keeps none alive for longer than that.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bpf_buffers.h"
#include "buffer_info.h"
#include "exporters.h"
#include "harness.h"
#include "prime.h"

#define MANY	1000	/* more than the kernel reads ahead for the iterator's file */

FIXTURE(bpf)
{
	struct bpf_object *object;
	struct buffer buffers[MANY];
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

FIXTURE_SETUP(bpf)
{
	struct rlimit files = { 2 * MANY, 2 * MANY };
	size_t i;

	libbpf_set_print(quiet);
	for (i = 0; i < MANY; i++)
		self->buffers[i] = (struct buffer) { .fd = -1, .device = -1 };
	if (access("/sys/kernel/btf/vmlinux", F_OK) ||
	    libbpf_find_vmlinux_btf_id("dmabuf", BPF_TRACE_ITER) <= 0)
		SKIP(return, "this kernel has no BPF iterator of buffers");
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	self->object = bpf_object__open_file("bpf_buffers.bpf.o", NULL);
	ASSERT_NE(NULL, self->object);
	ASSERT_EQ(0, bpf_object__load(self->object));
	ASSERT_EQ(0, buffer_create(&system_heap, page_align(1), O_RDWR | O_CLOEXEC,
				   &self->buffers[0]));
}

FIXTURE_TEARDOWN(bpf)
{
	size_t i;

	for (i = 0; i < MANY; i++)
		buffer_destroy(&self->buffers[i]);
	bpf_object__close(self->object);
}

/* A file whose reader has the program called for each buffer: a descriptor, or -errno. */
static int iterator_open(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	bpf_link__destroy(link);
	return fd;
}

/* All that it says, read so many bytes at a time; to be freed. Returns how many bytes. */
static size_t iterator_read(int fd, size_t step, void *list)
{
	size_t len = 0, room = 0;
	char *bytes = NULL;
	ssize_t count;

	do {
		if (len + step > room) {
			room = 2 * (len + step);
			bytes = realloc(bytes, room);
		}
		count = read(fd, bytes + len, step);
		len += count > 0 ? count : 0;
	} while (count > 0);
	*(char **)list = bytes;
	return count ? 0 : len;
}

/* A new walk, as a list to be freed: how many records, or -errno. */
static ssize_t list_buffers(struct bpf_object *object, size_t step, struct bpf_buffer **list)
{
	int fd = iterator_open(object, "list_buffers");
	size_t records;

	if (fd < 0)
		return fd;
	records = iterator_read(fd, step, list) / sizeof(**list);
	close(fd);
	return records;
}

/* How many of them are about this buffer; the last one is left in found. */
static int times_in(const struct bpf_buffer *list, ssize_t records, ino_t ino,
		    struct bpf_buffer *found)
{
	int times = 0;

	while (records-- > 0) {
		if (list[records].ino == ino) {
			*found = list[records];
			times++;
		}
	}
	return times;
}

static int times_listed(struct bpf_object *object, ino_t ino, struct bpf_buffer *found)
{
	struct bpf_buffer *list = NULL;
	ssize_t records = list_buffers(object, 4096, &list);
	int times = records < 0 ? (int)records : times_in(list, records, ino, found);

	free(list);
	return times;
}

/* The second program: 0 or -errno; what it met of the buffer is in walk. */
static int walk_for(struct bpf_object *object, ino_t ino, struct bpf_walk *walk)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "walk_buffers");
	int map = bpf_map__fd(bpf_object__find_map_by_name(object, ".bss"));
	__u32 zero = 0;
	int err;

	*walk = (struct bpf_walk) { .ino = ino };
	err = bpf_map_update_elem(map, &zero, walk, BPF_ANY);
	if (!err)
		err = bpf_prog_test_run_opts(bpf_program__fd(program), NULL);
	return err ?: bpf_map_lookup_elem(map, &zero, walk);
}

TEST_F(bpf, iterator_tells_what_is_true)
{
	struct buffer *heap = &self->buffers[0], *memory = &self->buffers[1];
	struct bpf_buffer found;

	ASSERT_EQ(0, ioctl(heap->fd, DMA_BUF_SET_NAME_B, "a \"name\"\nof two lines"));
	ASSERT_EQ(1, times_listed(self->object, buffer_ino(heap->fd), &found));
	EXPECT_EQ(heap->size, found.size);
	EXPECT_STREQ(system_heap.exp_name, found.exporter);
	EXPECT_STREQ("a \"name\"\nof two lines", found.name);

	ASSERT_EQ(0, buffer_create(&udmabuf, 3 * page_align(1), O_RDWR | O_CLOEXEC, memory));
	ASSERT_EQ(1, times_listed(self->object, buffer_ino(memory->fd), &found));
	EXPECT_EQ(memory->size, found.size);
	EXPECT_STREQ(udmabuf.exp_name, found.exporter);
	EXPECT_STREQ("", found.name);
}

/* The records about the devices on this buffer, in their order; their number, or -errno. */
static int devices_on(struct bpf_object *object, ino_t ino, struct bpf_device found[2])
{
	int fd = iterator_open(object, "list_devices"), devices = 0;
	struct bpf_device *list = NULL;
	size_t bytes, i;

	if (fd < 0)
		return fd;
	bytes = iterator_read(fd, 4096, &list);
	close(fd);
	for (i = 0; i < bytes / sizeof(*list) && devices < 2; i++) {
		if (list[i].ino == ino)
			found[devices++] = list[i];
	}
	free(list);
	return devices;
}

TEST_F(bpf, iterator_follows_the_attachments)
{
	int display = drm_open("vkms"), render = drm_open("vgem");
	int fd = self->buffers[0].fd;
	struct bpf_device found[2];
	__u32 handle;

	if (display == -ENODEV || render == -ENODEV)
		SKIP(return, "this kernel lacks vkms or vgem");
	EXPECT_EQ(0, devices_on(self->object, buffer_ino(fd), found));
	ASSERT_EQ(0, import_handle(display, fd, &handle));
	ASSERT_EQ(0, import_handle(render, fd, &handle));
	ASSERT_EQ(2, devices_on(self->object, buffer_ino(fd), found));
	EXPECT_STREQ("vgem", found[0].name);
	EXPECT_STREQ("vkms", found[1].name);
	EXPECT_EQ(0, found[0].dynamic);
	EXPECT_EQ(0, found[0].peer2peer);
	close(render);
	close(display);
}

TEST_F(bpf, no_walk_meets_what_was_closed)
{
	ino_t ino = buffer_ino(self->buffers[0].fd);
	struct bpf_buffer found;
	struct bpf_walk walk;

	ASSERT_EQ(0, walk_for(self->object, ino, &walk));
	EXPECT_EQ(1, walk.met);
	EXPECT_EQ(self->buffers[0].size, walk.size);
	buffer_destroy(&self->buffers[0]);
	EXPECT_EQ(0, times_listed(self->object, ino, &found));
	ASSERT_EQ(0, walk_for(self->object, ino, &walk));
	EXPECT_EQ(0, walk.met);
}

/* All but the first: 0, or -errno. */
static int create_many(struct buffer *buffers)
{
	size_t i;
	int err = 0;

	for (i = 1; i < MANY && !err; i++) {
		err = buffer_create(&system_heap, page_align(1), O_RDWR | O_CLOEXEC, &buffers[i]);
		buffer_close_device(&buffers[i]);
	}
	return err;
}

/* However short the reads, and however often the walk is interrupted. */
TEST_F(bpf, each_of_many_is_met_once)
{
	static const size_t steps[] = { 7, sizeof(struct bpf_buffer), 1 << 20 };
	struct bpf_buffer found;
	struct bpf_buffer *list;
	struct bpf_walk walk;
	ssize_t records;
	size_t i, k;

	ASSERT_EQ(0, create_many(self->buffers));
	for (i = 0; i < 3; i++) {
		list = NULL;
		records = list_buffers(self->object, steps[i], &list);
		for (k = 0; k < MANY; k++)
			EXPECT_EQ(1, times_in(list, records, buffer_ino(self->buffers[k].fd),
					      &found));
		free(list);
	}
	for (k = 0; k < MANY; k++) {
		ASSERT_EQ(0, walk_for(self->object, buffer_ino(self->buffers[k].fd), &walk));
		EXPECT_EQ(1, walk.met);
	}
}

/* The buffer that it is at; none once its file is closed. */
TEST_F(bpf, half_read_iterator_keeps_one_buffer)
{
	ino_t inos[MANY];
	char byte;
	size_t i;
	int kept = 0, fd;

	if (access(BUFINFO, F_OK) && !stats_present())
		SKIP(return, "this kernel has no list of buffers");
	ASSERT_EQ(0, create_many(self->buffers));
	fd = iterator_open(self->object, "list_buffers");
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, read(fd, &byte, 1));
	for (i = 0; i < MANY; i++) {
		inos[i] = buffer_ino(self->buffers[i].fd);
		buffer_destroy(&self->buffers[i]);
	}
	for (i = 0; i < MANY; i++)
		kept += !lists_say(inos[i], false);
	EXPECT_EQ(1, kept);

	close(fd);
	for (i = 0; i < MANY; i++)
		EXPECT_TRUE(lists_say(inos[i], false));
}

TEST_HARNESS_MAIN
