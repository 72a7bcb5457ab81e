// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: both ways into a process, by mmap() of a buffer's own file
 * and by that of a driver which hands over to dma_buf_mmap().
 */
#include <linux/anon_inodes.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "mock.h"

#define READ_WRITE	(PROT_READ | PROT_WRITE)

static void mmap_shows_the_memory(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct file *file = exp->dmabuf->file;
	u32 __user *addr;
	u32 value;

	addr = (u32 __user *)mock_mmap(test, file, MOCK_PAGES, 0, READ_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE((unsigned long)addr));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MMAP]);
	KUNIT_EXPECT_PTR_EQ(test, exp->vm_file, file);
	KUNIT_EXPECT_EQ(test, 2, file_count(file));

	KUNIT_EXPECT_EQ(test, 0, put_user(0x600df00d, addr));
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(exp->pages[0]), 0x600df00d);
	*(u32 *)page_address(exp->pages[3]) = 0xcafe;
	KUNIT_EXPECT_EQ(test, 0, get_user(value, addr + 3 * PAGE_SIZE / 4));
	KUNIT_EXPECT_EQ(test, value, 0xcafe);

	KUNIT_EXPECT_EQ(test, 0,
			vm_munmap((unsigned long)addr, MOCK_PAGES * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, file_count(file));
}

static void mapping_keeps_the_buffer(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned long addr;

	addr = mock_mmap(test, exp->dmabuf->file, MOCK_PAGES, 0, READ_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	dma_buf_put(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	KUNIT_EXPECT_EQ(test, 0, put_user(1, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, MOCK_PAGES * PAGE_SIZE));
	mock_wait_released(exp);
}

/* A driver that imported a buffer and offers a mapping of its own. */
struct driver {
	struct mock_exporter *exp;
	unsigned long pgoff;
	struct file *file;
};

static int driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct driver *driver = file->private_data;

	return dma_buf_mmap(driver->exp->dmabuf, vma, driver->pgoff);
}

static const struct file_operations driver_fops = {
	.mmap = driver_mmap,
};

static void driver_close(void *file)
{
	__fput_sync(file);
}

static void driver_open(struct kunit *test, struct driver *driver)
{
	driver->file = anon_inode_getfile("driver", &driver_fops, driver,
					  O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, driver->file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, driver_close,
							   driver->file));
}

static void driver_hands_the_area_over(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct driver driver = { .exp = exp, .pgoff = 1 };
	struct file *file = exp->dmabuf->file;
	unsigned long addr;

	driver_open(test, &driver);
	/* Where the area was in the driver's file does not matter. */
	addr = mock_mmap(test, driver.file, 2, 1000, READ_WRITE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MMAP]);
	KUNIT_EXPECT_PTR_EQ(test, exp->vm_file, file);
	KUNIT_EXPECT_EQ(test, 1, exp->vm_pgoff);
	KUNIT_EXPECT_EQ(test, 2, file_count(file));
	KUNIT_EXPECT_EQ(test, 1, file_count(driver.file));

	KUNIT_EXPECT_EQ(test, 0, put_user(7, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, 7, *(u32 *)page_address(exp->pages[1]));

	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, file_count(file));
}

/* Everything that both ways have to do. */
struct way {
	const char *what;
	bool by_driver;
};

static const struct way ways[] = {
	{ "own file", false },
	{ "driver", true },
};

static void way_desc(const struct way *way, char *desc)
{
	strscpy(desc, way->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_desc);

static unsigned long map(struct kunit *test, const struct way *way,
			 struct driver *driver, unsigned long pages,
			 unsigned long pgoff)
{
	if (!way->by_driver)
		return mock_mmap(test, driver->exp->dmabuf->file, pages, pgoff,
				 READ_WRITE);
	driver->pgoff = pgoff;
	driver_open(test, driver);
	return mock_mmap(test, driver->file, pages, 0, READ_WRITE);
}

static void area_cannot_grow(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct driver driver = { .exp = exp };
	unsigned long addr;

	addr = map(test, test->param_value, &driver, MOCK_PAGES, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	/* As the exporter saw it: it may rely on the size. */
	KUNIT_EXPECT_TRUE(test, exp->vm_flags & VM_DONTEXPAND);
}

static void mmap_needs_the_exporter(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct driver driver = { .exp = exp };

	exp->ops.mmap = NULL;
	mock_export(exp);
	KUNIT_EXPECT_EQ(test, map(test, test->param_value, &driver, 1, 0),
			(unsigned long)-EINVAL);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

static void exporters_mmap_may_fail(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct driver driver = { .exp = exp };

	exp->errors[MOCK_MMAP] = -EIO;
	KUNIT_EXPECT_EQ(test, map(test, test->param_value, &driver, 1, 0),
			(unsigned long)-EIO);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

struct bounds_row {
	size_t size;
	unsigned long pgoff, pages;
	long own, driver;
};

/* The end of the file offset, which is in bytes, comes before that of pgoff. */
#define LAST_PAGE	(ULONG_MAX >> PAGE_SHIFT)
#define SIZE		(MOCK_PAGES * PAGE_SIZE)
/* 5,000 bytes, where a page has 4,096. */
#define ODD_SIZE	(PAGE_SIZE + 904)

static const struct bounds_row bounds_rows[] = {
	{ SIZE, 0, 1, 0, 0 },
	{ SIZE, 0, 4, 0, 0 },
	{ SIZE, 0, 5, -EINVAL, -EINVAL },
	{ SIZE, 3, 1, 0, 0 },
	{ SIZE, 3, 2, -EINVAL, -EINVAL },
	{ SIZE, 4, 1, -EINVAL, -EINVAL },
	{ SIZE, LAST_PAGE - 1, 1, -EINVAL, -EINVAL },
	{ SIZE - 1, 0, 3, 0, 0 },
	{ SIZE - 1, 0, 4, -EINVAL, -EINVAL },
	{ SIZE - 1, 3, 1, -EINVAL, -EINVAL },
	{ ODD_SIZE, 0, 1, 0, 0 },
	{ ODD_SIZE, 0, 2, -EINVAL, -EINVAL },
	{ ODD_SIZE, 1, 1, -EINVAL, -EINVAL },
	{ 1, 0, 1, -EINVAL, -EINVAL },
};

static void bounds_desc(const struct bounds_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%zu bytes, page %#lx + %lu",
		 row->size, row->pgoff, row->pages);
}

KUNIT_ARRAY_PARAM(bounds, bounds_rows, bounds_desc);

static void mmap_stays_within_the_buffer(struct kunit *test)
{
	const struct bounds_row *row = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
		struct driver driver = { .exp = exp };
		long err = ways[i].by_driver ? row->driver : row->own;
		unsigned long addr;

		exp->size = row->size;
		mock_export(exp);
		addr = map(test, &ways[i], &driver, row->pages, row->pgoff);
		if (err)
			KUNIT_EXPECT_EQ(test, addr, (unsigned long)err);
		else
			KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
		KUNIT_EXPECT_EQ(test, exp->calls[MOCK_MMAP], !err);
		KUNIT_EXPECT_EQ(test, exp->vm_pgoff, err ? 0 : row->pgoff);
	}
}

struct wrap_row {
	unsigned long pgoff, pages;
	long err;
};

static const struct wrap_row wrap_rows[] = {
	{ LAST_PAGE, 1, -EINVAL },
	{ LAST_PAGE + 1, 1, -EINVAL },
	{ ULONG_MAX / 2, 1, -EINVAL },
	{ ULONG_MAX - 4, 4, -EINVAL },
	{ ULONG_MAX - 3, 4, -EOVERFLOW },
	{ ULONG_MAX - 2, 4, -EOVERFLOW },
	{ ULONG_MAX, 1, -EOVERFLOW },
	{ ULONG_MAX, 4, -EOVERFLOW },
};

static void wrap_desc(const struct wrap_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "page %#lx + %lu", row->pgoff,
		 row->pages);
}

KUNIT_ARRAY_PARAM(wrap, wrap_rows, wrap_desc);

/* Only a driver can ask for this: mmap() itself has an end before. */
static void range_must_not_wrap_around(struct kunit *test)
{
	const struct wrap_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct driver driver = { .exp = exp, .pgoff = row->pgoff };

	driver_open(test, &driver);
	KUNIT_EXPECT_EQ(test, mock_mmap(test, driver.file, row->pages, 0,
					READ_WRITE), (unsigned long)row->err);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_MMAP]);
	KUNIT_EXPECT_EQ(test, 1, file_count(driver.file));
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

static void mmap_refuses_nothing(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct vm_area_struct vma = {};

	mock_reports(test);
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_mmap(NULL, &vma, 0));
	mock_expect_bad_args(test, "dma_buf_mmap");
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_mmap(exp->dmabuf, NULL, 0));
	mock_expect_bad_args(test, "dma_buf_mmap");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_MMAP]);
}

static struct kunit_case dma_buf_mmap_cases[] = {
	KUNIT_CASE(mmap_shows_the_memory),
	KUNIT_CASE(mapping_keeps_the_buffer),
	KUNIT_CASE(driver_hands_the_area_over),
	KUNIT_CASE_PARAM(area_cannot_grow, way_gen_params),
	KUNIT_CASE_PARAM(mmap_needs_the_exporter, way_gen_params),
	KUNIT_CASE_PARAM(exporters_mmap_may_fail, way_gen_params),
	KUNIT_CASE_PARAM(mmap_stays_within_the_buffer, bounds_gen_params),
	KUNIT_CASE_PARAM(range_must_not_wrap_around, wrap_gen_params),
	KUNIT_CASE(mmap_refuses_nothing),
	{}
};

static struct kunit_suite dma_buf_mmap_suite = {
	.name = "dma_buf_mmap",
	.test_cases = dma_buf_mmap_cases,
};

kunit_test_suite(dma_buf_mmap_suite);
