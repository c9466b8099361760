// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/iterate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

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

int iterate_records(const struct bpf_link *link, char *buffer, record_fn on_record, void *context)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	size_t held = 0, at;
	ssize_t length;
	uint32_t size;

	if (fd < 0)
		return -errno;
	while (!err) {
		length = read(fd, buffer + held, ITERATE_BUFFER - held);
		if (length < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (length <= 0) {
			err = length < 0 ? -errno : 0;
			break;
		}
		held += length;
		for (at = 0; held - at >= PPBPF_RECORD_TASK_SIZE && !err; at += size) {
			memcpy(&size, buffer + at + sizeof(uint32_t), sizeof(size));
			if (size < PPBPF_RECORD_TASK_SIZE || size > PPBPF_RECORD_DETAIL_SIZE) {
				err = -EINVAL;
				break;
			}
			if (held - at < size)
				break;
			err = on_record((const void *)(buffer + at), context);
		}
		memmove(buffer, buffer + at, held - at);
		held -= at;
	}
	close(fd);
	return err;
}

int iterate_bytes(const struct bpf_link *link, struct buf *out)
{
	int fd = bpf_iter_create(bpf_link__fd(link)), err = 0;
	ssize_t length = 1;

	if (fd < 0)
		return -errno;
	while (!err && length > 0) {
		err = buf__reserve(out, ITERATE_BUFFER);
		length = err ? 0 : read(fd, out->data + out->length, ITERATE_BUFFER);
		if (length > 0)
			out->length += length;
		else if (length < 0 && (errno == EINTR || errno == EAGAIN))
			length = 1;
		else if (length < 0)
			err = -errno;
	}
	close(fd);
	return err;
}
