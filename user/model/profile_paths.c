// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "model/profile_paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/intern.h"
#include "model/reason.h"

/* What a path is interned by: this, and its steps. */
struct path_key {
	uint32_t thread;
	uint16_t kind;
	uint16_t reason;
	uint32_t steps[];
};

struct weight {
	uint64_t samples;
	uint64_t ns;
};

struct paths {
	const struct profile *profile;
	unsigned int flags;
	struct intern *strings;
	struct intern *steps;	/* struct step */
	struct intern *keys;	/* struct path_key */
	struct weight *weights;	/* by key */
	size_t capacity;
	struct buf key;		/* the one that is being made */
};

void paths__free(struct paths *paths)
{
	if (!paths)
		return;
	intern__free(paths->strings);
	intern__free(paths->steps);
	intern__free(paths->keys);
	free(paths->weights);
	buf__free(&paths->key);
	free(paths);
}

static int put_step(struct paths *paths, const struct step *step)
{
	int index = intern__add(paths->steps, step, sizeof(*step), NULL);
	uint32_t number = index;

	return index < 0 ? index : buf__append(&paths->key, &number, sizeof(number));
}

static int put_named(struct paths *paths, enum step_kind kind, const char *name)
{
	struct step step;

	memset(&step, 0, sizeof(step));	/* its padding takes part */
	step.name = intern__string(paths->strings, name);
	step.kind = kind;
	return step.name ? put_step(paths, &step) : -ENOMEM;
}

static int put_function(struct paths *paths, uint32_t index)
{
	const struct profile_function *function = profile__function_at(paths->profile, index);
	struct step step;

	memset(&step, 0, sizeof(step));
	step.name = function->name;
	step.module = function->module;
	step.file = function->file;
	step.line = function->line;
	step.kind = function->kind;
	return put_step(paths, &step);
}

static int put_thread(struct paths *paths, uint32_t index)
{
	const struct profile_thread *thread = profile__thread_at(paths->profile, index);
	const struct profile_process *process = profile__process_at(paths->profile,
								    thread->process);
	char text[PPBPF_COMM_LEN + 16];

	if (paths->flags & PATHS_THREAD) {
		snprintf(text, sizeof(text), "%s [%d]",
			 thread->comm[0] ? thread->comm : process->comm, thread->tid);
		return put_named(paths, STEP_THREAD, text);
	}
	if (!(paths->flags & PATHS_PROCESS))
		return 0;
	return put_named(paths, STEP_PROCESS, process->comm[0] ? process->comm : "[unknown]");
}

static int put_wait(struct paths *paths, uint8_t reason)
{
	char text[32];

	if (reason >= PPBPF_REASON_NR)
		return put_named(paths, STEP_WAIT, "[waiting for a CPU]");
	snprintf(text, sizeof(text), "[waiting: %s]", reasons[reason].name);
	return put_named(paths, STEP_WAIT, text);
}

static int put_stack(struct paths *paths, const struct profile_stack *stack)
{
	int err = 0;

	if (stack->end != STACK_COMPLETE)
		err = put_named(paths, STEP_INCOMPLETE, "[incomplete]");
	for (size_t i = stack->count; i-- > 0 && !err;) {
		const struct profile_line *lines;
		size_t count;

		lines = profile__lines(paths->profile, stack->frames[i], &count);
		while (count-- > 0 && !err)
			err = put_function(paths, lines[count].function);
	}
	return err;
}

static int reserve(struct paths *paths)
{
	size_t capacity = paths->capacity ? paths->capacity * 2 : 256;
	struct weight *moved;

	if (intern__count(paths->keys) < paths->capacity)
		return 0;
	moved = reallocarray(paths->weights, capacity, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	paths->weights = moved;
	paths->capacity = capacity;
	return 0;
}

static int add_sample(struct paths *paths, const struct profile_sample *sample)
{
	struct path_key key = { .kind = sample->kind, .reason = sample->reason };
	struct profile_stack stack;
	int index, err;
	bool added;

	if (paths->flags & (PATHS_APART | PATHS_THREAD))
		key.thread = sample->thread;
	profile__stack_at(paths->profile, sample->stack, &stack);
	buf__truncate(&paths->key, 0);
	buf__append(&paths->key, &key, sizeof(key));
	err = put_thread(paths, sample->thread);
	if (!err)
		err = put_stack(paths, &stack);
	if (!err && sample->kind == SAMPLE_OFF_CPU)
		err = put_wait(paths, sample->reason);
	if (!err)
		err = paths->key.error ? paths->key.error : reserve(paths);
	if (err)
		return err;
	index = intern__add(paths->keys, paths->key.data, paths->key.length, &added);
	if (index < 0)
		return index;
	if (added)
		paths->weights[index] = (struct weight){ 0 };
	paths->weights[index].samples += sample->count;
	paths->weights[index].ns += sample->ns;
	return 0;
}

struct paths *paths__new(const struct profile *profile, unsigned int flags)
{
	struct paths *paths = calloc(1, sizeof(*paths));
	int err = 0;

	if (!paths)
		return NULL;
	paths->profile = profile;
	paths->flags = flags;
	paths->strings = intern__new();
	paths->steps = intern__new();
	paths->keys = intern__new();
	if (!paths->strings || !paths->steps || !paths->keys)
		err = -ENOMEM;
	for (size_t i = 0; i < profile__sample_count(profile) && !err; i++)
		err = add_sample(paths, profile__sample_at(profile, i));
	if (err) {
		paths__free(paths);
		return NULL;
	}
	return paths;
}

size_t paths__step_count(const struct paths *paths)
{
	return intern__count(paths->steps);
}

const struct step *paths__step(const struct paths *paths, size_t index)
{
	return intern__get(paths->steps, index, NULL);
}

size_t paths__count(const struct paths *paths)
{
	return intern__count(paths->keys);
}

void paths__at(const struct paths *paths, size_t index, struct path *path)
{
	size_t length;
	const struct path_key *key = intern__get(paths->keys, index, &length);

	*path = (struct path){
		.steps = key->steps,
		.count = (length - sizeof(*key)) / sizeof(key->steps[0]),
		.thread = key->thread, .kind = key->kind, .reason = key->reason,
		.samples = paths->weights[index].samples, .ns = paths->weights[index].ns,
	};
}

bool profile__has_processes(const struct profile *profile)
{
	const char *first = NULL;

	for (size_t i = 0; i < profile__sample_count(profile); i++) {
		uint32_t thread = profile__sample_at(profile, i)->thread;
		int process = profile__thread_at(profile, thread)->process;
		const char *comm = profile__process_at(profile, process)->comm;

		if (first && strcmp(first, comm) != 0)
			return true;
		first = comm;
	}
	return false;
}
