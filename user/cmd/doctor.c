// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/term.h"
#include "cmd/commands.h"
#include "cmd/usage.h"
#include "collect/features.h"
#include "collect/pidns.h"
#include "collect/privilege.h"
#include "ppbpf.h"

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "as JSON", 0 },
	{ 0 },
};

static error_t parse(int key, char *text, struct argp_state *state)
{
	(void)text;
	switch (key) {
	case 'j':
		*(bool *)state->input = true;
		return 0;
	case ARGP_KEY_ARG:
		usage_error(state, "takes no argument");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "What this kernel and this privilege allow, feature by feature, and how to get "
	       "what is missing. Exit status: 0 when ppbpf can measure here, 3 when it cannot.",
};

static size_t metrics_lost(const struct features *features)
{
	size_t lost = 0;

	for (size_t i = 0; i < metrics_count; i++)
		lost += features__why_missing(features, &metrics[i]) != NULL;
	return lost;
}

/* What more could be had, besides what the features tell. */
static void print_privilege(const struct term *term)
{
	const char *missing = "";

	for (size_t i = 0; i < capabilities_count; i++)
		if (!privilege__has(&capabilities[i])) {
			printf("  - %s: not here; it is for %s\n", capabilities[i].name,
			       capabilities[i].what_for);
			missing = "some";
		}
	if (!*missing)
		printf("  %s capabilities: all that are for something\n", term->utf8 ? "✓" : "+");
	if (privilege__in_user_namespace())
		printf("  - user namespace: its capabilities do not count for BPF\n");
}

/* What is done all the same. */
static const char *without_bpf(const struct features *features, const struct err *e)
{
	struct err lack = { 0 };

	if (!e->cause)
		return NULL;
	if (features->iterator_alone && features->has_life)
		return "monitor asks the task iterator, bench goes by wait4(2), trace sees requests, but "
		       "not where their time goes, profile samples --mode on-cpu; its other modes "
		       "cannot do anything";
	if (features->iterator_alone)
		return "monitor asks the task iterator, bench goes by wait4(2), trace by what services "
		       "send; profile cannot do anything";
	if (proc_must_be_ours(&lack))
		return "bench goes by wait4(2), trace by what services send; monitor and profile cannot "
		       "do anything";
	return "monitor reads /proc, bench goes by wait4(2), trace by what services send; profile "
	       "cannot do anything";
}

static void print_text(const struct features *features, const struct err *e)
{
	struct utsname name = { 0 };
	char lockdown[PRIVILEGE_TEXT];
	struct term term;
	size_t lost = metrics_lost(features);

	term__detect(&term, STDOUT_FILENO);
	privilege__lockdown(lockdown);
	uname(&name);
	printf("%s %s %s, %s, lockdown %s: ", name.sysname, name.release, name.machine,
	       geteuid() ? "not root" : "root", lockdown);
	if (e->cause)
		printf("BPF %s\n", features->iterator_alone ? "can be used in part" :
							      "cannot be used");
	else if (lost)
		printf("everything but %zu of %zu metrics\n", lost, metrics_count);
	else
		printf("everything\n");
	for (enum feature i = FEATURE_NONE; i < FEATURE_NR; i++) {
		if (features->have[i])
			printf("  %s %s: %s\n", term.utf8 ? "✓" : "+", feature_name(i),
			       feature_help(i));
		else
			printf("  - %s: %s; without it no %s\n", feature_name(i),
			       features->why[i], feature_help(i));
	}
	printf("  %s kprobes, fentry: not needed\n", term.utf8 ? "✓" : "+");
	print_privilege(&term);
	if (e->cause)
		printf("%s: %s\n%s%s%s\n", features->iterator_alone ? "what is left" : "without BPF",
		       without_bpf(features, e), e->message, *e->hint ? ": " : "", e->hint);
	else
		printf("next: sudo ppbpf monitor --duration 5\n");
}

static void json_capabilities(struct json *json)
{
	json__key(json, "capabilities");
	json__array_begin(json);
	for (size_t i = 0; i < capabilities_count; i++) {
		json__object_begin(json);
		json__key(json, "name");
		json__string(json, capabilities[i].name);
		json__key(json, "held");
		json__bool(json, privilege__has(&capabilities[i]));
		json__key(json, "what_for");
		json__string(json, capabilities[i].what_for);
		json__object_end(json);
	}
	json__array_end(json);
}

static int print_json(const struct features *features, const struct err *e)
{
	struct json *json = json__new(stdout, JSON_PRETTY);
	struct utsname name = { 0 };
	char lockdown[PRIVILEGE_TEXT];
	int err;

	if (!json)
		return -1;
	privilege__lockdown(lockdown);
	uname(&name);
	json__object_begin(json);
	json__key(json, "kernel");
	json__string(json, name.release);
	json__key(json, "lockdown");
	json__string(json, lockdown);
	json__key(json, "usable");
	json__bool(json, !e->cause);
	json__key(json, "features");
	json__array_begin(json);
	for (enum feature i = FEATURE_NONE; i < FEATURE_NR; i++) {
		json__object_begin(json);
		json__key(json, "name");
		json__string(json, feature_name(i));
		json__key(json, "help");
		json__string(json, feature_help(i));
		json__key(json, "available");
		json__bool(json, features->have[i]);
		json__key(json, "why_not");
		if (features->have[i])
			json__null(json);
		else
			json__string(json, features->why[i]);
		json__object_end(json);
	}
	json__array_end(json);
	json_capabilities(json);
	json__key(json, "without_bpf");
	json__string(json, without_bpf(features, e));
	json__key(json, "hint");
	json__string(json, e->cause && *e->hint ? e->hint : NULL);
	json__object_end(json);
	err = json__finish(json);
	json__free(json);
	return err;
}

int cmd_doctor(int argc, char **argv)
{
	struct features features;
	struct err e = { 0 };
	bool json = false;

	argp_err_exit_status = PPBPF_USAGE;
	argv[0] = "ppbpf doctor";
	parse_options(&argp, argc, argv, 0, &json);
	features__probe(&features, &e);
	if (json ? print_json(&features, &e) : (print_text(&features, &e), 0))
		return PPBPF_FAILED;
	return e.cause ? PPBPF_UNSUPPORTED : PPBPF_OK;
}
