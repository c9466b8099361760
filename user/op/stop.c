// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t requested;
static volatile sig_atomic_t fd = -1;

void stop__begin(void)
{
	requested = 0;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void stop__end(void)
{
	int old = fd;

	fd = -1;
	if (old >= 0)
		close(old);
}

void stop__request(void)
{
	uint64_t one = 1;
	int saved = errno;

	requested = 1;
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		errno = saved;
	errno = saved;
}

bool stop__requested(void)
{
	return requested;
}

int stop__fd(void)
{
	return fd;
}
