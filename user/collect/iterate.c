// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/iterate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <unistd.h>

int iterate_silently(struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd, err = 0;
	char byte;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		err = -errno;
	while (!err && read(fd, &byte, 1) < 0)
		err = errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}
