/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_OUTPUT_H
#define PPBPF_SINK_OUTPUT_H

struct buf;

/*
 * Writes all of a buffer, in one call where the other end takes it, so that
 * lines do not mix with those of others. Returns 0 or a negative errno: -EPIPE
 * when nobody reads any more (SIGPIPE is the caller's to ignore), -ENOMEM when
 * the buffer had run out of memory.
 */
int output_write(int fd, const struct buf *b);

#endif
