// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: what is left in the trace of what takes time and of what is
 * refused.
 */
#include <linux/device.h>
#include <linux/mman.h>
#include <linux/tracepoint.h>

#include <trace/events/dma_buf.h>

#include "mock.h"

/**
 * struct seen - what was traced of one buffer
 * @dmabuf: the buffer, or NULL for any
 * @text: the events, each with a new line
 * @len: of @text
 */
static struct seen {
	struct dma_buf *dmabuf;
	char text[512];
	size_t len;
} seen;

__printf(2, 3)
static void see(struct dma_buf *dmabuf, const char *fmt, ...)
{
	va_list args;

	if (seen.dmabuf && seen.dmabuf != dmabuf)
		return;
	va_start(args, fmt);
	seen.len += vscnprintf(seen.text + seen.len,
			       sizeof(seen.text) - seen.len, fmt, args);
	va_end(args);
}

/* A probe is known by its data as well. */
static const char name_map[] = "map", name_unmap[] = "unmap",
		  name_pin[] = "pin", name_unpin[] = "unpin",
		  name_begin[] = "begin", name_end[] = "end",
		  name_armed[] = "armed", name_fired[] = "fired";

/* One for each kind of event; @data is the name of the event. */
static void see_table(void *data, struct dma_buf *dmabuf,
		      struct dma_buf_attachment *attach,
		      enum dma_data_direction dir, unsigned int segments)
{
	see(dmabuf, "%s %s %d %u\n", (char *)data, dev_name(attach->dev), dir,
	    segments);
}

static void see_pins(void *data, struct dma_buf *dmabuf,
		     struct dma_buf_attachment *attach, bool by_core)
{
	see(dmabuf, "%s %s %d\n", (char *)data, dev_name(attach->dev), by_core);
}

static void see_access(void *data, struct dma_buf *dmabuf,
		       enum dma_data_direction dir)
{
	see(dmabuf, "%s %d\n", (char *)data, dir);
}

static void see_poll(void *data, struct dma_buf *dmabuf, bool out)
{
	see(dmabuf, "%s %s\n", (char *)data, out ? "out" : "in");
}

static void see_detach(void *data, struct dma_buf *dmabuf,
		       struct dma_buf_attachment *attach, bool is_dynamic,
		       struct device *dev)
{
	see(dmabuf, "detach %s %d\n", dev_name(dev), is_dynamic);
}

static void see_invalidate(void *data, struct dma_buf *dmabuf)
{
	see(dmabuf, "invalidate\n");
}

static void see_revoke(void *data, struct dma_buf *dmabuf,
		       unsigned int holders, int err)
{
	see(dmabuf, "revoke %u %d\n", holders, err);
}

static void see_wait(void *data, struct dma_buf *dmabuf,
		     enum dma_resv_usage usage, s64 ns, long err)
{
	see(dmabuf, "wait %d %s %ld\n", usage, ns >= 0 ? "some" : "less", err);
}

static void see_refused(void *data, struct dma_buf *dmabuf, struct device *dev,
			const char *call, const char *by, int err)
{
	see(dmabuf, "%s %s %s %d\n", call, dev ? dev_name(dev) : "none", by, err);
}

static int see_all(struct kunit *test)
{
	seen = (struct seen) { };
	return register_trace_dma_buf_map(see_table, (void *)name_map) ?:
	       register_trace_dma_buf_unmap(see_table, (void *)name_unmap) ?:
	       register_trace_dma_buf_pin(see_pins, (void *)name_pin) ?:
	       register_trace_dma_buf_unpin(see_pins, (void *)name_unpin) ?:
	       register_trace_dma_buf_begin_cpu_access(see_access,
						       (void *)name_begin) ?:
	       register_trace_dma_buf_end_cpu_access(see_access,
						     (void *)name_end) ?:
	       register_trace_dma_buf_poll_armed(see_poll,
						 (void *)name_armed) ?:
	       register_trace_dma_buf_poll_fired(see_poll,
						 (void *)name_fired) ?:
	       register_trace_dma_buf_invalidate(see_invalidate, NULL) ?:
	       register_trace_dma_buf_revoke(see_revoke, NULL) ?:
	       register_trace_dma_buf_wait(see_wait, NULL) ?:
	       register_trace_dma_buf_refused(see_refused, NULL);
}

static void see_no_more(struct kunit *test)
{
	unregister_trace_dma_buf_map(see_table, (void *)name_map);
	unregister_trace_dma_buf_unmap(see_table, (void *)name_unmap);
	unregister_trace_dma_buf_pin(see_pins, (void *)name_pin);
	unregister_trace_dma_buf_unpin(see_pins, (void *)name_unpin);
	unregister_trace_dma_buf_begin_cpu_access(see_access,
						  (void *)name_begin);
	unregister_trace_dma_buf_end_cpu_access(see_access, (void *)name_end);
	unregister_trace_dma_buf_poll_armed(see_poll, (void *)name_armed);
	unregister_trace_dma_buf_poll_fired(see_poll, (void *)name_fired);
	unregister_trace_dma_buf_invalidate(see_invalidate, NULL);
	unregister_trace_dma_buf_revoke(see_revoke, NULL);
	unregister_trace_dma_buf_wait(see_wait, NULL);
	unregister_trace_dma_buf_refused(see_refused, NULL);
	tracepoint_synchronize_unregister();
}

/* All that was seen since the last time, with the name of the device for DEV. */
static void expect_seen(struct kunit *test, struct mock_importer *imp,
			const char *expected)
{
	char text[512], *at;

	strscpy(text, expected);
	while (imp && (at = strstr(text, "DEV"))) {
		size_t len = strlen(dev_name(imp->dev));

		memmove(at + len, at + 3, strlen(at + 3) + 1);
		memcpy(at, dev_name(imp->dev), len);
	}
	KUNIT_EXPECT_STREQ(test, seen.text, text);
	seen.len = 0;
	seen.text[0] = '\0';
}

static void core_pins_around_a_map(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	seen.dmabuf = exp->dmabuf;
	mock_attach(imp, exp);
	sgt = mock_map(imp->attach, DMA_TO_DEVICE, false);
	expect_seen(test, imp, "pin DEV 1\nmap DEV 1 4\n");
	mock_unmap(imp->attach, sgt, DMA_TO_DEVICE, false);
	expect_seen(test, imp, "unmap DEV 1 4\nunpin DEV 1\n");
}

static void kept_table_is_mapped_once(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_CACHED);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct sg_table *sgt;

	seen.dmabuf = exp->dmabuf;
	mock_attach(imp, exp);
	sgt = mock_map(imp->attach, DMA_BIDIRECTIONAL, false);
	expect_seen(test, imp, "map DEV 0 4\n");
	mock_unmap(imp->attach, sgt, DMA_BIDIRECTIONAL, false);
	sgt = mock_map(imp->attach, DMA_BIDIRECTIONAL, false);
	mock_unmap(imp->attach, sgt, DMA_BIDIRECTIONAL, false);
	expect_seen(test, imp, "");
	mock_detach(imp);
	expect_seen(test, imp, "unmap DEV 0 4\n");
}

static void importer_pins_and_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");

	mock_reports(test);
	seen.dmabuf = exp->dmabuf;
	mock_attach_dynamic(imp, exp);
	KUNIT_ASSERT_EQ(test, 0, mock_pin(imp));
	KUNIT_ASSERT_EQ(test, 0, mock_pin(imp));
	mock_unpin(imp);
	mock_invalidate(exp, dma_buf_invalidate_mappings);
	expect_seen(test, imp,
		    "pin DEV 0\npin DEV 0\nunpin DEV 0\ninvalidate\n");
	/* The other half is the core's. */
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while pinned");
	expect_seen(test, imp, "unpin DEV 1\n");
}

static void core_pins_what_is_abandoned(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach = mock_attach_dynamic(imp, exp);
	struct sg_table *sgt = mock_map(attach, DMA_TO_DEVICE, false);

	/* A map has a pin of its own where importers are not told of moves. */
	mock_reports(test);
	seen = (struct seen) { .dmabuf = exp->dmabuf };
	mock_detach(imp);
	mock_expect_report(test, exp, imp, "detached while mapped");
	expect_seen(test, imp, "pin DEV 1\n");
	mock_unmap(attach, sgt, DMA_TO_DEVICE, false);
	seen = (struct seen) { .dmabuf = exp->dmabuf };
	dma_buf_detach(exp->dmabuf, attach);
	expect_seen(test, imp, "unpin DEV 1\n");
	dma_buf_put(exp->dmabuf);
}

static void see_no_detach(void *unused)
{
	unregister_trace_dma_buf_detach(see_detach, NULL);
}

/* The event would look for the inode of a file that is gone. */
static void buffer_without_a_file_is_not_told_of(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct dma_buf_attachment *attach;

	mock_reports(test);
	KUNIT_ASSERT_EQ(test, 0, register_trace_dma_buf_detach(see_detach, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, see_no_detach, NULL));
	seen.dmabuf = exp->dmabuf;
	mock_attach(imp, exp);
	mock_detach(imp);
	expect_seen(test, imp, "detach DEV 0\n");
	attach = mock_attach(imp, exp);
	mock_release(exp);
	imp->attach = NULL;
	mock_expect_report(test, exp, imp, "released with devices attached");
	dma_buf_detach(exp->dmabuf, attach);
	expect_seen(test, imp, "");
	mock_free_leaked(exp);
}

static void cpu_begins_and_ends(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);

	seen.dmabuf = exp->dmabuf;
	KUNIT_ASSERT_EQ(test, 0, dma_buf_begin_cpu_access(exp->dmabuf,
							  DMA_FROM_DEVICE));
	KUNIT_ASSERT_EQ(test, 0, dma_buf_end_cpu_access(exp->dmabuf,
							DMA_FROM_DEVICE));
	expect_seen(test, NULL, "begin 2\nend 2\n");
}

static long begin_to_write(void *data)
{
	return dma_buf_begin_cpu_access(data, DMA_TO_DEVICE);
}

static void wait_tells_for_whom(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_READ);
	struct mock_task *task;

	exp->ops.begin_cpu_access = NULL;
	exp->ops.end_cpu_access = NULL;
	seen.dmabuf = exp->dmabuf;
	task = mock_task(test, begin_to_write, exp->dmabuf);
	mock_wait(test, &fence->waited);
	dma_fence_signal(&fence->base);
	KUNIT_EXPECT_EQ(test, 0, mock_task_join(task));
	expect_seen(test, NULL, "wait 2 some 0\nbegin 1\n");
	KUNIT_ASSERT_EQ(test, 0, dma_buf_end_cpu_access(exp->dmabuf,
							DMA_TO_DEVICE));
}

static void poll_is_armed_and_fires(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_STATIC);
	struct mock_fence *fence = mock_busy(exp, DMA_RESV_USAGE_WRITE);
	struct mock_poller *poller = mock_poller(test, EPOLLIN | EPOLLOUT);

	seen.dmabuf = exp->dmabuf;
	mock_poll(poller, exp->dmabuf);
	/* One that is armed already is not told of again. */
	mock_poll(poller, exp->dmabuf);
	expect_seen(test, NULL, "armed out\narmed in\n");
	dma_fence_signal(&fence->base);
	expect_seen(test, NULL, "fired out\nfired in\n");
	mock_unpoll(poller);
}

/**
 * struct refusal - a call that fails
 * @call: makes it
 * @seen: what the trace says
 * @op: this operation of the exporter's fails
 * @err: with this error
 * @kind: of the exporter
 * @table: what its map operation returns
 * @busy: there is a fence to wait for, and a signal
 */
struct refusal {
	void (*call)(struct mock_exporter *exp, struct mock_importer *imp);
	const char *seen;
	enum mock_op op;
	int err;
	enum mock_kind kind;
	enum mock_table table;
	bool busy;
};

static void try_attach(struct mock_exporter *exp, struct mock_importer *imp)
{
	dma_buf_attach(exp->dmabuf, imp->dev);
}

static void try_pin(struct mock_exporter *exp, struct mock_importer *imp)
{
	mock_attach_dynamic(imp, exp);
	mock_pin(imp);
}

static void try_map(struct mock_exporter *exp, struct mock_importer *imp)
{
	mock_map(mock_attach(imp, exp), DMA_TO_DEVICE, false);
}

static void try_map_both_ways(struct mock_exporter *exp,
			      struct mock_importer *imp)
{
	try_map(exp, imp);
	mock_map(imp->attach, DMA_FROM_DEVICE, false);
}

static void try_begin(struct mock_exporter *exp, struct mock_importer *imp)
{
	dma_buf_begin_cpu_access(exp->dmabuf, DMA_TO_DEVICE);
}

static void try_end(struct mock_exporter *exp, struct mock_importer *imp)
{
	dma_buf_end_cpu_access(exp->dmabuf, DMA_TO_DEVICE);
}

static void try_mmap(struct mock_exporter *exp, struct mock_importer *imp)
{
	mock_mmap(exp->test, exp->dmabuf->file, 1, 0, PROT_READ);
}

static void try_mmap_behind(struct mock_exporter *exp,
			    struct mock_importer *imp)
{
	mock_mmap(exp->test, exp->dmabuf->file, 1, MOCK_PAGES, PROT_READ);
}

static void try_vmap(struct mock_exporter *exp, struct mock_importer *imp)
{
	struct iosys_map map;

	dma_buf_vmap_unlocked(exp->dmabuf, &map);
}

static void try_vmap_without_address(struct mock_exporter *exp,
				     struct mock_importer *imp)
{
	exp->vmap_null = true;
	try_vmap(exp, imp);
	mock_expect_report(exp->test, exp, NULL,
			   "exporter's vmap gave no address");
}

static void try_pin_of_static(struct mock_exporter *exp,
			      struct mock_importer *imp)
{
	mock_attach(imp, exp);
	mock_pin(imp);
	mock_expect_report(exp->test, exp, imp, "pin by a static importer");
}

static void try_vmap_of_none(struct mock_exporter *exp,
			     struct mock_importer *imp)
{
	exp->ops.vmap = NULL;
	try_vmap(exp, imp);
}

static const struct refusal refusals[] = {
	{ try_attach, "dma_buf_attach DEV exporter:attach -16\n",
	  MOCK_ATTACH, -EBUSY },
	{ try_pin, "dma_buf_pin DEV exporter:pin -28\n",
	  MOCK_PIN, -ENOSPC, MOCK_DYNAMIC },
	{ try_map, "dma_buf_map_attachment DEV exporter:pin -28\n",
	  MOCK_PIN, -ENOSPC, MOCK_DYNAMIC },
	{ try_map, "dma_buf_map_attachment DEV exporter:map_dma_buf -19\n",
	  MOCK_MAP, -ENODEV },
	{ try_map, "dma_buf_map_attachment DEV exporter:map_dma_buf -12\n",
	  .table = MOCK_TABLE_NULL },
	{ try_map_both_ways, "map DEV 1 4\n"
	  "dma_buf_map_attachment DEV core -16\n", .kind = MOCK_CACHED },
	{ try_map, "map DEV 1 4\nwait 0 some -512\n"
	  "dma_buf_map_attachment DEV signal -512\nunmap DEV 1 4\n",
	  .busy = true },
	{ try_begin, "wait 2 some -512\n"
	  "dma_buf_begin_cpu_access none signal -512\n", .busy = true },
	{ try_begin, "dma_buf_begin_cpu_access none exporter:begin_cpu_access -5\n",
	  MOCK_BEGIN_CPU, -EIO },
	{ try_end, "dma_buf_end_cpu_access none exporter:end_cpu_access -5\n"
	  "end 1\n", MOCK_END_CPU, -EIO },
	{ try_end, "dma_buf_end_cpu_access none exporter:end_cpu_access -4\n",
	  MOCK_END_CPU, -EINTR },
	{ try_end, "dma_buf_end_cpu_access none exporter:end_cpu_access -512\n",
	  MOCK_END_CPU, -ERESTARTSYS },
	{ try_end, "dma_buf_end_cpu_access none exporter:end_cpu_access -11\n",
	  MOCK_END_CPU, -EAGAIN },
	{ try_mmap, "mmap none exporter:mmap -5\n", MOCK_MMAP, -EIO },
	{ try_mmap_behind, "mmap none core -22\n" },
	{ try_vmap, "dma_buf_vmap_unlocked none exporter:vmap -12\n",
	  MOCK_VMAP, -ENOMEM },
	{ try_vmap_of_none, "dma_buf_vmap_unlocked none core -22\n" },
	{ try_vmap_without_address, "dma_buf_vmap_unlocked none core -22\n" },
	{ try_pin_of_static, "dma_buf_pin DEV core -22\n" },
};

static void refusal_desc(const struct refusal *refusal, char *desc)
{
	strscpy(desc, refusal->seen, KUNIT_PARAM_DESC_SIZE);
	strreplace(desc, '\n', ';');
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_desc);

static void refusal_tells_who_said_no(struct kunit *test)
{
	const struct refusal *refusal = test->param_value;
	struct mock_exporter *exp = mock_buffer(test, refusal->kind);
	struct mock_importer *imp;

	if (refusal->busy)
		mock_busy(exp, DMA_RESV_USAGE_KERNEL);
	imp = mock_importer(test, "imp");
	exp->errors[refusal->op] = refusal->err;
	exp->table = refusal->table;
	seen.dmabuf = exp->dmabuf;
	mock_reports(test);
	if (refusal->busy)
		mock_signal_begin(test);
	refusal->call(exp, imp);
	if (refusal->busy)
		mock_signal_end(test);
	expect_seen(test, imp, refusal->seen);
}

/* What happens at it, and who says no afterwards. */
static void revocation_is_told(struct kunit *test)
{
	struct mock_exporter *exp = mock_buffer(test, MOCK_DYNAMIC);
	struct mock_importer *imp = mock_importer(test, "imp");
	struct iosys_map map;

	mock_attach_dynamic(imp, exp);
	mock_reports(test);
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(exp->dmabuf, &map));
	seen.dmabuf = exp->dmabuf;
	KUNIT_EXPECT_EQ(test, -EBUSY, dma_buf_revoke(exp->dmabuf, 0));
	expect_seen(test, imp, "invalidate\nrevoke 1 -16\n");
	dma_buf_vunmap_unlocked(exp->dmabuf, &map);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_revoke(exp->dmabuf, 0));
	expect_seen(test, imp, "revoke 0 0\n");

	KUNIT_EXPECT_EQ(test, -ENODEV, mock_pin(imp));
	mock_map(imp->attach, DMA_TO_DEVICE, false);
	dma_buf_vmap_unlocked(exp->dmabuf, &map);
	dma_buf_begin_cpu_access(exp->dmabuf, DMA_FROM_DEVICE);
	expect_seen(test, imp,
		    "dma_buf_pin DEV core -19\n"
		    "dma_buf_map_attachment DEV core -19\n"
		    "dma_buf_vmap_unlocked none core -19\n"
		    "dma_buf_begin_cpu_access none core -19\n");
}

static struct kunit_case dma_buf_trace_cases[] = {
	KUNIT_CASE(core_pins_around_a_map),
	KUNIT_CASE(kept_table_is_mapped_once),
	KUNIT_CASE(importer_pins_and_is_told),
	KUNIT_CASE(core_pins_what_is_abandoned),
	KUNIT_CASE(buffer_without_a_file_is_not_told_of),
	KUNIT_CASE(cpu_begins_and_ends),
	KUNIT_CASE(wait_tells_for_whom),
	KUNIT_CASE(poll_is_armed_and_fires),
	KUNIT_CASE(revocation_is_told),
	KUNIT_CASE_PARAM(refusal_tells_who_said_no, refusal_gen_params),
	{}
};

static struct kunit_suite dma_buf_trace_suite = {
	.name = "dma_buf_trace",
	.init = see_all,
	.exit = see_no_more,
	.test_cases = dma_buf_trace_cases,
};

kunit_test_suite(dma_buf_trace_suite);
