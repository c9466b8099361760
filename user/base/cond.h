/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Conditions of threads that are waited for until a time. */
#ifndef PPBPF_BASE_COND_H
#define PPBPF_BASE_COND_H

#include <pthread.h>

/*
 * Times of pthread_cond_timedwait(3) are by CLOCK_MONOTONIC: nobody sets that one
 * back, which would make the wait longer.
 */
void cond_init_monotonic(pthread_cond_t *cond);

#endif
