/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_RECEIVE_GUNZIP_H
#define PPBPF_RECEIVE_GUNZIP_H

#include <stddef.h>

struct buf;

/*
 * Appends what was compressed by gzip (also in several members) or as "deflate" has it in
 * HTTP (zlib's format). 0; -EFBIG beyond `max` bytes, however small the input was; -EBADMSG
 * for other or damaged data; -ENOMEM.
 */
int gunzip(const void *data, size_t length, size_t max, struct buf *out);

#endif
