// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what drivers in the tree do, sound or not. Whatever cost
 * nothing on the kernel's own core must cost nothing here.
 */
#include <linux/device.h>
#include <linux/fs.h>

#include "mock.h"

/*
 * armada_gem_map_import(): a table of several segments is refused without its
 * unmap, another framebuffer made at the same time maps again, and only the end
 * of the object unmaps, once.
 */
struct left_row {
	const char *what;
	enum mock_kind exporter;
	enum mock_importer_kind importer;
	unsigned int tables;
};

static const struct left_row left_rows[] = {
	{ "cached", MOCK_CACHED, MOCK_FIXED, 1 },
	{ "cached, dynamic importer", MOCK_CACHED, MOCK_TOLD, 1 },
	{ "static importer of a dynamic exporter", MOCK_DYNAMIC, MOCK_FIXED, 2 },
	{ "dynamic importer of a static exporter", MOCK_STATIC, MOCK_TOLD,
	  IS_ENABLED(CONFIG_DMABUF_KEEP_TABLES) ? 1 : 2 },
};

static void left_desc(const struct left_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(left, left_rows, left_desc);

static void table_may_be_left_mapped(struct kunit *test)
{
	const struct left_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, row->exporter);
	struct mock_importer *imp = mock_importer(test, "armada");
	struct dma_buf_attachment *attach = mock_attach_as(imp, exp, row->importer);
	struct sg_table *first, *second;

	mock_reports(test);
	first = mock_map(attach, DMA_TO_DEVICE, false);
	second = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_EXPECT_EQ(test, row->tables, exp->calls[MOCK_MAP]);
	mock_unmap(attach, first, DMA_TO_DEVICE, false);
	mock_detach(imp);
	mock_expect_remark(test, exp, imp,
			   "detached before unmap, and unmapped by that");
	KUNIT_EXPECT_EQ(test, row->tables, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);

	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	mock_expect_no_report(test);
}

/*
 * fastrpc_map_attach() after an error: detach while mapped, put; then the last
 * reference to its map goes: unmap, detach and put, all a second time.
 */
struct back_row {
	const char *what;
	enum mock_kind exporter;
	enum mock_importer_kind importer;
};

static const struct back_row back_rows[] = {
	{ "both static", MOCK_STATIC, MOCK_FIXED },
	{ "both dynamic", MOCK_DYNAMIC, MOCK_TOLD },
};

static void back_desc(const struct back_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(back, back_rows, back_desc);

static void importer_may_come_back(struct kunit *test)
{
	const struct back_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, row->exporter);
	struct mock_importer *imp = mock_importer(test, "fastrpc");
	struct dma_buf *dmabuf = exp->dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_reports(test);
	get_dma_buf(dmabuf);
	attach = mock_attach_as(imp, exp, row->importer);
	sgt = mock_map(attach, DMA_BIDIRECTIONAL, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	dma_buf_put(dmabuf);

	mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, false);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);

	/* Who holds the buffer besides has lost nothing, and gives back all. */
	KUNIT_EXPECT_EQ(test, 1, file_count(dmabuf->file));
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	mock_expect_no_report(test);
}

/*
 * Exporters with a list of attachments, as the system heap, sync every device on
 * it until their detach is called: the device must last as long.
 */
static void abandoned_attachment_holds_its_device(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	unsigned int refs = kref_read(&imp->dev->kobj.kref);
	struct sg_table *sgt;

	mock_reports(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	dma_buf_put(exp->dmabuf);
	dma_buf_detach(exp->dmabuf, attach);
	mock_expect_report(test, exp, imp, "detached while mapped");
	KUNIT_EXPECT_EQ(test, kref_read(&imp->dev->kobj.kref), refs + 1);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, kref_read(&imp->dev->kobj.kref), refs);
	dma_buf_put(exp->dmabuf);

	/* Whoever gets the same memory next was never abandoned. */
	dma_buf_detach(exp->dmabuf, dma_buf_attach(exp->dmabuf, imp->dev));
	KUNIT_EXPECT_EQ(test, kref_read(&imp->dev->kobj.kref), refs);
	mock_expect_no_report(test);
}

/*
 * videobuf2's dma-contig maps for each frame, and makes -EINVAL of any error: it
 * must not hear of a signal that the kernel's own core did not look for.
 */
static void cached_map_neither_waits_nor_fails(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "vb2");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;
	unsigned int i;

	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	exp->errors[MOCK_MAP] = -ENOMEM;

	for (i = 0; i < 2; i++) {
		struct sg_table *again;

		mock_signal_begin(test);
		again = mock_map(attach, DMA_TO_DEVICE, i);
		mock_signal_end(test);
		KUNIT_ASSERT_PTR_EQ(test, again, sgt);
		mock_unmap(attach, again, DMA_TO_DEVICE, i);
	}
}

/* It waits until the memory was in place once, however often it is asked. */
static void cached_map_waits_until_settled(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		mock_signal_begin(test);
		sgt = mock_map(attach, DMA_TO_DEVICE, i & 1);
		mock_signal_end(test);
		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ERESTARTSYS), sgt);
		KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	}
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_MAP], exp->calls[MOCK_UNMAP]);

	/* Nothing is left of them: the first that succeeds has the say. */
	dma_fence_signal(&fence->base);
	sgt = mock_map(attach, DMA_BIDIRECTIONAL, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	mock_signal_begin(test);
	KUNIT_EXPECT_PTR_EQ(test, mock_map(attach, DMA_TO_DEVICE, false), sgt);
	mock_signal_end(test);
}

/* Whoever gets the memory of an attachment next has not inherited its mapping. */
static void stale_table_is_nobodys(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "armada");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_detach(imp);
	mock_expect_remark(test, exp, imp,
			   "detached before unmap, and unmapped by that");
	attach = mock_attach(imp, exp);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	mock_expect_report(test, exp, imp,
			   "unmap of a table that is not mapped");
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
}

/*
 * xe_bo_move_dmabuf() unmaps and maps the table of a static exporter while jobs
 * use it, and has no way to live with an error. On the kernel's own core these
 * calls do nothing, and all ends with the attachment.
 */
static void table_of_a_static_exporter_stays(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "xe");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt, *other;

	mock_needs_kept_tables(test);
	mock_reports(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, true);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	exp->errors[MOCK_MAP] = -ENOMEM;
	KUNIT_EXPECT_PTR_EQ(test, mock_map(attach, DMA_TO_DEVICE, true), sgt);
	exp->errors[MOCK_MAP] = 0;

	/* Another direction is another table, and not kept. */
	other = mock_map(attach, DMA_FROM_DEVICE, true);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, other, sgt);
	mock_unmap(attach, other, DMA_FROM_DEVICE, true);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, true);
	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	mock_expect_no_report(test);
}

/*
 * amdgpu and xe of 7.3, when their card is unplugged: what is mapped until programs close
 * their files belongs to a device that is gone by then.
 */
static void what_is_unmapped_is_not_mapped(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "xe");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt;
	unsigned int i;

	if (IS_ENABLED(CONFIG_DMABUF_KEEP_TABLES))
		kunit_skip(test, "this kernel's drivers need it to stay");
	for (i = 1; i <= 2; i++) {
		sgt = mock_map(attach, DMA_BIDIRECTIONAL, true);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
		mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, true);
		KUNIT_EXPECT_EQ(test, i, exp->calls[MOCK_MAP]);
		KUNIT_EXPECT_EQ(test, i, exp->calls[MOCK_UNMAP]);
	}
}

/* vfio-pci: it has no pin, yet takes its memory away. */
static void static_exporter_may_invalidate(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	bool kept = IS_ENABLED(CONFIG_DMABUF_KEEP_TABLES);
	struct sg_table *sgt;

	/* It goes with its last unmap, and a new map asks the exporter. */
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	if (kept)
		KUNIT_ASSERT_PTR_EQ(test, mock_map(attach, DMA_TO_DEVICE, false), sgt);
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	KUNIT_EXPECT_EQ(test, 1, imp->invalidated);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	exp->errors[MOCK_MAP] = -ENODEV;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENODEV),
			    mock_map(attach, DMA_TO_DEVICE, false));
	if (kept)
		mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);

	/* From then on nothing is kept. */
	exp->errors[MOCK_MAP] = 0;
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_UNMAP]);
}

/* What nobody uses goes at once. */
static void idle_table_goes_with_an_invalidate(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt;

	mock_needs_kept_tables(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
}

/* Where the exporter wants a table cached, it stays true whatever happens. */
static void cached_table_outlives_an_invalidate(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_PTR_EQ(test, mock_map(attach, DMA_TO_DEVICE, false), sgt);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
}

/*
 * A display pins a buffer into its card between attach and map of another
 * device, which the exporter then cannot suit: the error is that of map.
 */
static void pin_by_another_may_make_map_fail(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *display = mock_importer(test, "display");
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);

	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_PIN]);
	mock_attach_dynamic(display, exp);
	KUNIT_ASSERT_EQ(test, 0, mock_pin(display));

	exp->errors[MOCK_PIN] = -EINVAL;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    mock_map(attach, DMA_TO_DEVICE, false));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_MAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);

	mock_unpin(display);
}

static struct kunit_case dma_buf_drivers_cases[] = {
	KUNIT_CASE_PARAM(table_may_be_left_mapped, left_gen_params),
	KUNIT_CASE_PARAM(importer_may_come_back, back_gen_params),
	KUNIT_CASE(abandoned_attachment_holds_its_device),
	KUNIT_CASE(cached_map_neither_waits_nor_fails),
	KUNIT_CASE(cached_map_waits_until_settled),
	KUNIT_CASE(stale_table_is_nobodys),
	KUNIT_CASE(table_of_a_static_exporter_stays),
	KUNIT_CASE(what_is_unmapped_is_not_mapped),
	KUNIT_CASE(static_exporter_may_invalidate),
	KUNIT_CASE(idle_table_goes_with_an_invalidate),
	KUNIT_CASE(cached_table_outlives_an_invalidate),
	KUNIT_CASE(pin_by_another_may_make_map_fail),
	{}
};

static struct kunit_suite dma_buf_drivers_suite = {
	.name = "dma_buf_drivers",
	.test_cases = dma_buf_drivers_cases,
};

kunit_test_suite(dma_buf_drivers_suite);
