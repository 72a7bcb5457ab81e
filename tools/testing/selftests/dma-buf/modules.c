// SPDX-License-Identifier: GPL-2.0-only
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

int module_load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = result(syscall(SYS_finit_module, fd, parameters, 0));
	close(fd);
	return err;
}

int module_unload(const char *module)
{
	int err, patience = HANG_GUARD_MS;

	do {
		err = result(syscall(SYS_delete_module, module, O_NONBLOCK));
	} while (err == -EAGAIN && patience-- && !usleep(1000));
	return err;
}
