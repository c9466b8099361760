/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The always-on subjects' skeleton, with the type names that it takes from BPF. */
#ifndef PPBPF_COLLECT_SKELETON_H
#define PPBPF_COLLECT_SKELETON_H

#include <stdbool.h>
#include <stdint.h>

#include "ppbpf_abi.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;

#include "core.skel.h"

#endif
