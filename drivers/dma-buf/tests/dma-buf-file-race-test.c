// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: programs' and readers' tasks at the same buffers at the
 * same time.
 */
#include <linux/dcache.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "mock-race.h"

/* Open a descriptor, let others find it, and close it: the last reference. */
static long step_open_and_close(struct racer *racer)
{
	struct race *race = racer->race;
	struct dma_buf *dmabuf = race_export(race);
	int fd;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return fd;
	}
	WRITE_ONCE(race->fd, fd);
	schedule();
	close_fd(fd);
	flush_delayed_fput();
	return 0;
}

/* Whoever gets a buffer has it, even if all others let go. */
static long step_get(struct racer *racer)
{
	struct race *race = racer->race;
	struct dma_buf *dmabuf = dma_buf_get(READ_ONCE(race->fd));

	if (IS_ERR(dmabuf)) {
		KUNIT_EXPECT_PTR_EQ(race->test, ERR_PTR(-EBADF), dmabuf);
		return 0;
	}
	schedule();
	KUNIT_EXPECT_PTR_EQ(race->test, race_of(dmabuf), race);
	KUNIT_EXPECT_GT(race->test, atomic_read(&race->alive), 0);
	KUNIT_EXPECT_GT(race->test, file_count(dmabuf->file), 0);
	dma_buf_put(dmabuf);
	flush_delayed_fput();
	return 0;
}

static void get_against_last_put(struct kunit *test)
{
	race_run(race_start(test, MOCK_STATIC), step_open_and_close, step_get);
}

static const char * const race_names[] = { "one", "the other one" };

static bool is_race_name(const char *name)
{
	return !strcmp(name, race_names[0]) || !strcmp(name, race_names[1]);
}

static long step_set_name(struct racer *racer)
{
	struct race *race = racer->race;
	struct file *file = race->dmabuf->file;
	unsigned long name = (unsigned long)race->names[racer->steps++ % 2];
	long err;

	kthread_use_mm(race->mm);
	err = file->f_op->unlocked_ioctl(file, DMA_BUF_SET_NAME, name);
	kthread_unuse_mm(race->mm);
	return err;
}

/* All of one name, in every place where it is shown. */
static long step_read_name(struct racer *racer)
{
	struct race *race = racer->race;
	struct file *file = race->dmabuf->file;
	char text[256], *name;
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	file->f_op->show_fdinfo(&m, file);
	KUNIT_EXPECT_LT(race->test, m.count, m.size);
	text[m.count - 1] = '\0';
	name = strstr(text, "\nname:\t");
	KUNIT_EXPECT_TRUE(race->test, name && is_race_name(name + 7));

	name = d_path(&file->f_path, text, sizeof(text));
	KUNIT_EXPECT_FALSE(race->test, IS_ERR(name));
	if (!IS_ERR(name))
		KUNIT_EXPECT_TRUE(race->test,
				  strstarts(name, "/dmabuf:") &&
				  is_race_name(name + strlen("/dmabuf:")));
	return 0;
}

static void name_against_readers(struct kunit *test)
{
	struct race *race = race_start(test, MOCK_STATIC);
	struct file *file = race->dmabuf->file;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(race_names); i++)
		race->names[i] = mock_user(test, race_names[i],
					   strlen(race_names[i]) + 1);
	race->mm = current->mm;
	KUNIT_ASSERT_EQ(test, 0,
			file->f_op->unlocked_ioctl(file, DMA_BUF_SET_NAME,
						   (unsigned long)race->names[1]));
	race_run(race, step_set_name, step_read_name);
}

static struct kunit_case dma_buf_file_race_cases[] = {
	KUNIT_CASE_SLOW(get_against_last_put),
	KUNIT_CASE_SLOW(name_against_readers),
	{}
};

static struct kunit_suite dma_buf_file_race_suite = {
	.name = "dma_buf_file_race",
	.test_cases = dma_buf_file_race_cases,
};

kunit_test_suite(dma_buf_file_race_suite);
