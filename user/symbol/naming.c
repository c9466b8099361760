// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/naming.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/units.h"
#include "model/profile.h"
#include "symbol/code_file.h"
#include "symbol/demangle.h"
#include "symbol/kernel.h"
#include "symbol/perfmap.h"

struct name_one {
	struct naming *naming;
	const struct frame *frame;
	uint64_t address;	/* inside of the call, where the frame is a caller's */
	uint64_t deadline;	/* of CPU time, for lines */
	struct buf *text;
	struct code_file *file;	/* whose lines are open, or may be; NULL: none */
	struct profile_line lines[LINE_ENTRIES_MAX];
	size_t count;
};

/* Of CPU time: what is named does not depend on how busy the machine is. */
static uint64_t spent_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int add(struct name_one *one, const struct profile_function *function, uint32_t line)
{
	int index = profile__function(one->naming->profile, function);

	if (index < 0)
		return index;
	one->lines[one->count++] = (struct profile_line){ index, line };
	return 0;
}

static const char *demangled(struct name_one *one, const char *symbol)
{
	buf__truncate(one->text, 0);
	demangle(one->text, symbol);
	return buf__str(one->text);
}

static int name_kernel(struct name_one *one)
{
	struct profile_function function = { .kind = FRAME_KERNEL, .module = "[kernel]" };
	struct kernel_symbol symbol;

	if (one->naming->kernel &&
	    !kernel_symbols__find(one->naming->kernel, one->address, &symbol)) {
		function.name = symbol.name;
		function.module = symbol.module;
		function.named = true;
	} else {
		function.name = "[kernel]";
	}
	return add(one, &function, 0);
}

/* Code without a symbol: never named after a neighbour. */
static const char *made_up(struct name_one *one, const char *module, const struct code_name *code)
{
	buf__truncate(one->text, 0);
	if (code->start)
		buf__printf(one->text, "%s!sub_%llx", module, (unsigned long long)code->start);
	else if (code->section && code->section[0])
		buf__printf(one->text, "%s![%s]", module, code->section);
	else
		buf__printf(one->text, "%s![unknown]", module);
	return buf__str(one->text);
}

static int name_inlined(struct name_one *one, const struct code_name *code, const char *module,
			struct line_entry *entries, size_t count)
{
	struct profile_function function = { .kind = FRAME_NATIVE, .module = module };
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const char *name = entries[i].name;

		/* compilers split a function and inline its part into itself: one to its reader */
		if (name && i + 1 < count && entries[i + 1].name &&
		    !strcmp(name, entries[i + 1].name)) {
			entries[i + 1].line = entries[i].line;
			continue;
		}
		/* the symbol table has the name that others show, too */
		if (i == count - 1 && code->name)
			name = code->name;
		function.named = name;
		function.name = name ? demangled(one, name) : made_up(one, module, code);
		function.file = entries[i].file;
		function.line = entries[i].first_line;
		err = add(one, &function, entries[i].line);
	}
	return err;
}

/*
 * What is returned to but was not called (a coroutine's end) has no call before
 * it: then it is the function that begins there.
 */
static void find_code(const struct name_one *one, struct code_file *file, struct code_name *code)
{
	struct code_name here;

	code_file__name(file, one->address, code);
	if (code->name || code->start || !(one->frame->flags & FRAME_RETURN))
		return;
	code_file__name(file, one->frame->address, &here);
	if (here.start == one->frame->address)
		*code = here;
}

static int name_native(struct name_one *one)
{
	const struct profile *profile = one->naming->profile;
	const char *module = profile__module_name(profile, one->frame->where);
	struct profile_function function = { .kind = FRAME_NATIVE, .module = module };
	struct code_file *file = one->naming->file_of(one->naming->context,
						      profile__module_at(profile,
									 one->frame->where));
	struct line_entry entries[LINE_ENTRIES_MAX];
	struct code_name code = { 0 };
	size_t count = 0;

	if (one->file && file != one->file)
		code_file__close_lines(one->file);
	one->file = file;
	if (file)
		find_code(one, file, &code);
	if (file && code_file__has_lines(file)) {
		if (spent_ns() < one->deadline)
			count = code_file__lines(file, one->address, entries);
		else
			one->naming->frames_without_lines++;
	}
	if (count)
		return name_inlined(one, &code, module, entries, count);
	function.named = code.name;
	function.name = code.name ? demangled(one, code.name) : made_up(one, module, &code);
	return add(one, &function, 0);
}

static int name_python(struct name_one *one)
{
	const struct profile_code *code = profile__code_at(one->naming->profile,
							   one->frame->where);
	const char *slash = strrchr(code->file, '/');
	struct profile_function function = {
		.kind = FRAME_PYTHON, .name = code->name, .file = code->file,
		.module = slash ? slash + 1 : code->file, .line = code->first_line,
		.named = code->name[0],
	};

	if (!function.named)
		function.name = "[unknown]";
	return add(one, &function, one->frame->address <= UINT32_MAX ? one->frame->address : 0);
}

static int name_jit(struct name_one *one)
{
	const struct profile_process *process = profile__process_at(one->naming->profile,
								    one->frame->where);
	struct perfmap *map = one->naming->map_of(one->naming->context, process->pid);
	const struct perfmap_symbol *symbol = map ? perfmap__find(map, one->address) : NULL;
	struct profile_function function = { .kind = FRAME_JIT, .module = "[jit]" };

	if (symbol) {
		function.name = symbol->name;
		function.file = symbol->file;
		function.line = symbol->line;
		function.named = true;
	} else {
		function.name = "[unnamed code in anonymous memory]";
	}
	return add(one, &function, 0);
}

static int name_unknown(struct name_one *one)
{
	return add(one, &(struct profile_function){ .kind = FRAME_UNKNOWN, .name = "[unknown]" }, 0);
}

static int (*const by_kind[FRAME_KIND_NR])(struct name_one *one) = {
	[FRAME_KERNEL] = name_kernel,
	[FRAME_NATIVE] = name_native,
	[FRAME_PYTHON] = name_python,
	[FRAME_JIT] = name_jit,
	[FRAME_UNKNOWN] = name_unknown,
};

struct order {
	const struct profile *profile;
	uint64_t *weights;	/* by module: samples that are in it, once for each of its frames */
	uint32_t *frames;
	size_t count;
};

static void weigh(struct order *order)
{
	for (size_t i = 0; i < profile__sample_count(order->profile); i++) {
		const struct profile_sample *sample = profile__sample_at(order->profile, i);
		struct profile_stack stack;

		profile__stack_at(order->profile, sample->stack, &stack);
		for (size_t j = 0; j < stack.count; j++) {
			const struct frame *frame =
				profile__frame_at(order->profile, stack.frames[j]);

			if (frame->kind == FRAME_NATIVE)
				order->weights[frame->where] += sample->count;
		}
	}
}

static int by_file(const void *a, const void *b, void *context)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct order *order = context;
	const struct frame *x = profile__frame_at(order->profile, i);
	const struct frame *y = profile__frame_at(order->profile, j);

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->kind == FRAME_NATIVE && x->where != y->where) {
		uint64_t mine = order->weights[x->where], other = order->weights[y->where];

		if (mine != other)
			return mine > other ? -1 : 1;
		return x->where < y->where ? -1 : 1;
	}
	return i < j ? -1 : i > j;
}

/*
 * Those without a name; of one file after the other, so that one file's lines are
 * open, and first of that in which most time is spent, as there is a budget.
 */
static int order__init(struct order *order, const struct profile *profile)
{
	size_t frames = profile__frame_count(profile), lines;

	order->profile = profile;
	order->frames = calloc(frames + 1, sizeof(*order->frames));
	order->weights = calloc(profile__module_count(profile) + 1, sizeof(*order->weights));
	if (!order->frames || !order->weights)
		return -ENOMEM;
	for (size_t i = 0; i < frames; i++) {
		profile__lines(profile, i, &lines);
		if (!lines)
			order->frames[order->count++] = i;
	}
	weigh(order);
	qsort_r(order->frames, order->count, sizeof(*order->frames), by_file, order);
	return 0;
}

int naming__run(struct naming *naming)
{
	struct buf text = BUF_INIT;
	struct name_one one = { .naming = naming, .text = &text };
	struct order order = { 0 };
	int err = order__init(&order, naming->profile);

	one.deadline = spent_ns() + naming->budget_ns;
	for (size_t at = 0; at < order.count && !err; at++) {
		uint32_t i = order.frames[at];

		one.frame = profile__frame_at(naming->profile, i);
		one.address = one.frame->address - (one.frame->flags & FRAME_RETURN ? 1 : 0);
		one.count = 0;
		err = by_kind[one.frame->kind](&one);
		if (!err)
			err = profile__name(naming->profile, i, one.lines, one.count);
	}
	if (one.file)
		code_file__close_lines(one.file);
	if (text.error)
		err = text.error;
	free(order.frames);
	free(order.weights);
	buf__free(&text);
	return err;
}
