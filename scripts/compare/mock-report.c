// SPDX-License-Identifier: GPL-2.0-only
/*
 * In place of the mock of that name, where the tests are built for the kernel's
 * own core: it makes no reports that a test could take, so none is ever seen.
 * And in place of what other mocks look up in our private structures.
 */
#include "mock.h"

struct mock_reports *mock_reports(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct mock_reports),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return test->priv;
}

void mock_expect_report(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what)
{
	KUNIT_FAIL(test, "not reported: %s", what);
}

void mock_expect_remark(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what)
{
	KUNIT_FAIL(test, "not remarked: %s", what);
}

void mock_read_reports(struct kunit *test)
{
}

void mock_expect_bad_args(struct kunit *test, const char *func)
{
	KUNIT_FAIL(test, "not reported: bad arguments of %s()", func);
}

void mock_expect_no_report(struct kunit *test)
{
}

void mock_free_leaked(struct mock_exporter *exp)
{
	/* What the core left alone, if anything, is not known: lose it. */
	KUNIT_EXPECT_EQ(exp->test, exp->calls[MOCK_RELEASE], 0);
	exp->dmabuf = NULL;
}

bool mock_is_mapped(struct dma_buf_attachment *attach)
{
	struct mock_exporter *exp = attach->dmabuf->priv;

	/* What that core thinks is not known; what it asked for is. */
	return exp->users;
}
