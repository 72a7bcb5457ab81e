// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: a buffer's life, from export to release.
 */
#include <linux/anon_inodes.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/statfs.h>

#include <uapi/linux/magic.h>

#include "mock.h"

static void export_fills_the_buffer(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf *dmabuf = exp->dmabuf;

	KUNIT_EXPECT_EQ(test, MOCK_PAGES * PAGE_SIZE, dmabuf->size);
	KUNIT_EXPECT_PTR_EQ(test, dmabuf->ops, &exp->ops);
	KUNIT_EXPECT_STREQ(test, MOCK_EXPORTER_NAME, dmabuf->exp_name);
	KUNIT_EXPECT_NULL(test, dmabuf->name);
	KUNIT_EXPECT_PTR_EQ(test, THIS_MODULE, dmabuf->owner);
	KUNIT_EXPECT_PTR_EQ(test, dmabuf->priv, exp);
	KUNIT_EXPECT_TRUE(test, list_empty(&dmabuf->attachments));
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(dmabuf->resv,
						       DMA_RESV_USAGE_BOOKKEEP));
	KUNIT_EXPECT_TRUE(test, dma_resv_trylock(dmabuf->resv));
	dma_resv_unlock(dmabuf->resv);
}

static void export_makes_a_file(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct file *file = exp->dmabuf->file;
	struct inode *inode = file_inode(file);
	struct kstatfs stat;

	KUNIT_EXPECT_PTR_EQ(test, file->private_data, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(file));
	KUNIT_EXPECT_TRUE(test, file->f_mode & FMODE_LSEEK);

	KUNIT_EXPECT_NE(test, 0, inode->i_ino);
	KUNIT_EXPECT_EQ(test, i_size_read(inode), exp->size);
	KUNIT_EXPECT_EQ(test, inode_get_bytes(inode), exp->size);
	KUNIT_EXPECT_TRUE(test, IS_PRIVATE(inode));

	KUNIT_ASSERT_EQ(test, 0, vfs_statfs(&file->f_path, &stat));
	KUNIT_EXPECT_EQ(test, DMA_BUF_MAGIC, stat.f_type);
}

static void two_buffers_have_nothing_in_common(struct kunit *test)
{
	struct mock_exporter *a = mock_buffer(test, MOCK_STATIC);
	struct mock_exporter *b = mock_buffer(test, MOCK_STATIC);

	KUNIT_EXPECT_PTR_NE(test, a->dmabuf->resv, b->dmabuf->resv);
	KUNIT_EXPECT_PTR_NE(test, file_inode(a->dmabuf->file),
			    file_inode(b->dmabuf->file));
	KUNIT_EXPECT_NE(test, file_inode(a->dmabuf->file)->i_ino,
			file_inode(b->dmabuf->file)->i_ino);
}

static void file_is_called_after_the_buffer(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf *dmabuf = exp->dmabuf;
	char path[64];

	KUNIT_EXPECT_STREQ(test, "/dmabuf:",
			   file_path(dmabuf->file, path, sizeof(path)));

	spin_lock(&dmabuf->name_lock);
	dmabuf->name = kstrdup("frame\n1", GFP_ATOMIC);
	spin_unlock(&dmabuf->name_lock);
	KUNIT_EXPECT_STREQ(test, "/dmabuf:frame\n1",
			   file_path(dmabuf->file, path, sizeof(path)));
}

static void export_keeps_the_flags(struct kunit *test)
{
	const int *flags = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	info.flags = *flags;
	mock_exported(exp, dma_buf_export(&info));
	/* O_CLOEXEC is a descriptor's, not a file's. */
	KUNIT_EXPECT_EQ(test, exp->dmabuf->file->f_flags, *flags & ~O_CLOEXEC);
	KUNIT_EXPECT_EQ(test, !!(exp->dmabuf->file->f_mode & FMODE_WRITE),
			(*flags & O_ACCMODE) != O_RDONLY);
}

static const int export_flags[] = {
	O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CLOEXEC, O_RDWR | O_NONBLOCK,
};

static void flags_desc(const int *flags, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "flags 0%o", *flags);
}

KUNIT_ARRAY_PARAM(export_flags, export_flags, flags_desc);

static void export_uses_the_exporters_reservation(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);
	struct dma_resv resv;

	dma_resv_init(&resv);
	info.resv = &resv;
	mock_exported(exp, dma_buf_export(&info));
	KUNIT_EXPECT_PTR_EQ(test, exp->dmabuf->resv, &resv);

	mock_release(exp);
	/* It is still whole, and still the exporter's. */
	KUNIT_EXPECT_TRUE(test, dma_resv_trylock(&resv));
	dma_resv_unlock(&resv);
	dma_resv_fini(&resv);
}

struct bad_export {
	const char *what;
	enum mock_kind kind;
	void (*spoil)(struct dma_buf_export_info *info,
		      struct dma_buf_ops *ops);
};

#define BAD_EXPORT(name, code)						\
	static void spoil_##name(struct dma_buf_export_info *info,	\
				 struct dma_buf_ops *ops)		\
	{								\
		code;							\
	}

BAD_EXPORT(priv, info->priv = NULL)
BAD_EXPORT(ops, info->ops = NULL)
BAD_EXPORT(map, ops->map_dma_buf = NULL)
BAD_EXPORT(unmap, ops->unmap_dma_buf = NULL)
BAD_EXPORT(release, ops->release = NULL)
BAD_EXPORT(pin, ops->pin = NULL)
BAD_EXPORT(unpin, ops->unpin = NULL)
BAD_EXPORT(cache, ops->cache_sgt_mapping = true)

static const struct bad_export bad_exports[] = {
	{ "no priv", MOCK_STATIC, spoil_priv },
	{ "no ops", MOCK_STATIC, spoil_ops },
	{ "no map", MOCK_STATIC, spoil_map },
	{ "no unmap", MOCK_STATIC, spoil_unmap },
	{ "no release", MOCK_STATIC, spoil_release },
	{ "unpin without pin", MOCK_DYNAMIC, spoil_pin },
	{ "pin without unpin", MOCK_DYNAMIC, spoil_unpin },
	{ "cached and dynamic", MOCK_DYNAMIC, spoil_cache },
};

static void bad_export_desc(const struct bad_export *bad, char *desc)
{
	strscpy(desc, bad->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad_export, bad_exports, bad_export_desc);

static void export_refuses(struct kunit *test)
{
	const struct bad_export *bad = test->param_value;
	struct mock_exporter *exp = mock_exporter(test, bad->kind);
	struct dma_buf_export_info info = mock_export_info(exp);

	mock_reports(test);
	bad->spoil(&info, &exp->ops);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), dma_buf_export(&info));
	mock_expect_bad_args(test, "dma_buf_export");
}

static void export_refuses_nothing(struct kunit *test)
{
	mock_reports(test);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), dma_buf_export(NULL));
	mock_expect_bad_args(test, "dma_buf_export");
}

#ifdef CONFIG_MODULE_UNLOAD
static void export_holds_the_module(struct kunit *test)
{
	struct module *mod = mock_module(test, MODULE_STATE_LIVE);
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	info.owner = mod;
	mock_exported(exp, dma_buf_export(&info));
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&mod->refcnt));

	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&mod->refcnt));
}

static void expect_module_held(struct mock_exporter *exp, enum mock_op op)
{
	struct module *mod = exp->hook_data;

	KUNIT_EXPECT_EQ(exp->test, 2, atomic_read(&mod->refcnt));
}

static void release_runs_before_the_module_goes(struct kunit *test)
{
	struct module *mod = mock_module(test, MODULE_STATE_LIVE);
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	info.owner = mod;
	exp->hook = expect_module_held;
	exp->hook_data = mod;
	mock_exported(exp, dma_buf_export(&info));
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/* Somebody may still call into it. */
static void leaked_buffer_keeps_the_module(struct kunit *test)
{
	struct module *mod = mock_module(test, MODULE_STATE_LIVE);
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);
	struct iosys_map map;

	mock_reports(test);
	info.owner = mod;
	mock_exported(exp, dma_buf_export(&info));
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	mock_release(exp);
	mock_expect_report(test, exp, NULL, "released with 1 kernel mappings");
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&mod->refcnt));
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	mock_free_leaked(exp);
}

static void export_refuses_a_module_that_goes(struct kunit *test)
{
	struct module *mod = mock_module(test, MODULE_STATE_GOING);
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	info.owner = mod;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOENT), dma_buf_export(&info));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&mod->refcnt));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);
}
#endif /* CONFIG_MODULE_UNLOAD */

static void fd_owns_the_reference(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	int fd = dma_buf_fd(exp->dmabuf, 0);
	struct file *file;

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	KUNIT_EXPECT_FALSE(test, get_close_on_exec(fd));
	file = fget(fd);
	KUNIT_EXPECT_PTR_EQ(test, file, exp->dmabuf->file);
	fput(file);

	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	mock_wait_released(exp);
}

static void fd_closes_on_exec(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	int fd = dma_buf_fd(exp->dmabuf, O_CLOEXEC);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_TRUE(test, get_close_on_exec(fd));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	mock_wait_released(exp);
}

static void fd_refuses_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, -EINVAL, dma_buf_fd(NULL, 0));
}

static void fd_leaves_the_reference_on_failure(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	/* The limit is this thread's own. */
	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = 0;
	KUNIT_EXPECT_EQ(test, -EMFILE, dma_buf_fd(exp->dmabuf, 0));
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

static void get_finds_the_buffer(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf *dmabuf;
	int fd;

	get_dma_buf(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 2, file_count(exp->dmabuf->file));
	fd = dma_buf_fd(exp->dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);

	dmabuf = dma_buf_get(fd);
	KUNIT_EXPECT_PTR_EQ(test, dmabuf, exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 3, file_count(exp->dmabuf->file));
	dma_buf_put(dmabuf);
	KUNIT_EXPECT_EQ(test, 2, file_count(exp->dmabuf->file));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

static void get_refuses_a_closed_number(struct kunit *test)
{
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_GE(test, fd, 0);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBADF), dma_buf_get(fd));
	put_unused_fd(fd);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBADF), dma_buf_get(fd));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EBADF), dma_buf_get(-1));
}

static const struct file_operations other_fops;

static void get_refuses_another_file(struct kunit *test)
{
	struct file *file;
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_GE(test, fd, 0);
	file = anon_inode_getfile("other", &other_fops, NULL, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	fd_install(fd, file);

	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), dma_buf_get(fd));
	KUNIT_EXPECT_EQ(test, 1, file_count(file));
	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
}

static void put_refuses_nothing(struct kunit *test)
{
	mock_reports(test);
	dma_buf_put(NULL);
	mock_expect_bad_args(test, "dma_buf_put");
}

static void last_put_releases(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	get_dma_buf(exp->dmabuf);
	dma_buf_put(exp->dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	dma_buf_put(exp->dmabuf);
	mock_wait_released(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

static void descriptor_outlives_the_exporters_reference(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct dma_buf *dmabuf = exp->dmabuf;
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);
	dma_buf_put(dmabuf);
	KUNIT_EXPECT_EQ(test, 1, file_count(dmabuf->file));
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	KUNIT_EXPECT_EQ(test, 0, close_fd(fd));
	mock_wait_released(exp);
}

/* As an O_PATH descriptor does. */
static void memory_stays_as_long_as_the_path(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct path path = exp->dmabuf->file->f_path;

	path_get(&path);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 0, exp->calls[MOCK_RELEASE]);

	path_put(&path);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
}

/* As inotify does. */
static void held_inode_keeps_no_memory(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct inode *inode = file_inode(exp->dmabuf->file);

	ihold(inode);
	mock_release(exp);
	KUNIT_EXPECT_EQ(test, 1, exp->calls[MOCK_RELEASE]);
	iput(inode);
}

static struct kunit_case dma_buf_life_cases[] = {
	KUNIT_CASE(export_fills_the_buffer),
	KUNIT_CASE(export_makes_a_file),
	KUNIT_CASE(two_buffers_have_nothing_in_common),
	KUNIT_CASE(file_is_called_after_the_buffer),
	KUNIT_CASE_PARAM(export_keeps_the_flags, export_flags_gen_params),
	KUNIT_CASE(export_uses_the_exporters_reservation),
	KUNIT_CASE_PARAM(export_refuses, bad_export_gen_params),
	KUNIT_CASE(export_refuses_nothing),
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(export_holds_the_module),
	KUNIT_CASE(release_runs_before_the_module_goes),
	KUNIT_CASE(leaked_buffer_keeps_the_module),
	KUNIT_CASE(export_refuses_a_module_that_goes),
#endif
	KUNIT_CASE(fd_owns_the_reference),
	KUNIT_CASE(fd_closes_on_exec),
	KUNIT_CASE(fd_refuses_nothing),
	KUNIT_CASE(fd_leaves_the_reference_on_failure),
	KUNIT_CASE(get_finds_the_buffer),
	KUNIT_CASE(get_refuses_a_closed_number),
	KUNIT_CASE(get_refuses_another_file),
	KUNIT_CASE(put_refuses_nothing),
	KUNIT_CASE(last_put_releases),
	KUNIT_CASE(descriptor_outlives_the_exporters_reference),
	KUNIT_CASE(memory_stays_as_long_as_the_path),
	KUNIT_CASE(held_inode_keeps_no_memory),
	{}
};

static struct kunit_suite dma_buf_life_suite = {
	.name = "dma_buf_life",
	.test_cases = dma_buf_life_cases,
};

kunit_test_suite(dma_buf_life_suite);
