/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The request that a running operation ends soon: made from a signal handler,
 * seen by its loop. One operation runs at a time.
 */
#ifndef PPBPF_OP_STOP_H
#define PPBPF_OP_STOP_H

#include <stdbool.h>

/* An operation begins and ends; requests from before are forgotten. */
void stop__begin(void);
void stop__end(void);

/* Safe in a signal handler. */
void stop__request(void);
bool stop__requested(void);

/* Readable once there is a request; -1 between operations. */
int stop__fd(void);

#endif
