// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what a report of misuse says.
 */
#include <linux/slab.h>

#include "../dma-buf-internal.h"
#include "mock.h"

static void report_names_everything(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "display");

	mock_reports(test);
	exp->dmabuf->name = kstrdup("frame 1", GFP_KERNEL);
	dma_buf_report(exp->dmabuf, imp->dev, DMA_BUF_UNPIN_UNPINNED,
		       "%d mistakes in %s", 2, "one");
	mock_expect_report(test, exp, imp, "2 mistakes in one");
	dma_buf_report(exp->dmabuf, NULL, DMA_BUF_VUNMAP_UNMAPPED,
		       "no device");
	mock_expect_report(test, exp, NULL, "no device");
	dma_buf_report(exp->dmabuf, imp->dev, DMA_BUF_MAPPED_ODD, "odd");
	mock_expect_remark(test, exp, imp, "odd");
}

/* Who is wrong once is so for every frame. */
static void report_comes_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_exporter *other = mock_buffer(test, MOCK_STATIC);
	struct mock_reports *reports = mock_reports(test);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		dma_buf_report(exp->dmabuf, NULL, DMA_BUF_UNMAP_UNMAPPED, "a");
		dma_buf_report(exp->dmabuf, NULL, DMA_BUF_UNMAP_DIRECTION, "b");
		dma_buf_report(other->dmabuf, NULL, DMA_BUF_UNMAP_UNMAPPED, "c");
	}
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 3, reports->count);
	KUNIT_EXPECT_EQ(test, 2, reports->warnings);
}

/* A program chose the name; a line of the log is the kernel's own. */
static void report_escapes_the_name(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_reports *reports = mock_reports(test);

	exp->dmabuf->name = kstrdup("a\n[    0.000000] BUG", GFP_KERNEL);
	dma_buf_report(exp->dmabuf, NULL, DMA_BUF_VMAP_EMPTY, "oh");
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 1, reports->count);
	KUNIT_EXPECT_NOT_NULL(test, strstr(reports->text,
					   "name \"a\\n[    0.000000] BUG\""));
}

/* A program makes a buffer for a driver to trip over, and another, and ... */
static void reports_leave_room_in_the_log(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_reports *reports = mock_reports(test);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		mock_forget_told(exp->dmabuf);
		/* The last of one limit, and the first of the next. */
		dma_buf_report(exp->dmabuf, NULL, DMA_BUF_HELD_ELSEWHERE, "b");
		dma_buf_report(exp->dmabuf, NULL, DMA_BUF_MAPPED_BOUNCED, "e");
	}
	mock_read_reports(test);
	/* On a machine so slow that time passes, some more. */
	KUNIT_EXPECT_GE(test, reports->count, 60);
	KUNIT_EXPECT_LT(test, reports->count, 120);

	/* Programs keep no room from drivers. */
	reports->count = 0;
	dma_buf_report(exp->dmabuf, NULL, DMA_BUF_UNLOCKED, "f");
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 1, reports->count);

	/* All that keeps no room from misuse, and that has a limit, too. */
	for (i = 0; i < 50; i++) {
		mock_forget_told(exp->dmabuf);
		dma_buf_report(exp->dmabuf, NULL, DMA_BUF_VUNMAP_UNMAPPED, "a");
		dma_buf_report_args("c");
	}
	reports->count = 0;
	mock_read_reports(test);
	KUNIT_EXPECT_GE(test, reports->count, 50);
	KUNIT_EXPECT_LT(test, reports->count, 100);

	/* What found no room is told at its next occasion. */
	mock_forget_told(exp->dmabuf);
	dma_buf_report(exp->dmabuf, NULL, DMA_BUF_MAPPED_ODD, "d");
	mock_room_for_reports();
	reports->count = 0;
	dma_buf_report(exp->dmabuf, NULL, DMA_BUF_MAPPED_ODD, "d");
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 1, reports->count);
}

static void bad_arguments_name_the_function(struct kunit *test)
{
	mock_reports(test);
	KUNIT_EXPECT_FALSE(test, dma_buf_bad_args(false, __func__));
	mock_expect_no_report(test);
	KUNIT_EXPECT_TRUE(test, dma_buf_bad_args(true, __func__));
	mock_expect_bad_args(test, __func__);
}

static struct kunit_case dma_buf_report_cases[] = {
	KUNIT_CASE(report_names_everything),
	KUNIT_CASE(report_comes_once),
	KUNIT_CASE(report_escapes_the_name),
	KUNIT_CASE(reports_leave_room_in_the_log),
	KUNIT_CASE(bad_arguments_name_the_function),
	{}
};

static struct kunit_suite dma_buf_report_suite = {
	.name = "dma_buf_report",
	.test_cases = dma_buf_report_cases,
};

kunit_test_suite(dma_buf_report_suite);
