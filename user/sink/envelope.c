// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/envelope.h"

#include "base/err.h"
#include "base/json.h"

void envelope__begin(struct json *json, const char *operation, const struct envelope *envelope)
{
	json__object_begin(json);
	json__key(json, "schema");
	json__string(json, "ppbpf/1");
	json__key(json, "operation");
	json__string(json, operation);
	json__key(json, "success");
	json__bool(json, envelope->success);
	json__key(json, "data");
}

void envelope__metadata(struct json *json, const struct envelope *envelope)
{
	json__key(json, "duration");
	json__rounded(json, envelope->duration, 6);
	json__key(json, "metadata");
}

void envelope__end(struct json *json, const char *error_code, const struct envelope *envelope)
{
	const struct err *error = envelope->error;

	json__key(json, "error");
	if (!error || error->cause == ERR_NONE) {
		json__null(json);
	} else {
		json__object_begin(json);
		json__key(json, "code");
		json__string(json, error_code);
		json__key(json, "cause");
		json__string(json, err_cause_name(error->cause));
		json__key(json, "message");
		json__string(json, error->message);
		json__key(json, "hint");
		json__string(json, error->hint[0] ? error->hint : NULL);
		json__object_end(json);
	}
	json__object_end(json);
}
