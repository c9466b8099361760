/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_CMD_TELL_H
#define PPBPF_CMD_TELL_H

struct err;
struct ppbpf_result;

/* Tells of a result's error, with the hint. 0, or the exit status when there is no result. */
int tell_result(const struct ppbpf_result *result);

/* Tells of an error of our own output; returns the exit status. */
int tell_error(const struct err *e);

#endif
