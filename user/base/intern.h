/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_INTERN_H
#define PPBPF_BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Gives equal contents equal numbers: 0, 1, 2... in the order in which they
 * were first seen. Each content is kept once, at an address that stays.
 */
struct intern;

struct intern *intern__new(void); /* NULL: no memory */
void intern__free(struct intern *in);

/*
 * The number of these bytes, copied when they are new (*@added, which may be
 * NULL, then says so). A negative errno: -ENOMEM, or -E2BIG beyond 2^31 - 1.
 */
int intern__add(struct intern *in, const void *bytes, size_t length, bool *added);

/* The bytes of a number that intern__add() gave, aligned for 64 bits and followed by a NUL. */
const void *intern__get(const struct intern *in, size_t number, size_t *length);

size_t intern__count(const struct intern *in);

/* The one copy of @text; NULL for NULL, and without memory. */
const char *intern__string(struct intern *in, const char *text);

#endif
