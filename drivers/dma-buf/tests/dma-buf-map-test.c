// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: map and unmap.
 */
#include <linux/slab.h>

#include "mock.h"

/* Everything that holds with and without the lock is tested in both ways. */
struct how {
	const char *what;
	bool locked;
};

static const struct how hows[] = {
	{ "locked", true },
	{ "unlocked", false },
};

static void how_desc(const struct how *how, char *desc)
{
	strscpy(desc, how->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(how, hows, how_desc);

static void expect_whole_buffer(struct mock_exporter *exp, struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;

	KUNIT_EXPECT_EQ(exp->test, MOCK_PAGES, sgt->nents);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_EQ(exp->test, sg_dma_address(sg),
				mock_address(exp, i));
		KUNIT_EXPECT_EQ(exp->test, PAGE_SIZE, sg_dma_len(sg));
	}
}

static void map_gives_addresses(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;

	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	sgt = mock_map(attach, DMA_TO_DEVICE, how->locked);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	expect_whole_buffer(exp, sgt);
	KUNIT_EXPECT_TRUE(test, mock_is_mapped(attach));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MAP]);
	KUNIT_EXPECT_EQ(test, DMA_TO_DEVICE, exp->dir);
	KUNIT_EXPECT_PTR_EQ(test, exp->attach, attach);

	exp->dir = DMA_NONE;
	exp->attach = NULL;
	mock_unmap(attach, sgt, DMA_TO_DEVICE, how->locked);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_PTR_EQ(test, exp->unmapped, exp->mapped);
	KUNIT_EXPECT_EQ(test, DMA_TO_DEVICE, exp->dir);
	KUNIT_EXPECT_PTR_EQ(test, exp->attach, attach);
}

static void mappings_end_in_any_order(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	static const unsigned int order[] = { 1, 0, 2 };
	struct sg_table *exported[3], *sgt[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		sgt[i] = mock_map(attach, DMA_TO_DEVICE, false);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt[i]);
		exported[i] = exp->mapped;
	}
	KUNIT_EXPECT_EQ(test, 3, exp->calls[MOCK_MAP]);

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, mock_is_mapped(attach));
		mock_unmap(attach, sgt[order[i]], DMA_TO_DEVICE, false);
		KUNIT_EXPECT_PTR_EQ(test, exp->unmapped, exported[order[i]]);
	}
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	KUNIT_EXPECT_EQ(test, 3, exp->calls[MOCK_UNMAP]);
}

struct pin_row {
	const char *what;
	enum mock_kind exporter;
	enum mock_importer_kind importer;
	bool pinned;
};

static const struct pin_row pin_rows[] = {
	{ "static exporter, static importer", MOCK_STATIC, MOCK_FIXED, false },
	{ "static exporter, dynamic importer", MOCK_STATIC, MOCK_TOLD, false },
	{ "static exporter, no invalidate op", MOCK_STATIC, MOCK_DEAF, false },
	{ "cached exporter, static importer", MOCK_CACHED, MOCK_FIXED, false },
	{ "dynamic exporter, static importer", MOCK_DYNAMIC, MOCK_FIXED, true },
	{ "dynamic exporter, dynamic importer", MOCK_DYNAMIC, MOCK_TOLD,
	  !IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY) },
	{ "dynamic exporter, no invalidate op", MOCK_DYNAMIC, MOCK_DEAF, true },
};

static void pin_desc(const struct pin_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pin, pin_rows, pin_desc);

/* What may move is pinned before it is mapped, and until it is unmapped. */
static void expect_pinned(struct mock_exporter *exp, enum mock_op op)
{
	if (op == MOCK_MAP || op == MOCK_UNMAP)
		KUNIT_EXPECT_EQ(exp->test, exp->calls[MOCK_PIN],
				exp->calls[MOCK_UNPIN] + 1);
}

static void map_pins_what_would_move(struct kunit *test)
{
	const struct pin_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, row->exporter);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_as(imp, exp, row->importer);
	struct sg_table *sgt;

	if (row->pinned)
		exp->hook = expect_pinned;
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, row->pinned, exp->calls[MOCK_PIN]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, row->pinned, exp->calls[MOCK_UNPIN]);
}

struct fail_row {
	const char *what;
	enum mock_op op;
	int err;
	enum mock_table table;
	int result;
};

static const struct fail_row fail_rows[] = {
	{ "pin fails", MOCK_PIN, -ENOSPC, MOCK_TABLE_GOOD, -ENOSPC },
	{ "pin interrupted", MOCK_PIN, -EINTR, MOCK_TABLE_GOOD, -EINTR },
	{ "map fails", MOCK_MAP, -EIO, MOCK_TABLE_GOOD, -EIO },
	{ "map interrupted", MOCK_MAP, -ERESTARTSYS, MOCK_TABLE_GOOD,
	  -ERESTARTSYS },
	{ "map gives NULL", MOCK_OPS, 0, MOCK_TABLE_NULL, -ENOMEM },
};

static void fail_desc(const struct fail_row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fail, fail_rows, fail_desc);

static void failed_map_leaves_nothing(struct kunit *test)
{
	const struct fail_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	unsigned int pins = row->op == MOCK_PIN ? 0 : 1;
	struct sg_table *sgt;

	if (row->op < MOCK_OPS)
		exp->errors[row->op] = row->err;
	exp->table = row->table;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(row->result),
			    mock_map(attach, DMA_TO_DEVICE, false));
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_MAP], pins);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_UNPIN], pins);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));

	/* The next try works. */
	memset(exp->errors, 0, sizeof(exp->errors));
	exp->table = MOCK_TABLE_GOOD;
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	expect_whole_buffer(exp, sgt);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
}

static void map_refuses_bad_arguments(struct kunit *test)
{
	const struct how *how = test->param_value;
	const char *func = how->locked ? "dma_buf_map_attachment" :
					 "dma_buf_map_attachment_unlocked";
	struct sg_table *(*fn)(struct dma_buf_attachment *attach,
			       enum dma_data_direction dir) =
		how->locked ? dma_buf_map_attachment :
			      dma_buf_map_attachment_unlocked;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct dma_buf_attachment none = {};

	mock_reports(test);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), fn(NULL, DMA_TO_DEVICE));
	mock_expect_bad_args(test, func);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), fn(&none, DMA_TO_DEVICE));
	mock_expect_bad_args(test, func);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), fn(attach, DMA_NONE));
	mock_expect_bad_args(test, func);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), fn(attach, DMA_NONE + 1));
	mock_expect_bad_args(test, func);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_MAP]);
}

static void unmap_refuses_bad_arguments(struct kunit *test)
{
	const struct how *how = test->param_value;
	const char *func = how->locked ? "dma_buf_unmap_attachment" :
					 "dma_buf_unmap_attachment_unlocked";
	void (*fn)(struct dma_buf_attachment *attach, struct sg_table *sgt,
		   enum dma_data_direction dir) =
		how->locked ? dma_buf_unmap_attachment :
			      dma_buf_unmap_attachment_unlocked;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);
	struct dma_buf_attachment none = {};

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_reports(test);
	fn(NULL, sgt, DMA_TO_DEVICE);
	mock_expect_bad_args(test, func);
	fn(&none, sgt, DMA_TO_DEVICE);
	mock_expect_bad_args(test, func);
	fn(attach, NULL, DMA_TO_DEVICE);
	mock_expect_bad_args(test, func);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_TRUE(test, mock_is_mapped(attach));
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
}

struct cache_row {
	enum dma_data_direction first, second;
	int err;
};

static const struct cache_row cache_rows[] = {
	{ DMA_TO_DEVICE, DMA_TO_DEVICE, 0 },
	{ DMA_FROM_DEVICE, DMA_FROM_DEVICE, 0 },
	{ DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL, 0 },
	{ DMA_BIDIRECTIONAL, DMA_TO_DEVICE, 0 },
	{ DMA_BIDIRECTIONAL, DMA_FROM_DEVICE, 0 },
	{ DMA_TO_DEVICE, DMA_FROM_DEVICE, -EBUSY },
	{ DMA_TO_DEVICE, DMA_BIDIRECTIONAL, -EBUSY },
	{ DMA_FROM_DEVICE, DMA_TO_DEVICE, -EBUSY },
	{ DMA_FROM_DEVICE, DMA_BIDIRECTIONAL, -EBUSY },
};

static void cache_desc(const struct cache_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "direction %d, then %d",
		 row->first, row->second);
}

KUNIT_ARRAY_PARAM(cache, cache_rows, cache_desc);

static void cached_table_is_mapped_once(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *first, *second;

	mock_reports(test);
	first = mock_map(attach, row->first, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	mock_unmap(attach, first, row->first, false);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);

	/* Also while it is not in use, it stays what it was made for. */
	second = mock_map(attach, row->second, false);
	KUNIT_EXPECT_PTR_EQ(test, row->err ? ERR_PTR(row->err) : first, second);
	KUNIT_EXPECT_EQ(test, !row->err, mock_is_mapped(attach));
	if (!row->err)
		mock_unmap(attach, second, row->second, false);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_MAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);

	mock_detach(imp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_PTR_EQ(test, exp->unmapped, exp->mapped);
	KUNIT_EXPECT_EQ(test, row->first, exp->dir);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_DETACH]);
	mock_expect_no_report(test);
}

static void cached_table_counts_its_users(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;

	mock_reports(test);
	sgt = mock_map(attach, DMA_BIDIRECTIONAL, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_PTR_EQ(test, mock_map(attach, DMA_TO_DEVICE, false), sgt);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_TRUE(test, mock_is_mapped(attach));
	mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, false);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	mock_expect_no_report(test);

	mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, false);
	mock_expect_report(test, exp, imp,
			   "unmap of a table that is not mapped");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
}

/* Also if it is not kept any more by then. */
static void shared_table_is_unmapped_in_either_direction(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt;

	mock_needs_kept_tables(test);
	sgt = mock_map(attach, DMA_BIDIRECTIONAL, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_ASSERT_PTR_EQ(test, sgt, mock_map(attach, DMA_TO_DEVICE, false));
	mock_reports(test);
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, false);
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, DMA_BIDIRECTIONAL, exp->dir);
	mock_expect_no_report(test);
}

static void every_device_has_its_cached_table(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");
	struct sg_table *of_a, *of_b;

	of_a = mock_map(mock_attach(a, exp), DMA_TO_DEVICE, false);
	of_b = mock_map(mock_attach(b, exp), DMA_FROM_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, of_a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, of_b);
	KUNIT_EXPECT_PTR_NE(test, of_a, of_b);
	KUNIT_EXPECT_EQ(test, 2, exp->calls[MOCK_MAP]);
	mock_unmap(a->attach, of_a, DMA_TO_DEVICE, false);
	mock_unmap(b->attach, of_b, DMA_FROM_DEVICE, false);
}

static void unmap_refuses_what_is_not_mapped(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *a = mock_importer(test, "a");
	struct mock_importer *b = mock_importer(test, "b");
	struct sg_table foreign = {};
	struct sg_table *sgt;

	mock_reports(test);
	mock_attach(a, exp);
	mock_attach(b, exp);
	sgt = mock_map(a->attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);

	mock_unmap(a->attach, &foreign, DMA_TO_DEVICE, false);
	mock_expect_report(test, exp, a, "unmap of a table that is not mapped");
	mock_unmap(b->attach, sgt, DMA_TO_DEVICE, false);
	mock_expect_report(test, exp, b, "unmap of a table that is not mapped");
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_TRUE(test, mock_is_mapped(a->attach));

	mock_unmap(a->attach, sgt, DMA_TO_DEVICE, false);
	mock_expect_no_report(test);
	mock_unmap(a->attach, sgt, DMA_TO_DEVICE, false);
	mock_expect_report(test, exp, a, "unmap of a table that is not mapped");
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNMAP]);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_UNPIN]);
}

static void unmap_uses_the_direction_of_map(struct kunit *test)
{
	const struct how *how = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	unsigned int i;

	mock_reports(test);
	for (i = 1; i <= 3; i++) {
		struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, how->locked);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
		mock_unmap(attach, sgt, DMA_FROM_DEVICE, how->locked);
		KUNIT_EXPECT_EQ(test, exp->calls[MOCK_UNMAP], i);
		KUNIT_EXPECT_EQ(test, DMA_TO_DEVICE, exp->dir);
		KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	}
	/* Once is enough: some do it for every frame. */
	mock_expect_remark(test, exp, imp,
			   "unmap with direction 2 of what was mapped with 1");
}

/* Only the direction tells them apart, unless debugging makes two of it. */
static void one_table_serves_two_mappings(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	static const enum dma_data_direction dirs[] = { DMA_TO_DEVICE, DMA_FROM_DEVICE };
	struct sg_table *sgts[2];
	unsigned int i, first, last;

	mock_reports(test);
	exp->table = MOCK_TABLE_SHARED;
	for (first = 0; first < 2; first++) {
		last = !first;
		for (i = 0; i < 2; i++) {
			sgts[i] = mock_map(attach, dirs[i], false);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgts[i]);
		}
		mock_unmap(attach, sgts[first], dirs[first], false);
		KUNIT_EXPECT_EQ(test, dirs[first], exp->dir);
		KUNIT_EXPECT_TRUE(test, mock_is_mapped(attach));
		mock_unmap(attach, sgts[last], dirs[last], false);
		KUNIT_EXPECT_EQ(test, dirs[last], exp->dir);
		KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
	}
	mock_expect_no_report(test);
}

static void unmap_of_a_cached_table_needs_no_direction(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;

	mock_reports(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	mock_unmap(attach, sgt, DMA_BIDIRECTIONAL, false);
	mock_expect_no_report(test);
	KUNIT_EXPECT_FALSE(test, mock_is_mapped(attach));
}

static struct kunit_case dma_buf_map_cases[] = {
	KUNIT_CASE_PARAM(map_gives_addresses, how_gen_params),
	KUNIT_CASE(mappings_end_in_any_order),
	KUNIT_CASE_PARAM(map_pins_what_would_move, pin_gen_params),
	KUNIT_CASE_PARAM(failed_map_leaves_nothing, fail_gen_params),
	KUNIT_CASE_PARAM(map_refuses_bad_arguments, how_gen_params),
	KUNIT_CASE_PARAM(unmap_refuses_bad_arguments, how_gen_params),
	KUNIT_CASE_PARAM(cached_table_is_mapped_once, cache_gen_params),
	KUNIT_CASE(cached_table_counts_its_users),
	KUNIT_CASE(shared_table_is_unmapped_in_either_direction),
	KUNIT_CASE(every_device_has_its_cached_table),
	KUNIT_CASE(unmap_refuses_what_is_not_mapped),
	KUNIT_CASE_PARAM(unmap_uses_the_direction_of_map, how_gen_params),
	KUNIT_CASE(one_table_serves_two_mappings),
	KUNIT_CASE(unmap_of_a_cached_table_needs_no_direction),
	{}
};

static struct kunit_suite dma_buf_map_suite = {
	.name = "dma_buf_map",
	.test_cases = dma_buf_map_cases,
};

kunit_test_suite(dma_buf_map_suite);
