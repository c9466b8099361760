/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Libraries that few runs call, loaded when first called: linked, what they stand
 * on in turn costs every run 8 MB of resident memory. A header includes this,
 * lists the functions, and names each by a macro: see late_curl.h.
 */
#ifndef PPBPF_BASE_LATE_H
#define PPBPF_BASE_LATE_H

#include <stdbool.h>
#include <stddef.h>

/* Fills `functions`, an array of pointers, in the order of their names. False: it is not there. */
bool late__load(const char *library, const char *const *names, size_t count, void **functions);

#endif
