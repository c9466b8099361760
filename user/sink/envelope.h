/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What every operation's JSON has around its own data: "ppbpf/1".
 *
 *	envelope__begin(json, "monitor_resource_usage", &envelope);
 *	... the value of `data` ...
 *	envelope__metadata(json, &envelope);
 *	... the object of `metadata` ...
 *	envelope__end(json, "RESOURCE_MONITOR_ERROR", &envelope);
 */
#ifndef PPBPF_SINK_ENVELOPE_H
#define PPBPF_SINK_ENVELOPE_H

#include <stdbool.h>

struct err;
struct json;

/* How an operation went. */
struct envelope {
	bool success;
	double duration;		/* seconds */
	const struct err *error;	/* NULL or without a cause: none */
};

void envelope__begin(struct json *json, const char *operation, const struct envelope *envelope);
void envelope__metadata(struct json *json, const struct envelope *envelope);
void envelope__end(struct json *json, const char *error_code, const struct envelope *envelope);

#endif
