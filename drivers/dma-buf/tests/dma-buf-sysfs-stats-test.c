// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: the statistics in sysfs.
 */
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/slab.h>

#include "mock.h"

static struct file *open_stats(struct kunit *test, unsigned long ino,
			       const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "kernel/dmabuf/buffers/%lu/%s", ino, name);
	return mock_open(test, "sysfs", path);
}

static void expect_stats(struct mock_exporter *exp, const char *name,
			 const char *text)
{
	struct kunit *test = exp->test;
	struct file *file = open_stats(test, exp->ino,
				       name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_EXPECT_STREQ(test, mock_read_all(test, file, PAGE_SIZE), text);
}

static void every_buffer_has_a_directory(struct kunit *test)
{
	struct mock_exporter *a = mock_buffer(test, MOCK_STATIC);
	struct mock_exporter *b = mock_exporter(test, MOCK_STATIC);

	b->size = 4711;
	mock_export(b);
	expect_stats(a, "exporter_name", "mock\n");
	expect_stats(b, "exporter_name", "mock\n");
	expect_stats(b, "size", "4711\n");
}

/* As long as there is memory, it is counted. */
static void directory_goes_with_the_memory(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned long ino = exp->ino;
	struct path path = exp->dmabuf->file->f_path;

	path_get(&path);
	mock_release(exp);
	expect_stats(exp, "exporter_name", "mock\n");
	path_put(&path);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOENT),
			    open_stats(test, ino, "size"));
}

/* Of memory that is lost for good there is none. */
static void directory_goes_before_a_buffer_is_leaked(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map map;

	mock_reports(test);
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	mock_release(exp);
	mock_expect_report(test, exp, NULL, "released with 1 kernel mappings");
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOENT),
			    open_stats(test, exp->ino, "size"));
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	mock_free_leaked(exp);
}

/* Whoever has the file open keeps nothing but the file. */
static void open_file_keeps_no_buffer(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct file *file = open_stats(test, exp->ino,
				       "size");
	char text[32];

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, -ENODEV, mock_read(test, file, text, 31));
}

static void exporter_needs_a_name(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	info.exp_name = NULL;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), dma_buf_export(&info));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
}

static struct kunit_case dma_buf_sysfs_stats_cases[] = {
	KUNIT_CASE(every_buffer_has_a_directory),
	KUNIT_CASE(directory_goes_with_the_memory),
	KUNIT_CASE(directory_goes_before_a_buffer_is_leaked),
	KUNIT_CASE(open_file_keeps_no_buffer),
	KUNIT_CASE(exporter_needs_a_name),
	{}
};

static struct kunit_suite dma_buf_sysfs_stats_suite = {
	.name = "dma_buf_sysfs_stats",
	.test_cases = dma_buf_sysfs_stats_cases,
};

kunit_test_suite(dma_buf_sysfs_stats_suite);
