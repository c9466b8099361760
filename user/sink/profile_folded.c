// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_folded.h"

#include <errno.h>

#include "base/buf.h"
#include "base/units.h"
#include "model/profile_paths.h"
#include "model/profile_run.h"

/* The format's own signs, and line ends, may not be in a name. */
static void put_name(struct buf *line, const char *name)
{
	for (; *name; name++)
		buf__putc(line, *name == ';' ? ':' : (unsigned char)*name < ' ' ? '?' : *name);
}

static void put_path(struct buf *line, const struct paths *paths, const struct path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct step *step = paths__step(paths, path->steps[i]);

		if (i)
			buf__putc(line, ';');
		put_name(line, step->name);
		if (step->kind == FRAME_PYTHON && step->module && step->module[0]) {
			buf__puts(line, " (");
			put_name(line, step->module);
			buf__putc(line, ')');
		}
	}
}

/* Rounded so that the sum of all lines is that of all times, whatever their number. */
static uint64_t weight_of(const struct path *path, bool in_time, uint64_t *rest_ns)
{
	uint64_t ns = path->ns + *rest_ns;

	if (!in_time)
		return path->samples;
	*rest_ns = ns % NSEC_PER_USEC;
	return ns / NSEC_PER_USEC;
}

int profile_folded__write(FILE *out, const struct profile_run *run)
{
	struct paths *paths = paths__new(run->profile, run->threads ? PATHS_THREAD : PATHS_PROCESS);
	bool in_time = run->mode != MODE_ON_CPU;
	struct buf line = BUF_INIT;
	uint64_t rest_ns = 0;
	struct path path;
	int err = 0;

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < paths__count(paths) && !err; i++) {
		uint64_t weight;

		paths__at(paths, i, &path);
		weight = weight_of(&path, in_time, &rest_ns);
		if (!weight)
			continue;
		buf__truncate(&line, 0);
		put_path(&line, paths, &path);
		buf__printf(&line, " %llu\n", (unsigned long long)weight);
		err = line.error;
		if (!err && fwrite(line.data, 1, line.length, out) != line.length)
			err = errno ? -errno : -EIO;
	}
	buf__free(&line);
	paths__free(paths);
	return err;
}
