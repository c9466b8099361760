// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Spans, their attributes and routes; the wire format against bytes from its documentation. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/wire.h"
#include "model/route.h"
#include "model/span.h"

static void test_wire_known_bytes(void **state)
{
	/* the examples of protobuf.dev/programming-guides/encoding: 150, "testing" */
	static const uint8_t known[] = { 0x08, 0x96, 0x01, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n',
					 'g', 0x1a, 0x03, 0x08, 0x96, 0x01 };
	struct buf out = BUF_INIT;
	size_t begin;

	(void)state;
	wire_put_varint(&out, 1, 150);
	wire_put_string(&out, 2, "testing");
	begin = wire_begin(&out, 3);
	wire_put_varint(&out, 1, 150);
	wire_end(&out, begin);
	assert_int_equal(out.length, sizeof(known));
	assert_memory_equal(out.data, known, sizeof(known));
	buf__free(&out);
}

static void test_wire_reads(void **state)
{
	struct buf out = BUF_INIT;
	struct wire_field field;
	struct wire wire;

	(void)state;
	wire_put_varint(&out, 536870911, UINT64_MAX);
	wire_put_fixed64(&out, 2, 0x0102030405060708);
	wire_put_fixed32(&out, 3, 0xfffffffe);
	wire_put_double(&out, 4, -0.5);
	wire = wire__of(out.data, out.length);
	assert_int_equal(wire__next(&wire, &field), 1);
	assert_int_equal(field.number, 536870911);
	assert_true(field.value == UINT64_MAX);
	assert_int_equal(wire__next(&wire, &field), 1);
	assert_true(field.value == 0x0102030405060708);
	assert_int_equal(wire__next(&wire, &field), 1);
	assert_int_equal(field.value, 0xfffffffe);
	assert_int_equal(wire__next(&wire, &field), 1);
	assert_true(wire_double(field.value) == -0.5);
	assert_int_equal(wire__next(&wire, &field), 0);
	buf__free(&out);
}

static void test_wire_refuses(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{ "\x08", 1 },			/* no value */
		{ "\x08\x80", 2 },		/* a number that goes on */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },	/* more than 64 bits */
		{ "\x0a\x05" "abcd", 6 },	/* bytes that are not there */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },	/* so many bytes */
		{ "\x09" "1234567", 8 }, { "\x0d" "123", 4 },		/* half a number */
		{ "\x0b\x0c", 2 },		/* a group */
		{ "\x0e\x00", 2 }, { "\x0f\x00", 2 },			/* no such type */
		{ "\x00\x00", 2 },		/* field 0 */
		{ "\x80\x80\x80\x80\x10\x00", 6 },			/* field 2^29 */
	};
	struct wire_field field;

	(void)state;
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct wire wire = wire__of(bad[i].bytes, bad[i].length);

		assert_int_equal(wire__next(&wire, &field), -EBADMSG);
	}
}

static void test_attributes(void **state)
{
	struct attribute a;
	struct buf out = BUF_INIT;
	struct bytes bytes;

	(void)state;
	attribute_string(&out, "s", "text");
	attribute_string(&out, "nothing", NULL);
	attribute_int(&out, "n", INT64_MIN);
	attribute_bool(&out, "b", true);
	attribute_double(&out, "d", 1e-300);
	bytes = (struct bytes){ out.data, out.length };
	assert_true(attributes__find(&bytes, "s", &a));
	assert_true(a.type == ATTRIBUTE_STRING && bytes_equal(&a.bytes, "text"));
	assert_true(attributes__find(&bytes, "n", &a) && a.n == INT64_MIN);
	assert_true(attributes__find(&bytes, "b", &a) && a.type == ATTRIBUTE_BOOL && a.n == 1);
	assert_true(attributes__find(&bytes, "d", &a) && a.number == 1e-300);
	assert_false(attributes__find(&bytes, "nothing", &a));
	buf__free(&out);
}

/* An AnyValue in arrays so deep. */
static void nest(struct buf *out, int depth)
{
	size_t array, element;

	if (!depth) {
		wire_put_varint(out, ATTRIBUTE_INT, 1);
		return;
	}
	array = wire_begin(out, ATTRIBUTE_ARRAY);
	element = wire_begin(out, ATTRIBUTE);
	nest(out, depth - 1);
	wire_end(out, element);
	wire_end(out, array);
}

static int check_nested(int depth)
{
	struct buf out = BUF_INIT;
	size_t value;
	int err;

	wire_put_string(&out, KEY_VALUE_KEY, "deep");
	value = wire_begin(&out, KEY_VALUE_VALUE);
	nest(&out, depth);
	wire_end(&out, value);
	err = attribute__check(wire__of(out.data, out.length));
	buf__free(&out);
	return err;
}

static void test_attribute_depth(void **state)
{
	(void)state;
	assert_int_equal(check_nested(0), 0);
	assert_int_equal(check_nested(ATTRIBUTE_DEPTH), 0);
	assert_int_equal(check_nested(ATTRIBUTE_DEPTH + 1), -EBADMSG);
	assert_int_equal(check_nested(1000), -EBADMSG);
}

static void test_span_owns_its_memory(void **state)
{
	struct buf attributes = BUF_INIT;
	struct resource *resource;
	struct span from = { .start_ns = 50, .end_ns = 40, .kind = SPAN_KIND_SERVER,
			     .source = SPAN_FROM_OTLP };
	struct span *span;
	char name[] = "GET /";

	(void)state;
	attribute_string(&attributes, "service.name", "shop");
	attribute_int(&attributes, "process.pid", 17);
	resource = resource__new(&(struct bytes){ attributes.data, attributes.length });
	assert_non_null(resource);
	buf__truncate(&attributes, 0);
	attribute_int(&attributes, "http.response.status_code", 503);
	from.resource = resource;
	from.name = name;
	from.attributes = (struct bytes){ attributes.data, attributes.length };
	span = span__new(&from);
	assert_non_null(span);
	resource__put(resource);
	buf__free(&attributes);
	memset(name, 'x', sizeof(name) - 1);

	assert_string_equal(span->name, "GET /");
	assert_string_equal(span->resource->service, "shop");
	assert_int_equal(span->resource->pid, 17);
	assert_int_equal(span__duration_ns(span), 0);
	assert_true(span->span_id != 0);
	assert_int_equal(span__http_status(span), 503);
	assert_true(span__is_error(span));
	span__free(span);
}

static bool is_error(enum span_kind kind, enum span_status status, int code)
{
	struct buf attributes = BUF_INIT;
	struct span span = { .kind = kind, .status = status, .source = SPAN_FROM_OTLP };
	bool error;

	attribute_int(&attributes, "http.status_code", code);
	span.attributes = (struct bytes){ attributes.data, attributes.length };
	error = span__is_error(&span);
	buf__free(&attributes);
	return error;
}

static void test_errors(void **state)
{
	(void)state;
	assert_true(is_error(SPAN_KIND_SERVER, SPAN_STATUS_UNSET, 500));
	assert_false(is_error(SPAN_KIND_SERVER, SPAN_STATUS_UNSET, 404));
	assert_true(is_error(SPAN_KIND_CLIENT, SPAN_STATUS_UNSET, 404));
	assert_false(is_error(SPAN_KIND_CLIENT, SPAN_STATUS_UNSET, 302));
	assert_true(is_error(SPAN_KIND_INTERNAL, SPAN_STATUS_ERROR, 200));
	assert_false(is_error(SPAN_KIND_INTERNAL, SPAN_STATUS_UNSET, 500));
}

static void test_ids(void **state)
{
	struct trace_id id;
	char text[TRACE_ID_TEXT];

	(void)state;
	assert_int_equal(trace_id_parse("4bf92f3577b34da6A3CE929D0E0E4736", 32, &id), 0);
	assert_true(id.high == 0x4bf92f3577b34da6 && id.low == 0xa3ce929d0e0e4736);
	assert_string_equal(trace_id_text(text, &id), "4bf92f3577b34da6a3ce929d0e0e4736");
	assert_int_equal(trace_id_parse("4bf92f3577b34da6a3ce929d0e0e473", 31, &id), -EINVAL);
	assert_int_equal(trace_id_parse("4bf92f3577b34da6a3ce929d0e0e473g", 32, &id), -EINVAL);
	assert_true(random_id() != random_id());
}

static void test_routes(void **state)
{
	static const struct {
		const char *target, *route;
	} known[] = {
		{ "/", "/" },
		{ "", "/" },
		{ "*", "*" },
		{ "/api/orders", "/api/orders" },
		{ "/users/17", "/users/{id}" },
		{ "/users/17/", "/users/{id}/" },
		{ "/users/17?token=secret", "/users/{id}" },
		{ "/a#b", "/a" },
		{ "http://shop:8080/users/17", "/users/{id}" },
		{ "http://shop", "/" },
		{ "/o/123e4567-e89b-12d3-a456-426614174000/items", "/o/{id}/items" },
		{ "/c/3ece339", "/c/{id}" },
		{ "/c/deadbeef", "/c/deadbeef" },
		{ "/api/v2/items", "/api/v2/items" },
		{ "/img/logo2.png", "/img/logo2.png" },
		{ "/u/a@example.org", "/u/{id}" },
		{ "/u/@alice", "/u/@alice" },
		{ "/t/eyJhbGciOiJIUzI1NiJ9", "/t/{id}" },
		{ "/oauth2/token", "/oauth2/token" },
		{ "//x", "//x" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(known); i++) {
		struct buf out = BUF_INIT;

		route_of(&out, known[i].target, strlen(known[i].target));
		assert_string_equal(buf__str(&out), known[i].route);
		buf__free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wire_known_bytes),
		cmocka_unit_test(test_wire_reads),
		cmocka_unit_test(test_wire_refuses),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_attribute_depth),
		cmocka_unit_test(test_span_owns_its_memory),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
