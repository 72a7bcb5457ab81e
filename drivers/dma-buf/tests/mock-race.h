/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of dma-buf: several tasks at the same buffers at the same time.
 */
#ifndef _DMA_BUF_TESTS_MOCK_RACE_H
#define _DMA_BUF_TESTS_MOCK_RACE_H

#include <linux/atomic.h>

#include "mock.h"

#define RACE_TASKS	3
#define RACE_BYTES	(2 * PAGE_SIZE)

/**
 * struct race - what the tasks of a test share
 * @test: which test
 * @ops: of the buffers
 * @dmabuf: the one buffer that all of them work on
 * @attach: an attachment that all of them use
 * @memory: of every buffer
 * @mapped: tables that importers have
 * @pinned: pins of the exporter
 * @vmapped: mappings of the exporter
 * @alive: buffers which are not released
 * @invalidated: how often importers were told that a buffer moves
 * @fence: handed from one task to the other
 * @fd: a descriptor that comes and goes, or negative
 * @mm: where @names are
 * @names: texts in the memory of a process
 * @over: the task that sets the pace is done
 */
struct race {
	struct kunit *test;
	struct dma_buf_ops ops;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	void *memory;
	atomic_t mapped;
	atomic_t pinned;
	atomic_t vmapped;
	atomic_t alive;
	atomic_t invalidated;
	struct mock_fence *fence;
	int fd;
	struct mm_struct *mm;
	const char __user *names[2];
	bool over;
};

/**
 * struct racer - one of the tasks
 * @race: where it takes part
 * @step: what it does, again and again; 0, or an error
 * @imp: the device that it has
 * @steps: for a step that counts how often it was taken
 */
struct racer {
	struct race *race;
	long (*step)(struct racer *racer);
	struct mock_importer *imp;
	unsigned int steps;
};

struct race *race_of(struct dma_buf *dmabuf);
struct race *race_start(struct kunit *test, enum mock_kind kind);
struct dma_buf *race_export(struct race *race);
void race_run(struct race *race, long (*lead)(struct racer *racer),
	      long (*follow)(struct racer *racer));

#endif /* _DMA_BUF_TESTS_MOCK_RACE_H */
