// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what the core says in the kernel log.
 */
#include <linux/device.h>
#include <linux/string.h>

#include "mock.h"

/* Everything that is in the log by now is old. */
static void mock_forget(struct mock_reports *reports)
{
	struct kmsg_dump_iter iter = {};

	kmsg_dump_rewind(&iter);
	mock_room_for_reports();
	reports->mark = iter.next_seq;
	reports->count = 0;
	reports->warnings = 0;
	reports->traced = false;
	reports->text[0] = '\0';
}

/* For whoever judges the log: the warnings in between are the test's business. */
static void mock_end_reports(void *data)
{
	pr_info("dma-buf test: end of reports\n");
}

/**
 * mock_reports - expect reports of misuse in the log
 * @test: which test; its &kunit.priv is used
 *
 * Without this, a report fails the run.
 *
 * Return: where they are counted by mock_read_reports().
 */
struct mock_reports *mock_reports(struct kunit *test)
{
	struct mock_reports *reports;

	reports = kunit_kzalloc(test, sizeof(*reports), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reports);
	test->priv = reports;
	pr_info("dma-buf test: expecting reports\n");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, mock_end_reports, NULL));
	mock_forget(reports);
	return reports;
}

/**
 * mock_read_reports - look what came since the last look
 * @test: which test
 */
void mock_read_reports(struct kunit *test)
{
	struct mock_reports *reports = test->priv;
	struct kmsg_dump_iter iter = {};
	size_t len;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = reports->mark;
	while (kmsg_dump_get_line(&iter, false, reports->line,
				  sizeof(reports->line) - 1, &len)) {
		const char *text;

		reports->line[len] = '\0';
		if (strstr(reports->line, "WARNING: "))
			reports->warnings++;
		/* Some machines write the second word small. */
		if (strstr(reports->line, "Call Trace:") ||
		    strstr(reports->line, "Call trace:"))
			reports->traced = true;
		text = strstr(reports->line, "dma-buf: ");
		if (!text)
			continue;
		reports->count++;
		strscpy(reports->text, text);
		strreplace(reports->text, '\n', '\0');
	}
	reports->mark = iter.cur_seq;
}

static void mock_expect_text(struct kunit *test, const char *text,
			     unsigned int warnings)
{
	struct mock_reports *reports = test->priv;

	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 1, reports->count);
	KUNIT_EXPECT_EQ(test, reports->warnings, warnings);
	KUNIT_EXPECT_STREQ(test, reports->text, text);
	mock_forget(reports);
}

static void mock_expect(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what,
			unsigned int warnings)
{
	struct dma_buf *dmabuf = exp->dmabuf;
	char text[256];

	snprintf(text, sizeof(text),
		 "dma-buf: exporter %s, inode %lu, name \"%s\", device %s: %s",
		 dmabuf->exp_name, exp->ino,
		 dmabuf->name ?: "", imp ? dev_name(imp->dev) : "none", what);
	mock_expect_text(test, text, warnings);
	mock_forget_told(dmabuf);
}

/**
 * mock_expect_report - exactly one WARN, and it names everything
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
	mock_expect(test, exp, imp, what, 1);
}

/**
 * mock_expect_remark - exactly one line, without a WARN
 * @test: which test
 * @exp: whose buffer
 * @imp: whose device, or NULL for none
 * @what: the remark itself
 */
void mock_expect_remark(struct kunit *test, struct mock_exporter *exp,
			struct mock_importer *imp, const char *what)
{
	mock_expect(test, exp, imp, what, 0);
}

/**
 * mock_expect_unlocked - exactly one report, of a lock that was forgotten
 * @test: which test
 * @exp: whose buffer
 * @imp: whose device, or NULL for none
 * @func: the function that was called without it
 * @twin: which one the report names instead
 */
void mock_expect_unlocked(struct kunit *test, struct mock_exporter *exp,
			  struct mock_importer *imp, const char *func,
			  const char *twin)
{
	struct mock_reports *reports = test->priv;
	char what[128];

	/* The report alone does not say which driver it was. */
	mock_read_reports(test);
	KUNIT_EXPECT_TRUE(test, reports->traced);
	snprintf(what, sizeof(what),
		 "%s() without the reservation lock, use %s()", func, twin);
	/* Drivers in the tree do it; with lockdep that is a WARN on 6.12, too. */
	mock_expect(test, exp, imp, what, IS_ENABLED(CONFIG_LOCKDEP));
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
	mock_expect_text(test, text, 1);
}

/**
 * mock_expect_no_report - nothing was reported
 * @test: which test
 */
void mock_expect_no_report(struct kunit *test)
{
	struct mock_reports *reports = test->priv;

	mock_read_reports(test);
	KUNIT_EXPECT_EQ(test, 0, reports->count);
	KUNIT_EXPECT_EQ(test, 0, reports->warnings);
	KUNIT_EXPECT_STREQ(test, "", reports->text);
}
