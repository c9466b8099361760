// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "cmd/workflow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

/* GitHub's own file, to which every step adds. */
static int add_to_summary(const char *path, const struct ppbpf_result *result,
			  workflow_write_fn write, struct err *e)
{
	FILE *file = fopen(path, "ae");
	int err = file ? write(result, file) : -errno;

	if (file && fclose(file) && !err)
		err = -errno;
	if (err)
		err__set(e, ERR_IO, err, "the job summary %s cannot be written: %s", path,
			 strerror(-err));
	return err;
}

int tell_workflow(const struct ppbpf_result *result, workflow_write_fn annotations,
		  workflow_write_fn summary, struct err *e)
{
	const char *actions = getenv("GITHUB_ACTIONS"), *path = getenv("GITHUB_STEP_SUMMARY");

	if (!actions || strcmp(actions, "true"))
		return 0;
	if (annotations(result, stderr))
		log_warn("the annotations cannot be written");
	return path && *path ? add_to_summary(path, result, summary, e) : 0;
}
