// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: exports on several CPUs at once, and how long a single
 * one takes at worst.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "bench.h"

#define BENCH_THREAD_TIME	(2 * HZ)

/**
 * struct bench_thread - one that exports and releases
 * @task: it
 * @exp: its exporter; threads share nothing of ours
 * @until: when it ends, in jiffies
 * @exports: how many it made
 * @ns: in which time
 * @err: why it ended early, or 0
 * @done: that it ended
 */
struct bench_thread {
	struct task_struct *task;
	struct bench_exporter *exp;
	unsigned long until;
	u64 exports;
	u64 ns;
	int err;
	struct completion done;
} ____cacheline_aligned_in_smp;

static int bench_thread_run(void *data)
{
	struct bench_thread *thread = data;
	u64 start = ktime_get_ns();

	while (time_before(jiffies, READ_ONCE(thread->until))) {
		struct dma_buf *dmabuf = bench_export(thread->exp);

		if (IS_ERR(dmabuf)) {
			thread->err = PTR_ERR(dmabuf);
			break;
		}
		bench_release(dmabuf);
		thread->exports++;
		cond_resched();
	}
	thread->ns = ktime_get_ns() - start;
	complete(&thread->done);
	return 0;
}

static int bench_thread_init(struct bench_thread *thread, int cpu)
{
	init_completion(&thread->done);
	thread->exp = bench_exporter(BENCH_STATIC, 1);
	if (!thread->exp)
		return -ENOMEM;
	thread->task = kthread_create_on_cpu(bench_thread_run, thread, cpu,
					     "dma_buf_bench/%u");
	if (IS_ERR(thread->task)) {
		bench_exporter_free(thread->exp);
		return PTR_ERR(thread->task);
	}
	return 0;
}

/* Let those that are ready run. Their sums are the result, unless one failed. */
static int bench_threads_run(struct bench_thread *threads, unsigned int count)
{
	unsigned long until = jiffies + BENCH_THREAD_TIME;
	u64 exports = 0, rate = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < count; i++) {
		WRITE_ONCE(threads[i].until, until);
		wake_up_process(threads[i].task);
	}
	for (i = 0; i < count; i++) {
		struct bench_thread *thread = &threads[i];

		wait_for_completion(&thread->done);
		bench_exporter_free(thread->exp);
		err = err ?: thread->err;
		exports += thread->exports;
		rate += div64_u64(thread->exports * NSEC_PER_SEC,
				  thread->ns ?: 1);
	}
	if (err)
		return err;
	bench_result("exports", "%llu", exports);
	bench_result("per-second", "%llu", rate);
	return 0;
}

/* A thread on each of so many CPUs. */
static int bench_measure_threads(struct bench *b)
{
	struct bench_thread *threads;
	unsigned int count = 0;
	int cpu, err = 0;

	if (!b->arg || b->arg > num_online_cpus())
		return -EINVAL;
	threads = kcalloc(b->arg, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		err = bench_thread_init(&threads[count], cpu);
		if (err || ++count == b->arg)
			break;
	}
	/* When one could not be made, the others end as soon as they began. */
	err = bench_threads_run(threads, count) ?: err;
	kfree(threads);
	return err;
}

/* So many exports, each timed by itself. */
static int bench_measure_latency(struct bench *b)
{
	u64 *ns = kvcalloc(b->arg, sizeof(*ns), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!ns)
		return -ENOMEM;
	for (i = 0; i < b->arg; i++) {
		u64 start = ktime_get_ns();
		struct dma_buf *dmabuf = bench_export(b->exp);

		ns[i] = ktime_get_ns() - start;
		if (IS_ERR(dmabuf)) {
			err = PTR_ERR(dmabuf);
			break;
		}
		bench_release(dmabuf);
		cond_resched();
	}
	if (!err && b->arg) {
		bench_sort(ns, b->arg);
		bench_result("median", "%llu", ns[b->arg / 2]);
		bench_result("p99", "%llu", ns[b->arg - 1 - b->arg / 100]);
		bench_result("worst", "%llu", ns[b->arg - 1]);
	}
	kvfree(ns);
	return err;
}

static const struct bench_op bench_smp_ops[] = {
	{
		.name = "threads",
		.measure = bench_measure_threads,
	}, {
		.name = "latency",
		.setup = bench_setup_one,
		.measure = bench_measure_latency,
		.teardown = bench_teardown_buffer,
	},
	{ }
};

bench_operations(bench_smp_ops);
