// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/symbols.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/intern.h"
#include "base/units.h"
#include "model/profile.h"
#include "symbol/code_file.h"
#include "symbol/kernel.h"
#include "symbol/naming.h"
#include "symbol/perfmap.h"

#define BACKGROUND_NICE 10

/* What the thread has to read; one of the two. */
struct job {
	struct job *next;
	struct code_file *file;
	struct perfmap *map;
	pid_t pid;
};

struct jit {
	struct perfmap *map;
	int error;		/* of opening it */
	bool queued;
};

struct symbols {
	pthread_t thread;
	bool started;
	pid_t tid;		/* of the thread; 0: not known yet */
	pthread_mutex_t lock;	/* of all that follows, but for what a job is about */
	pthread_cond_t changed;
	bool stopping;
	bool busy;
	struct job *first;
	struct job **last;
	struct intern *keys;	/* of files: the number is the index */
	struct code_file **files;
	struct hash *jits;	/* by pid */
	kernel_names_fn ask_kernel;
	struct kernel_symbols *kernel;
	int kernel_error;
	uint64_t frames_without_lines;
};

static void read_job(struct symbols *symbols, struct job *job)
{
	struct jit *jit;

	if (job->file) {
		code_file__load(job->file);
		return;
	}
	perfmap__refresh(job->map);
	pthread_mutex_lock(&symbols->lock);
	jit = hash__get(symbols->jits, job->pid, 0);
	jit->queued = false;
	pthread_mutex_unlock(&symbols->lock);
}

static void *work(void *context)
{
	struct symbols *symbols = context;
	bool worked = false;
	struct job *job;

	/* Linux has a priority for each thread */
	setpriority(PRIO_PROCESS, gettid(), BACKGROUND_NICE);
	pthread_mutex_lock(&symbols->lock);
	symbols->tid = gettid();
	pthread_mutex_unlock(&symbols->lock);
	pthread_mutex_lock(&symbols->lock);
	for (;;) {
		symbols->busy = symbols->first;
		pthread_cond_broadcast(&symbols->changed);
		if (symbols->stopping)
			break;
		job = symbols->first;
		if (!job && worked) {
			/* what reading took is free, but still ours */
			pthread_mutex_unlock(&symbols->lock);
			malloc_trim(0);
			pthread_mutex_lock(&symbols->lock);
			worked = false;
			continue;
		}
		if (!job) {
			pthread_cond_wait(&symbols->changed, &symbols->lock);
			continue;
		}
		symbols->first = job->next;
		if (!symbols->first)
			symbols->last = &symbols->first;
		pthread_mutex_unlock(&symbols->lock);
		read_job(symbols, job);
		free(job);
		worked = true;
		pthread_mutex_lock(&symbols->lock);
	}
	pthread_mutex_unlock(&symbols->lock);
	return NULL;
}

/* Signals are for the thread that called us. */
static int start(struct symbols *symbols)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	symbols->busy = true;
	err = pthread_create(&symbols->thread, NULL, work, symbols);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	symbols->started = !err;
	return -err;
}

int symbols__new(struct symbols **out, kernel_names_fn names)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));
	int err = -ENOMEM;

	*out = symbols;
	if (!symbols)
		return -ENOMEM;
	pthread_mutex_init(&symbols->lock, NULL);
	pthread_cond_init(&symbols->changed, NULL);
	symbols->last = &symbols->first;
	symbols->ask_kernel = names;
	symbols->keys = intern__new();
	symbols->jits = hash__new();
	if (symbols->keys && symbols->jits)
		err = start(symbols);
	if (err) {
		symbols__free(symbols);
		*out = NULL;
	}
	return err;
}

void symbols__free(struct symbols *symbols)
{
	struct hash_entry entry;
	size_t cursor = 0;
	struct job *next;

	if (!symbols)
		return;
	if (symbols->started) {
		pthread_mutex_lock(&symbols->lock);
		symbols->stopping = true;
		pthread_cond_broadcast(&symbols->changed);
		pthread_mutex_unlock(&symbols->lock);
		pthread_join(symbols->thread, NULL);
	}
	for (struct job *job = symbols->first; job; job = next) {
		next = job->next;
		free(job);
	}
	for (size_t i = 0; symbols->keys && i < intern__count(symbols->keys); i++)
		code_file__free(symbols->files[i]);
	while (symbols->jits && hash__next(symbols->jits, &cursor, &entry)) {
		perfmap__free(((struct jit *)entry.value)->map);
		free(entry.value);
	}
	free(symbols->files);
	intern__free(symbols->keys);
	hash__free(symbols->jits);
	kernel_symbols__free(symbols->kernel);
	pthread_cond_destroy(&symbols->changed);
	pthread_mutex_destroy(&symbols->lock);
	free(symbols);
}

/* The lock is held. */
static int enqueue(struct symbols *symbols, const struct job *like)
{
	struct job *job = malloc(sizeof(*job));

	if (!job)
		return -ENOMEM;
	*job = *like;
	job->next = NULL;
	*symbols->last = job;
	symbols->last = &job->next;
	symbols->busy = true;
	pthread_cond_broadcast(&symbols->changed);
	return 0;
}

/* What has the same build id has the same symbols, wherever it lies. */
static int key_of(struct symbols *symbols, const struct profile_module *module, bool *added)
{
	struct {
		uint64_t length;
		uint64_t device;
		uint64_t inode;
		uint8_t build_id[PROFILE_BUILD_ID_MAX];
	} key = { .length = module->build_id_length };

	if (module->build_id_length) {
		memcpy(key.build_id, module->build_id, module->build_id_length);
	} else {
		key.device = module->device;
		key.inode = module->inode;
	}
	return intern__add(symbols->keys, &key, sizeof(key), added);
}

/* The index of its file, new or not; the lock is held. */
static int add_file(struct symbols *symbols, const struct profile_module *module)
{
	size_t count = intern__count(symbols->keys);
	struct code_file **moved;
	bool added;
	int index;

	moved = reallocarray(symbols->files, count + 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	symbols->files = moved;
	moved[count] = NULL;
	index = key_of(symbols, module, &added);
	if (index < 0 || !added)
		return index;
	moved[index] = code_file__new(module);
	if (moved[index])
		enqueue(symbols, &(struct job){ .file = moved[index] });
	return index;
}

int symbols__prepare(struct symbols *symbols, const struct profile_module *module)
{
	int index;

	pthread_mutex_lock(&symbols->lock);
	index = add_file(symbols, module);
	pthread_mutex_unlock(&symbols->lock);
	return index < 0 ? index : 0;
}

/* The lock is held. */
static int add_jit(struct symbols *symbols, pid_t pid)
{
	struct jit *jit = hash__get(symbols->jits, pid, 0);

	if (!jit) {
		jit = calloc(1, sizeof(*jit));
		if (!jit)
			return -ENOMEM;
		jit->map = perfmap__new();
		if (!jit->map || hash__set(symbols->jits, pid, 0, jit)) {
			perfmap__free(jit->map);
			free(jit);
			return -ENOMEM;
		}
	}
	/* at once: the process may exit before the thread gets to it */
	jit->error = perfmap__open(jit->map, pid);
	if (jit->error || jit->queued)
		return 0;
	jit->queued = !enqueue(symbols, &(struct job){ .map = jit->map, .pid = pid });
	return jit->queued ? 0 : -ENOMEM;
}

int symbols__follow(struct symbols *symbols, const struct profile *profile)
{
	int err = 0;

	pthread_mutex_lock(&symbols->lock);
	for (size_t i = 0; i < profile__module_count(profile) && err >= 0; i++)
		if (profile__module_used(profile, i))
			err = add_file(symbols, profile__module_at(profile, i));
	for (size_t i = 0; i < profile__process_count(profile) && err >= 0; i++)
		if (profile__process_at(profile, i)->has_jit)
			err = add_jit(symbols, profile__process_at(profile, i)->pid);
	pthread_mutex_unlock(&symbols->lock);
	return err < 0 ? err : 0;
}

/* Somebody waits now: no more politeness. */
static void wait_idle(struct symbols *symbols)
{
	pthread_mutex_lock(&symbols->lock);
	while (symbols->busy) {
		if (symbols->tid)
			setpriority(PRIO_PROCESS, symbols->tid, getpriority(PRIO_PROCESS, 0));
		pthread_cond_wait(&symbols->changed, &symbols->lock);
	}
	if (symbols->tid)
		setpriority(PRIO_PROCESS, symbols->tid, BACKGROUND_NICE);
	pthread_mutex_unlock(&symbols->lock);
}

static struct code_file *file_of(void *context, const struct profile_module *module)
{
	struct symbols *symbols = context;
	int index = add_file(symbols, module);

	return index < 0 ? NULL : symbols->files[index];
}

static struct perfmap *map_of(void *context, pid_t pid)
{
	struct symbols *symbols = context;
	struct jit *jit = hash__get(symbols->jits, pid, 0);

	return jit ? jit->map : NULL;
}

static int look_up(struct symbols *symbols, const uint64_t *addresses, size_t count)
{
	int asked = -ENOSYS, err;

	if (symbols->ask_kernel)
		asked = kernel_symbols__ask(&symbols->kernel, symbols->ask_kernel, addresses,
					    count);
	if (!asked)
		return 0;
	err = kernel_symbols__new(&symbols->kernel, NULL, addresses, count);
	/* it would have told of functions: there are none at these addresses */
	return asked == -ENOENT && err == -EPERM ? 0 : err;
}

/* Names of the kernel's frames that have none yet. */
static int read_kernel(struct symbols *symbols, const struct profile *profile)
{
	size_t frames = profile__frame_count(profile), count = 0, lines;
	uint64_t *addresses = calloc(frames + 1, sizeof(*addresses));
	const struct frame *frame;

	if (!addresses)
		return -ENOMEM;
	for (size_t i = 0; i < frames; i++) {
		frame = profile__frame_at(profile, i);
		profile__lines(profile, i, &lines);
		if (frame->kind == FRAME_KERNEL && !lines)
			addresses[count++] = frame->address;
	}
	if (count) {
		kernel_symbols__free(symbols->kernel);
		symbols->kernel_error = look_up(symbols, addresses, count);
	}
	free(addresses);
	return symbols->kernel_error == -ENOMEM ? -ENOMEM : 0;
}

int symbols__name(struct symbols *symbols, struct profile *profile, uint64_t budget_ns)
{
	struct naming naming = { .profile = profile, .context = symbols, .file_of = file_of,
				 .map_of = map_of, .budget_ns = budget_ns };
	int err = symbols__follow(symbols, profile);

	if (!err)
		err = read_kernel(symbols, profile);
	if (err)
		return err;
	wait_idle(symbols);
	pthread_mutex_lock(&symbols->lock);
	naming.kernel = symbols->kernel;
	err = naming__run(&naming);
	symbols->frames_without_lines = naming.frames_without_lines;
	pthread_mutex_unlock(&symbols->lock);
	return err;
}

void symbols__state(const struct symbols *symbols, struct symbols_state *state)
{
	*state = (struct symbols_state){ .frames_without_lines = symbols->frames_without_lines };
	if (symbols->kernel_error == -EPERM)
		state->why_no_kernel = "the kernel hides its addresses "
				       "(kernel.kptr_restrict; CAP_SYSLOG shows them)";
	else if (symbols->kernel_error == -ENOENT)
		state->why_no_kernel = "the kernel names no function and has no /proc/kallsyms "
				       "(CONFIG_KALLSYMS is not set)";
	else if (symbols->kernel_error)
		state->why_no_kernel = "/proc/kallsyms cannot be read";
}

const char *symbols__why_no_map(const struct symbols *symbols, pid_t pid)
{
	const struct jit *jit = hash__get(symbols->jits, pid, 0);
	struct perfmap_state state;

	if (!jit)
		return "nobody has looked for its perf map";
	perfmap__state(jit->map, &state);
	if (state.symbols)
		return NULL;
	if (jit->error == -EPERM)
		return "its perf map belongs to another user";
	return jit->error ? "it writes no perf map" : "its perf map is empty";
}
