/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where probes go, asked of this very program, and of damaged copies of it. */
#include "symbol/exits.h"
#include "symbol/sites.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ppbpf_mark.h"
#include "symbol/begins.h"
#include "symbol/data_symbol.h"
#include "symbol/elf.h"
#include "unit.h"

__attribute__((noinline, used)) static int marked_function(int n)
{
	PPBPF_BEGIN("unit region");
	n *= 3;
	PPBPF_END("unit region");
	PPBPF_BEGIN("another");
	PPBPF_END("another");
	return n;
}

int global_variable = 4711;

static struct elf *open_self(int *fd)
{
	struct elf *elf;

	*fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(elf__open_kept(&elf, *fd), 0);
	return elf;
}

static void finds_functions(void **state)
{
	struct sites sites = { 0 };
	struct elf *elf;
	int fd;

	(void)state;
	elf = open_self(&fd);
	assert_int_equal(sites__functions(&sites, elf, "/proc/self/exe", 0, "marked_func*"), 0);
	assert_int_equal(sites.count, 1);
	assert_string_equal(sites.sites[0].name, "marked_function");
	assert_string_equal(sites.sites[0].symbol, "marked_function");
	assert_int_equal(sites.sites[0].kind, SITE_FUNCTION);
	assert_true(sites.sites[0].size > 0);
	sites__free(&sites);
	assert_int_equal(sites__functions(&sites, elf, "/proc/self/exe", 0, "no_such"), 0);
	assert_int_equal(sites.count, 0);
	sites__free(&sites);
	elf__free(elf);
}

static void finds_regions(void **state)
{
	unsigned char code[5];
	struct sites sites = { 0 };
	struct elf *elf;
	size_t begins = 0, ends = 0;
	int fd;

	(void)state;
	assert_int_equal(marked_function(2), 6);
	elf = open_self(&fd);
	assert_int_equal(sites__regions(&sites, elf, "unit *"), 0);
	for (size_t i = 0; i < sites.count; i++) {
		assert_string_equal(sites.sites[i].name, "unit region");
		begins += sites.sites[i].kind == SITE_REGION_BEGIN;
		ends += sites.sites[i].kind == SITE_REGION_END;
		assert_int_equal(pread(fd, code, sizeof(code), (off_t)sites.sites[i].offset),
				 sizeof(code));
#if defined(__x86_64__)
		assert_memory_equal(code, "\x0f\x1f\x44\x00\x00", sizeof(code));
#endif
	}
	/* a compiler may make copies of a function, but of all of it */
	assert_true(begins > 0);
	assert_int_equal(begins, ends);
	sites__free(&sites);
	assert_int_equal(sites__usdt(&sites, elf, "ppbpf", "begin"), 0);
	assert_int_equal(sites.count, 2 * begins);
	assert_int_equal(sites.sites[0].semaphore, 0);
	sites__free(&sites);
	assert_int_equal(sites__usdt(&sites, elf, "other", "begin"), 0);
	assert_int_equal(sites.count, 0);
	sites__free(&sites);
	elf__free(elf);
}

static void finds_exits(void **state)
{
	struct code_map *map;
	struct sites sites = { 0 };
	unsigned char code = 0;
	struct exits exits;
	size_t returns = 0;
	struct elf *elf;
	int fd;

	(void)state;
	elf = open_self(&fd);
	assert_int_equal(sites__functions(&sites, elf, "/proc/self/exe", 0, "marked_function"), 0);
	map = code_map__new(elf, "/proc/self/exe", 0);
	assert_non_null(map);
	assert_int_equal(exits__find(&exits, map, fd, &sites.sites[0]), 0);
	assert_true(exits.count > 0);
	for (size_t i = 0; i < exits.count; i++) {
		assert_true(exits.offsets[i] > sites.sites[0].offset);
		assert_true(exits.offsets[i] < sites.sites[0].offset + sites.sites[0].size);
		assert_int_equal(pread(fd, &code, 1, (off_t)exits.offsets[i]), 1);
		/* a return, or a jump to where a sanitizer reports what it found */
		returns += code == 0xc3 || code == 0xe9 || code == 0xeb;
	}
#if defined(__x86_64__)
	assert_int_equal(returns, exits.count);
#endif
	exits__free(&exits);
	code_map__free(map);
	sites__free(&sites);
	elf__free(elf);
}

#if defined(__x86_64__)
/* Functions of known bytes, and how far into them a probe goes. */
static const struct {
	const char *name;
	uint8_t code[16];
	uint8_t size;
	uint8_t skip;
} begins[] = {
	{ "push rbp; ret", { 0x55, 0xc3, 0xcc }, 3, 0 },
	{ "endbr64; push rbp; ret", { 0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0xc3 }, 6, 4 },
	{ "test edi, edi; je +1; nop; ret", { 0x85, 0xff, 0x74, 0x01, 0x90, 0xc3 }, 6, 2 },
	{ "sub rsp, 8; push rbp; ret", { 0x48, 0x83, 0xec, 0x08, 0x55, 0xc3 }, 6, 0 },
	{ "mov eax, edi; ret; push rbp", { 0x89, 0xf8, 0xc3, 0x55, 0xcc }, 5, 0 },
	{ "lock inc [rdi]; mov eax, edi; ret", { 0xf0, 0xff, 0x07, 0x89, 0xf8, 0xc3 }, 6, 3 },
	/* a loop whose head is the second instruction: each round would be a call */
	{ "mov eax, edi; dec eax; jne -4; ret",
	  { 0x89, 0xf8, 0xff, 0xc8, 0x75, 0xfc, 0xc3 }, 7, 0 },
	/* a jump to anywhere */
	{ "mov eax, edi; nop; jmp rax", { 0x89, 0xf8, 0x90, 0xff, 0xe0, 0xcc }, 6, 0 },
};

static void chooses_begins(void **state)
{
	int fd = memfd_create("code", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < LENGTH(begins); i++) {
		struct site site = { .address = 0x1000, .size = begins[i].size };

		assert_int_equal(pwrite(fd, begins[i].code, begins[i].size, 0), begins[i].size);
		if (begin_skip(fd, &site) != begins[i].skip)
			fail_msg("%s: %zu", begins[i].name, begin_skip(fd, &site));
	}
	close(fd);
}
#endif

static void finds_variables(void **state)
{
	uint64_t address, size, offset;
	struct elf *elf;
	int fd, value;

	(void)state;
	elf = open_self(&fd);
	assert_int_equal(elf_data_symbol(elf, "global_variable", &address, &size), 0);
	assert_int_equal(elf__offset_of(elf, address, &offset), 0);
	assert_int_equal(pread(fd, &value, sizeof(value), (off_t)offset), sizeof(value));
	assert_int_equal(value, global_variable);
	assert_int_equal(elf_data_symbol(elf, "marked_function", &address, &size), -ENOENT);
	elf__free(elf);
}

/* All of the above on a file that lies: nothing is asserted but that it ends well. */
static void look_at(int fd)
{
	struct sites sites = { 0 };
	struct code_map *map;
	struct exits exits;
	struct elf *elf;
	uint64_t address, size;

	if (elf__open(&elf, fd))
		return;
	sites__functions(&sites, elf, "/nowhere", 0, "marked_function");
	map = code_map__new(elf, "/nowhere", 0);
	for (size_t i = 0; map && i < sites.count; i++) {
		begin_skip(fd, &sites.sites[i]);
		if (!exits__find(&exits, map, fd, &sites.sites[i]))
			exits__free(&exits);
	}
	code_map__free(map);
	sites__regions(&sites, elf, "*");
	sites__usdt(&sites, elf, "ppbpf", "end");
	elf_data_symbol(elf, "global_variable", &address, &size);
	elf_is_go(elf);
	elf_may_throw(elf);
	sites__free(&sites);
	elf__free(elf);
}

static void survives_damage(void **state)
{
	struct elf_section notes;
	struct elf *elf;
	unsigned char byte;
	struct stat st;
	char *copy;
	int self, fd;

	(void)state;
	elf = open_self(&self);
	assert_int_equal(elf__section(elf, ".note.ppbpf", false, &notes), 0);
	assert_int_equal(fstat(self, &st), 0);
	copy = malloc(st.st_size);
	assert_non_null(copy);
	assert_int_equal(pread(self, copy, st.st_size, 0), st.st_size);
	fd = memfd_create("damaged", MFD_CLOEXEC);
	assert_true(fd >= 0);
	srand(1);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(pwrite(fd, copy, st.st_size, 0), st.st_size);
		for (int k = 0; k < 8; k++) {
			byte = rand();
			/* in the notes, in the headers, anywhere */
			off_t at = k < 3 ? (off_t)(notes.offset + rand() % notes.size) :
				   k < 5 ? rand() % 64 : rand() % st.st_size;
			assert_int_equal(pwrite(fd, &byte, 1, k == 3 && i % 2 ? 16 : at), 1);
		}
		look_at(fd);
	}
	for (off_t length = st.st_size; length > 16; length = length * 3 / 4) {
		assert_int_equal(pwrite(fd, copy, st.st_size, 0), st.st_size);
		assert_int_equal(ftruncate(fd, length), 0);
		look_at(fd);
	}
	close(fd);
	free(copy);
	elf__free(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_functions),
		cmocka_unit_test(finds_regions),
		cmocka_unit_test(finds_exits),
#if defined(__x86_64__)
		cmocka_unit_test(chooses_begins),
#endif
		cmocka_unit_test(finds_variables),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
