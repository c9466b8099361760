/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PPBPF_SINK_OTLP_JSON_H
#define PPBPF_SINK_OTLP_JSON_H

#include <stddef.h>

#include "model/span.h"

struct json;

/*
 * Spans as one line of OTLP's JSON (TracesData), as the file exporters of OpenTelemetry
 * write and its collector's otlpjsonfile receiver reads them. `next` of each leads to the
 * next one. 0 or a negative errno.
 */
int otlp_json__line(struct json *json, const struct span *spans);

#endif
