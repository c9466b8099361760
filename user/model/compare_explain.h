/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_MODEL_COMPARE_EXPLAIN_H
#define PPBPF_MODEL_COMPARE_EXPLAIN_H

struct comparison;

/* Fills in the reason: what grew and who interfered, or why the runs cannot tell. */
void comparison__explain(struct comparison *comparison);

#endif
