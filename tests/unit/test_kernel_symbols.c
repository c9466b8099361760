// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "symbol/kernel.h"

static const uint64_t asked[] = {
	0xffffffff81000200, 0xffffffff80ffffff, 0xffffffff81000000, 0xffffffff810000ff,
	0xffffffff81000110, 0xffffffff810001ff, 0xffffffffc0000008, 0xffffffffc0100010,
	0xfffffffff0000000, 0xffffffff81000111, 0xffffffff81000110,
};

static int read_text(const char *text, struct kernel_symbols **kernel)
{
	int fd = memfd_create("kallsyms", 0), err;
	char path[64];

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = kernel_symbols__new(kernel, path, asked, sizeof(asked) / sizeof(asked[0]));
	close(fd);
	return err;
}

static const char *name_at(const struct kernel_symbols *kernel, uint64_t address)
{
	struct kernel_symbol symbol;

	return kernel_symbols__find(kernel, address, &symbol) ? "" : symbol.name;
}

static void a_symbol_reaches_to_the_next(void **state)
{
	struct kernel_symbols *kernel;
	struct kernel_symbol symbol;

	(void)state;
	assert_int_equal(read_text("ffffffff81000000 T _stext\n"
				   "ffffffff81000000 T startup_64\n"
				   "ffffffff81000100 t __pfx_work\n"
				   "ffffffff81000110 t work\n"
				   "garbage\n\n"
				   "ffffffff81000200 D data_begins\n"
				   "ffffffffc0000000 t of_module\t[nf_tables]\n"
				   "ffffffffc0100000 t bpf_prog_1234_x\t[bpf]\n", &kernel), 0);
	assert_string_equal(name_at(kernel, 0xffffffff80ffffff), "");
	assert_string_equal(name_at(kernel, 0xffffffff81000000), "startup_64");
	assert_string_equal(name_at(kernel, 0xffffffff810000ff), "startup_64");
	assert_string_equal(name_at(kernel, 0xffffffff81000110), "work");
	assert_string_equal(name_at(kernel, 0xffffffff81000111), "work");
	/* nobody has asked for it */
	assert_string_equal(name_at(kernel, 0xffffffff81000112), "");
	assert_string_equal(name_at(kernel, 0xffffffff810001ff), "work");
	assert_string_equal(name_at(kernel, 0xffffffff81000200), "");
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffffc0000008, &symbol), 0);
	assert_string_equal(symbol.name, "of_module");
	assert_string_equal(symbol.module, "[nf_tables]");
	assert_int_equal(symbol.start, 0xffffffffc0000000);
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffffc0100010, &symbol), 0);
	assert_string_equal(symbol.module, "[bpf]");
	/* no function is as long as what is between the last one and the end */
	assert_string_equal(name_at(kernel, 0xfffffffff0000000), "");
	kernel_symbols__free(kernel);
	kernel_symbols__free(NULL);
}

static void hidden_addresses_are_told(void **state)
{
	struct kernel_symbols *kernel;

	(void)state;
	assert_int_equal(read_text("0000000000000000 T a\n0000000000000000 T b\n", &kernel), -EPERM);
	assert_null(kernel);
	assert_int_equal(read_text("", &kernel), -ENODATA);
	assert_int_equal(kernel_symbols__new(&kernel, "/nowhere", NULL, 0), -ENOENT);
}

static void this_kernel_has_a_schedule(void **state)
{
	struct kernel_symbols *kernel;
	char line[300], name[256], type;
	unsigned long long address = 0;
	uint64_t inside;
	FILE *file;

	(void)state;
	file = fopen("/proc/kallsyms", "r");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %255s", &address, &type, name) == 3 &&
		    !strcmp(name, "schedule"))
			break;
	}
	fclose(file);
	inside = address + 1;
	if (kernel_symbols__new(&kernel, NULL, &inside, 1))
		skip_because("kernel addresses are hidden here");
	assert_string_equal(name_at(kernel, inside), "schedule");
	kernel_symbols__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_symbol_reaches_to_the_next),
		cmocka_unit_test(hidden_addresses_are_told),
		cmocka_unit_test(this_kernel_has_a_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
