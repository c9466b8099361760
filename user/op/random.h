/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_OP_RANDOM_H
#define PPBPF_OP_RANDOM_H

#include <stdint.h>

/* Uniform in [0, below), below > 0; splitmix64, from any state. */
static inline uint64_t random_below(uint64_t *state, uint64_t below)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

#endif
