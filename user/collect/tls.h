/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Probes on OpenSSL's functions (1.1 and 3), in the shared library or in whatever it is
 * linked into: on the files that processes have mapped, each file once.
 */
#ifndef PPBPF_COLLECT_TLS_H
#define PPBPF_COLLECT_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bpf_program;
struct tls;

struct tls_programs {
	const struct bpf_program *write;
	const struct bpf_program *read_begin;
	const struct bpf_program *read_end;
	const struct bpf_program *free;
	bool single;	/* they were loaded for links of one place each */
};

/* NULL: no memory. The programs live longer. */
struct tls *tls__new(const struct tls_programs *programs);
void tls__free(struct tls *tls);	/* takes the probes down */

/* What this process has mapped; one that is gone meanwhile is passed over. Negative errno. */
int tls__add_process(struct tls *tls, pid_t pid);

/* Files that are probed. */
size_t tls__files(const struct tls *tls);

#endif
