/* SPDX-License-Identifier: GPL-2.0-only */
/* Modules of the kernel that lie beside the program. */
#ifndef DMA_BUF_MODULES_H
#define DMA_BUF_MODULES_H

/* 0, or -errno, where -ENOENT means that there is no such file. */
int module_load(const char *file, const char *parameters);

/* The same, after some patience: what the module still has to free may need an RCU grace period. */
int module_unload(const char *module);

#endif
