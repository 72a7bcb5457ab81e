/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc says of each process. */
#ifndef DMABUF_PROCESS_H
#define DMABUF_PROCESS_H

struct world;

/*
 * Finds who has which buffer open or mapped. A process that ends meanwhile has nothing; one that
 * may not be looked into is counted as hidden.
 */
void processes_read(struct world *world);

#endif
