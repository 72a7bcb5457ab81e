// SPDX-License-Identifier: GPL-2.0-only
/*
 * The search for a device. When none will do, the reason of each is told.
 */
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "device.h"
#include "status.h"

#define MAX_NODES 64

static int open_first(const struct device_kind *kind, void *device)
{
	char path[64], reasons[384] = "";
	size_t used = 0;
	const char *why;

	for (int i = 0; i < MAX_NODES; i++) {
		snprintf(path, sizeof(path), "%s%d", kind->nodes, i);
		if (access(path, F_OK))
			continue;
		why = kind->try_path(device, path);
		if (!why)
			return STATUS_OK;
		if (used < sizeof(reasons))
			used += snprintf(reasons + used, sizeof(reasons) - used,
					 "%s %s %s", used ? ";" : ":", path, why);
	}
	if (!used)
		return fail(STATUS_NO_DEVICE, "no usable %s: there is no %s*",
			    kind->what, kind->nodes);
	return fail(STATUS_NO_DEVICE, "no usable %s%s", kind->what, reasons);
}

int device_open(const struct device_kind *kind, void *device, const char *path)
{
	const char *why;

	if (!path)
		return open_first(kind, device);
	why = kind->try_path(device, path);
	return why ? fail(STATUS_NO_DEVICE, "%s: %s", path, why) : STATUS_OK;
}
