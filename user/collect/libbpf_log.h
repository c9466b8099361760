/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What libbpf says goes to --debug, as a load that fails prints pages; and only there does
 * it tell which program the kernel refused, and whether the verifier did.
 */
#ifndef PPBPF_COLLECT_LIBBPF_LOG_H
#define PPBPF_COLLECT_LIBBPF_LOG_H

#include <stdbool.h>

struct err;

/* From now on; what is known of an earlier load is forgotten. */
void libbpf_log__listen(void);

/* The program that the kernel refused since; "" when none was. */
const char *libbpf_log__refused(void);

/*
 * Fills *e for a load that failed: no privilege, no room, or a kernel that does not take the
 * programs. `what` is plural ("the BPF programs"). Returns `code`, a negative errno.
 */
int libbpf_log__explain(struct err *e, int code, const char *what);

#endif
