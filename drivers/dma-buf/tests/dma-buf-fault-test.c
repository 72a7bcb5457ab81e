// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: every allocation of a call fails once. Each time -ENOMEM
 * comes back, everything that was done is undone, and the next call works.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "mock.h"

/**
 * struct fault - what calls with a failing allocation work on
 * @exp: the exporter
 * @imp: the importer
 * @sgt: what the importer mapped
 * @more: what it mapped after that
 * @map: what the kernel mapped
 * @owner: a module that exports
 */
struct fault {
	struct mock_exporter *exp;
	struct mock_importer *imp;
	struct sg_table *sgt;
	struct sg_table *more;
	struct iosys_map map;
	struct module *owner;
};

/**
 * struct fault_case - a call
 * @name: of the test
 * @kind: of the exporter
 * @attached: the importer is on the buffer beforehand
 * @run: the call; 0, or an error
 * @undo: what takes it back
 */
struct fault_case {
	const char *name;
	enum mock_kind kind;
	bool attached;
	int (*run)(struct fault *fault);
	void (*undo)(struct fault *fault);
};

/* An export that fails lets the module go, whatever made it fail. */
static void fault_expect_module(struct fault *fault, int users)
{
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_EXPECT_EQ(fault->exp->test, users, module_refcount(fault->owner));
#endif
}

static int fault_export(struct fault *fault)
{
	struct dma_buf_export_info info = mock_export_info(fault->exp);
	struct dma_buf *dmabuf;

	info.owner = fault->owner;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		fault_expect_module(fault, 0);
		return PTR_ERR(dmabuf);
	}
	fault_expect_module(fault, 1);
	/* A second buffer of the exporter; it goes by itself. */
	fault->exp->calls[MOCK_RELEASE] = 0;
	__fput_sync(dmabuf->file);
	KUNIT_EXPECT_EQ(fault->exp->test, 1, fault->exp->calls[MOCK_RELEASE]);
	fault->exp->calls[MOCK_RELEASE] = 0;
	reinit_completion(&fault->exp->released);
	return 0;
}

static void fault_undo_export(struct fault *fault)
{
}

static int fault_attach(struct fault *fault)
{
	struct dma_buf_attachment *attach;

	attach = dma_buf_attach(fault->exp->dmabuf, fault->imp->dev);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	fault->imp->attach = attach;
	return 0;
}

static void fault_detach(struct fault *fault)
{
	mock_detach(fault->imp);
}

static int fault_map(struct fault *fault)
{
	fault->sgt = dma_buf_map_attachment_unlocked(fault->imp->attach,
						     DMA_BIDIRECTIONAL);
	return PTR_ERR_OR_ZERO(fault->sgt);
}

static void fault_unmap(struct fault *fault)
{
	dma_buf_unmap_attachment_unlocked(fault->imp->attach, fault->sgt,
					  DMA_BIDIRECTIONAL);
}

static int fault_map_twice(struct fault *fault)
{
	int err = fault_map(fault);

	if (err)
		return err;
	fault->more = dma_buf_map_attachment_unlocked(fault->imp->attach,
						      DMA_BIDIRECTIONAL);
	if (IS_ERR(fault->more))
		fault_unmap(fault);
	return PTR_ERR_OR_ZERO(fault->more);
}

static void fault_unmap_twice(struct fault *fault)
{
	dma_buf_unmap_attachment_unlocked(fault->imp->attach, fault->more,
					  DMA_BIDIRECTIONAL);
	fault_unmap(fault);
}

/* What is cached must go as well, for the next call to map anew. */
static int fault_attach_and_map(struct fault *fault)
{
	int err = fault_attach(fault);

	if (err)
		return err;
	err = fault_map(fault);
	if (err)
		fault_detach(fault);
	return err;
}

static void fault_unmap_and_detach(struct fault *fault)
{
	fault_unmap(fault);
	fault_detach(fault);
}

static int fault_vmap(struct fault *fault)
{
	return dma_buf_vmap_unlocked(fault->exp->dmabuf, &fault->map);
}

static void fault_vunmap(struct fault *fault)
{
	dma_buf_vunmap_unlocked(fault->exp->dmabuf, &fault->map);
}

static const struct fault_case fault_cases[] = {
	{ "export", MOCK_STATIC, false, fault_export, fault_undo_export },
	{ "attach", MOCK_STATIC, false, fault_attach, fault_detach },
	{ "map", MOCK_STATIC, true, fault_map, fault_unmap },
	{ "map a second time", MOCK_STATIC, true,
	  fault_map_twice, fault_unmap_twice },
	{ "map what must be pinned", MOCK_DYNAMIC, true,
	  fault_map, fault_unmap },
	{ "map what is cached", MOCK_CACHED, false,
	  fault_attach_and_map, fault_unmap_and_detach },
	{ "vmap", MOCK_STATIC, false, fault_vmap, fault_vunmap },
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_cases, name);

static void fault_knob_close(void *file)
{
	__fput_sync(file);
}

/* Write to a file in debugfs. */
static void fault_knob(struct kunit *test, const char *path, const char *value)
{
	struct vfsmount *mnt = kern_mount(get_fs_type("debugfs"));
	struct file *file;
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	file = file_open_root_mnt(mnt, path, O_WRONLY, 0);
	kern_unmount(mnt);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   fault_knob_close,
							   file));
	KUNIT_ASSERT_EQ(test, vfs_write(file, mock_user(test, value,
							strlen(value)),
					strlen(value), &pos),
			(ssize_t)strlen(value));
}

static int fault_init(struct kunit *test)
{
	/* Not only those that must not wait for memory, and not a word of it. */
	fault_knob(test, "failslab/ignore-gfp-wait", "N");
	fault_knob(test, "failslab/verbose", "0");
	return 0;
}

/* What was begun at the exporter has ended. */
static void fault_expect_idle(struct kunit *test, struct fault *fault)
{
	struct mock_exporter *exp = fault->exp;

	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_ATTACH], exp->calls[MOCK_DETACH]);
	KUNIT_EXPECT_EQ(test, exp->calls[MOCK_PIN], exp->calls[MOCK_UNPIN]);
	KUNIT_EXPECT_EQ(test, 0, exp->users);
	KUNIT_EXPECT_EQ(test, 1, file_count(exp->dmabuf->file));
}

static void every_allocation_fails_once(struct kunit *test)
{
	const struct fault_case *call = test->param_value;
	struct fault fault = { .exp = mock_buffer(test, call->kind) };
	unsigned int nth = 0, failed = 0;
	bool hit;
	int err;

	fault.imp = mock_importer(test, "fault");
#ifdef CONFIG_MODULE_UNLOAD
	fault.owner = mock_module(test, MODULE_STATE_LIVE);
#endif
	if (call->attached) {
		mock_attach(fault.imp, fault.exp);
		fault.exp->calls[MOCK_ATTACH] = 0;
	}
	do {
		current->fail_nth = ++nth;
		err = call->run(&fault);
		hit = !current->fail_nth;
		current->fail_nth = 0;
		if (err) {
			failed++;
			KUNIT_EXPECT_EQ(test, -ENOMEM, err);
			fault_expect_idle(test, &fault);
			err = call->run(&fault);
			KUNIT_ASSERT_EQ(test, 0, err);
		}
		call->undo(&fault);
		fault_expect_idle(test, &fault);
	} while (hit);
	KUNIT_EXPECT_GT(test, failed, 0);
}

/* Two writers: to wait for both takes a set of fences, and memory for it. */
static void poll_without_memory_tells_no_lie(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_poller *poller;
	struct mock_fence *fences[2];
	unsigned int nth = 0;
	bool hit;

	do {
		poller = mock_poller(test, EPOLLIN);
		fences[0] = mock_busy(exp, DMA_RESV_USAGE_WRITE);
		fences[1] = mock_busy(exp, DMA_RESV_USAGE_WRITE);
		current->fail_nth = ++nth;
		KUNIT_EXPECT_EQ(test, 0,
				(__force int)mock_poll(poller, exp->dmabuf));
		hit = !current->fail_nth;
		current->fail_nth = 0;

		/* It may wake up for either, and then waits for the other. */
		dma_fence_signal(&fences[nth % 2]->base);
		KUNIT_EXPECT_EQ(test, 0,
				(__force int)mock_poll(poller, exp->dmabuf));
		reinit_completion(&poller->woken);
		dma_fence_signal(&fences[!(nth % 2)]->base);
		mock_wait(test, &poller->woken);
		KUNIT_EXPECT_EQ(test, (__force int)EPOLLIN,
				(__force int)mock_poll(poller, exp->dmabuf));
		mock_unpoll(poller);
	} while (hit);
	KUNIT_EXPECT_GT(test, nth, 1);
}

static struct kunit_case dma_buf_fault_cases[] = {
	KUNIT_CASE_PARAM(every_allocation_fails_once, fault_gen_params),
	KUNIT_CASE(poll_without_memory_tells_no_lie),
	{}
};

static struct kunit_suite dma_buf_fault_suite = {
	.name = "dma_buf_fault",
	.init = fault_init,
	.test_cases = dma_buf_fault_cases,
};

kunit_test_suite(dma_buf_fault_suite);
