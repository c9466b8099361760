/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Makes requests of the records that the kernel's side sends (ppbpf_request_abi.h): reads
 * the captured bytes, and keeps of a connection what one record does not tell: requests
 * whose replies are still to come, prepared statements. What is captured is hostile.
 */
#ifndef PPBPF_MODEL_EXCHANGES_H
#define PPBPF_MODEL_EXCHANGES_H

#include <stddef.h>
#include <stdint.h>

#include "model/request.h"

struct exchanges;

/* Not 0: ends the call that made it with that. Texts are valid during the callback only. */
typedef int (*request_fn)(const struct request *request, void *context);

struct exchanges *exchanges__new(void); /* NULL: no memory */
void exchanges__free(struct exchanges *x);

/*
 * One record, of any alignment of 8 and any size. 0, -ENOMEM, or what the callback returned;
 * a record that makes no sense is passed over and counted.
 */
int exchanges__add(struct exchanges *x, const void *record, size_t size, request_fn on_request,
		   void *context);

/*
 * Requests of connections that nothing more is heard of, by CLOCK_MONOTONIC: nobody tells
 * that a UNIX socket was closed. With `all`: and those whose reply never came.
 */
int exchanges__expire(struct exchanges *x, uint64_t now, bool all, request_fn on_request,
		      void *context);

enum exchange_count {
	EXCHANGE_NOT_UNDERSTOOD,	/* bytes that begin no request of their protocol */
	EXCHANGE_STRAY_REPLIES,		/* to requests that were not seen */
	EXCHANGE_UNTOLD_REPLIES,	/* to several requests at once, and not told apart */
	EXCHANGE_CUT_HEADS,		/* HTTP heads of which not all was seen */
	EXCHANGE_FORGOTTEN,		/* requests whose connection had too many waiting, or was forgotten */
	EXCHANGE_COUNT_NR,
};

uint64_t exchanges__count(const struct exchanges *x, enum exchange_count which);

#endif
