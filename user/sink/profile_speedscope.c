// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_speedscope.h"

#include <errno.h>

#include "base/json.h"
#include "model/profile_paths.h"
#include "model/profile_run.h"
#include "model/report.h"

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

static void put_samples(struct json *json, const struct paths *paths, const struct part *part)
{
	struct path path;

	json__key(json, "samples");
	json__array_begin(json);
	for (size_t i = 0; i < paths__count(paths); i++) {
		paths__at(paths, i, &path);
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
		paths__at(paths, i, &path);
		if (is_in(&path, part))
			json__u64(json, path.ns);
	}
	json__array_end(json);
}

static void put_part(struct json *json, const struct profile_run *run, const struct paths *paths,
		     const struct part *part)
{
	const char *kind = part->kind == SAMPLE_ON_CPU ? "on CPU" : "off CPU";
	char name[256];

	if (part->thread < 0) {
		snprintf(name, sizeof(name), "%s, %s", run->report->target, kind);
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
	put_samples(json, paths, part);
	json__object_end(json);
}

static void put_parts(struct json *json, const struct profile_run *run, const struct paths *paths)
{
	int last = run->threads ? (int)profile__thread_count(run->profile) - 1 : -1;

	json__key(json, "profiles");
	json__array_begin(json);
	for (int thread = run->threads ? 0 : -1; thread <= last; thread++) {
		for (int kind = 0; kind < SAMPLE_KIND_NR; kind++) {
			struct part part = { .thread = thread, .kind = kind };

			if (sum_of(paths, &part))
				put_part(json, run, paths, &part);
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
	int err = -ENOMEM;

	if (paths && json) {
		json__object_begin(json);
		put_string(json, "$schema", "https://www.speedscope.app/file-format-schema.json");
		put_string(json, "name", run->report->target);
		put_string(json, "exporter", "ppbpf@" PPBPF_VERSION);
		json__key(json, "activeProfileIndex");
		json__u64(json, 0);
		put_frames(json, paths);
		put_parts(json, run, paths);
		json__object_end(json);
		err = json__finish(json);
	}
	json__free(json);
	paths__free(paths);
	return err;
}
