/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* At which of a function's first instructions its begin is best seen. */
#ifndef PPBPF_SYMBOL_BEGINS_H
#define PPBPF_SYMBOL_BEGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site;

/*
 * Whether the kernel does an instruction by itself, instead of letting the
 * program do that one step alone: a push, a no-op, a jump or call to a fixed
 * place. Several times cheaper. `code` has two bytes at least.
 */
bool is_emulated(const uint8_t *code);

/*
 * How many bytes into a function its probe goes: past a few instructions that
 * would have to be stepped, or cannot be (a locked one), to one that is done by
 * the kernel. Only past such as leave the stack pointer alone, run whenever
 * the function is called, and are not jumped back to. `fd` is the file.
 */
size_t begin_skip(int fd, const struct site *site);

#endif
