// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/*
 * profile_code_execution: where the time goes, by function. Resolves the
 * target, samples stacks or counts calls, names what was found, and writes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "collect/features.h"
#include "op/clock.h"
#include "op/profile_calls.h"
#include "op/profile_files.h"
#include "op/profile_stacks.h"
#include "op/result.h"
#include "op/self_cost.h"
#include "op/session.h"
#include "op/stop.h"
#include "ppbpf.h"
#include "sink/profile_json.h"
#include "sink/profile_summary.h"

#define TOP 10
#define FREQUENCY 199		/* of a target; odd, so as not to run in step with it */
#define FREQUENCY_MACHINE 49
#define FREQUENCY_MAX 4999
#define FOLDER "./profiles"

void ppbpf_profile_stop(void)
{
	stop__request();
}

static int write_json(const struct ppbpf_result *result, FILE *stream)
{
	struct envelope envelope = {
		.success = result->err.cause == ERR_NONE,
		.duration = result->duration,
		.error = &result->err,
	};

	return profile_json__write(stream, result->data, &envelope);
}

static void free_data(void *data)
{
	if (data)
		profile_run__free(data);
	free(data);
}

static const struct operation operation = { write_json, free_data };

static int check_options(const struct ppbpf_profile_options *options, struct profile_run *run,
			 bool formats[], struct err *e)
{
	bool calls = options->mode == PPBPF_PROFILE_CALLS;

	if (calls && !options->function_count) {
		err__set(e, ERR_USAGE, -EINVAL, "--mode calls counts the functions that --function names");
		err__hint(e, "for example --function 'deflate*@libz*', or --function 'py:__main__.*'");
		return -EINVAL;
	}
	if (!calls && options->function_count) {
		err__set(e, ERR_USAGE, -EINVAL, "--function counts calls: it does not go with --mode %s",
			 profile_mode_name(run->mode));
		err__hint(e, "leave --mode out, or make it calls");
		return -EINVAL;
	}
	if (options->frequency > FREQUENCY_MAX) {
		err__set(e, ERR_USAGE, -ERANGE, "the frequency must be 1 to %d samples a second",
			 FREQUENCY_MAX);
		err__hint(e, "the default is --freq %d, machine-wide %d", FREQUENCY,
			  FREQUENCY_MACHINE);
		return -ERANGE;
	}
	return profile_formats__parse(options->formats, formats, e);
}

/* "python3.11 [4242]"; what the user wrote where one process does not stand for it. */
static char *title_of(const struct target *target, const struct ppbpf_profile_options *options)
{
	struct buf comm = BUF_INIT, title = BUF_INIT;
	char path[64], *text;

	if (options->pid_count == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", target->pids[0]);
		if (!read_file(path, 256, &comm, NULL)) {
			buf__truncate(&comm, strcspn(buf__str(&comm), "\n"));
			buf__printf(&title, "%s [%d]", buf__str(&comm), target->pids[0]);
		}
	}
	if (!title.length)
		buf__puts(&title, target->mode == PPBPF_TARGET_MACHINE ? "the whole machine" :
								       target->text);
	buf__free(&comm);
	text = buf__take(&title, NULL);
	if (text)
		text_blank_controls(text);
	return text;
}

static int resolve(struct session *session, const struct ppbpf_profile_options *options,
		   struct profile_run *run, struct report *report, struct err *e)
{
	struct target_options target = {
		.pids = options->pids, .pid_count = options->pid_count, .comm = options->comm,
		.cgroup = options->cgroup, .unit = options->unit,
		.container = options->container, .command = options->command,
	};
	int err = target__resolve(&session->target, &target, report, e);

	if (err)
		return err;
	report->target = strdup(session->target.text);
	report->machine_wide = session->target.mode == PPBPF_TARGET_MACHINE;
	report->has_command = options->command;
	report->command_status = -1;
	run->title = title_of(&session->target, options);
	if (!run->frequency)
		run->frequency = report->machine_wide ? FREQUENCY_MACHINE : FREQUENCY;
	session->duration_ns = options->duration_ns;
	return report->target && run->title ? 0 :
	       err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
}

/* What the files are called: by the program, wherever there is one. */
static void file_name(char *out, size_t size, const struct session *session,
		      const struct profile_run *run, const struct ppbpf_profile_options *options)
{
	char *title = strdup(run->title ? run->title : "");
	char *bracket = title && options->pid_count == 1 ? strrchr(title, '[') : NULL;

	if (bracket && bracket > title)
		bracket[-1] = '\0';
	if (options->command)
		profile_files__name(out, size, options->command[0]);
	else if (bracket)
		profile_files__name(out, size, title);
	else
		profile_files__name(out, size, session->target.text);
	free(title);
}

static void save(struct ppbpf_result *result, const struct session *session,
		 const struct ppbpf_profile_options *options, const bool formats[])
{
	struct profile_run *run = result->data;
	struct envelope envelope = { .success = true, .duration = result->duration };
	char name[128];

	if (!run->save || !run->profile)
		return;
	file_name(name, sizeof(name), session, run, options);
	/* the table is there all the same: an error costs the files */
	profile_files__write(run, formats, options->output_dir ? options->output_dir : FOLDER, name,
			     &envelope, &result->err);
}

/*
 * Samples on a CPU take nothing that some kernels lack: what this one has is found
 * out when it has refused the programs, for the reason. Waits and calls want to know.
 */
static int probe(struct features *features, const struct profile_run *run, struct err *e)
{
	if (run->mode != MODE_ON_CPU)
		return features__probe(features, e);
	memset(features, 0, sizeof(*features));
	return features__may_run(features, e);
}

/* Where both the iterator and tracepoints of life are, the rest is nothing that samples take. */
static void explain(const struct profile_run *run, struct err *e)
{
	struct features features;
	struct err why = { 0 };

	if (run->mode == MODE_ON_CPU && e->cause == ERR_UNSUPPORTED_KERNEL &&
	    features__probe(&features, &why) &&
	    !(features.iterator_alone && features.has_life))
		*e = why;
}

static int measure(struct ppbpf_result *result, struct session *session,
		   const struct ppbpf_profile_options *options, struct profile_run *run)
{
	struct err *e = &result->err;
	struct features features = { 0 };
	struct report *report = result->report;
	int err;

	err = resolve(session, options, run, report, e);
	if (!err)
		err = probe(&features, run, e);
	if (err && features.iterator_alone && features.has_life)
		err__hint(e, "--mode on-cpu does without it");
	if (!err)
		err = run->mode == MODE_CALLS ?
		      profile_calls__run(run, session, options, &features, report, e) :
		      profile_stacks__run(run, session, options, &features, report, e);
	if (err)
		explain(run, e);
	if (session->child.ended || session->child.exec_failed)
		result->command_status = session->child.status;
	report->command_status = session->child.ended ? session->child.status : -1;
	report->interrupted = stop__requested();
	if (!err)
		run->measured = true;
	return err;
}

static void describe(struct report *report, const struct profile_run *run)
{
	struct utsname name;

	if (!uname(&name)) {
		text_copy(report->host, sizeof(report->host), name.nodename);
		text_copy(report->kernel, sizeof(report->kernel), name.release);
	}
	report->duration = run->seconds;
	self_cost__read(&report->self);
}

typedef int (*print_fn)(FILE *out, const struct term *term, const struct profile_run *run);

/* For who has asked for it. Whoever reads it may have seen enough: that is no failure. */
static void print(struct ppbpf_result *result, const struct ppbpf_profile_options *options,
		  print_fn part)
{
	FILE *stream;
	struct term term;
	int fd, err;

	if (!options->summary)
		return;
	fd = dup(options->summary_fd);
	stream = fd < 0 ? NULL : fdopen(fd, "w");
	err = stream ? 0 : -errno;
	term__detect(&term, fd);
	if (stream)
		err = part(stream, &term, result->data);
	if (stream && fclose(stream) && !err)
		err = -errno;
	if (!stream && fd >= 0)
		close(fd);
	if (err && err != -EPIPE)
		err__set(&result->err, ERR_IO, err, "the summary cannot be written: %s",
			 strerror(-err));
}

int ppbpf_profile_write_summary(const struct ppbpf_result *result, FILE *stream)
{
	struct term term;
	int err;

	if (!result->data)
		return 0;
	term__detect(&term, fileno(stream));
	err = profile_summary__print(stream, &term, result->data);
	return err ? err : profile_summary__print_end(stream, &term, result->data);
}

static void run_all(struct ppbpf_result *result, const struct ppbpf_profile_options *options)
{
	struct profile_run *run = result->data;
	uint64_t entered = clock_ns(CLOCK_MONOTONIC);
	bool formats[FORMAT_NR];
	struct session session;

	session__init(&session);
	stop__begin();
	if (!check_options(options, run, formats, &result->err) &&
	    !measure(result, &session, options, run)) {
		describe(result->report, run);
		result->duration = (clock_ns(CLOCK_MONOTONIC) - entered) / 1e9;
		/* nobody has to wait for the files to see it */
		print(result, options, profile_summary__print);
		save(result, &session, options, formats);
		print(result, options, profile_summary__print_end);
	}
	if (result->err.cause)
		child__end(&session.child);
	result->duration = (clock_ns(CLOCK_MONOTONIC) - entered) / 1e9;
	session__free(&session);
	stop__end();
}

int ppbpf_profile(const struct ppbpf_profile_options *options, struct ppbpf_result **out)
{
	static const enum profile_mode modes[] = {
		[PPBPF_PROFILE_ON_CPU] = MODE_ON_CPU, [PPBPF_PROFILE_OFF_CPU] = MODE_OFF_CPU,
		[PPBPF_PROFILE_WALL] = MODE_WALL, [PPBPF_PROFILE_CALLS] = MODE_CALLS,
	};
	struct ppbpf_result *result = result__new(&operation);
	struct profile_run *run = calloc(1, sizeof(*run));

	*out = result;
	if (!result || !run) {
		free(run);
		return PPBPF_FAILED;
	}
	result->data = run;
	result->report = report__new();
	if (!result->report)
		return err__set(&result->err, ERR_INTERNAL, -ENOMEM, "out of memory"), PPBPF_FAILED;
	run->report = result->report;
	run->mode = modes[options->mode];
	run->frequency = options->frequency;
	run->threads = options->threads;
	run->top = options->top ? options->top : TOP;
	run->save = !options->no_save;
	run_all(result, options);
	return status_of(&result->err);
}
