// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_html.h"

#include <errno.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/units.h"
#include "model/profile_paths.h"
#include "model/profile_run.h"
#include "model/profile_tree.h"
#include "model/report.h"
#include "sink/html_page.h"
#include "sink/profile_assets.h"
#include "sink/profile_lines.h"

static void put_string(struct json *json, const char *key, const char *value)
{
	json__key(json, key);
	json__string(json, value);
}

static void put_about(struct json *json, const struct profile_run *run)
{
	struct buf about = BUF_INIT, quality = BUF_INIT;

	profile_lines__about(&about, run);
	buf__printf(&about, " · %s, Linux %s", run->report->host, run->report->kernel);
	profile_lines__quality(&quality, run);
	put_string(json, "title", run->title ? run->title : run->report->target);
	put_string(json, "mode", profile_mode_name(run->mode));
	put_string(json, "about", buf__str(&about));
	put_string(json, "quality", buf__str(&quality));
	buf__free(&about);
	buf__free(&quality);
}

static void put_kinds(struct json *json)
{
	static const char *const kinds[STEP_KIND_NR] = {
		[FRAME_KERNEL] = "kernel", [FRAME_NATIVE] = "native", [FRAME_PYTHON] = "Python",
		[FRAME_JIT] = "JIT", [FRAME_UNKNOWN] = "unknown", [STEP_PROCESS] = "process",
		[STEP_THREAD] = "thread", [STEP_INCOMPLETE] = "callers are not known",
		[STEP_WAIT] = "off CPU",
	};

	json__key(json, "kinds");
	json__array_begin(json);
	for (int i = 0; i < STEP_KIND_NR; i++)
		json__string(json, kinds[i]);
	json__array_end(json);
}

static void put_steps(struct json *json, const struct paths *paths)
{
	json__key(json, "steps");
	json__array_begin(json);
	for (size_t i = 0; i < paths__step_count(paths); i++) {
		const struct step *step = paths__step(paths, i);

		json__array_begin(json);
		json__string(json, step->name);
		json__u64(json, step->kind);
		json__string(json, step->module);
		json__string(json, step->file);
		json__u64(json, step->line);
		json__array_end(json);
	}
	json__array_end(json);
}

static void put_threads(struct json *json, const struct profile *profile)
{
	json__key(json, "threads");
	json__array_begin(json);
	for (size_t i = 0; i < profile__thread_count(profile); i++) {
		const struct profile_thread *thread = profile__thread_at(profile, i);
		const struct profile_process *process = profile__process_at(profile,
									    thread->process);

		json__array_begin(json);
		json__string(json, thread->comm[0] ? thread->comm : process->comm);
		json__i64(json, thread->tid);
		json__i64(json, process->pid);
		json__array_end(json);
	}
	json__array_end(json);
}

/* Parents before their children; the root is its own. */
static void put_nodes(struct json *json, const struct tree *tree)
{
	json__key(json, "nodes");
	json__object_begin(json);
	json__key(json, "parents");
	json__array_begin(json);
	for (size_t i = 0; i < tree__count(tree); i++)
		json__u64(json, i ? tree__node(tree, i)->parent : 0);
	json__array_end(json);
	json__key(json, "steps");
	json__array_begin(json);
	for (size_t i = 0; i < tree__count(tree); i++)
		json__i64(json, i ? (int64_t)tree__node(tree, i)->step : -1);
	json__array_end(json);
	json__object_end(json);
}

/* The node of each, its thread, whether off CPU, how often, how long. */
static void put_samples(struct json *json, const struct paths *paths, const struct tree *tree)
{
	struct path path;

	json__key(json, "samples");
	json__array_begin(json);
	for (size_t i = 0; i < paths__count(paths); i++) {
		paths__at(paths, i, &path);
		json__array_begin(json);
		json__u64(json, tree__end(tree, i));
		json__u64(json, path.thread);
		json__u64(json, path.kind == SAMPLE_OFF_CPU);
		json__u64(json, path.samples);
		json__u64(json, path.ns);
		json__array_end(json);
	}
	json__array_end(json);
}

static int put_data(struct buf *out, const struct profile_run *run)
{
	unsigned int flags = run->threads ? PATHS_THREAD :
			     profile__has_processes(run->profile) ? PATHS_PROCESS : 0;
	struct paths *paths = paths__new(run->profile, flags | PATHS_APART);
	struct tree *tree = paths ? tree__new(paths, -1) : NULL;
	struct json *json = json__new_buf(out, JSON_COMPACT);
	int err = -ENOMEM;

	if (tree && json) {
		json__object_begin(json);
		put_about(json, run);
		put_kinds(json);
		put_steps(json, paths);
		put_threads(json, run->profile);
		put_nodes(json, tree);
		put_samples(json, paths, tree);
		json__object_end(json);
		err = json__finish(json);
	}
	json__free(json);
	tree__free(tree);
	paths__free(paths);
	return err;
}

int profile_html__write(FILE *out, const struct profile_run *run)
{
	const struct html_page page = {
		.title = "ppbpf profile",
		.css = flame_css, .css_end = flame_css_end,
		.html = flame_html, .html_end = flame_html_end,
		.js = flame_js, .js_end = flame_js_end,
	};
	struct buf data = BUF_INIT;
	int err = put_data(&data, run);

	if (!err)
		err = html_page__write(out, &page, &data);
	buf__free(&data);
	return err;
}
