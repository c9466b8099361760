// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/index.h"
#include "base/intern.h"
#include "base/text.h"
#include "model/profile_stacks.h"

#define DELETED " (deleted)"
#define STACK_FRAMES_MAX 65536

/* Each gives its contents an index; what else is known of them lies in an array beside it. */
enum table {
	STRINGS,
	MODULES,	/* struct module_key, and the path of what has no inode */
	PROCESSES,	/* struct process_key */
	THREADS,	/* struct thread_key */
	CODES,		/* struct profile_code */
	FRAMES,		/* struct frame */
	FUNCTIONS,	/* struct profile_function */
	LINES,		/* struct profile_line, several */
	TABLE_NR,
};

struct module_key {
	uint64_t device;
	uint64_t inode;
	uint64_t build_id_length;
	uint8_t build_id[PROFILE_BUILD_ID_MAX];
};

struct process_key {
	uint64_t pid;
	uint64_t start_boot_ns;
};

struct thread_key {
	uint32_t process;
	uint32_t tid;
};

struct module {
	struct profile_module public;
	const char *name;
	bool used;
};

struct name {
	const struct profile_line *lines;
	size_t count;
};

struct tallies {
	struct profile_tally *rows;
	size_t count;
};

struct profile {
	struct intern *tables[TABLE_NR];
	struct module *modules;
	struct profile_process *processes;
	struct profile_thread *threads;
	struct profile_stacks stacks;
	struct profile_sample *samples;
	size_t sample_count;
	struct index sample_index;
	struct name *names;		/* by frame; zero: not named */
	size_t name_count;
	uint64_t by_end[STACK_END_NR];	/* samples */
	struct tallies reasons;
	struct tallies lost;
};

struct profile *profile__new(void)
{
	struct profile *p = calloc(1, sizeof(*p));

	for (int i = 0; p && i < TABLE_NR; i++) {
		p->tables[i] = intern__new();
		if (!p->tables[i]) {
			profile__free(p);
			return NULL;
		}
	}
	return p;
}

void profile__free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; p->tables[MODULES] && i < profile__module_count(p); i++) {
		if (p->modules[i].public.fd >= 0)
			close(p->modules[i].public.fd);
		free(p->modules[i].public.image);
	}
	for (int i = 0; i < TABLE_NR; i++)
		intern__free(p->tables[i]);
	free(p->modules);
	free(p->processes);
	free(p->threads);
	profile_stacks__free(&p->stacks);
	free(p->samples);
	index__free(&p->sample_index);
	free(p->names);
	free(p->reasons.rows);
	free(p->lost.rows);
	free(p);
}

/* ---- modules ------------------------------------------------------------ */

static int module_key(struct profile *p, const struct profile_module *module, bool *added)
{
	struct module_key key = { 0 };
	size_t length = module->inode ? 0 : strlen(module->path);
	char *bytes = malloc(sizeof(key) + length);
	int index = -ENOMEM;

	if (!bytes)
		return -ENOMEM;
	key.device = module->device;
	key.inode = module->inode;
	key.build_id_length = module->build_id_length;
	memcpy(key.build_id, module->build_id, key.build_id_length);
	memcpy(bytes, &key, sizeof(key));
	memcpy(bytes + sizeof(key), module->path, length);
	if (!profile_make_room(&p->modules, profile__module_count(p), sizeof(*p->modules)))
		index = intern__add(p->tables[MODULES], bytes, sizeof(key) + length, added);
	free(bytes);
	return index;
}

static const char *module_name(struct profile *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash && slash[1] ? slash + 1 : path;
	size_t length = strlen(base);
	char *copy = strdup(base);
	const char *name;

	if (!copy)
		return NULL;
	if (length > strlen(DELETED) && !strcmp(copy + length - strlen(DELETED), DELETED))
		copy[length - strlen(DELETED)] = '\0';
	name = intern__string(p->tables[STRINGS], copy);
	free(copy);
	return name;
}

int profile__module(struct profile *p, const struct profile_module *module)
{
	struct module row = { .public = *module };
	bool added = false;
	int index = -EINVAL;

	row.public.path = intern__string(p->tables[STRINGS], module->path);
	row.name = row.public.path ? module_name(p, module->path) : NULL;
	if (!row.name)
		index = -ENOMEM;
	else if (module->build_id_length <= PROFILE_BUILD_ID_MAX)
		index = module_key(p, module, &added);
	if (added) {
		p->modules[index] = row;
		return index;
	}
	if (module->fd >= 0)
		close(module->fd);
	free(module->image);
	return index;
}

size_t profile__module_count(const struct profile *p)
{
	return intern__count(p->tables[MODULES]);
}

const struct profile_module *profile__module_at(const struct profile *p, size_t index)
{
	return &p->modules[index].public;
}

bool profile__module_used(const struct profile *p, size_t index)
{
	return p->modules[index].used;
}

const char *profile__module_name(const struct profile *p, size_t index)
{
	return p->modules[index].name;
}

/* ---- processes and threads ---------------------------------------------- */

int profile__process(struct profile *p, pid_t pid, uint64_t start_boot_ns, const char *comm)
{
	struct process_key key = { pid, start_boot_ns };
	bool added;
	int index;

	if (profile_make_room(&p->processes, profile__process_count(p), sizeof(*p->processes)))
		return -ENOMEM;
	index = intern__add(p->tables[PROCESSES], &key, sizeof(key), &added);
	if (index < 0)
		return index;
	if (added)
		p->processes[index] = (struct profile_process){ pid, start_boot_ns, "", false };
	if (comm)
		text_copy(p->processes[index].comm, PPBPF_COMM_LEN, comm);
	return index;
}

size_t profile__process_count(const struct profile *p)
{
	return intern__count(p->tables[PROCESSES]);
}

const struct profile_process *profile__process_at(const struct profile *p, size_t index)
{
	return &p->processes[index];
}

int profile__thread(struct profile *p, int process, pid_t tid, const char *comm)
{
	struct thread_key key = { process, tid };
	bool added;
	int index;

	if (profile_make_room(&p->threads, profile__thread_count(p), sizeof(*p->threads)))
		return -ENOMEM;
	index = intern__add(p->tables[THREADS], &key, sizeof(key), &added);
	if (index < 0)
		return index;
	if (added)
		p->threads[index] = (struct profile_thread){ process, tid, "" };
	if (comm)
		text_copy(p->threads[index].comm, PPBPF_COMM_LEN, comm);
	return index;
}

size_t profile__thread_count(const struct profile *p)
{
	return intern__count(p->tables[THREADS]);
}

const struct profile_thread *profile__thread_at(const struct profile *p, size_t index)
{
	return &p->threads[index];
}

/* ---- code and stacks ---------------------------------------------------- */

int profile__code(struct profile *p, const struct profile_code *code)
{
	struct profile_code row;

	memset(&row, 0, sizeof(row));	/* its padding takes part */
	row.name = intern__string(p->tables[STRINGS], code->name ? code->name : "");
	row.file = intern__string(p->tables[STRINGS], code->file ? code->file : "");
	row.first_line = code->first_line;
	if (!row.name || !row.file)
		return -ENOMEM;
	return intern__add(p->tables[CODES], &row, sizeof(row), NULL);
}

const struct profile_code *profile__code_at(const struct profile *p, size_t index)
{
	return intern__get(p->tables[CODES], index, NULL);
}

static bool is_frame(const struct profile *p, const struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_KERNEL:
		return true;
	case FRAME_NATIVE:
		return frame->where < profile__module_count(p);
	case FRAME_PYTHON:
		return frame->where < intern__count(p->tables[CODES]);
	case FRAME_JIT:
	case FRAME_UNKNOWN:
		return frame->where < profile__process_count(p);
	default:
		return false;
	}
}

static int add_frame(struct profile *p, const struct frame *frame)
{
	struct frame row;

	if (!is_frame(p, frame))
		return -EINVAL;
	memset(&row, 0, sizeof(row));
	row.kind = frame->kind;
	row.flags = frame->flags;
	row.where = frame->kind == FRAME_KERNEL ? 0 : frame->where;
	row.address = frame->address;
	if (row.kind == FRAME_NATIVE)
		p->modules[row.where].used = true;
	else if (row.kind == FRAME_JIT)
		p->processes[row.where].has_jit = true;
	return intern__add(p->tables[FRAMES], &row, sizeof(row), NULL);
}

int profile__stack(struct profile *p, const struct frame *frames, size_t count,
		   enum stack_end end, const char *why)
{
	struct profile_stack stack = { .count = count, .end = end };
	uint32_t *numbers;
	int frame;

	if (count > STACK_FRAMES_MAX || end >= STACK_END_NR)
		return -EINVAL;
	numbers = profile_stacks__room(&p->stacks, count);
	if (!numbers)
		return -ENOMEM;
	if (end != STACK_COMPLETE) {
		stack.why = intern__string(p->tables[STRINGS], why ? why : "unknown");
		if (!stack.why)
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		frame = add_frame(p, &frames[i]);
		if (frame < 0)
			return frame;
		numbers[i] = frame;
	}
	stack.frames = numbers;
	return profile_stacks__add(&p->stacks, &stack);
}

size_t profile__stack_count(const struct profile *p)
{
	return p->stacks.stack_count;
}

void profile__stack_at(const struct profile *p, size_t index, struct profile_stack *stack)
{
	profile_stacks__at(&p->stacks, index, stack);
}

/* ---- samples ------------------------------------------------------------ */

static int tally(struct tallies *tallies, const char *name, uint64_t count)
{
	for (size_t i = 0; i < tallies->count; i++) {
		if (!strcmp(tallies->rows[i].name, name)) {
			tallies->rows[i].count += count;
			return 0;
		}
	}
	if (profile_make_room(&tallies->rows, tallies->count, sizeof(*tallies->rows)))
		return -ENOMEM;
	tallies->rows[tallies->count++] = (struct profile_tally){ name, count };
	return 0;
}

struct wanted {
	const struct profile_sample *samples;
	const struct profile_sample *sample;
};

static bool is_sample(const void *what, uint32_t number)
{
	const struct wanted *wanted = what;
	const struct profile_sample *x = &wanted->samples[number], *y = wanted->sample;

	return x->thread == y->thread && x->stack == y->stack && x->kind == y->kind &&
	       x->reason == y->reason;
}

/* The sum that a sample belongs to: a new one has nothing in it. NULL: no memory. */
static struct profile_sample *sum_of(struct profile *p, const struct profile_sample *sample)
{
	struct wanted wanted = { p->samples, sample };
	uint64_t place = (uint64_t)sample->thread << 32 | sample->stack;
	uint64_t hash = index_hash(&place, sizeof(place),
				   (uint64_t)sample->kind << 8 | sample->reason);
	uint32_t number;

	if (index__find(&p->sample_index, hash, is_sample, &wanted, &number))
		return &p->samples[number];
	if (p->sample_count == INT_MAX ||
	    profile_make_room(&p->samples, p->sample_count, sizeof(*p->samples)) ||
	    index__add(&p->sample_index, hash, p->sample_count))
		return NULL;
	p->samples[p->sample_count] = *sample;
	p->samples[p->sample_count].count = p->samples[p->sample_count].ns = 0;
	return &p->samples[p->sample_count++];
}

int profile__sample(struct profile *p, const struct profile_sample *sample)
{
	struct profile_sample *sum;
	enum stack_end end;
	const char *why;

	if (sample->stack >= profile__stack_count(p) ||
	    sample->thread >= profile__thread_count(p) ||
	    sample->kind >= SAMPLE_KIND_NR || sample->reason > PPBPF_REASON_RUN_QUEUE)
		return -EINVAL;
	end = profile_stacks__end(&p->stacks, sample->stack, &why);
	if (why && tally(&p->reasons, why, sample->count))
		return -ENOMEM;
	sum = sum_of(p, sample);
	if (!sum)
		return -ENOMEM;
	sum->count += sample->count;
	sum->ns += sample->ns;
	p->by_end[end] += sample->count;
	return 0;
}

size_t profile__sample_count(const struct profile *p)
{
	return p->sample_count;
}

const struct profile_sample *profile__sample_at(const struct profile *p, size_t index)
{
	return &p->samples[index];
}

int profile__lost(struct profile *p, const char *name, uint64_t count)
{
	name = intern__string(p->tables[STRINGS], name);
	return name ? tally(&p->lost, name, count) : -ENOMEM;
}

void profile__quality(const struct profile *p, struct profile_quality *quality)
{
	*quality = (struct profile_quality){
		.frames = profile__frame_count(p),
		.reasons = p->reasons.rows, .reason_count = p->reasons.count,
		.lost = p->lost.rows, .lost_count = p->lost.count,
	};
	for (int i = 0; i < STACK_END_NR; i++) {
		quality->by_end[i] = p->by_end[i];
		quality->samples += p->by_end[i];
	}
	for (size_t i = 0; i < p->name_count; i++) {
		const struct name *name = &p->names[i];

		if (!name->count ||
		    !profile__function_at(p, name->lines[name->count - 1].function)->named)
			quality->nameless_frames++;
	}
	quality->nameless_frames += quality->frames - p->name_count;
}

/* ---- names -------------------------------------------------------------- */

int profile__function(struct profile *p, const struct profile_function *function)
{
	struct intern *strings = p->tables[STRINGS];
	struct profile_function row;

	memset(&row, 0, sizeof(row));
	row.name = intern__string(strings, function->name);
	row.module = intern__string(strings, function->module);
	row.file = intern__string(strings, function->file);
	row.line = function->line;
	row.kind = function->kind;
	row.named = function->named;
	if (!row.name || (function->module && !row.module) || (function->file && !row.file))
		return -ENOMEM;
	return intern__add(p->tables[FUNCTIONS], &row, sizeof(row), NULL);
}

size_t profile__function_count(const struct profile *p)
{
	return intern__count(p->tables[FUNCTIONS]);
}

const struct profile_function *profile__function_at(const struct profile *p, size_t index)
{
	return intern__get(p->tables[FUNCTIONS], index, NULL);
}

size_t profile__frame_count(const struct profile *p)
{
	return intern__count(p->tables[FRAMES]);
}

const struct frame *profile__frame_at(const struct profile *p, size_t index)
{
	return intern__get(p->tables[FRAMES], index, NULL);
}

int profile__name(struct profile *p, size_t frame, const struct profile_line *lines, size_t count)
{
	int index;

	if (!count || frame >= profile__frame_count(p))
		return -EINVAL;
	for (; p->name_count <= frame; p->name_count++) {
		if (profile_make_room(&p->names, p->name_count, sizeof(*p->names)))
			return -ENOMEM;
		p->names[p->name_count] = (struct name){ 0 };
	}
	index = intern__add(p->tables[LINES], lines, count * sizeof(*lines), NULL);
	if (index < 0)
		return index;
	p->names[frame] = (struct name){ intern__get(p->tables[LINES], index, NULL), count };
	return 0;
}

const struct profile_line *profile__lines(const struct profile *p, size_t frame, size_t *count)
{
	bool known = frame < p->name_count;

	*count = known ? p->names[frame].count : 0;
	return known ? p->names[frame].lines : NULL;
}
