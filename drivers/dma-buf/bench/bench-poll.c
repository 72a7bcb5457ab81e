// SPDX-License-Identifier: GPL-2.0-only
/*
 * Benchmark of dma-buf: somebody polls a buffer until all its fences, which
 * signal one after the other, have signaled.
 */
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "bench.h"

/**
 * struct bench_poller - who polls
 * @table: what it passes to poll
 * @entry: where it waits
 * @head: in this queue
 * @woken: and was woken since it asked last
 */
struct bench_poller {
	poll_table table;
	wait_queue_entry_t entry;
	wait_queue_head_t *head;
	bool woken;
};

static int bench_poller_wake(wait_queue_entry_t *entry, unsigned int mode,
			     int sync, void *key)
{
	struct bench_poller *poller = container_of(entry, struct bench_poller,
						   entry);

	poller->woken = true;
	return 1;
}

static void bench_poller_queue(struct file *file, wait_queue_head_t *head,
			       poll_table *table)
{
	struct bench_poller *poller = container_of(table, struct bench_poller,
						   table);

	init_waitqueue_func_entry(&poller->entry, bench_poller_wake);
	poller->head = head;
	add_wait_queue(head, &poller->entry);
}

/* True if the buffer may be written. */
static bool bench_poller_ask(struct bench_poller *poller, struct file *file)
{
	bool ready = vfs_poll(file, &poller->table) & EPOLLOUT;

	/* It queues only once, and is not asleep while it asks. */
	poller->table._qproc = NULL;
	poller->woken = false;
	return ready;
}

/* For the interrupt that ends a set of fences; User Mode Linux has none. */
static void bench_irq_work(void)
{
	local_irq_disable();
	irq_work_run();
	local_irq_enable();
}

/*
 * All that a poller goes through. Returns how often it was woken, or -EIO if
 * it would have slept for good.
 */
static int bench_poll_until_ready(struct bench *b)
{
	struct file *file = b->dmabuf->file;
	struct bench_poller poller = {};
	unsigned int i, wakeups = 0;
	bool ready;

	init_poll_funcptr(&poller.table, bench_poller_queue);
	poller.table._key = EPOLLOUT;
	ready = bench_poller_ask(&poller, file);
	for (i = 0; i < b->arg; i++) {
		dma_fence_signal(b->fences[i]);
		if (i == b->arg - 1)
			bench_irq_work();
		if (!poller.woken)
			continue;
		wakeups++;
		ready = bench_poller_ask(&poller, file);
	}
	remove_wait_queue(poller.head, &poller.entry);
	return ready ? wakeups : -EIO;
}

static int bench_run_poll(struct bench *b, unsigned int count)
{
	int err = 0;

	while (count-- && err >= 0) {
		if (!b->arg) {
			err = bench_poll_until_ready(b);
			continue;
		}
		bench_stop(b);
		err = bench_fences_add(b);
		if (err)
			return err;
		bench_go(b);
		err = bench_poll_until_ready(b);
		bench_stop(b);
		bench_fences_put(b);
		bench_go(b);
	}
	return min(err, 0);
}

static int bench_measure_wakeups(struct bench *b, struct seq_buf *results)
{
	int wakeups, err = bench_fences_add(b);

	if (err)
		return err;
	wakeups = bench_poll_until_ready(b);
	bench_fences_put(b);
	if (wakeups < 0)
		return wakeups;
	seq_buf_printf(results, "wakeups %d\n", wakeups);
	return 0;
}

const struct bench_op bench_poll_ops[] = {
	{ .name = "poll", .run = bench_run_poll },
	{ .name = "poll-wakeups", .measure = bench_measure_wakeups },
	{ }
};
