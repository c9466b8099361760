// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "symbol/demangle.h"

static void names_are_as_their_programmers_wrote_them(void **state)
{
	static const char *const cases[][2] = {
		{ "main", "main" },
		{ "memcpy@@GLIBC_2.14", "memcpy" },
		{ "read@plt", "read@plt" },
		{ "_ZN3foo3barEv", "foo::bar" },
		{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
		  "std::vector<int, std::allocator<int> >::push_back" },
		{ "_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo" },
		{ "_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write" },
		{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
		{ "_Znonsense", "_Znonsense" },
		{ "a\033[31mb", "a?[31mb" },
		{ "@odd", "@odd" },
		{ "f.constprop.0", "f" },
		{ "f.part.0.isra.1", "f" },
		{ "f.cold", "f" },
		{ "f.llvm.16392812", "f" },
		{ "f.coldly", "f.coldly" },
		{ "f.0", "f.0" },
		{ ".cold", ".cold" },
		{ "", "" },
	};
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		buf__truncate(&text, 0);
		demangle(&text, cases[i][0]);
		assert_string_equal(buf__str(&text), cases[i][1]);
	}
	buf__free(&text);
}

static void it_appends_and_long_names_are_cut(void **state)
{
	struct buf text = BUF_INIT;
	static char name[5000];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	buf__puts(&text, "x:");
	demangle(&text, name);
	assert_int_equal(text.length, 2 + 1024);
	assert_memory_equal(buf__str(&text), "x:nn", 4);
	buf__free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_their_programmers_wrote_them),
		cmocka_unit_test(it_appends_and_long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
