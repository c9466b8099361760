// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/buf.h"

/* A terminal that another program has made non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	poll(&poll_fd, 1, -1);
}

int output_write(int fd, const struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	if (b->error)
		return b->error;
	while (done < b->length) {
		n = write(fd, b->data + done, b->length - done);
		if (n >= 0)
			done += n;
		else if (errno == EAGAIN)
			wait_writable(fd);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}
