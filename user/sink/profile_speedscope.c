// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_speedscope.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "model/profile_paths.h"
#include "model/profile_run.h"
#include "model/report.h"

static const char *title_of(const struct profile_run *run)
{
	return run->title ? run->title : run->report->target;
}

/* One of the profiles in the file. */
struct part {
	int thread;	/* index; negative: all */
	int kind;	/* enum sample_kind */
};

static void put_string(struct json *json, const char *key, const char *value)
{
	json__key(json, key);
	json__string(json, value);
}

static void put_frames(struct json *json, const struct paths *paths)
{
	json__key(json, "shared");
	json__object_begin(json);
	json__key(json, "frames");
	json__array_begin(json);
	for (size_t i = 0; i < paths__step_count(paths); i++) {
		const struct step *step = paths__step(paths, i);

		json__object_begin(json);
		put_string(json, "name", step->name);
		if (step->file || step->module)
			put_string(json, "file", step->file ? step->file : step->module);
		if (step->line) {
			json__key(json, "line");
			json__u64(json, step->line);
		}
		json__object_end(json);
	}
	json__array_end(json);
	json__object_end(json);
}

static bool is_in(const struct path *path, const struct part *part)
{
	return path->kind == part->kind &&
	       (part->thread < 0 || path->thread == (uint32_t)part->thread);
}

static uint64_t sum_of(const struct paths *paths, const struct part *part)
{
	struct path path;
	uint64_t sum = 0;

	for (size_t i = 0; i < paths__count(paths); i++) {
		paths__at(paths, i, &path);
		if (is_in(&path, part))
			sum += path.ns;
	}
	return sum;
}

/* The viewer lays samples side by side as they come: those that begin alike, together. */
static int by_steps(const void *a, const void *b, void *paths)
{
	struct path x, y;

	paths__at(paths, *(const size_t *)a, &x);
	paths__at(paths, *(const size_t *)b, &y);
	for (size_t i = 0; i < x.count && i < y.count; i++)
		if (x.steps[i] != y.steps[i])
			return x.steps[i] < y.steps[i] ? -1 : 1;
	return x.count < y.count ? -1 : x.count > y.count;
}

static size_t *in_order(const struct paths *paths)
{
	size_t count = paths__count(paths), *order = calloc(count + 1, sizeof(*order));

	for (size_t i = 0; order && i < count; i++)
		order[i] = i;
	if (order && count)
		qsort_r(order, count, sizeof(*order), by_steps, (void *)paths);
	return order;
}

static void put_samples(struct json *json, const struct paths *paths, const size_t *order,
			const struct part *part)
{
	struct path path;

	json__key(json, "samples");
	json__array_begin(json);
	for (size_t i = 0; i < paths__count(paths); i++) {
		paths__at(paths, order[i], &path);
		if (!is_in(&path, part))
			continue;
		json__array_begin(json);
		for (size_t n = 0; n < path.count; n++)
			json__u64(json, path.steps[n]);
		json__array_end(json);
	}
	json__array_end(json);
	json__key(json, "weights");
	json__array_begin(json);
	for (size_t i = 0; i < paths__count(paths); i++) {
		paths__at(paths, order[i], &path);
		if (is_in(&path, part))
			json__u64(json, path.ns);
	}
	json__array_end(json);
}

static void put_part(struct json *json, const struct profile_run *run, const struct paths *paths,
		     const size_t *order, const struct part *part)
{
	const char *kind = part->kind == SAMPLE_ON_CPU ? "on CPU" : "off CPU";
	char name[256];

	if (part->thread < 0) {
		snprintf(name, sizeof(name), "%s, %s", title_of(run), kind);
	} else {
		const struct profile_thread *thread = profile__thread_at(run->profile,
									 part->thread);

		snprintf(name, sizeof(name), "%s [%d], %s", thread->comm[0] ? thread->comm :
			 profile__process_at(run->profile, thread->process)->comm, thread->tid,
			 kind);
	}
	json__object_begin(json);
	put_string(json, "type", "sampled");
	put_string(json, "name", name);
	put_string(json, "unit", "nanoseconds");
	json__key(json, "startValue");
	json__u64(json, 0);
	json__key(json, "endValue");
	json__u64(json, sum_of(paths, part));
	put_samples(json, paths, order, part);
	json__object_end(json);
}

static void put_parts(struct json *json, const struct profile_run *run, const struct paths *paths,
		      const size_t *order)
{
	int last = run->threads ? (int)profile__thread_count(run->profile) - 1 : -1;

	json__key(json, "profiles");
	json__array_begin(json);
	for (int thread = run->threads ? 0 : -1; thread <= last; thread++) {
		for (int kind = 0; kind < SAMPLE_KIND_NR; kind++) {
			struct part part = { .thread = thread, .kind = kind };

			if (sum_of(paths, &part))
				put_part(json, run, paths, order, &part);
		}
	}
	json__array_end(json);
}

int profile_speedscope__write(FILE *out, const struct profile_run *run)
{
	bool many = profile__has_processes(run->profile);
	struct paths *paths = paths__new(run->profile, run->threads ? PATHS_APART :
					 many ? PATHS_PROCESS : 0);
	struct json *json = json__new(out, JSON_COMPACT);
	size_t *order = paths ? in_order(paths) : NULL;
	int err = -ENOMEM;

	if (order && json) {
		json__object_begin(json);
		put_string(json, "$schema", "https://www.speedscope.app/file-format-schema.json");
		put_string(json, "name", title_of(run));
		put_string(json, "exporter", "ppbpf@" PPBPF_VERSION);
		json__key(json, "activeProfileIndex");
		json__u64(json, 0);
		put_frames(json, paths);
		put_parts(json, run, paths, order);
		json__object_end(json);
		err = json__finish(json);
	}
	json__free(json);
	free(order);
	paths__free(paths);
	return err;
}
