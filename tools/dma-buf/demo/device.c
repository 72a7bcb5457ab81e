// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for a device. When none will do, the reason of each is told.
 */
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "status.h"

#define MAX_NODES 64

static const char *try_path(const struct device_kind *kind, void *device, int *fd,
			    const char *path)
{
	const char *why = kind->try_path(device, path);

	if (why && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return why;
}

int device_open(const struct device_kind *kind, void *device, int *fd, const char *path)
{
	char node[64], reasons[384] = "";
	size_t used = 0;
	const char *why;

	if (path) {
		why = try_path(kind, device, fd, path);
		return why ? fail(STATUS_NO_DEVICE, "%s: %s", path, why) : STATUS_OK;
	}
	for (int i = 0; i < MAX_NODES; i++) {
		snprintf(node, sizeof(node), "%s%d", kind->nodes, i);
		if (access(node, F_OK))
			continue;
		why = try_path(kind, device, fd, node);
		if (!why)
			return STATUS_OK;
		if (used < sizeof(reasons))
			used += snprintf(reasons + used, sizeof(reasons) - used,
					 "%s %s %s", used ? ";" : ":", node, why);
	}
	if (!used)
		return fail(STATUS_NO_DEVICE, "no usable %s: there is no %s*",
			    kind->what, kind->nodes);
	return fail(STATUS_NO_DEVICE, "no usable %s%s", kind->what, reasons);
}
