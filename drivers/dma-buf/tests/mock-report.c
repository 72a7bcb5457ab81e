// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what the core reports, kept from the kernel log.
 */
#include <linux/device.h>
#include <linux/string.h>

#include <kunit/static_stub.h>

#include "../dma-buf-internal.h"
#include "mock.h"

static void mock_take_report(const struct dma_buf *dmabuf, const char *text)
{
	struct mock_reports *reports = kunit_get_current_test()->priv;

	reports->count++;
	reports->dmabuf = dmabuf;
	strscpy(reports->text, text);
}

/**
 * mock_reports - take all reports of misuse in place of the log
 * @test: which test; its &kunit.priv is used
 *
 * Without this, a report is a WARN, and fails the run.
 *
 * Return: where they are counted.
 */
struct mock_reports *mock_reports(struct kunit *test)
{
	struct mock_reports *reports;

	reports = kunit_kzalloc(test, sizeof(*reports), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reports);
	test->priv = reports;
	kunit_activate_static_stub(test, dma_buf_report, mock_take_report);
	return reports;
}

static void mock_expect_text(struct kunit *test, const char *text)
{
	struct mock_reports *reports = test->priv;

	KUNIT_EXPECT_EQ(test, reports->count, 1);
	KUNIT_EXPECT_STREQ(test, reports->text, text);
	memset(reports, 0, sizeof(*reports));
}

/**
 * mock_expect_report - exactly one report, and it names everything
 * @test: which test
 * @exp: whose buffer
 * @imp: whose device, or NULL for none
 * @what: the report itself
 *
 * The report is forgotten then, by the core as well, so the next one can be
 * expected.
 */
void mock_expect_report(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what)
{
	struct dma_buf *dmabuf = exp->dmabuf;
	struct mock_reports *reports = test->priv;
	char text[sizeof(reports->text)];

	KUNIT_EXPECT_PTR_EQ(test, reports->dmabuf, dmabuf);
	snprintf(text, sizeof(text),
		 "dma-buf: exporter %s, inode %lu, name \"%s\", device %s: %s",
		 dmabuf->exp_name, to_dma_buf_object(dmabuf)->ino,
		 dmabuf->name ?: "", imp ? dev_name(imp->dev) : "none", what);
	mock_expect_text(test, text);
	to_dma_buf_object(dmabuf)->told = 0;
}

/**
 * mock_expect_bad_args - exactly one report, of bad arguments
 * @test: which test
 * @func: the function that got them
 */
void mock_expect_bad_args(struct kunit *test, const char *func)
{
	char text[96];

	snprintf(text, sizeof(text), "dma-buf: %s() called with bad arguments",
		 func);
	mock_expect_text(test, text);
}

/**
 * mock_expect_no_report - nothing was reported
 * @test: which test
 */
void mock_expect_no_report(struct kunit *test)
{
	struct mock_reports *reports = test->priv;

	KUNIT_EXPECT_EQ(test, reports->count, 0);
	KUNIT_EXPECT_STREQ(test, reports->text, "");
}
