/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What /proc alone tells of live processes: as far as it is not known already. */
#ifndef PPBPF_OP_NAMES_H
#define PPBPF_OP_NAMES_H

struct tasks;

void names__commands(struct tasks *tasks);	/* what they run */
void names__places(struct tasks *tasks);	/* in which unit and container */

#endif
