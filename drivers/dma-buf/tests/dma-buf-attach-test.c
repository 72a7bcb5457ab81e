// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: attach, pin, invalidate.
 */
#include "mock.h"

static void attach_joins_a_device(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);

	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_ATTACH]);
	KUNIT_EXPECT_PTR_EQ(test, exp->attach, attach);
	KUNIT_EXPECT_PTR_EQ(test, attach->dmabuf, exp->dmabuf);
	KUNIT_EXPECT_PTR_EQ(test, attach->dev, imp->dev);
	KUNIT_EXPECT_NULL(test, attach->importer_ops);
	KUNIT_EXPECT_NULL(test, attach->importer_priv);
	KUNIT_EXPECT_NULL(test, attach->priv);
	KUNIT_EXPECT_FALSE(test, attach->peer2peer);
	KUNIT_EXPECT_FALSE(test, dma_buf_attachment_is_dynamic(attach));
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));
	/* Memory comes with the first mapping, not before. */
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_MAP]);

	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_PTR_EQ(test, exp->attach, attach);
	KUNIT_EXPECT_EQ(test, 0, mock_attachments(exp));
}

static void dynamic_attach_passes_on(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);

	KUNIT_EXPECT_PTR_EQ(test, attach->importer_ops, &imp->ops);
	KUNIT_EXPECT_PTR_EQ(test, attach->importer_priv, imp);
	KUNIT_EXPECT_TRUE(test, dma_buf_attachment_is_dynamic(attach));
}

static void exporter_without_attach_is_fine(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->ops.attach = NULL;
	exp->ops.detach = NULL;
	mock_export(exp);
	mock_attach(imp, exp);
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));
	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 0, mock_attachments(exp));
}

/* The exporter decides before anybody else can see the attachment. */
static void expect_alone(struct mock_exporter *exp, enum mock_op op)
{
	KUNIT_EXPECT_EQ(exp->test, 0, mock_attachments(exp));
}

static void exporter_sees_attachment_first_and_last(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->hook = expect_alone;
	mock_attach(imp, exp);
	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_ATTACH]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
}

static void devices_come_and_go_in_any_order(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");
	struct mock_importer *c = mock_importer(test, "c");

	mock_attach(a, exp);
	mock_attach(b, exp);
	mock_attach_dynamic(c, exp);
	KUNIT_EXPECT_EQ(test, 3, mock_attachments(exp));
	mock_detach(b);
	mock_detach(a);
	KUNIT_EXPECT_EQ(test, 1, mock_attachments(exp));
	KUNIT_EXPECT_FALSE(test, list_empty(&c->attach->node));
	mock_detach(c);
	KUNIT_EXPECT_EQ(test, 3, exp->calls[MOCK_DETACH]);
}

static void exporter_may_refuse(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->errors[MOCK_ATTACH] = -EBUSY;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBUSY),
			    dma_buf_attach(exp->dmabuf, imp->dev));
	KUNIT_EXPECT_EQ(test, 0, mock_attachments(exp));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_DETACH]);

	exp->errors[MOCK_ATTACH] = 0;
	mock_attach(imp, exp);
}

static void attach_refuses_bad_arguments(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    dma_buf_attach(NULL, imp->dev));
	mock_expect_bad_args(test, "dma_buf_dynamic_attach");
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    dma_buf_attach(exp->dmabuf, NULL));
	mock_expect_bad_args(test, "dma_buf_dynamic_attach");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_ATTACH]);
}

struct p2p_row {
	const char *what;
	bool dynamic;
	bool allowed;
	bool objected;
	bool result;
};

static const struct p2p_row p2p_rows[] = {
	{ "static", false, false, false, false },
	{ "not allowed", true, false, false, false },
	{ "allowed", true, true, false, true },
	{ "exporter objects", true, true, true, false },
};

static void p2p_desc(const struct p2p_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(p2p, p2p_rows, p2p_desc);

static void p2p_hook(struct mock_exporter *exp, enum mock_op op)
{
	const struct p2p_row *row = exp->hook_data;

	if (op == MOCK_ATTACH && row->objected)
		exp->attach->peer2peer = false;
}

static void peer2peer_needs_both_sides(struct kunit *test)
{
	const struct p2p_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->hook = p2p_hook;
	exp->hook_data = (void *)row;
	imp->ops.allow_peer2peer = row->allowed;
	if (row->dynamic)
		mock_attach_dynamic(imp, exp);
	else
		mock_attach(imp, exp);
	KUNIT_EXPECT_EQ(test, row->result, imp->attach->peer2peer);
}

static void invalidate_tells_those_who_listen(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *fixed = mock_importer(test, "fixed");
	struct mock_importer *deaf = mock_importer(test, "deaf");
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");

	deaf->ops.invalidate_mappings = NULL;
	mock_attach(fixed, exp);
	mock_attach_dynamic(a, exp);
	mock_attach_dynamic(deaf, exp);
	mock_attach_dynamic(b, exp);

	mock_invalidate(exp, dma_buf_invalidate_mappings);
	KUNIT_EXPECT_EQ(test, 1, a->invalidated);
	KUNIT_EXPECT_EQ(test, 1, b->invalidated);
	KUNIT_EXPECT_EQ(test, 0, fixed->invalidated + deaf->invalidated);

	mock_detach(a);
	mock_invalidate(exp, dma_buf_move_notify);
	KUNIT_EXPECT_EQ(test, 1, a->invalidated);
	KUNIT_EXPECT_EQ(test, 2, b->invalidated);
}

static void invalidate_refuses_nothing(struct kunit *test)
{
	mock_reports(test);
	dma_buf_invalidate_mappings(NULL);
	mock_expect_bad_args(test, "dma_buf_invalidate_mappings");
}

static void pins_nest(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_attach_dynamic(imp, exp);
	KUNIT_EXPECT_EQ(test, 0, mock_pin(imp));
	KUNIT_EXPECT_EQ(test, 0, mock_pin(imp));
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_PIN]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);
	mock_unpin(imp);
	mock_unpin(imp);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_UNPIN]);
}

static void pin_may_fail(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach_dynamic(imp, exp);
	exp->errors[MOCK_PIN] = -ENOSPC;
	KUNIT_EXPECT_EQ(test, -ENOSPC, mock_pin(imp));
	/* Nothing is pinned, so detach has nothing to say. */
	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	mock_expect_no_report(test);
}

/* It never moves its memory, so there is nothing to count. */
static void pin_of_a_static_exporter_is_free(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach_dynamic(imp, exp);
	KUNIT_EXPECT_EQ(test, 0, mock_pin(imp));
	mock_detach(imp);
	mock_attach_dynamic(imp, exp);
	mock_unpin(imp);
	mock_expect_no_report(test);
}

static void static_importer_must_not_pin(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	mock_attach(imp, exp);
	KUNIT_EXPECT_EQ(test, -EINVAL, mock_pin(imp));
	mock_expect_report(test, exp, imp, "pin by a static importer");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_PIN]);
}

static void unpin_needs_a_pin(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");

	mock_reports(test);
	mock_attach_dynamic(a, exp);
	mock_attach_dynamic(b, exp);
	KUNIT_EXPECT_EQ(test, 0, mock_pin(a));
	/* The pin of one importer is not another's to give back. */
	mock_unpin(b);
	mock_expect_report(test, exp, b, "unpin without pin");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);
	mock_unpin(a);
	mock_expect_no_report(test);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNPIN]);
}

static struct kunit_case dma_buf_attach_cases[] = {
	KUNIT_CASE(attach_joins_a_device),
	KUNIT_CASE(dynamic_attach_passes_on),
	KUNIT_CASE(exporter_without_attach_is_fine),
	KUNIT_CASE(exporter_sees_attachment_first_and_last),
	KUNIT_CASE(devices_come_and_go_in_any_order),
	KUNIT_CASE(exporter_may_refuse),
	KUNIT_CASE(attach_refuses_bad_arguments),
	KUNIT_CASE_PARAM(peer2peer_needs_both_sides, p2p_gen_params),
	KUNIT_CASE(invalidate_tells_those_who_listen),
	KUNIT_CASE(invalidate_refuses_nothing),
	KUNIT_CASE(pins_nest),
	KUNIT_CASE(pin_may_fail),
	KUNIT_CASE(pin_of_a_static_exporter_is_free),
	KUNIT_CASE(static_importer_must_not_pin),
	KUNIT_CASE(unpin_needs_a_pin),
	{}
};

static struct kunit_suite dma_buf_attach_suite = {
	.name = "dma_buf_attach",
	.test_cases = dma_buf_attach_cases,
};

kunit_test_suite(dma_buf_attach_suite);
