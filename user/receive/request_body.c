// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/request_body.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/wire.h"
#include "model/otlp.h"

#define REJECTED "a span needs a trace id of 16 bytes and a span id of 8, not all zero"

enum { GRPC_INVALID_ARGUMENT = 3, GRPC_RESOURCE_EXHAUSTED = 8 };

static bool type_is(const char *type, const char *name)
{
	size_t length = strcspn(type, "; \t");

	return length == strlen(name) && !strncasecmp(type, name, length);
}

enum body_format body_format_of(bool otlp, const char *type)
{
	static const struct {
		const char *type;
		bool otlp;
		enum body_format format;
	} known[] = {
		{ "application/x-protobuf", true, BODY_OTLP_PROTO },
		{ "application/protobuf", true, BODY_OTLP_PROTO },
		{ "application/json", true, BODY_OTLP_JSON },
		{ "application/x-thrift", false, BODY_JAEGER_THRIFT },
		{ "application/vnd.apache.thrift.binary", false, BODY_JAEGER_THRIFT },
		{ "application/octet-stream", false, BODY_JAEGER_THRIFT },
	};

	if (!type)
		return otlp ? BODY_UNKNOWN : BODY_JAEGER_THRIFT;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].otlp == otlp && type_is(type, known[i].type))
			return known[i].format;
	return BODY_UNKNOWN;
}

static int grpc_code(unsigned int status)
{
	return status == 413 || status == 429 ? GRPC_RESOURCE_EXHAUSTED : GRPC_INVALID_ARGUMENT;
}

static void error_json(struct buf *out, unsigned int status, const char *why)
{
	struct json *json = json__new_buf(out, JSON_COMPACT);

	if (!json)
		return;
	json__object_begin(json);
	json__key(json, "code");
	json__i64(json, grpc_code(status));
	json__key(json, "message");
	json__string(json, why);
	json__object_end(json);
	json__finish(json);
	json__free(json);
}

void body_error(struct buf *out, enum body_format format, unsigned int status, const char *why)
{
	if (format == BODY_OTLP_PROTO) {
		wire_put_varint(out, RPC_STATUS_CODE, grpc_code(status));
		wire_put_string(out, RPC_STATUS_MESSAGE, why);
	} else if (format == BODY_OTLP_JSON) {
		error_json(out, status, why);
	} else {
		buf__printf(out, "%s\n", why);
	}
}

static void success_json(struct buf *out, uint64_t rejected)
{
	if (rejected)
		buf__printf(out, "{\"partialSuccess\":{\"rejectedSpans\":\"%llu\","
				 "\"errorMessage\":\"" REJECTED "\"}}\n",
			    (unsigned long long)rejected);
	else
		buf__puts(out, "{\"partialSuccess\":{}}\n");
}

void body_success(struct buf *out, enum body_format format, uint64_t rejected)
{
	size_t partial;

	if (format == BODY_OTLP_JSON) {
		success_json(out, rejected);
	} else if (format == BODY_OTLP_PROTO && rejected) {
		partial = wire_begin(out, RESPONSE_PARTIAL_SUCCESS);
		wire_put_varint(out, PARTIAL_REJECTED, rejected);
		wire_put_string(out, PARTIAL_MESSAGE, REJECTED);
		wire_end(out, partial);
	}
}

const char *body_complaint(enum body_format format)
{
	static const char *const complaints[] = {
		[BODY_UNKNOWN] = "the body is not understood",
		[BODY_OTLP_PROTO] = "the body is no ExportTraceServiceRequest in protobuf",
		[BODY_OTLP_JSON] = "the body is no ExportTraceServiceRequest in JSON",
		[BODY_JAEGER_THRIFT] = "the body is no Jaeger Batch in Thrift's binary protocol",
	};

	return complaints[format];
}
