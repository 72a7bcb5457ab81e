/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of the tests of samples/dma-buf: the models, as modules that lie beside the program,
 * and a buffer of the one that the other can attach.
 */
#ifndef DMA_BUF_MODEL_FIXTURE_H
#define DMA_BUF_MODEL_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../../../samples/dma-buf/model.h"
#include "exporters.h"
#include "harness.h"
#include "modules.h"
#include "result.h"

#define PAGES	4

FIXTURE(model)
{
	int exporter;
	int importer;
	int buffer;
	size_t words;
	__u32 *word;
};

FIXTURE_VARIANT(model)
{
	const char *parameters;
	bool dynamic;
};

/* A width below 64 bits, so that memory which nobody was attached to yet is not good enough. */
FIXTURE_VARIANT_ADD(model, static_importer) { "dynamic=0 dma_bits=32", false };
FIXTURE_VARIANT_ADD(model, dynamic_importer) { "dynamic=1 dma_bits=32", true };

FIXTURE_SETUP(model)
{
	int err;

	/* What a test left behind that was cut short by its failure. */
	module_unload("static_importer");
	module_unload("least_exporter");
	module_unload("model_importer");
	module_unload("model_exporter");
	err = module_load("model-exporter.ko", "");
	if (err == -ENOENT)
		SKIP(return, "the modules of samples/dma-buf are not here");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, module_load("model-importer.ko", variant->parameters));
	self->exporter = open("/dev/model_exporter", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->exporter, 0);
	self->importer = open("/dev/model_importer", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->importer, 0);
	self->words = PAGES * page_align(1) / sizeof(__u32);
	self->buffer = ioctl(self->exporter, MODEL_EXPORTER_ALLOC, PAGES * page_align(1));
	ASSERT_GE(self->buffer, 0);
	self->word = mmap(NULL, PAGES * page_align(1), PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->buffer, 0);
	ASSERT_NE(MAP_FAILED, self->word);
}

FIXTURE_TEARDOWN(model)
{
	munmap(self->word, PAGES * page_align(1));
	close(self->buffer);
	close(self->importer);
	close(self->exporter);
	EXPECT_EQ(0, module_unload("model_importer"));
	EXPECT_EQ(0, module_unload("model_exporter"));
}

static inline int attach(int importer, int buffer)
{
	return result(ioctl(importer, MODEL_IMPORTER_ATTACH, (unsigned long)buffer));
}

static inline int fill(int importer, __u32 number)
{
	return result(ioctl(importer, MODEL_IMPORTER_FILL, (unsigned long)number));
}

/* What poll finds at once, or after a while. */
static inline int ready(int buffer, short events, int timeout)
{
	struct pollfd pollfd = { .fd = buffer, .events = events };

	return poll(&pollfd, 1, timeout) == 1 ? pollfd.revents : 0;
}

#endif
