/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Under GitHub Actions, results are told there as well. */
#ifndef PPBPF_CMD_WORKFLOW_H
#define PPBPF_CMD_WORKFLOW_H

#include <stdio.h>

struct err;
struct ppbpf_result;

typedef int (*workflow_write_fn)(const struct ppbpf_result *result, FILE *stream);

/*
 * Where GITHUB_ACTIONS is "true": annotations to standard error, and a summary to the end
 * of the file that GITHUB_STEP_SUMMARY names. 0, or a negative errno, and *e tells.
 */
int tell_workflow(const struct ppbpf_result *result, workflow_write_fn annotations,
		  workflow_write_fn summary, struct err *e);

#endif
