// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/envelope.h"

#include <errno.h>
#include <sys/utsname.h>

#include "base/err.h"
#include "base/json.h"
#include "sink/fields.h"

static void put_begin(struct json *json, const char *operation, const struct envelope *envelope)
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

static int put_metadata(struct fields *fields, const struct envelope_parts *parts,
			const void *result)
{
	struct utsname system;
	int err;

	uname(&system);
	fields__object_begin(fields, NULL);
	parts->metadata(fields, result);
	fields__string(fields, "host", system.nodename);
	fields__string(fields, "kernel", system.release);
	fields__string(fields, "ppbpf_version", PPBPF_VERSION);
	err = fields__unavailable(fields, "unavailable");
	fields__object_end(fields);
	return err;
}

static void put_error(struct json *json, const char *error_code, const struct err *error)
{
	json__key(json, "error");
	if (!error || error->cause == ERR_NONE) {
		json__null(json);
		return;
	}
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

int envelope__write(FILE *out, const struct envelope *envelope, const struct envelope_parts *parts,
		    const void *result, bool has_data, const struct report *report)
{
	struct json *json = json__new(out, JSON_PRETTY);
	struct fields *fields = json ? fields__new(json, report) : NULL;
	int err = -ENOMEM, written;

	if (!fields)
		goto out;
	put_begin(json, parts->operation, envelope);
	if (has_data) {
		err = parts->data(fields, result);
		if (err)
			goto out;
	} else {
		json__null(json);
	}
	json__key(json, "duration");
	json__rounded(json, envelope->duration, 6);
	json__key(json, "metadata");
	err = put_metadata(fields, parts, result);
	put_error(json, parts->error_code, envelope->error);
	json__object_end(json);
	written = json__finish(json);
	if (written)
		err = written;
out:
	fields__free(fields);
	json__free(json);
	return err;
}
