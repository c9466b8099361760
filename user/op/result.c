// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int status_of(const struct err *e)
{
	switch (e->cause) {
	case ERR_NONE:
		return PPBPF_OK;
	case ERR_USAGE:
		return PPBPF_USAGE;
	case ERR_PERMISSION:
	case ERR_UNSUPPORTED_KERNEL:
		return PPBPF_UNSUPPORTED;
	default:
		return PPBPF_FAILED;
	}
}

struct ppbpf_result *result__new(const struct operation *operation)
{
	struct ppbpf_result *result = calloc(1, sizeof(*result));

	if (result) {
		result->operation = operation;
		result->command_status = -1;
	}
	return result;
}

int ppbpf_result_write_json(const struct ppbpf_result *result, FILE *stream)
{
	return result->operation->write_json(result, stream);
}

const char *ppbpf_result_json(struct ppbpf_result *result)
{
	size_t size;
	FILE *stream;
	int err;

	if (result->json)
		return result->json;
	stream = open_memstream(&result->json, &size);
	if (!stream)
		return NULL;
	err = ppbpf_result_write_json(result, stream);
	if (fclose(stream) || err) {
		free(result->json);
		result->json = NULL;
	}
	return result->json;
}

bool ppbpf_result_success(const struct ppbpf_result *result)
{
	return result->err.cause == ERR_NONE && !result->bad_news;
}

const char *ppbpf_result_error(const struct ppbpf_result *result)
{
	return result->err.message;
}

const char *ppbpf_result_hint(const struct ppbpf_result *result)
{
	return result->err.hint;
}

int ppbpf_result_command_status(const struct ppbpf_result *result)
{
	return result->command_status;
}

void ppbpf_result_free(struct ppbpf_result *result)
{
	if (!result)
		return;
	report__free(result->report);
	if (result->operation->free_data)
		result->operation->free_data(result->data);
	free(result->json);
	free(result);
}

const char *ppbpf_version(void)
{
	return PPBPF_VERSION;
}
