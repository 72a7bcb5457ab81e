// SPDX-License-Identifier: GPL-2.0-only
#include "corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define STATES		1024
#define PLACES		65536	/* as many as 16 bits tell apart */
#define COVER		(64 << 10)

static struct corpus {
	uint64_t state[STATES];
	unsigned long size;	/* all that there were; the oldest are gone */
	unsigned char place[PLACES];
	unsigned long places;
} *corpus;

/* As a kernel of 64 bits has it, and calls it, for programs of 32 bits as well. */
static uint64_t *cover;
#define INIT_TRACE	_IOR('c', 1, uint64_t)

int corpus_open(const char *path)
{
	FILE *file;

	corpus = mmap(NULL, sizeof(*corpus), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (corpus == MAP_FAILED)
		return -errno;
	file = path ? fopen(path, "r") : NULL;
	if (file) {
		corpus->size = fread(corpus->state, sizeof(*corpus->state), STATES, file);
		fclose(file);
	}
	return 0;
}

void corpus_watch(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, INIT_TRACE, COVER))
		return;
	cover = mmap(NULL, COVER * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		cover = NULL;
}

void corpus_judge(uint64_t state)
{
	unsigned int found = 0;
	uint64_t i, count;

	if (!cover)
		return;
	count = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count; i++) {
		unsigned char *seen = &corpus->place[(cover[i] * 0x9e3779b97f4a7c15) >> 48];

		found += !__atomic_exchange_n(seen, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	if (!found)
		return;
	__atomic_add_fetch(&corpus->places, found, __ATOMIC_RELAXED);
	corpus->state[__atomic_fetch_add(&corpus->size, 1, __ATOMIC_RELAXED) % STATES] = state;
}

static unsigned long kept(void)
{
	return corpus->size < STATES ? corpus->size : STATES;
}

bool corpus_get(unsigned int number, uint64_t *state)
{
	if (!corpus->size)
		return false;
	*state = corpus->state[number % kept()];
	return true;
}

unsigned long corpus_places(void)
{
	return corpus->places;
}

void corpus_write(const char *path)
{
	FILE *file = corpus->places ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fwrite(corpus->state, sizeof(*corpus->state), kept(), file);
	fclose(file);
}
