/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The disassembler, loaded when code is first decoded: linked, its tables cost
 * 3 MB of resident memory in every run, and few runs decode any.
 */
#ifndef PPBPF_SYMBOL_CAPSTONE_H
#define PPBPF_SYMBOL_CAPSTONE_H

#include <capstone/capstone.h>

/* Of the same names in capstone.h, less cs_. */
struct capstone {
	typeof(&cs_open) open;
	typeof(&cs_close) close;
	typeof(&cs_option) option;
	typeof(&cs_malloc) malloc;
	typeof(&cs_free) free;
	typeof(&cs_disasm_iter) disasm_iter;
	typeof(&cs_insn_group) insn_group;
	typeof(&cs_regs_access) regs_access;
};

/* NULL where the library is not installed. */
const struct capstone *capstone__get(void);

#endif
