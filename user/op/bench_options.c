// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* What ppbpf_bench() is asked for: checked, and made into a suite and its versions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "collect/environment.h"
#include "op/bench.h"
#include "store/suite_yaml.h"

#define RELEASE "dev"

int bench__no_memory(struct bench *bench)
{
	return err__set(bench->err, ERR_INTERNAL, -ENOMEM, "out of memory");
}

static int usage(struct bench *bench, const char *message, const char *hint)
{
	err__set(bench->err, ERR_USAGE, -EINVAL, "%s", message);
	err__hint(bench->err, "%s", hint);
	return -EINVAL;
}

/* What says nothing where it is said is a mistake of who says it. */
static int check_combinations(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	bool versions = o->against_count || o->against_release;
	const struct {
		bool wrong;
		const char *message, *hint;
	} rules[] = {
		{ o->name && o->suite, "--name is for -- COMMAND and --pid",
		  "a suite names its own benchmarks; --only chooses among them" },
		{ o->only && !o->suite, "--only chooses among the benchmarks of a suite",
		  "name a suite" },
		{ o->suite && (o->function || o->region),
		  "--function and --region are for -- COMMAND and --pid",
		  "a suite has the keys function and region" },
		{ (o->duration_ns || o->window_ns) && !o->pid_count,
		  "--duration and --window are for --pid", "--timeout ends a run, and --iterations "
		  "says how many there are" },
		{ o->pid_count && (o->keep || o->timeout_ns || o->user || o->show_output),
		  "--keep, --timeout, --user and --show-output are for what is run",
		  "--pid measures what runs already" },
		{ o->no_resources && (o->pid_count || o->function || o->region),
		  "--no-resources leaves nothing to tell of processes, functions and regions",
		  "leave it out" },
		{ o->against_count && o->against_release,
		  "choose one of --against and --against-release", "each names the baseline" },
		{ o->strict && !versions, "--strict is about comparisons",
		  "it goes with --against or --against-release" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].wrong)
			return usage(bench, rules[i].message, rules[i].hint);
	return 0;
}

int bench__check_options(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	int named = !!o->suite + (o->command || o->against_count) + !!o->pid_count;

	if (named != 1)
		return usage(bench, named ? "choose one: a suite, a command (with --against), or --pid" :
			     "nothing to measure",
			     "ppbpf bench SUITE.yaml, ppbpf bench -- COMMAND, or ppbpf bench --pid N");
	if (o->against_count == 1 && !o->command)
		return usage(bench, "a comparison needs two versions",
			     "--against old=COMMAND --against new=COMMAND");
	if (o->function && o->region)
		return usage(bench, "choose one of --function and --region", "each is an iteration");
	if (o->against_release && o->pid_count)
		return usage(bench, "--against-release runs programs: it cannot be used with --pid",
			     "name a suite or -- COMMAND");
	if (!(o->threshold >= 0) || o->iterations > SUITE_ITERATIONS_MAX ||
	    o->warmup > SUITE_ITERATIONS_MAX)
		return usage(bench, "a threshold is a share, and iterations are at most a million",
			     "see ppbpf bench --help");
	return check_combinations(bench);
}

/* The file's name without its folders. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* COMMAND as a suite of one benchmark. */
static int suite_of_command(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	char *const *command = o->command ? o->command : bench->versions[0].argv;
	struct suite_benchmark b;
	int err;

	bench->suite = suite__new();
	if (!bench->suite)
		return bench__no_memory(bench);
	suite_benchmark__init(&b);
	b.command.argv = (char **)command;
	b.function = (char *)o->function;
	b.region = (char *)o->region;
	b.name = arena__strdup(&bench->suite->arena, o->name ? o->name : base_name(command[0]));
	err = b.name ? suite__add(bench->suite, &b, NULL, 0) : -ENOMEM;
	return err ? bench__no_memory(bench) : 0;
}

/* "NAME=COMMAND", split into words without a shell. */
static int parse_version(struct bench *bench, struct bench_version *version, const char *text)
{
	const char *equals = strchr(text, '=');
	int err = 0;

	version->name = arena__strndup(&bench->arena, text, equals ? equals - text : 0);
	version->argv = equals ? words_split(&bench->arena, equals + 1, &err) : NULL;
	if (bench->arena.error)
		return bench__no_memory(bench);
	if (!equals || equals == text || err || !version->argv[0]) {
		err__set(bench->err, ERR_USAGE, -EINVAL, "--against wants NAME=COMMAND%s, not \"%s\"",
			 err == -EINVAL ? " with all its quotes closed" : "", text);
		err__hint(bench->err, "as in --against old='./a --fast' --against new=./b");
		return -EINVAL;
	}
	for (struct bench_version *v = bench->versions; v < version; v++)
		if (!strcmp(v->name, version->name))
			return usage(bench, "two versions have the same name",
				     "--against old=COMMAND --against new=COMMAND");
	return 0;
}

static int add_version(struct bench *bench, const char *name)
{
	struct bench_results *results = bench_report__add(bench->report, name, bench->timestamp);

	if (!results || environment__read(&results->environment))
		return bench__no_memory(bench);
	results->environment_known = true;
	if (bench->version_count > 1) {
		results->session = strdup(bench->session_id);
		if (!results->session)
			return bench__no_memory(bench);
	}
	return 0;
}

int bench__make_versions(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;
	struct bench_version *v;
	int err = 0;

	bench->versions = arena__alloc(&bench->arena, (o->against_count + 2) * sizeof(*v));
	if (!bench->versions)
		return bench__no_memory(bench);
	for (size_t i = 0; i < o->against_count && !err; i++)
		err = parse_version(bench, &bench->versions[bench->version_count++], o->against[i]);
	if (!err && o->against_release) {
		v = &bench->versions[bench->version_count++];
		v->name = (char *)o->against_release;
		v->is_kept = true;
	}
	if (!err && (!o->against_count || o->command)) {
		v = &bench->versions[bench->version_count++];
		v->name = (char *)(o->release ? o->release : RELEASE);
		v->argv = o->command;
	}
	for (size_t i = 0; i < bench->version_count && !err; i++)
		err = add_version(bench, bench->versions[i].name);
	return err;
}

int bench__load_suite(struct bench *bench)
{
	const struct ppbpf_bench_options *o = bench->options;

	if (!o->suite)
		return suite_of_command(bench);
	bench->suite = suite_yaml__read(o->suite, bench->err);
	if (!bench->suite)
		return bench->err->code;
	for (size_t i = 0; i < bench->suite->count; i++)
		bench->wanted += !o->only || text_glob(o->only, bench->suite->benchmarks[i].name);
	if (!bench->wanted) {
		err__set(bench->err, ERR_USAGE, -EINVAL, "no benchmark of %s is called \"%s\"",
			 o->suite, o->only);
		err__hint(bench->err, "--only takes a name with * and ?");
		return -EINVAL;
	}
	return 0;
}
