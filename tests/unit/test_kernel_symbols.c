// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
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

static int answers(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT])
{
	static const struct {
		uint64_t address;
		const char *text;
	} known[] = {
		{ 0xffffffff81000110, "work+0x0/0x1f0" },
		{ 0xffffffff81000111, "work+0x1/0x1f0" },
		{ 0xffffffff81000200, "0xffffffff81000200" },
		{ 0xffffffffc0000008, "of_module+0x8/0x10 [nf_tables]" },
		{ 0xffffffffc0100010, "bpf_prog_6deef7357e7b4530_sched_switch+0x10/0x20" },
		{ 0xffffffff810000ff, "bpf_prog_load+0xff/0x800" },
		{ 0xffffffff810001ff, "odd+name+0x7/0x8" },
	};

	for (size_t i = 0; i < count; i++) {
		/* ascending, as /proc/kallsyms is */
		assert_true(!i || addresses[i] >= addresses[i - 1]);
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			if (known[j].address == addresses[i])
				snprintf(texts[i], sizeof(texts[i]), "%s", known[j].text);
	}
	return 0;
}

static int no_answers(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT])
{
	(void)addresses;
	(void)count;
	(void)texts;
	return -EPERM;
}

/* What a kernel without its symbols says of everything. */
static int numbers(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT])
{
	for (size_t i = 0; i < count; i++)
		snprintf(texts[i], sizeof(texts[i]), "0x%" PRIx64, addresses[i]);
	return 0;
}

static void what_the_kernel_answers_is_taken(void **state)
{
	size_t count = sizeof(asked) / sizeof(asked[0]);
	struct kernel_symbols *kernel;
	struct kernel_symbol symbol;

	(void)state;
	assert_int_equal(kernel_symbols__ask(&kernel, answers, asked, count), 0);
	assert_string_equal(name_at(kernel, 0xffffffff81000110), "work");
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffff81000111, &symbol), 0);
	assert_string_equal(symbol.name, "work");
	assert_string_equal(symbol.module, "[kernel]");
	assert_int_equal(symbol.start, 0xffffffff81000110);
	/* a number is no name, and neither is what the address before it is called */
	assert_string_equal(name_at(kernel, 0xffffffff81000200), "");
	assert_string_equal(name_at(kernel, 0xffffffff81000000), "");
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffffc0000008, &symbol), 0);
	assert_string_equal(symbol.module, "[nf_tables]");
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffffc0100010, &symbol), 0);
	assert_string_equal(symbol.name, "bpf_prog_6deef7357e7b4530_sched_switch");
	assert_string_equal(symbol.module, "[bpf]");
	assert_int_equal(kernel_symbols__find(kernel, 0xffffffff810000ff, &symbol), 0);
	assert_string_equal(symbol.module, "[kernel]");
	assert_string_equal(name_at(kernel, 0xffffffff810001ff), "odd+name");
	kernel_symbols__free(kernel);
	assert_int_equal(kernel_symbols__ask(&kernel, no_answers, asked, count), -EPERM);
	assert_null(kernel);
	assert_int_equal(kernel_symbols__ask(&kernel, numbers, asked, count), -ENOENT);
	assert_null(kernel);
	assert_int_equal(kernel_symbols__ask(&kernel, numbers, asked, 0), 0);
	kernel_symbols__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_symbol_reaches_to_the_next),
		cmocka_unit_test(hidden_addresses_are_told),
		cmocka_unit_test(what_the_kernel_answers_is_taken),
		cmocka_unit_test(this_kernel_has_a_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
