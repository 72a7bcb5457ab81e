/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tests of dma-buf: buffers that are so many that there is nothing to each.
 */
#ifndef _DMA_BUF_TESTS_MOCK_MANY_H
#define _DMA_BUF_TESTS_MOCK_MANY_H

#include <linux/atomic.h>

#include "mock.h"

struct mock_many;

/**
 * struct mock_many_buffer - what its exporter knows of a buffer
 * @many: where it belongs
 * @dmabuf: the buffer
 * @met: how often a walk met it
 */
struct mock_many_buffer {
	struct mock_many *many;
	struct dma_buf *dmabuf;
	unsigned int met;
};

/**
 * struct mock_many - many buffers
 * @test: whose they are
 * @alive: how many are not released
 * @count: of those that live through the test
 * @buffer: they, and behind them one for all that come and go
 */
struct mock_many {
	struct kunit *test;
	atomic_t alive;
	unsigned int count;
	struct mock_many_buffer buffer[];
};

struct mock_many *mock_many(struct kunit *test);
struct mock_many_buffer *mock_many_find(struct mock_many *many,
					struct dma_buf *dmabuf);
int mock_many_pass_one(struct mock_many *many);
void mock_many_pass_a_stuck(struct kunit *test, long (*read)(void *),
			    void *arg);

#endif /* _DMA_BUF_TESTS_MOCK_MANY_H */
