// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: bufinfo, as people read it.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/path.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mock-many.h"

#define STEP	PAGE_SIZE

static struct file *open_bufinfo(struct kunit *test)
{
	struct file *file = mock_open(test, "debugfs", "dma_buf/bufinfo");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return file;
}

static char *read_bufinfo(struct kunit *test)
{
	return mock_read_all(test, open_bufinfo(test), STEP);
}

__printf(2, 3)
static char *print(struct kunit *test, const char *fmt, ...)
{
	char *text = kunit_kmalloc(test, 256, GFP_KERNEL);
	va_list args;

	KUNIT_ASSERT_NOT_NULL(test, text);
	va_start(args, fmt);
	KUNIT_ASSERT_LT(test, vsnprintf(text, 256, fmt, args), 256);
	va_end(args);
	return text;
}

/* The line of a buffer, up to the name, as the columns promise it. */
static char *line_of(struct mock_exporter *exp, unsigned int count,
		     const char *name)
{
	struct file *file = exp->dmabuf->file;

	return print(exp->test,
		     "\n%08zu\t%08x\t%08x\t%08u\tmock\t%08lu\t%s\n", exp->size,
		     file->f_flags, (__force unsigned int)file->f_mode, count,
		     exp->ino, name);
}

static unsigned int count_in(const char *text, const char *what)
{
	unsigned int count = 0;

	while ((text = strstr(text, what))) {
		count++;
		text++;
	}
	return count;
}

struct total {
	unsigned int count;
	size_t bytes;
};

/* The last line, and nothing after it. */
static struct total read_total(struct kunit *test, const char *text)
{
	const char *line = strrchr(text, 'T');
	struct total total = {};
	char expected[64];
	int found;

	KUNIT_ASSERT_NOT_NULL(test, line);
	found = sscanf(line, "Total %u objects, %zu bytes", &total.count,
		       &total.bytes);
	KUNIT_ASSERT_EQ(test, 2, found);
	snprintf(expected, sizeof(expected), "Total %u objects, %zu bytes\n",
		 total.count, total.bytes);
	KUNIT_EXPECT_STREQ(test, expected, line);
	return total;
}

static void bufinfo_has_a_head_and_a_total(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct total with, without;
	char *text = read_bufinfo(test);

	KUNIT_EXPECT_TRUE(test,
			  strstarts(text, "\nDma-buf Objects:\n"
				    "size    \tflags   \tmode    \tcount   \t"
				    "exp_name\tino     \tname\n"));
	with = read_total(test, text);
	mock_release(exp);
	without = read_total(test, read_bufinfo(test));
	KUNIT_EXPECT_EQ(test, with.count, without.count + 1);
	KUNIT_EXPECT_EQ(test, with.bytes, without.bytes + exp->size);
}

struct name_row {
	const char *name, *shown;
};

static const struct name_row name_rows[] = {
	{ NULL, "<none>" },
	{ "", "" },
	{ "frame 1", "frame 1" },
	{ "a\nTotal\t0\\", "a\\012Total\\0110\\134" },
	{ "\033c\001\177", "\\033c\\001\\177" },
};

static void name_desc(const struct name_row *row, char *desc)
{
	strscpy(desc, row->shown, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(name, name_rows, name_desc);

static void bufinfo_shows_every_buffer(struct kunit *test)
{
	const struct name_row *row = test->param_value;
	struct mock_exporter *a = mock_buffer(test, MOCK_STATIC);
	struct mock_exporter *b = mock_exporter(test, MOCK_STATIC);
	char *text;

	b->size = 123456789;
	mock_export(b);
	get_dma_buf(b->dmabuf);
	a->dmabuf->name = row->name ? kstrdup(row->name, GFP_KERNEL) : NULL;

	text = read_bufinfo(test);
	dma_buf_put(b->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, count_in(text, line_of(a, 1, row->shown)));
	KUNIT_EXPECT_EQ(test, 1, count_in(text, line_of(b, 2, "<none>")));
}

static void bufinfo_names_the_devices(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *a = mock_importer(test, "camera");
	struct mock_importer *b = mock_importer(test, "display");
	char *text, *line, *devices;

	mock_attach(a, exp);
	mock_attach_dynamic(b, exp);
	text = read_bufinfo(test);
	line = line_of(exp, 1, "<none>");
	devices = strstr(text, line);
	KUNIT_ASSERT_NOT_NULL(test, devices);
	devices += strlen(line);
	line = print(test, "\tAttached Devices:\n\t%s\n\t%s\n"
		     "Total 2 devices attached\n\n", dev_name(b->dev),
		     dev_name(a->dev));
	KUNIT_EXPECT_TRUE(test, strstarts(devices, line));
}

/* A fence as the base describes it, which depends on its version. */
static char *describe(struct kunit *test, struct mock_fence *fence)
{
	struct seq_file m = { .size = 128 };

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	dma_fence_describe(&fence->base, &m);
	return m.buf;
}

static void bufinfo_describes_the_fences(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	char *head = line_of(exp, 1, "<none>");
	char *fences, *line;
	int signaled;

	/* The last one stays. */
	for (signaled = 0; signaled < 2; signaled++) {
		fences = strstr(read_bufinfo(test), head);
		KUNIT_ASSERT_NOT_NULL(test, fences);
		line = print(test, "\twrite fence:%s",
			     describe(test, fence));
		KUNIT_EXPECT_TRUE(test, strstarts(fences + strlen(head), line));
		dma_fence_signal(&fence->base);
	}
}

static void bufinfo_waits_for_nobody(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_holder *holder;
	char *text, *line, *busy, *waits;

	waits = describe(test, fence);
	mock_attach(imp, exp);
	holder = mock_hold(exp);
	text = read_bufinfo(test);
	mock_let_go(holder);

	/* And it tells what it can. */
	line = line_of(exp, 1, "<none>");
	busy = strstr(text, line);
	KUNIT_ASSERT_NOT_NULL(test, busy);
	busy += strlen(line);
	line = print(test, "\twrite fence:%s", waits);
	KUNIT_ASSERT_TRUE(test, strstarts(busy, line));
	busy += strlen(line);
	line = "\tBusy: 1 devices attached, their names cannot be read now\n\n";
	KUNIT_EXPECT_TRUE(test, strstarts(busy, line));
}

static void bufinfo_shows_memory_without_descriptors(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct path path = exp->dmabuf->file->f_path;
	unsigned long ino = exp->ino;
	char *line;

	path_get(&path);
	mock_release(exp);
	line = print(test, "\n%08zu\t%08x\t%08x\t%08u\tmock\t%08lu\t<none>\n",
		     exp->size, 0, 0, 0, ino);
	KUNIT_EXPECT_EQ(test, 1, count_in(read_bufinfo(test), line));

	path_put(&path);
	mock_wait_released(exp);
	KUNIT_EXPECT_EQ(test, 0, count_in(read_bufinfo(test), line));
}

#define MANY	80

/* More than one page of text, in steps that end within lines. */
static void long_bufinfo_has_every_line_once(struct kunit *test)
{
	struct mock_exporter *exp[MANY];
	unsigned int i;
	char *text;

	for (i = 0; i < MANY; i++)
		exp[i] = mock_buffer(test, MOCK_STATIC);
	text = mock_read_all(test, open_bufinfo(test), 100);
	KUNIT_EXPECT_GT(test, strlen(text), PAGE_SIZE);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, 1,
				count_in(text, line_of(exp[i], 1, "<none>")));
}

/* A reader who went for coffee holds nothing, and nobody up. */
static void slow_reader_holds_nothing(struct kunit *test)
{
	struct file *file = open_bufinfo(test);
	struct mock_exporter *exp[MANY], *late;
	char *text = kunit_kzalloc(test, MOCK_TEXT_SIZE + 101, GFP_KERNEL);
	char *line[MANY];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (i = 0; i < MANY; i++) {
		exp[i] = mock_buffer(test, MOCK_STATIC);
		line[i] = line_of(exp[i], 1, "<none>");
	}
	KUNIT_ASSERT_GT(test, mock_read(test, file, text, 100), 0);
	late = mock_buffer(test, MOCK_STATIC);
	for (i = 0; i < MANY; i += 2) {
		mock_release(exp[i]);
		KUNIT_EXPECT_EQ(test, 1, exp[i]->calls[MOCK_RELEASE]);
	}

	/* What was formatted before may still be there; what lives must be. */
	strcat(text, mock_read_all(test, file, STEP));
	for (i = 1; i < MANY; i += 2)
		KUNIT_EXPECT_EQ(test, 1, count_in(text, line[i]));
	KUNIT_EXPECT_LE(test, count_in(text, line_of(late, 1, "<none>")), 1);
	KUNIT_EXPECT_EQ(test, count_in(text, "\nTotal 0 devices attached\n"),
			count_in(text, "\tmock\t"));
}

static void bufinfo_can_be_read_again(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct file *file = open_bufinfo(test);
	char *first = mock_read_all(test, file, STEP);

	KUNIT_EXPECT_EQ(test, 1, count_in(first, line_of(exp, 1, "<none>")));
	KUNIT_EXPECT_EQ(test, 0, vfs_llseek(file, 0, SEEK_SET));
	KUNIT_EXPECT_STREQ(test, mock_read_all(test, file, STEP), first);
}

/**
 * struct reader - a task that reads
 * @file: bufinfo
 * @mm: where @text is
 * @text: where the text goes
 */
struct reader {
	struct file *file;
	struct mm_struct *mm;
	void __user *text;
};

static long read_all(void *data)
{
	struct reader *reader = data;
	loff_t pos = 0;
	ssize_t count;

	kthread_use_mm(reader->mm);
	do {
		count = vfs_read(reader->file, reader->text, PAGE_SIZE, &pos);
	} while (count > 0);
	kthread_unuse_mm(reader->mm);
	return count;
}

static void bufinfo_of_a_stuck_buffer_stops_nobody(struct kunit *test)
{
	struct reader *reader;

	reader = kunit_kzalloc(test, sizeof(*reader), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader);
	reader->file = open_bufinfo(test);
	reader->text = mock_user(test, "", 1);
	reader->mm = current->mm;
	mock_many_pass_a_stuck(test, read_all, reader);
}

static struct kunit_case dma_buf_info_cases[] = {
	KUNIT_CASE(bufinfo_has_a_head_and_a_total),
	KUNIT_CASE_PARAM(bufinfo_shows_every_buffer, name_gen_params),
	KUNIT_CASE(bufinfo_names_the_devices),
	KUNIT_CASE(bufinfo_describes_the_fences),
	KUNIT_CASE(bufinfo_waits_for_nobody),
	KUNIT_CASE(bufinfo_shows_memory_without_descriptors),
	KUNIT_CASE(long_bufinfo_has_every_line_once),
	KUNIT_CASE(slow_reader_holds_nothing),
	KUNIT_CASE(bufinfo_can_be_read_again),
	KUNIT_CASE_SLOW(bufinfo_of_a_stuck_buffer_stops_nobody),
	{}
};

static struct kunit_suite dma_buf_info_suite = {
	.name = "dma_buf_info",
	.test_cases = dma_buf_info_cases,
};

kunit_test_suite(dma_buf_info_suite);
