// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what userspace does with the file of a buffer.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "mock.h"

struct seek_row {
	loff_t offset;
	int whence;
	loff_t result;
};

/* No multiple of a page: 5,000 bytes, where a page has 4,096. */
#define SIZE	(PAGE_SIZE + 904)

static const struct seek_row seek_rows[] = {
	{ 0, SEEK_SET, 0 },
	{ 0, SEEK_END, SIZE },
	{ 1, SEEK_SET, -EINVAL },
	{ -1, SEEK_SET, -EINVAL },
	{ 1, SEEK_END, -EINVAL },
	{ -1, SEEK_END, -EINVAL },
	{ 0, SEEK_CUR, -EINVAL },
	{ 0, SEEK_DATA, -EINVAL },
	{ 0, SEEK_HOLE, -EINVAL },
	{ 0, SEEK_MAX + 1, -EINVAL },
	{ LLONG_MAX, SEEK_SET, -EINVAL },
	{ LLONG_MIN, SEEK_END, -EINVAL },
};

static void seek_desc(const struct seek_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "offset %lld, whence %d",
		 row->offset, row->whence);
}

KUNIT_ARRAY_PARAM(seek, seek_rows, seek_desc);

static void seek_tells_the_size(struct kunit *test)
{
	const struct seek_row *row = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);

	exp->size = SIZE;
	mock_export(exp);
	KUNIT_EXPECT_EQ(test, row->result,
			vfs_llseek(exp->dmabuf->file, row->offset,
				   row->whence));
	KUNIT_EXPECT_EQ(test, 0, exp->dmabuf->file->f_pos);
}

static long ioctl(struct mock_exporter *exp, unsigned int cmd, const void *arg,
		  size_t size)
{
	return mock_ioctl(exp->dmabuf->file, cmd,
			  mock_user(exp->test, arg, size));
}

static void unknown_ioctls_are_refused(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	KUNIT_EXPECT_EQ(test, -ENOTTY, ioctl(exp, 0, "", 1));
	KUNIT_EXPECT_EQ(test, -ENOTTY,
			ioctl(exp, _IOW(DMA_BUF_BASE, 1, u16), "", 1));
	KUNIT_EXPECT_EQ(test, -ENOTTY, ioctl(exp, _IO(DMA_BUF_BASE, 0), "", 1));
}

struct sync_row {
	u64 flags;
	enum mock_op op;
	enum dma_data_direction dir;
};

/* MOCK_OPS: nothing is called, since the flags are wrong. */
static const struct sync_row sync_rows[] = {
	{ DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ,
	  MOCK_BEGIN_CPU, DMA_FROM_DEVICE },
	{ DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE,
	  MOCK_BEGIN_CPU, DMA_TO_DEVICE },
	{ DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW,
	  MOCK_BEGIN_CPU, DMA_BIDIRECTIONAL },
	{ DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ,
	  MOCK_END_CPU, DMA_FROM_DEVICE },
	{ DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE, MOCK_END_CPU, DMA_TO_DEVICE },
	{ DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW,
	  MOCK_END_CPU, DMA_BIDIRECTIONAL },
	{ DMA_BUF_SYNC_START, MOCK_OPS },
	{ DMA_BUF_SYNC_END, MOCK_OPS },
	{ DMA_BUF_SYNC_RW | 8, MOCK_OPS },
	{ DMA_BUF_SYNC_RW | 1ULL << 63, MOCK_OPS },
	{ 1ULL << 32 | DMA_BUF_SYNC_READ, MOCK_OPS },
	{ U64_MAX, MOCK_OPS },
};

static void sync_desc(const struct sync_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "flags %#llx", row->flags);
}

KUNIT_ARRAY_PARAM(sync, sync_rows, sync_desc);

static void sync_reaches_the_exporter(struct kunit *test)
{
	const struct sync_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf_sync sync = { .flags = row->flags };
	long err = row->op == MOCK_OPS ? -EINVAL : 0;

	KUNIT_EXPECT_EQ(test, ioctl(exp, DMA_BUF_IOCTL_SYNC, &sync,
				    sizeof(sync)), err);
	KUNIT_EXPECT_EQ(test, row->op == MOCK_BEGIN_CPU,
			exp->calls[MOCK_BEGIN_CPU]);
	KUNIT_EXPECT_EQ(test, row->op == MOCK_END_CPU,
			exp->calls[MOCK_END_CPU]);
	if (err)
		return;
	KUNIT_EXPECT_EQ(test, row->dir, exp->dir);

	/* What the exporter says is what the program hears. */
	exp->errors[row->op] = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO,
			ioctl(exp, DMA_BUF_IOCTL_SYNC, &sync, sizeof(sync)));
}

static void arguments_must_be_readable(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	void __user *gone = mock_user(test, "", 1);
	struct file *file = exp->dmabuf->file;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap((unsigned long)gone, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			mock_ioctl(file, DMA_BUF_IOCTL_SYNC, gone));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			mock_ioctl(file, DMA_BUF_SET_NAME_A, gone));
	KUNIT_EXPECT_NULL(test, exp->dmabuf->name);
}

struct name_row {
	const char *name;
	long err;
	const char *shown;
};

/* With the end of the string, a name has 32 bytes. */
static const struct name_row name_rows[] = {
	{ "", 0, "" },
	{ "frame", 0, "frame" },
	{ "two words", 0, "two words" },
	{ "0123456789012345678901234567890", 0,
	  "0123456789012345678901234567890" },
	{ "01234567890123456789012345678901", -EINVAL },
	{ "0123456789012345678901234567890123456789", -EINVAL },
	{ "a\nsize:\t0", 0, "a\\012size:\\0110" },
	{ "back\\slash", 0, "back\\134slash" },
	{ "\033[31m\177", 0, "\\033[31m\\177" },
	{ "\xc3\xa4", 0, "\xc3\xa4" },
};

static void name_desc(const struct name_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%*pE", (int)strlen(row->name),
		 row->name);
}

KUNIT_ARRAY_PARAM(name, name_rows, name_desc);

static char *fdinfo(struct mock_exporter *exp)
{
	struct seq_file m = { .size = 512 };
	struct file *file = exp->dmabuf->file;

	m.buf = kunit_kzalloc(exp->test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(exp->test, m.buf);
	/* As procfs, which has a reference meanwhile. */
	get_file(file);
	file->f_op->show_fdinfo(&m, file);
	fput(file);
	KUNIT_ASSERT_FALSE(exp->test, seq_has_overflowed(&m));
	return m.buf;
}

static void expect_fdinfo(struct mock_exporter *exp, int count,
			  const char *rest)
{
	char expected[160];

	snprintf(expected, sizeof(expected),
		 "size:\t%zu\ncount:\t%d\nexp_name:\tmock\n%s", exp->size,
		 count, rest);
	KUNIT_EXPECT_STREQ(exp->test, expected, fdinfo(exp));
}

static void fdinfo_without_name(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	expect_fdinfo(exp, 1, "");
	get_dma_buf(exp->dmabuf);
	expect_fdinfo(exp, 2, "");
	dma_buf_put(exp->dmabuf);
}

static void names_are_kept_and_shown_escaped(struct kunit *test)
{
	const struct name_row *row = test->param_value;
	static const unsigned int cmds[] = {
		DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
		char line[96];

		KUNIT_EXPECT_EQ(test, 0, ioctl(exp, cmds[i], "old", 4));
		KUNIT_EXPECT_EQ(test, row->err,
				ioctl(exp, cmds[i], row->name,
				      strlen(row->name) + 1));
		KUNIT_EXPECT_STREQ(test, row->err ? "old" : row->name,
				   exp->dmabuf->name);

		snprintf(line, sizeof(line), "name:\t%s\n",
			 row->err ? "old" : row->shown);
		expect_fdinfo(exp, 1, line);
	}
}

/* Neither the old one at a new name, nor the last one. */
static void no_name_is_left(struct kunit *test)
{
	struct kmem_cache *names = kmem_cache_create("dma_buf_test_names", DMA_BUF_NAME_LEN, 0,
						     SLAB_NO_MERGE, NULL);
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	KUNIT_ASSERT_NOT_NULL(test, names);
	exp->dmabuf->name = kmem_cache_zalloc(names, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, 0, ioctl(exp, DMA_BUF_SET_NAME_B, "new", 4));
	KUNIT_EXPECT_EQ(test, 0, kmem_cache_shrink(names));
	kfree(exp->dmabuf->name);
	exp->dmabuf->name = kmem_cache_zalloc(names, GFP_KERNEL);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 0, kmem_cache_shrink(names));
	kmem_cache_destroy(names);
}

static struct kunit_case dma_buf_file_cases[] = {
	KUNIT_CASE_PARAM(seek_tells_the_size, seek_gen_params),
	KUNIT_CASE(unknown_ioctls_are_refused),
	KUNIT_CASE_PARAM(sync_reaches_the_exporter, sync_gen_params),
	KUNIT_CASE(arguments_must_be_readable),
	KUNIT_CASE(fdinfo_without_name),
	KUNIT_CASE_PARAM(names_are_kept_and_shown_escaped, name_gen_params),
	KUNIT_CASE(no_name_is_left),
	{}
};

static struct kunit_suite dma_buf_file_suite = {
	.name = "dma_buf_file",
	.test_cases = dma_buf_file_cases,
};

kunit_test_suite(dma_buf_file_suite);
