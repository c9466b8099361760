// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/results_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "sink/results_json.h"
#include "store/results.h"

int results_file__save(struct bench_results *results, const char *folder, struct err *e)
{
	struct atomic_file *file = results__create(folder, e);
	char *path;
	int err;

	if (!file)
		return e->code;
	err = results_json__write(atomic_file__stream(file), results);
	if (err)
		err__set(e, ERR_IO, err, "results cannot be written in %s: %s", folder,
			 strerror(-err));
	else
		err = results__commit(file, folder, results->release, results->timestamp, &path,
				      e);
	atomic_file__free(file);
	if (!err) {
		free(results->path);
		results->path = path;
	}
	return err;
}
