/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Call frame instructions: what a common and a frame description entry say. */
#ifndef PPBPF_SYMBOL_CFI_RULES_H
#define PPBPF_SYMBOL_CFI_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ppbpf_stack_abi.h"

/* A reader that never leaves its bytes: past the end everything is 0, and `bad` is set. */
struct cfi_bytes {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

uint64_t cfi_bytes__fixed(struct cfi_bytes *bytes, unsigned int size);
uint64_t cfi_bytes__uleb(struct cfi_bytes *bytes);
int64_t cfi_bytes__sleb(struct cfi_bytes *bytes);
void cfi_bytes__skip(struct cfi_bytes *bytes, uint64_t count);

/* A pointer in one of the DW_EH_PE_* encodings; `here` is its own address. */
uint64_t cfi_bytes__pointer(struct cfi_bytes *bytes, uint8_t encoding, uint64_t here);

/* How the canonical frame address is had. */
enum cfi_cfa {
	CFI_CFA_REGISTER,
	CFI_CFA_DEREF,	/* *(register + offset) + addend */
	CFI_CFA_PLT,	/* offset: the byte of a PLT entry from which on a word more is pushed */
	CFI_CFA_UNKNOWN,
};

struct cfi_rules {
	enum cfi_cfa cfa;
	uint64_t reg;
	int64_t offset;
	int64_t addend;
	int64_t fp;		/* at CFA + fp * 8, or PPBPF_FP_* */
	int64_t bx;		/* at CFA + bx * 8; 0: in its register still */
	bool ra_undefined;	/* the outermost frame */
	bool ra_elsewhere;	/* not where a call puts it... */
	bool ra_in_rdi;		/* ...but in that register */
};

struct cfi_cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;		/* number of the return address's register */
	uint8_t encoding;	/* of the entries' pointers */
	bool augmented;		/* entries have augmentation data */
	bool signal;		/* a signal handler returns there */
	struct cfi_rules initial;
};

/* False when it cannot be used. `body`: what follows its id. */
bool cfi_cie__parse(struct cfi_cie *cie, struct cfi_bytes body, bool debug_frame);

typedef int (*cfi_row_fn)(void *context, uint64_t address, const struct ppbpf_unwind_row *row);

/*
 * Runs an entry's instructions from `address` on; each place where the rules
 * change is handed over, ascending, with the row's pc left open. Where an
 * instruction cannot be read, the rest of the entry is unknown. Returns 0 or
 * what `on_row` gave.
 */
int cfi_cie__run(const struct cfi_cie *cie, const uint8_t *code, const uint8_t *end,
		 uint64_t address, cfi_row_fn on_row, void *context);

#endif
