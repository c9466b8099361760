// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/units.h"
#include "model/profile.h"
#include "symbol/elf.h"
#include "symbol/symbols.h"

static char folder[FOLDER_LENGTH];
static char path[512];

static const char source[] =
	"#include <stdlib.h>\n"
	"namespace shop {\n"
	"static inline __attribute__((always_inline)) int twice(int x)\n"
	"{\n"
	"	return x * atoi(\"2\");\n"
	"}\n"
	"struct cart {\n"
	"	int n;\n"
	"	inline __attribute__((always_inline)) int sum(int x) { return twice(x) + n; }\n"
	"	__attribute__((noinline)) int total(int x)\n"
	"	{\n"
	"		int r = 0;\n"
	"		for (int i = 0; i < x; i++)\n"
	"			r += sum(i);\n"
	"		return r;\n"
	"	}\n"
	"};\n"
	"}\n"
	"int main(int c, char **v)\n"
	"{\n"
	"	shop::cart cart = { c };\n"
	"	return cart.total(c) + (int)(long)v[0];\n"
	"}\n";

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
	file = fopen(in_folder("a.cc"), "w");
	if (!file || fputs(source, file) < 0 || fclose(file))
		return -1;
	return shell("g++ -g -O2 -o whole a.cc && strip -g -o named whole && strip -o bare whole");
}

static int remove_files(void **state)
{
	(void)state;
	shell("rm -r ../$(basename $PWD)");
	return 0;
}

static int add_module(struct profile *p, const char *name)
{
	struct profile_module module = { .path = in_folder(name), .inode = 1 };

	module.device = strlen(name);
	module.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(module.fd >= 0);
	return profile__module(p, &module);
}

static int add_frame(struct profile *p, const struct frame *frame)
{
	struct profile_stack stack;
	int index = profile__stack(p, frame, 1, STACK_COMPLETE, NULL);

	assert_true(index >= 0);
	profile__stack_at(p, index, &stack);
	return stack.frames[0];
}

struct wanted {
	const char *name;
	uint64_t address;
	uint64_t size;
};

static int look_for(const struct elf_symbol *symbol, void *context)
{
	struct wanted *wanted = context;

	if (strcmp(symbol->name, wanted->name) != 0)
		return 0;
	wanted->address = symbol->address;
	wanted->size = symbol->size;
	return 1;
}

static struct wanted symbol_of(const char *file, const char *name)
{
	struct wanted wanted = { .name = name };
	struct elf *elf;

	assert_int_equal(elf__open_kept(&elf, open(in_folder(file), O_RDONLY | O_CLOEXEC)), 0);
	assert_int_equal(elf__functions(elf, path, 0, look_for, &wanted), 1);
	elf__free(elf);
	return wanted;
}

static void name_all(struct profile *p)
{
	struct symbols *symbols;

	assert_int_equal(symbols__new(&symbols, NULL), 0);
	assert_int_equal(symbols__name(symbols, p, 10 * NSEC_PER_SEC), 0);
	symbols__free(symbols);
}

static const char *function_name(const struct profile *p, int frame)
{
	const struct profile_line *lines;
	size_t count;

	lines = profile__lines(p, frame, &count);
	assert_true(count > 0);
	return profile__function_at(p, lines[count - 1].function)->name;
}

/* A line for each function, innermost first: "twice a.cc:5". */
static void describe(struct buf *text, const struct profile *p, int frame)
{
	const struct profile_line *lines;
	const char *name, *file;
	size_t count;

	lines = profile__lines(p, frame, &count);
	for (size_t i = 0; i < count; i++) {
		const struct profile_function *f = profile__function_at(p, lines[i].function);

		name = strrchr(f->name, ':');
		file = f->file ? strrchr(f->file, '/') : NULL;
		buf__printf(text, "%s %s:%u\n", name ? name + 1 : f->name, file ? file + 1 : "?",
			    lines[i].line);
	}
}

/* The same of another tool: "shop::twice(int)\n/path/a.cc:5:3\n" for each. */
static void ask_llvm(struct buf *text, uint64_t address)
{
	char name[500], place[500], command[600], *part;
	FILE *pipe;

	snprintf(command, sizeof(command), "llvm-symbolizer --inlining --obj=%s/whole 0x%llx",
		 folder, (unsigned long long)address);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(name, sizeof(name), pipe) && name[0] != '\n' &&
	       fgets(place, sizeof(place), pipe)) {
		name[strcspn(name, "(\n")] = '\0';
		*strrchr(place, ':') = '\0';
		part = strrchr(name, ':');
		buf__printf(text, "%s %s\n", part ? part + 1 : name, strrchr(place, '/') + 1);
	}
	pclose(pipe);
}

static void inlined_functions_are_told_as_llvm_does(void **state)
{
	struct profile *p = profile__new();
	struct wanted total = symbol_of("whole", "_ZN4shop4cart5totalEi");
	int module = add_module(p, "whole"), frames[300], inlined = 0;
	struct buf ours = BUF_INIT, theirs = BUF_INIT;
	size_t count;

	(void)state;
	assert_in_range(total.size, 20, 300);
	for (uint64_t i = 0; i < total.size; i++)
		frames[i] = add_frame(p, &(struct frame){ .kind = FRAME_NATIVE, .where = module,
							  .address = total.address + i });
	name_all(p);
	for (uint64_t i = 0; i < total.size; i += 5) {
		buf__truncate(&ours, 0);
		buf__truncate(&theirs, 0);
		describe(&ours, p, frames[i]);
		ask_llvm(&theirs, total.address + i);
		assert_string_equal(buf__str(&ours), buf__str(&theirs));
		assert_string_equal(function_name(p, frames[i]), "shop::cart::total");
		profile__lines(p, frames[i], &count);
		inlined += count == 4;
	}
	assert_true(inlined > 0);
	buf__free(&ours);
	buf__free(&theirs);
	profile__free(p);
}

static void where_a_function_begins_is_known(void **state)
{
	struct profile *p = profile__new();
	struct wanted main = symbol_of("whole", "main");
	int frame = add_frame(p, &(struct frame){ .kind = FRAME_NATIVE,
						  .where = add_module(p, "whole"),
						  .address = main.address });
	const struct profile_function *function;
	const struct profile_line *lines;
	size_t count;

	(void)state;
	name_all(p);
	lines = profile__lines(p, frame, &count);
	assert_int_equal(count, 1);
	function = profile__function_at(p, lines[0].function);
	assert_string_equal(function->name, "main");
	assert_string_equal(function->module, "whole");
	assert_true(strstr(function->file, "a.cc"));
	assert_int_equal(function->line, 19);
	assert_true(function->named);
	profile__free(p);
}

static void a_return_address_belongs_to_its_call(void **state)
{
	struct profile *p = profile__new();
	struct wanted total = symbol_of("named", "_ZN4shop4cart5totalEi");
	struct frame frame = { .kind = FRAME_NATIVE, .where = add_module(p, "named"),
			       .address = total.address + total.size, .flags = FRAME_RETURN };
	int as_return = add_frame(p, &frame), as_start;

	(void)state;
	frame.flags = 0;
	as_start = add_frame(p, &frame);
	name_all(p);
	assert_string_equal(function_name(p, as_return), "shop::cart::total");
	assert_string_not_equal(function_name(p, as_start), "shop::cart::total");
	profile__free(p);
}

static void the_linkage_table_names_what_it_calls(void **state)
{
	struct profile *p = profile__new();
	int module = add_module(p, "bare"), named = 0;
	struct elf_section section;
	struct elf *elf;

	(void)state;
	assert_int_equal(elf__open_kept(&elf, open(in_folder("bare"), O_RDONLY | O_CLOEXEC)), 0);
	if (elf__section(elf, ".plt.sec", false, &section))
		assert_int_equal(elf__section(elf, ".plt", false, &section), 0);
	for (uint64_t at = 0; at < section.size; at++)
		add_frame(p, &(struct frame){ .kind = FRAME_NATIVE, .where = module,
					      .address = section.address + at });
	elf__free(elf);
	name_all(p);
	for (uint64_t at = 0; at < section.size; at++)
		/* atoi() is what the headers make of it; those of C23 have another strtol() */
		named += !strcmp(function_name(p, at), "strtol@plt") ||
			 !strcmp(function_name(p, at), "__isoc23_strtol@plt") ||
			 !strcmp(function_name(p, at), "atoi@plt");
	assert_int_equal(named, 16);
	profile__free(p);
}

/* By the unwind entry that it is in, and not by the dynamic symbol before it. */
static void code_without_a_symbol_has_its_own_name(void **state)
{
	struct profile *p = profile__new();
	struct wanted total = symbol_of("whole", "_ZN4shop4cart5totalEi");
	int module = add_module(p, "bare"), frame, other;
	struct profile_quality quality;
	char wanted[64];

	(void)state;
	frame = add_frame(p, &(struct frame){ .kind = FRAME_NATIVE, .where = module,
					      .address = total.address + 3 });
	other = add_frame(p, &(struct frame){ .kind = FRAME_NATIVE, .where = module,
					      .address = total.address - 1 });
	name_all(p);
	snprintf(wanted, sizeof(wanted), "bare!sub_%llx", (unsigned long long)total.address);
	assert_string_equal(function_name(p, frame), wanted);
	assert_string_not_equal(function_name(p, other), wanted);
	profile__quality(p, &quality);
	assert_int_equal(quality.nameless_frames, 2);
	profile__free(p);
}

static void each_kind_of_frame_has_a_name(void **state)
{
	struct profile *p = profile__new();
	struct frame frame = { .kind = FRAME_PYTHON, .address = 7 };
	struct profile_code code = { "Report.render", "/srv/report.py", 5 };
	const struct profile_function *function;
	const struct profile_line *lines;
	size_t count;

	(void)state;
	profile__process(p, getpid(), 0, "test");
	frame.where = profile__code(p, &code);
	add_frame(p, &frame);
	for (int kind = FRAME_JIT; kind <= FRAME_UNKNOWN; kind++)
		add_frame(p, &(struct frame){ .kind = kind, .address = 1 });
	add_frame(p, &(struct frame){ .kind = FRAME_KERNEL, .address = 1 });
	name_all(p);
	lines = profile__lines(p, 0, &count);
	function = profile__function_at(p, lines[0].function);
	assert_string_equal(function->name, "Report.render");
	assert_string_equal(function->module, "report.py");
	assert_string_equal(function->file, "/srv/report.py");
	assert_int_equal(function->line, 5);
	assert_int_equal(lines[0].line, 7);
	assert_string_equal(function_name(p, 1), "[unnamed code in anonymous memory]");
	assert_string_equal(function_name(p, 2), "[unknown]");
	assert_string_equal(function_name(p, 3), "[kernel]");
	profile__free(p);
}

static int numbers(const uint64_t *addresses, size_t count, char (*texts)[PPBPF_KERNEL_TEXT])
{
	for (size_t i = 0; i < count; i++)
		snprintf(texts[i], sizeof(texts[i]), "0x%llx", (unsigned long long)addresses[i]);
	return 0;
}

static uint64_t address_of_schedule(void)
{
	unsigned long long address = 0;
	FILE *lines = popen("sed -n 's/ T schedule$//p' /proc/kallsyms", "r");

	assert_non_null(lines);
	assert_int_equal(fscanf(lines, "%llx", &address), 1);
	pclose(lines);
	return address;
}

/* What a kernel has no name for is looked up in its table. */
static void the_kernels_table_stands_in_for_its_answers(void **state)
{
	uint64_t address = address_of_schedule();
	struct profile *p = profile__new();
	struct symbols_state why;
	struct symbols *symbols;

	(void)state;
	add_frame(p, &(struct frame){ .kind = FRAME_KERNEL, .address = address + 1 });
	assert_int_equal(symbols__new(&symbols, numbers), 0);
	assert_int_equal(symbols__name(symbols, p, NSEC_PER_SEC), 0);
	symbols__state(symbols, &why);
	assert_null(why.why_no_kernel);
	assert_string_equal(function_name(p, 0), address ? "schedule" : "[kernel]");
	symbols__free(symbols);
	profile__free(p);
}

static void a_perf_map_is_read_before_its_process_is_gone(void **state)
{
	struct profile *p = profile__new();
	struct symbols *symbols;
	char map[64];
	int frame;

	(void)state;
	if (geteuid())
		skip_because("/proc/PID/root of others is for root only");
	snprintf(map, sizeof(map), "echo 1000 10 compiled >/tmp/perf-%d.map", getpid());
	assert_int_equal(shell(map), 0);
	profile__process(p, getpid(), 0, "test");
	frame = add_frame(p, &(struct frame){ .kind = FRAME_JIT, .address = 0x1008 });
	assert_int_equal(symbols__new(&symbols, NULL), 0);
	assert_int_equal(symbols__follow(symbols, p), 0);
	assert_int_equal(symbols__name(symbols, p, 0), 0);
	assert_string_equal(function_name(p, frame), "compiled");
	assert_null(symbols__why_no_map(symbols, getpid()));
	assert_string_equal(symbols__why_no_map(symbols, 1), "nobody has looked for its perf map");
	symbols__free(symbols);
	snprintf(map, sizeof(map), "/tmp/perf-%d.map", getpid());
	unlink(map);
	profile__free(p);
}

static void what_is_no_elf_file_leaves_frames_unnamed(void **state)
{
	struct profile *p = profile__new();
	int frame = add_frame(p, &(struct frame){ .kind = FRAME_NATIVE,
						  .where = add_module(p, "a.cc"), .address = 5 });
	struct profile_quality quality;

	(void)state;
	name_all(p);
	assert_string_equal(function_name(p, frame), "a.cc![unknown]");
	profile__quality(p, &quality);
	assert_int_equal(quality.nameless_frames, 1);
	profile__free(p);
}

static void it_may_end_while_it_reads(void **state)
{
	struct profile *p = profile__new();
	struct symbols *symbols;

	(void)state;
	add_module(p, "whole");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(symbols__new(&symbols, NULL), 0);
		assert_int_equal(symbols__prepare(symbols, profile__module_at(p, 0)), 0);
		symbols__free(symbols);
	}
	symbols__free(NULL);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_functions_are_told_as_llvm_does),
		cmocka_unit_test(where_a_function_begins_is_known),
		cmocka_unit_test(a_return_address_belongs_to_its_call),
		cmocka_unit_test(the_linkage_table_names_what_it_calls),
		cmocka_unit_test(code_without_a_symbol_has_its_own_name),
		cmocka_unit_test(each_kind_of_frame_has_a_name),
		cmocka_unit_test(the_kernels_table_stands_in_for_its_answers),
		cmocka_unit_test(a_perf_map_is_read_before_its_process_is_gone),
		cmocka_unit_test(what_is_no_elf_file_leaves_frames_unnamed),
		cmocka_unit_test(it_may_end_while_it_reads),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
