/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In place of our private structures, where the tests are built for the
 * kernel's own core: nothing but what the real one brings along.
 */
#ifndef _DMA_BUF_INTERNAL_H
#define _DMA_BUF_INTERNAL_H

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>

#include <uapi/linux/dma-buf.h>

#endif /* _DMA_BUF_INTERNAL_H */
