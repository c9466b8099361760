// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "collect/libbpf_log.h"
#include "collect/privilege.h"

static libbpf_print_fn_t listener;

__attribute__((format(printf, 1, 2))) static void libbpf_says(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	listener(LIBBPF_WARN, format, args);
	va_end(args);
}

/* As libbpf 1.1 words a refusal; `log`: the verifier had something to say. */
static void refuse(const char *program, bool log)
{
	libbpf_log__listen();
	listener = libbpf_set_print(NULL);
	libbpf_says("libbpf: prog '%s': BPF program load failed: %s\n", program, "Permission denied");
	if (log)
		libbpf_says("libbpf: prog '%s': -- BEGIN PROG LOAD LOG --\nR1 invalid mem access\n-- END",
			    program);
	libbpf_says("libbpf: prog '%s': failed to load: %d\n", program, -EACCES);
}

static bool privileged(void)
{
	char missing[PRIVILEGE_TEXT];

	return !*privilege__missing_for_bpf(missing);
}

/* The verifier says EACCES, as a want of privilege does. */
static void the_verifier_is_told_from_a_want_of_privilege(void **state)
{
	struct err e = { 0 };

	(void)state;
	refuse("sched_switch", true);
	assert_string_equal(libbpf_log__refused(), "sched_switch");
	assert_int_equal(libbpf_log__explain(&e, -EACCES, "the BPF programs"), -EACCES);
	assert_int_equal(e.cause, privileged() ? ERR_UNSUPPORTED_KERNEL : ERR_PERMISSION);
	assert_int_equal(strstr(e.message, "sched_switch") != NULL, privileged());

	err__clear(&e);
	refuse("sched_switch", false);
	libbpf_log__explain(&e, -EACCES, "the BPF programs");
	assert_int_equal(e.cause, ERR_PERMISSION);
	assert_non_null(strstr(privileged() ? e.hint : e.message,
			       privileged() ? "seccomp" : "CAP_BPF"));
}

static void each_cause_has_its_own_line(void **state)
{
	static const struct {
		int code;
		enum err_cause cause;
		const char *hint;
	} rows[] = {
		{ -EMFILE, ERR_IO, "ulimit -n" }, { -ENFILE, ERR_IO, "ulimit -n" },
		{ -ENOMEM, ERR_IO, "memory.max" }, { -EINVAL, ERR_UNSUPPORTED_KERNEL, "doctor" },
		{ -EPERM, ERR_PERMISSION, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		libbpf_log__listen();
		assert_int_equal(libbpf_log__explain(&e, rows[i].code, "the BPF programs"),
				 rows[i].code);
		assert_int_equal(e.cause, rows[i].cause);
		assert_non_null(strstr(e.hint, rows[i].hint));
		assert_true(*e.hint);
		assert_null(strchr(e.message, '\n'));
	}
}

/* What was refused before is no part of another load's story. */
static void a_load_begins_with_nothing(void **state)
{
	(void)state;
	refuse("block_rq_issue", true);
	libbpf_log__listen();
	assert_string_equal(libbpf_log__refused(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verifier_is_told_from_a_want_of_privilege),
		cmocka_unit_test(each_cause_has_its_own_line),
		cmocka_unit_test(a_load_begins_with_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
