// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/report_json.h"

#include <errno.h>
#include <math.h>

#include "base/json.h"
#include "sink/compare_json.h"
#include "sink/fields.h"
#include "sink/results_json.h"
#include "sink/self_json.h"

#define OPERATION "generate_performance_report"

static void put_overall(struct fields *fields, const struct compare_report *report)
{
	static const char key[] = "overall_change_percent";

	if (!report)
		fields__null(fields, key, "results alone: there is no baseline");
	else if (isnan(report->overall_change_percent))
		fields__null(fields, key, "nothing could be compared");
	else
		fields__number(fields, key, report->overall_change_percent, 6);
}

static void put_summary(struct fields *fields, const struct report_view *view)
{
	const struct compare_report *report = view->comparison;
	const struct bench_results *current = report ? report->current : view->results;

	fields__object_begin(fields, "summary");
	fields__string(fields, "current_version", current->release);
	if (report)
		fields__string(fields, "baseline_version", report->baseline->release);
	else
		fields__null(fields, "baseline_version", "results alone: there is no baseline");
	fields__u64(fields, "total_benchmarks", report ? report->count : current->count);
	fields__bool(fields, "has_regressions",
		     report && report->by_verdict[VERDICT_REGRESSION] > 0);
	fields__u64(fields, "regression_count", report ? report->by_verdict[VERDICT_REGRESSION] : 0);
	fields__u64(fields, "improvement_count",
		    report ? report->by_verdict[VERDICT_IMPROVEMENT] : 0);
	put_overall(fields, report);
	fields__object_end(fields);
}

static void put_reported(struct fields *fields, const struct report_outcome *outcome)
{
	const struct compare_report *report = outcome->view ? outcome->view->comparison : NULL;

	if (!outcome->view) {
		fields__why(fields, "data", "nothing was reported: see error");
		fields__null(fields, "include_charts", "nothing was reported: see error");
		fields__null(fields, "format", "nothing was reported: see error");
		return;
	}
	fields__bool(fields, "include_charts", outcome->view->charts);
	fields__string(fields, "format", outcome->format);
	fields__strings(fields, "warnings", report ? report->warnings : NULL,
			report ? report->warning_count : 0);
}

static void put_metadata(struct fields *fields, const void *result)
{
	const struct report_outcome *outcome = result;

	put_reported(fields, outcome);
	self_json__alone(fields, outcome->self);
}

static int put_data(struct fields *fields, const void *result)
{
	const struct report_outcome *outcome = result;

	fields__object_begin(fields, NULL);
	fields__string(fields, "report_file", outcome->file);
	put_summary(fields, outcome->view);
	fields__object_end(fields);
	return 0;
}

int report_json__write(FILE *out, const struct report_outcome *outcome,
		       const struct envelope *envelope)
{
	static const struct envelope_parts parts = {
		.operation = OPERATION, .error_code = "REPORT_GENERATION_ERROR",
		.data = put_data, .metadata = put_metadata,
	};

	return envelope__write(out, envelope, &parts, outcome, outcome->view, NULL);
}

int report_json__write_file(FILE *out, const struct report_view *view)
{
	struct json *json = json__new(out, JSON_PRETTY);
	struct fields *fields = json ? fields__new(json, NULL) : NULL;
	int err = -ENOMEM, written;

	if (fields) {
		fields__object_begin(fields, NULL);
		fields__string(fields, "schema", "ppbpf/1");
		fields__string(fields, "operation", OPERATION);
		put_summary(fields, view);
		if (view->comparison) {
			compare_json__data(fields, "comparison", view->comparison);
		} else {
			results_json__environment(fields, view->results);
			results_json__results(fields, view->results);
		}
		err = fields__unavailable(fields, "unavailable");
		fields__object_end(fields);
		written = json__finish(json);
		if (written)
			err = written;
	}
	fields__free(fields);
	json__free(json);
	return err;
}
