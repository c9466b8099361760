// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fs.h"
#include "symbol/elf.h"

static char folder[FOLDER_LENGTH];
static char path[512];

/* What a file that is stripped in several ways is made from. */
static const char source[] = "int visible(int x) { return x + 1; }\n"
			     "static __attribute__((noinline, used)) int hidden(int x)\n"
			     "{ return x * 2; }\n"
			     "int main(int c, char **v) { (void)v; return visible(hidden(c)); }\n";

static int shell(const char *command)
{
	struct buf line = BUF_INIT;
	int status;

	buf__printf(&line, "cd %s && (%s) >log 2>&1", folder, command);
	status = system(buf__str(&line));
	buf__free(&line);
	return status;
}

static const char *in_folder(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int make_files(void **state)
{
	FILE *file;

	(void)state;
	if (temporary_folder(folder))
		return -1;
	file = fopen(in_folder("a.c"), "w");
	if (!file || fputs(source, file) < 0 || fclose(file))
		return -1;
	return shell("cc -g -O1 -rdynamic -Wl,--build-id -o whole a.c && "
		     "cc -g -O1 -rdynamic -Wl,--build-id=none -o anonymous a.c && "
		     "strip -o bare whole && mkdir -p .debug linked/.debug && "
		     "objcopy --only-keep-debug whole .debug/whole.debug && "
		     "strip -o linked/whole whole && cp .debug/whole.debug linked/.debug/ && "
		     "objcopy --add-gnu-debuglink=.debug/whole.debug linked/whole && "
		     "objcopy --only-keep-debug anonymous linked/anonymous.debug && "
		     "strip -o linked/anonymous anonymous && "
		     "objcopy --add-gnu-debuglink=linked/anonymous.debug linked/anonymous && "
		     "mkdir other && cp linked/anonymous other/ && "
		     "cp linked/.debug/whole.debug other/anonymous.debug && "
		     "objcopy -S --keep-symbol=hidden whole tiny && xz -k tiny && "
		     "objcopy --add-section .gnu_debugdata=tiny.xz bare packed && "
		     "head -c 100 tiny.xz >short.xz && "
		     "objcopy --add-section .gnu_debugdata=short.xz bare badly-packed");
}

static int remove_files(void **state)
{
	struct buf line = BUF_INIT;
	int status;

	(void)state;
	buf__printf(&line, "rm -rf %s", folder);
	status = system(buf__str(&line));
	buf__free(&line);
	return status;
}

static struct elf *open_file(const char *name)
{
	struct elf *elf = NULL;

	assert_int_equal(elf__open_kept(&elf, open(in_folder(name), O_RDONLY | O_CLOEXEC)), 0);
	return elf;
}

struct wanted {
	const char *name;
	struct elf_symbol found;
	int times;
};

static int look_for(const struct elf_symbol *symbol, void *context)
{
	struct wanted *wanted = context;

	if (!strcmp(symbol->name, wanted->name)) {
		wanted->found = *symbol;
		wanted->times++;
	}
	return 0;
}

static int knows(struct elf *elf, const char *name, const char *at)
{
	struct wanted wanted = { .name = name };

	elf__functions(elf, at, 0, look_for, &wanted);
	return wanted.times > 0;
}

static void symbols_are_read_from_their_table(void **state)
{
	struct elf *elf = open_file("whole");
	struct wanted hidden = { .name = "hidden" }, visible = { .name = "visible" };

	(void)state;
	assert_true(elf__is_64_bit(elf));
	assert_int_equal(elf__symbols(elf, ELF_SYMTAB, look_for, &hidden), 0);
	assert_int_equal(hidden.times, 1);
	assert_int_equal(hidden.found.type, STT_FUNC);
	assert_int_equal(hidden.found.binding, STB_LOCAL);
	assert_true(hidden.found.size > 0 && hidden.found.size < 64);
	assert_int_equal(elf__symbols(elf, ELF_DYNSYM, look_for, &visible), 0);
	assert_int_equal(visible.times, 1);
	hidden.times = 0;
	assert_int_equal(elf__symbols(elf, ELF_DYNSYM, look_for, &hidden), 0);
	assert_int_equal(hidden.times, 0);
	elf__free(elf);
	elf = open_file("bare");
	assert_int_equal(elf__symbols(elf, ELF_SYMTAB, look_for, &visible), -ENOENT);
	elf__free(elf);
	elf__free(NULL);
}

static void an_address_has_an_offset_and_a_section(void **state)
{
	struct elf *elf = open_file("whole");
	struct wanted wanted = { .name = "visible" };
	struct elf_section section;
	uint64_t offset, address;

	(void)state;
	elf__symbols(elf, ELF_SYMTAB, look_for, &wanted);
	assert_int_equal(elf__offset_of(elf, wanted.found.address, &offset), 0);
	assert_int_equal(elf__address_of(elf, offset, &address), 0);
	assert_int_equal(address, wanted.found.address);
	assert_int_equal(elf__section_at(elf, address, &section), 0);
	assert_string_equal(section.name, ".text");
	assert_true(section.executable);
	assert_int_equal(elf__section_at(elf, UINT64_MAX, &section), -ENOENT);
	assert_int_equal(elf__address_of(elf, UINT64_MAX, &address), -ENOENT);
	assert_int_equal(elf__offset_of(elf, UINT64_MAX, &offset), -ENOENT);
	assert_int_equal(elf__section(elf, ".text", true, &section), 0);
	assert_non_null(section.data);
	assert_int_equal(elf__section(elf, ".bss", true, &section), -ENOENT);
	assert_int_equal(elf__section(elf, ".nothing", false, &section), -ENOENT);
	elf__free(elf);
}

static void a_build_id_is_found(void **state)
{
	struct elf *elf = open_file("whole"), *bare = open_file("bare");
	struct elf *anonymous = open_file("anonymous");
	const uint8_t *a, *b;

	(void)state;
	assert_int_equal(elf__build_id(elf, &a), 20);
	assert_int_equal(elf__build_id(bare, &b), 20);
	assert_memory_equal(a, b, 20);
	assert_int_equal(elf__build_id(anonymous, &a), 0);
	elf__free(elf);
	elf__free(bare);
	elf__free(anonymous);
}

static void a_debug_file_is_found_by_its_link(void **state)
{
	static const struct {
		const char *name;
		int found;
	} cases[] = {
		{ "linked/whole", 1 },
		{ "linked/anonymous", 1 },
		{ "other/anonymous", 0 },	/* a file of that name, with another checksum */
		{ "bare", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct elf *elf = open_file(cases[i].name), *debug;
		int err = elf__open_debug(&debug, elf, path, 0);

		assert_int_equal(err, cases[i].found ? 0 : -ENOENT);
		assert_int_equal(knows(elf, "hidden", path), cases[i].found);
		assert_true(knows(elf, "visible", path));
		elf__free(debug);
		/* as a process with the same root sees it */
		err = elf__open_debug(&debug, elf, path, getpid());
		assert_int_equal(err, cases[i].found ? 0 : -ENOENT);
		elf__free(debug);
		elf__free(elf);
	}
}

static void packed_symbols_are_unpacked(void **state)
{
	struct elf *elf = open_file("packed"), *inner;

	(void)state;
	assert_true(knows(elf, "hidden", path));
	assert_true(knows(elf, "visible", path));
	elf__free(elf);
	elf = open_file("badly-packed");
	assert_int_equal(elf__open_packed(&inner, elf), -ENOEXEC);
	assert_false(knows(elf, "hidden", path));
	assert_true(knows(elf, "visible", path));
	elf__free(elf);
}

static void the_vdso_is_an_image(void **state)
{
	void *vdso = (void *)getauxval(AT_SYSINFO_EHDR);
	struct wanted wanted = { .name = "__vdso_clock_gettime" };
	struct elf *elf;

	(void)state;
	if (!vdso)
		skip_because("this machine has no vDSO");
	assert_int_equal(elf__open_image(&elf, vdso, 2 * getpagesize()), 0);
	assert_int_equal(elf__functions(elf, "[vdso]", 0, look_for, &wanted), 0);
	assert_int_equal(wanted.times, 1);
	elf__free(elf);
}

static void what_is_no_elf_is_refused(void **state)
{
	struct elf *elf;
	int fd = open(in_folder("a.c"), O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(elf__open(&elf, fd), -ENOEXEC);
	assert_null(elf);
	close(fd);
	assert_int_equal(elf__open(&elf, -1), -ENOEXEC);
	assert_int_equal(elf__open_owned(&elf, strdup("\177ELF"), 4), -ENOEXEC);
}

static void use_all_of_it(struct elf *elf)
{
	struct wanted wanted = { .name = "hidden" };
	struct elf_section section;
	struct elf *other;
	uint64_t n;

	elf__functions(elf, in_folder("linked/whole"), 0, look_for, &wanted);
	elf__section(elf, ".eh_frame", true, &section);
	elf__section_at(elf, 0x1100, &section);
	elf__address_of(elf, 0x1100, &n);
	elf__offset_of(elf, 0x1100, &n);
	if (!elf__open_packed(&other, elf))
		elf__free(other);
}

/* The sanitizers are the judges. */
static void lying_files_do_no_harm(void **state)
{
	static const char *const names[] = { "linked/whole", "packed" };
	struct buf good = BUF_INIT;
	struct elf *elf;

	(void)state;
	srandom(1);
	for (int i = 0; i < 3000; i++) {
		size_t length;
		char *bytes;

		buf__truncate(&good, 0);
		assert_int_equal(read_file(in_folder(names[i % 2]), 1 << 20, &good, NULL), 0);
		bytes = malloc(good.length);
		memcpy(bytes, good.data, good.length);
		length = i % 3 ? good.length : random() % good.length;
		/* the headers, most of all */
		for (int n = random() % 8; n >= 0; n--) {
			size_t at = random() % (n % 2 ? length + 1 : 512);

			if (n == 7)
				at = length - random() % (length < 2048 ? length + 1 : 2048);
			if (at < length)
				bytes[at] = random() % 3 ? random() : -(random() % 2);
		}
		if (elf__open_owned(&elf, bytes, length))
			continue;
		use_all_of_it(elf);
		elf__free(elf);
	}
	buf__free(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_are_read_from_their_table),
		cmocka_unit_test(an_address_has_an_offset_and_a_section),
		cmocka_unit_test(a_build_id_is_found),
		cmocka_unit_test(a_debug_file_is_found_by_its_link),
		cmocka_unit_test(packed_symbols_are_unpacked),
		cmocka_unit_test(the_vdso_is_an_image),
		cmocka_unit_test(what_is_no_elf_is_refused),
		cmocka_unit_test(lying_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
