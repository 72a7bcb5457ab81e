/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DMABUF_STATUS_H
#define DMABUF_STATUS_H

enum status {
	STATUS_DONE,
	STATUS_FAILED,
	STATUS_USAGE,
};

#endif
