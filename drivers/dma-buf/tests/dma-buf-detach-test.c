// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: detach, and what of an importer it finds left behind.
 */
#include <linux/mm.h>

#include "mock.h"

static void detach_refuses_bad_arguments(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach(imp, exp);
	dma_buf_detach(NULL, imp->attach);
	mock_expect_bad_args(test, "dma_buf_detach");
	dma_buf_detach(exp->dmabuf, NULL);
	mock_expect_bad_args(test, "dma_buf_detach");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));
}

static void detach_refuses_anothers_attachment(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_exporter *other = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach(imp, exp);
	dma_buf_detach(other->dmabuf, imp->attach);
	mock_expect_report(test, other, imp,
			   "detach of an attachment to another buffer");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 0, other->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));

	mock_detach(imp);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
}

static void detach_while_mapped_keeps_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt;

	mock_reports(test);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	/* Who is so confused may well come twice. */
	dma_buf_put(exp->dmabuf);
	dma_buf_detach(exp->dmabuf, attach);
	mock_expect_report(test, exp, imp, "detached while mapped");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);
	/* Whoever looks for the culprit, or for a place to pin, sees it. */
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));
	/* The importer itself is not told any more, and its module may be gone. */
	attach->importer_ops = ZERO_SIZE_PTR;
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	KUNIT_EXPECT_EQ(test, 0, imp->invalidated);

	/* The table is still good, so that the device's DMA still is. */
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), mock_address(exp, 0));
	/* And so is the buffer, whoever else gives it back. */
	KUNIT_EXPECT_EQ(test, 2, file_count(exp->dmabuf->file));
	dma_buf_put(exp->dmabuf);

	/* Late, but it can be made good. */
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	mock_expect_no_report(test);
}

/* The first mapping is where the others hang, and may be none itself. */
static void detach_with_the_second_mapping_keeps_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *first = mock_map(attach, DMA_TO_DEVICE, false);
	struct sg_table *second = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	mock_unmap(attach, first, DMA_TO_DEVICE, false);
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);

	mock_unmap(attach, second, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	dma_buf_put(exp->dmabuf);
	mock_release(exp);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/* Even one that puts more than it has frees nothing that a device may use. */
static void release_while_abandoned_keeps_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	dma_buf_put(exp->dmabuf);
	mock_release(exp);
	mock_expect_report(test, exp, imp, "released with devices attached");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	mock_free_leaked(exp);
}

/* amdgpu and xe choose by the devices on it where a buffer is to be pinned. */
static void expect_listed(struct mock_exporter *exp, enum mock_op op)
{
	if (op == MOCK_PIN)
		KUNIT_EXPECT_FALSE(exp->test,
				   list_empty(&exp->dmabuf->attachments));
}

/* Nobody would tell the device of a move, so there is to be none. */
static void detach_while_mapped_stops_moves(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);
	unsigned int pins = exp->calls[MOCK_PIN];

	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	exp->hook = expect_listed;
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], pins + 1);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN],
			exp->calls[MOCK_UNPIN] + 1);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	dma_buf_put(exp->dmabuf);
	mock_release(exp);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/*
 * To pin it could be to move it out of the card's memory, where the device is;
 * not so if it is pinned there already.
 */
static void detach_while_mapped_moves_nothing(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	unsigned int pins;

	imp->ops.allow_peer2peer = true;
	attach = mock_attach_dynamic(imp, exp);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	pins = exp->calls[MOCK_PIN];
	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_detach(imp);
	mock_expect_report(test, exp, imp, pins ? "detached while mapped" :
			   "detached while mapped, and the buffer cannot be pinned");
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], pins ? 2 : 0);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	dma_buf_put(exp->dmabuf);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/*
 * fastrpc with FASTRPC_ATTR_SECUREMAP: a program can make it leave as many mapped
 * buffers behind as it likes, and none comes back.
 */
static void not_all_memory_is_kept(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");
	struct dma_buf_attachment *attach = mock_attach(a, exp);
	/* As much as may be kept: the first one always is. */
	size_t large = (totalram_pages() / 32 + 1) * PAGE_SIZE;
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	mock_reports(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock_map(mock_attach(b, exp),
						    DMA_TO_DEVICE, false));
	exp->dmabuf->size = large;
	mock_detach(a);
	mock_expect_report(test, exp, a, "detached while mapped");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	mock_detach(b);
	mock_expect_report(test, exp, b,
			   "detached while mapped, unmapped since too much is kept");
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 2, file_count(exp->dmabuf->file));

	/* What comes back makes room. */
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
	exp->dmabuf->size = exp->size;
	attach = mock_attach(b, exp);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	exp->dmabuf->size = large;
	mock_detach(b);
	mock_expect_report(test, exp, b, "detached while mapped");
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

static void detach_while_pinned_unpins(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach_dynamic(imp, exp);
	KUNIT_EXPECT_EQ(test, 0, mock_pin(imp));
	KUNIT_EXPECT_EQ(test, 0, mock_pin(imp));

	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while pinned");
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 0, mock_attachments(exp));

	/* No device can be at work, so nothing is lost. */
	mock_release(exp);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/* That one kind was told of hides no other. */
static void detach_reports_each_kind(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *mapped = mock_importer(test, "mapped");
	struct mock_importer *pinned = mock_importer(test, "pinned");
	struct dma_buf_attachment *attach = mock_attach_dynamic(mapped, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);
	struct mock_reports *reports = mock_reports(test);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_attach_dynamic(pinned, exp);
	KUNIT_ASSERT_EQ(test, 0, mock_pin(pinned));
	mock_detach(mapped);
	mock_detach(pinned);
	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 2, reports->warnings);
	KUNIT_EXPECT_NOT_NULL(test, strstr(reports->text,
					   "detached while pinned"));

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
}

static void release_while_attached_keeps_all(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);

	mock_reports(test);
	mock_release(exp);
	imp->attach = NULL;
	mock_expect_report(test, exp, imp, "released with devices attached");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));

	/* The importer may leave all the same. */
	dma_buf_detach(exp->dmabuf, attach);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	mock_expect_no_report(test);
	mock_free_leaked(exp);
}

static struct kunit_case dma_buf_detach_cases[] = {
	KUNIT_CASE(detach_refuses_bad_arguments),
	KUNIT_CASE(detach_refuses_anothers_attachment),
	KUNIT_CASE(detach_while_mapped_keeps_all),
	KUNIT_CASE(detach_with_the_second_mapping_keeps_all),
	KUNIT_CASE(release_while_abandoned_keeps_all),
	KUNIT_CASE(detach_while_mapped_stops_moves),
	KUNIT_CASE(detach_while_mapped_moves_nothing),
	KUNIT_CASE(not_all_memory_is_kept),
	KUNIT_CASE(detach_while_pinned_unpins),
	KUNIT_CASE(detach_reports_each_kind),
	KUNIT_CASE(release_while_attached_keeps_all),
	{}
};

static struct kunit_suite dma_buf_detach_suite = {
	.name = "dma_buf_detach",
	.test_cases = dma_buf_detach_cases,
};

kunit_test_suite(dma_buf_detach_suite);
