// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of dma-buf: threads, and signals to them.
 */
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "mock.h"

static int mock_task_main(void *data)
{
	struct mock_task *task = data;

	/* What the core reports in this thread belongs to the test, too. */
	current->kunit_test = task->test;
	allow_signal(SIGINT);
	task->result = task->fn(task->arg);
	flush_signals(current);
	complete_all(&task->done);
	return 0;
}

static void mock_task_end(void *data)
{
	struct mock_task *task = data;

	if (!task->joined) {
		send_sig(SIGINT, task->task, 1);
		if (!wait_for_completion_timeout(&task->done, MOCK_DEADLOCK))
			KUNIT_FAIL(task->test, "thread never ended");
	}
	put_task_struct(task->task);
}

/**
 * mock_task - start a thread
 * @test: whose it will be
 * @fn: what it does; interrupted by SIGINT
 * @arg: for @fn
 *
 * Return: the thread, to be joined at the latest by the end of the test.
 */
struct mock_task *mock_task(struct kunit *test, long (*fn)(void *arg),
			    void *arg)
{
	struct mock_task *task;

	task = kunit_kzalloc(test, sizeof(*task), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, task);
	task->test = test;
	task->fn = fn;
	task->arg = arg;
	init_completion(&task->done);
	task->task = kthread_create(mock_task_main, task, "mock_task");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task->task);
	get_task_struct(task->task);
	wake_up_process(task->task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_task_end,
							   task));
	return task;
}

/**
 * mock_task_signal - interrupt a thread
 * @task: the thread
 */
void mock_task_signal(struct mock_task *task)
{
	send_sig(SIGINT, task->task, 1);
}

/**
 * mock_task_join - wait until a thread is at its end
 * @task: the thread
 *
 * Return: what its function returned.
 */
long mock_task_join(struct mock_task *task)
{
	mock_wait(task->test, &task->done);
	task->joined = true;
	return task->result;
}

/**
 * mock_signal_begin - have a signal pending in the thread of the test
 * @test: which test
 *
 * From here on, whoever would have to wait interruptibly returns -ERESTARTSYS
 * at once. Nothing else shows so surely whether a function waits.
 */
void mock_signal_begin(struct kunit *test)
{
	allow_signal(SIGINT);
	send_sig(SIGINT, current, 1);
	KUNIT_ASSERT_TRUE(test, signal_pending(current));
}

/**
 * mock_signal_end - undo mock_signal_begin()
 * @test: which test
 */
void mock_signal_end(struct kunit *test)
{
	disallow_signal(SIGINT);
	flush_signals(current);
	KUNIT_ASSERT_FALSE(test, signal_pending(current));
}

/**
 * mock_wait - wait for something that must happen
 * @test: which test; fails if this is a deadlock
 * @completion: says that it happened
 */
void mock_wait(struct kunit *test, struct completion *completion)
{
	KUNIT_ASSERT_NE(test, 0,
			wait_for_completion_timeout(completion, MOCK_DEADLOCK));
}

/* Comes to an end even if the test waits for the lock. */
static long mock_hold_lock(void *data)
{
	struct mock_holder *holder = data;

	dma_resv_lock(holder->resv, NULL);
	complete(&holder->locked);
	wait_for_completion_timeout(&holder->release, MOCK_DEADLOCK / 2);
	dma_resv_unlock(holder->resv);
	return 0;
}

/**
 * mock_hold - have somebody hold the lock of a buffer, and sleep
 * @exp: its exporter
 *
 * Return: who does, until mock_let_go().
 */
struct mock_holder *mock_hold(struct mock_exporter *exp)
{
	struct mock_holder *holder;

	holder = kunit_kzalloc(exp->test, sizeof(*holder), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(exp->test, holder);
	holder->resv = exp->dmabuf->resv;
	init_completion(&holder->locked);
	init_completion(&holder->release);
	holder->task = mock_task(exp->test, mock_hold_lock, holder);
	mock_wait(exp->test, &holder->locked);
	return holder;
}

/**
 * mock_let_go - have him give back the lock
 * @holder: who
 */
void mock_let_go(struct mock_holder *holder)
{
	complete(&holder->release);
	mock_task_join(holder->task);
}
