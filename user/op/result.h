/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Behind struct ppbpf_result. */
#ifndef PPBPF_OP_RESULT_H
#define PPBPF_OP_RESULT_H

#include "base/err.h"
#include "model/report.h"
#include "ppbpf.h"

struct ppbpf_result {
	struct err err;
	double duration;	/* seconds the operation took */
	int command_status;
	struct report *report;	/* owned; NULL: nothing was had */
	char *json;		/* made when asked for */
};

/* The exit status that an error's cause stands for. */
int status_of(const struct err *e);

#endif
