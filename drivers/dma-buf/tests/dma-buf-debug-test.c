// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: CONFIG_DMABUF_DEBUG, which keeps pages from importers and
 * looks at what exporters map.
 */
#include <linux/path.h>
#include <linux/slab.h>

#include "mock.h"

static struct sg_table *map(struct mock_importer *imp)
{
	return dma_buf_map_attachment_unlocked(imp->attach, DMA_TO_DEVICE);
}

static void unmap(struct mock_importer *imp, struct sg_table *sgt)
{
	dma_buf_unmap_attachment_unlocked(imp->attach, sgt, DMA_TO_DEVICE);
}

static void importer_gets_no_pages(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;

	mock_attach(imp, exp);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_PTR_NE(test, sgt, exp->mapped);
	KUNIT_EXPECT_PTR_NE(test, sgt->sgl, exp->mapped->sgl);
	KUNIT_EXPECT_EQ(test, MOCK_PAGES, sgt->nents);
	KUNIT_EXPECT_EQ(test, MOCK_PAGES, sgt->orig_nents);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_NULL(test, sg_page(sg));
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), mock_address(exp, i));
		KUNIT_EXPECT_EQ(test, PAGE_SIZE, sg_dma_len(sg));
		KUNIT_EXPECT_EQ(test, PAGE_SIZE, sg->length);
	}

	/* The exporter's own is as it was, and comes back to it. */
	for_each_sgtable_sg(exp->mapped, sg, i)
		KUNIT_EXPECT_PTR_EQ(test, sg_page(sg), exp->pages[i]);
	unmap(imp, sgt);
	KUNIT_EXPECT_PTR_EQ(test, exp->unmapped, exp->mapped);
}

/* One that was merged by an IOMMU has fewer addresses than pages. */
static void only_what_is_mapped_is_copied(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	mock_reports(test);
	exp->table = MOCK_TABLE_MERGED;
	mock_attach(imp, exp);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, MOCK_PAGES, exp->mapped->orig_nents);
	KUNIT_EXPECT_EQ(test, 1, sgt->nents);
	KUNIT_EXPECT_EQ(test, 1, sgt->orig_nents);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), exp->size);
	unmap(imp, sgt);
	mock_expect_no_report(test);
}

#ifdef CONFIG_NEED_SG_DMA_FLAGS
static void marks_are_copied(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;

	exp->table = MOCK_TABLE_MARKED;
	mock_attach(imp, exp);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, sg_dma_is_bus_address(sg), i == 0);
		KUNIT_EXPECT_EQ(test, sg_dma_is_swiotlb(sg), i == 1);
	}
	unmap(imp, sgt);
}
#endif

struct table_row {
	const char *what;
	enum mock_table table;
	size_t size;
	const char *report;
	bool warns;
};

static const struct table_row table_rows[] = {
	{ "good", MOCK_TABLE_GOOD, 4 * PAGE_SIZE, NULL },
	{ "buffer ends within a page", MOCK_TABLE_GOOD, 4 * PAGE_SIZE - 5,
	  NULL },
	{ "empty", MOCK_TABLE_EMPTY, 4 * PAGE_SIZE,
	  "exporter mapped an empty table" },
	{ "unaligned", MOCK_TABLE_UNALIGNED, 4 * PAGE_SIZE,
	  "exporter mapped an unaligned segment at byte 0" },
	{ "the last one unaligned", MOCK_TABLE_UNALIGNED, PAGE_SIZE,
	  "exporter mapped an unaligned segment at byte 0" },
	{ "one ends within a page", MOCK_TABLE_RAGGED, 4 * PAGE_SIZE,
	  "exporter mapped an unaligned segment at byte 0" },
	{ "too short", MOCK_TABLE_SHORT, 4 * PAGE_SIZE,
	  "exporter mapped %zu bytes of a buffer of %zu" },
	{ "too long", MOCK_TABLE_LONG, 4 * PAGE_SIZE,
	  "exporter mapped %zu bytes of a buffer of %zu", true },
};

static void table_desc(const struct table_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(table, table_rows, table_desc);

/* A report is all: such exporters exist, and work as long as nobody looks. */
static void strange_tables_are_reported(struct kunit *test)
{
	const struct table_row *row = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	size_t mapped = PAGE_ALIGN(row->size);
	struct sg_table *sgt;
	char report[96];

	if (row->table == MOCK_TABLE_SHORT)
		mapped -= PAGE_SIZE;
	if (row->table == MOCK_TABLE_LONG)
		mapped += PAGE_SIZE;

	mock_reports(test);
	exp->size = row->size;
	exp->table = row->table;
	mock_export(exp);
	mock_attach(imp, exp);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	if (row->report) {
		snprintf(report, sizeof(report), row->report, mapped,
			 row->size);
		(row->warns ? mock_expect_report : mock_expect_remark)
			(test, exp, imp, report);
	}
	KUNIT_EXPECT_EQ(test, sgt->nents, exp->mapped->nents);
	unmap(imp, sgt);
	mock_expect_no_report(test);
	KUNIT_EXPECT_PTR_EQ(test, exp->unmapped, exp->mapped);
}

/* The exporter's table is not the one that was handed out. */
static void exporters_table_is_not_the_importers(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	mock_reports(test);
	mock_attach(imp, exp);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	unmap(imp, exp->mapped);
	mock_expect_report(test, exp, imp,
			   "unmap of a table that is not mapped");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	unmap(imp, sgt);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
}

#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
static void copy_for_the_device_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	mock_reports(test);
	mock_attach(imp, exp);
	mock_bounce(imp, exp, 2);
	sgt = map(imp);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_expect_remark(test, exp, imp,
			   "mapped by way of a copy, and who maps once must sync");
	unmap(imp, sgt);
}
#endif

struct access_row {
	const char *what;
	unsigned int begins, ends;
	bool one_sided;
	const char *report;
};

static const struct access_row access_rows[] = {
	{ "in pairs", 2, 2 },
	{ "not ended", 2, 1,
	  .report = "released with 1 more begins than ends of CPU access" },
	{ "ended twice", 1, 2,
	  .report = "released with -1 more begins than ends of CPU access" },
	{ "exporter does not count on it", 2, 1, .one_sided = true },
};

static void access_desc(const struct access_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(access, access_rows, access_desc);

static void access_without_its_other_half_is_told(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct path path;
	unsigned int i;

	mock_reports(test);
	if (row->one_sided)
		exp->ops.end_cpu_access = NULL;
	mock_export(exp);
	path = exp->dmabuf->file->f_path;
	path_get(&path);
	for (i = 0; i < row->begins; i++)
		KUNIT_ASSERT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf,
								  DMA_TO_DEVICE));
	for (i = 0; i < row->ends; i++)
		KUNIT_ASSERT_EQ(test, 0, dma_buf_end_cpu_access(exp->dmabuf,
								DMA_TO_DEVICE));
	/* Nobody counts what did not begin. */
	exp->errors[MOCK_BEGIN_CPU] = -EIO;
	KUNIT_ASSERT_EQ(test, -EIO, dma_buf_begin_cpu_access(exp->dmabuf,
							     DMA_TO_DEVICE));
	mock_release(exp);
	if (row->report)
		mock_expect_remark(test, exp, NULL, row->report);
	else
		mock_expect_no_report(test);
	path_put(&path);
	mock_wait_released(exp);
}

/* However many buffers a program leaves so. */
static void few_such_lines_are_logged(struct kunit *test)
{
	struct mock_reports *reports = mock_reports(test);
	unsigned int i;

	for (i = 0; i < 30; i++) {
		struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

		KUNIT_ASSERT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf,
								  DMA_TO_DEVICE));
		mock_release(exp);
	}
	mock_read_reports(test);
	KUNIT_EXPECT_GE(test, reports->count, 1);
	KUNIT_EXPECT_LE(test, reports->count, 10);
}

static struct kunit_case dma_buf_debug_cases[] = {
	KUNIT_CASE(importer_gets_no_pages),
	KUNIT_CASE(only_what_is_mapped_is_copied),
#ifdef CONFIG_NEED_SG_DMA_FLAGS
	KUNIT_CASE(marks_are_copied),
#endif
	KUNIT_CASE_PARAM(strange_tables_are_reported, table_gen_params),
	KUNIT_CASE(exporters_table_is_not_the_importers),
#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
	KUNIT_CASE(copy_for_the_device_is_told),
#endif
	KUNIT_CASE_PARAM(access_without_its_other_half_is_told,
			 access_gen_params),
	KUNIT_CASE(few_such_lines_are_logged),
	{}
};

static struct kunit_suite dma_buf_debug_suite = {
	.name = "dma_buf_debug",
	.test_cases = dma_buf_debug_cases,
};

kunit_test_suite(dma_buf_debug_suite);
