// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what programs read about each buffer.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mock.h"

static char *read_facts(struct kunit *test)
{
	struct file *file = mock_open(test, "debugfs", "dma_buf/buffers");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	return mock_read_all(test, file, PAGE_SIZE);
}

/* All that is said of one buffer. */
static char *facts_of(struct mock_exporter *exp)
{
	char *text = read_facts(exp->test), *end;
	char first[40];

	snprintf(first, sizeof(first), "\nbuffer\t%lu\n", exp->ino);
	text = strstr(text, first);
	if (!text)
		return "";
	end = strstr(++text, "\nbuffer\t");
	if (end)
		end[1] = '\0';
	return text;
}

/* Nothing else is said than what every buffer has, and this. */
__printf(3, 4)
static void expect_facts(struct mock_exporter *exp, unsigned int references,
			 const char *fmt, ...)
{
	char *text = kunit_kmalloc(exp->test, PAGE_SIZE, GFP_KERNEL);
	va_list args;
	int len;

	KUNIT_ASSERT_NOT_NULL(exp->test, text);
	len = scnprintf(text, PAGE_SIZE,
			"buffer\t%lu\nsize\t%zu\nexporter\tmock\nmodule\tkernel\n"
			"references\t%u\n", exp->ino, exp->size, references);
	va_start(args, fmt);
	vscnprintf(text + len, PAGE_SIZE - len, fmt, args);
	va_end(args);
	KUNIT_EXPECT_STREQ(exp->test, facts_of(exp), text);
}

static void first_line_is_the_version(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, strstarts(read_facts(test), "dma-buf\t1\n"));
}

static void references_are_counted(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct path path = exp->dmabuf->file->f_path;
	struct mock_poller *poller;
	struct mock_fence *fence;

	expect_facts(exp, 1, "%s", "");
	get_dma_buf(exp->dmabuf);
	expect_facts(exp, 2, "%s", "");
	dma_buf_put(exp->dmabuf);

	path_get(&path);
	fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	poller = mock_poller(test, EPOLLIN);
	mock_poll(poller, exp->dmabuf);
	mock_unpoll(poller);
	mock_release(exp);
	KUNIT_EXPECT_NULL(test, strstr(facts_of(exp), "\npoll"));
	dma_fence_signal(&fence->base);
	expect_facts(exp, 0, "%s", "");
	path_put(&path);
	mock_wait_released(exp);
	KUNIT_EXPECT_STREQ(test, facts_of(exp), "");
}

static void name_forges_no_line(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	char head[64];

	exp->dmabuf->name = kstrdup("a\nsize\t0\\", GFP_KERNEL);
	snprintf(head, sizeof(head), "name\ta\\012size\\0110\\134\nreferences\t1\n");
	KUNIT_EXPECT_NOT_NULL(test, strstr(facts_of(exp), head));
}

#ifdef CONFIG_MODULE_UNLOAD
static void owner_is_named(struct kunit *test)
{
	struct module *owner = mock_module(test, MODULE_STATE_LIVE);
	struct mock_exporter *exp = mock_exporter(test, MOCK_STATIC);
	struct dma_buf_export_info info = mock_export_info(exp);

	strscpy(owner->name, "camera");
	info.owner = owner;
	mock_exported(exp, dma_buf_export(&info));
	KUNIT_EXPECT_NOT_NULL(test, strstr(facts_of(exp), "\nmodule\tcamera\n"));
}
#endif

static void resv_of_the_exporter_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_exporter(test, MOCK_DYNAMIC);
	struct dma_buf_export_info info = mock_export_info(exp);
	struct dma_resv *resv = kunit_kzalloc(test, sizeof(*resv), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, resv);
	dma_resv_init(resv);
	info.resv = resv;
	mock_exported(exp, dma_buf_export(&info));
	expect_facts(exp, 1, "moves\t1\nshared-resv\t1\n");
	mock_release(exp);
	dma_resv_fini(resv);
}

static void revocation_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	KUNIT_ASSERT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	expect_facts(exp, 1, "revoked\t1\n");
	KUNIT_ASSERT_EQ(test, 0, dma_buf_restore(exp->dmabuf));
	expect_facts(exp, 1, "%s", "");
}

static void kernel_mappings_are_counted(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	expect_facts(exp, 1, "vmaps\t2\n");
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	expect_facts(exp, 1, "%s", "");
}

static void each_pending_fence_is_told(struct kunit *test)
{
	static const char * const usage[] = {
		"kernel", "write", "read", "bookkeep",
	};
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(usage); i++) {
		struct mock_fence *fence = mock_busy(exp, i);

		expect_facts(exp, 1,
			     "fence\t%s\ndriver\tmock\ntimeline\tmock\ncontext\t%llu\nseqno\t%llu\n",
			     usage[i], fence->base.context,
			     (u64)fence->base.seqno);
		dma_fence_signal(&fence->base);
		expect_facts(exp, 1, "%s", "");
	}
}

/* What is behind the fences would be taken for theirs. */
static void fences_are_told_last(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	expect_facts(exp, 1, "vmaps\t1\nfence\twrite\ndriver\tmock\n"
		     "timeline\tmock\ncontext\t%llu\nseqno\t%llu\n",
		     fence->base.context, (u64)fence->base.seqno);
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
}

static void exporter_may_have_no_name(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	exp->dmabuf->exp_name = NULL;
	KUNIT_EXPECT_NOT_NULL(test, strstr(read_facts(test),
					   "\nexporter\t(null)\n"));
	exp->dmabuf->exp_name = MOCK_EXPORTER_NAME;
}

#ifdef CONFIG_DMABUF_DEBUG
static void access_is_counted(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	enum dma_data_direction dir = DMA_TO_DEVICE;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf, dir));
	expect_facts(exp, 1, "begun\t1\n");
	/* Not over yet, and then over, whatever else the exporter says. */
	exp->errors[MOCK_END_CPU] = -EINTR;
	KUNIT_EXPECT_EQ(test, -EINTR, dma_buf_end_cpu_access(exp->dmabuf, dir));
	expect_facts(exp, 1, "begun\t1\n");
	exp->errors[MOCK_END_CPU] = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, dma_buf_end_cpu_access(exp->dmabuf, dir));
	expect_facts(exp, 1, "%s", "");
	KUNIT_EXPECT_EQ(test, -EIO, dma_buf_end_cpu_access(exp->dmabuf, dir));
	expect_facts(exp, 1, "begun\t-1\n");
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf, dir));
	expect_facts(exp, 1, "%s", "");
}
#endif

static void pollers_are_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *in = mock_poller(test, EPOLLIN);
	struct mock_poller *out = mock_poller(test, EPOLLOUT);

	KUNIT_EXPECT_EQ(test, 0, (__force u32)mock_poll(in, exp->dmabuf));
	KUNIT_EXPECT_NULL(test, strstr(facts_of(exp), "\npoll\tout\n"));
	KUNIT_EXPECT_EQ(test, 0, (__force u32)mock_poll(out, exp->dmabuf));
	KUNIT_EXPECT_NOT_NULL(test, strstr(facts_of(exp),
					   "\npoll\tin\npoll\tout\n"));
	dma_fence_signal(&fence->base);
	expect_facts(exp, 1, "%s", "");
	mock_unpoll(in);
	mock_unpoll(out);
}

struct importer_row {
	const char *facts;
	enum mock_importer_kind kind;
	bool asked, refused;
};

static const struct importer_row importer_rows[] = {
	{ "importer\tstatic\n", MOCK_FIXED },
	{ "importer\tdynamic\n", MOCK_TOLD },
	{ "importer\tdeaf\n", MOCK_DEAF },
	{ "importer\tdynamic\npeer2peer\tgranted\n", MOCK_TOLD, true },
	{ "importer\tdynamic\npeer2peer\trefused\n", MOCK_TOLD, true, true },
};

static void importer_desc(const struct importer_row *row, char *desc)
{
	strscpy(desc, row->facts, KUNIT_PARAM_DESC_SIZE);
	strreplace(desc, '\n', ' ');
}

KUNIT_ARRAY_PARAM(importer, importer_rows, importer_desc);

static void refuse_peer2peer(struct mock_exporter *exp, enum mock_op op)
{
	if (op == MOCK_ATTACH)
		exp->attach->peer2peer = false;
}

static void importer_is_told(struct kunit *test)
{
	const struct importer_row *row = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	exp->hook = row->refused ? refuse_peer2peer : NULL;
	imp->ops.allow_peer2peer = row->asked;
	mock_attach_as(imp, exp, row->kind);
	expect_facts(exp, 1, "attachment\t%s\nbus\tkunit\n%s",
		     dev_name(imp->dev), row->facts);
}

static void pins_and_each_mapping_are_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct mock_importer *other = mock_importer(test, "other");
	struct sg_table *to, *from;

	mock_attach(imp, exp);
	mock_attach_dynamic(other, exp);
	KUNIT_ASSERT_EQ(test, 0, mock_pin(other));
	KUNIT_ASSERT_EQ(test, 0, mock_pin(other));
	to = mock_map(imp->attach, DMA_TO_DEVICE, false);
	exp->table = MOCK_TABLE_MERGED;
	from = mock_map(imp->attach, DMA_FROM_DEVICE, false);
	expect_facts(exp, 1, "moves\t1\n"
		     "attachment\t%s\nbus\tkunit\nimporter\tdynamic\npins\t2\n"
		     "attachment\t%s\nbus\tkunit\nimporter\tstatic\n"
		     "mapping\tto-device\nuses\t1\npinned\t1\nsegments\t%u\nbytes\t%zu\n"
		     "mapping\tfrom-device\nuses\t1\npinned\t1\nsegments\t1\nbytes\t%zu\n",
		     dev_name(other->dev), dev_name(imp->dev), MOCK_PAGES,
		     exp->size, exp->size);
	mock_unmap(imp->attach, to, DMA_TO_DEVICE, false);
	mock_unmap(imp->attach, from, DMA_FROM_DEVICE, false);
	mock_unpin(other);
	mock_unpin(other);
}

/* amdgpu gives its tables back then, without the reservation lock. */
static void table_of_an_unplugged_device_is_left_alone(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "amdgpu");
	struct sg_table *sgt;

	mock_attach(imp, exp);
	sgt = mock_map(imp->attach, DMA_TO_DEVICE, false);
	device_lock(imp->dev);
	expect_facts(exp, 1, "attachment\t%s\nbus\tkunit\nimporter\tstatic\n"
		     "mapping\tto-device\nuses\t1\n", dev_name(imp->dev));
	device_unlock(imp->dev);
	expect_facts(exp, 1, "attachment\t%s\nbus\tkunit\nimporter\tstatic\n"
		     "mapping\tto-device\nuses\t1\nsegments\t%u\nbytes\t%zu\n",
		     dev_name(imp->dev), MOCK_PAGES, exp->size);
	KUNIT_EXPECT_TRUE(test, device_trylock(imp->dev));
	device_unlock(imp->dev);
	mock_unmap(imp->attach, sgt, DMA_TO_DEVICE, false);
}

/* qaic does: what it has mapped may go while somebody reads. */
static void table_of_a_lockless_importer_is_left_alone(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "qaic");
	struct sg_table *to, *from;
	struct iosys_map map;

	mock_reports(test);
	mock_attach(imp, exp);
	to = mock_map(imp->attach, DMA_TO_DEVICE, false);
	/* Who forgets the lock for this has no table to give back. */
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap(exp->dmabuf, &map));
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	KUNIT_EXPECT_NOT_NULL(test, strstr(facts_of(exp), "\nsegments\t"));
	from = dma_buf_map_attachment(imp->attach, DMA_FROM_DEVICE);
	expect_facts(exp, 1, "attachment\t%s\nbus\tkunit\nimporter\tstatic\n"
		     "mapping\tto-device\nuses\t1\n", dev_name(imp->dev));
	mock_unmap(imp->attach, to, DMA_TO_DEVICE, false);
	mock_unmap(imp->attach, from, DMA_FROM_DEVICE, false);
}

static void kept_table_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;
	int uses;

	mock_attach(imp, exp);
	sgt = mock_map(imp->attach, DMA_BIDIRECTIONAL, false);
	KUNIT_ASSERT_PTR_EQ(test, sgt,
			    mock_map(imp->attach, DMA_TO_DEVICE, false));
	for (uses = 2; uses >= 0; uses--) {
		expect_facts(exp, 1, "attachment\t%s\nbus\tkunit\nimporter\tstatic\n"
			     "mapping\tboth\nuses\t%d\nkept\t1\nsegments\t%u\nbytes\t%zu\n",
			     dev_name(imp->dev), uses, MOCK_PAGES, exp->size);
		if (uses)
			mock_unmap(imp->attach, sgt, DMA_BIDIRECTIONAL, false);
	}
}

static void abandoned_device_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach(imp, exp);
	struct sg_table *sgt;

	mock_reports(test);
	sgt = mock_map(attach, DMA_TO_DEVICE, false);
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	/* The second reference is that of the importer, who will put it. */
	expect_facts(exp, 2, "attachment\t%s\nbus\tkunit\nimporter\tabandoned\n"
		     "mapping\tto-device\nuses\t1\nsegments\t%u\nbytes\t%zu\n",
		     dev_name(imp->dev), MOCK_PAGES, exp->size);

	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	dma_buf_detach(exp->dmabuf, attach);
	dma_buf_put(exp->dmabuf);
	expect_facts(exp, 1, "%s", "");
}

#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
static void bounced_segments_are_counted(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	mock_attach(imp, exp);
	sgt = mock_map(imp->attach, DMA_TO_DEVICE, false);
	KUNIT_EXPECT_NULL(test, strstr(facts_of(exp), "\nbounced"));
	mock_bounce(imp, exp, 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(facts_of(exp), "\nbounced\t1\n"));
	mock_unmap(imp->attach, sgt, DMA_TO_DEVICE, false);
}
#endif

static void who_holds_the_lock_is_not_waited_for(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct mock_holder *holder;

	mock_attach(imp, exp);
	holder = mock_hold(exp);
	expect_facts(exp, 1, "busy\t1\n");
	mock_let_go(holder);
}

static struct kunit_case dma_buf_facts_cases[] = {
	KUNIT_CASE(first_line_is_the_version),
	KUNIT_CASE(references_are_counted),
	KUNIT_CASE(name_forges_no_line),
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(owner_is_named),
#endif
	KUNIT_CASE(resv_of_the_exporter_is_told),
	KUNIT_CASE(revocation_is_told),
	KUNIT_CASE(kernel_mappings_are_counted),
	KUNIT_CASE(each_pending_fence_is_told),
	KUNIT_CASE(fences_are_told_last),
	KUNIT_CASE(exporter_may_have_no_name),
#ifdef CONFIG_DMABUF_DEBUG
	KUNIT_CASE(access_is_counted),
#endif
	KUNIT_CASE(pollers_are_told),
	KUNIT_CASE_PARAM(importer_is_told, importer_gen_params),
	KUNIT_CASE(pins_and_each_mapping_are_told),
	KUNIT_CASE(table_of_an_unplugged_device_is_left_alone),
	KUNIT_CASE(table_of_a_lockless_importer_is_left_alone),
	KUNIT_CASE(kept_table_is_told),
	KUNIT_CASE(abandoned_device_is_told),
#if defined(CONFIG_SWIOTLB) && !defined(CONFIG_SWIOTLB_DYNAMIC)
	KUNIT_CASE(bounced_segments_are_counted),
#endif
	KUNIT_CASE(who_holds_the_lock_is_not_waited_for),
	{}
};

static struct kunit_suite dma_buf_facts_suite = {
	.name = "dma_buf_facts",
	.test_cases = dma_buf_facts_cases,
};

kunit_test_suite(dma_buf_facts_suite);
