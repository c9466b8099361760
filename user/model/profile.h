/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A profile: which code ran, or waited, for how long, by call stack.
 *
 * A collector fills it with addresses: modules (files that code was mapped
 * from), processes, threads, stacks of frames, and samples of them. The room
 * symbol then says which functions the frames stand for (profile__name()), and
 * sinks read the whole. Everything is interned and referred to by its index,
 * which stays valid; the tables only grow. One thread at a time.
 *
 * Functions that return an index return a negative errno without memory, or
 * -E2BIG when a table is full.
 */
#ifndef PPBPF_MODEL_PROFILE_H
#define PPBPF_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ppbpf_abi.h"

struct profile;

struct profile *profile__new(void); /* NULL: no memory */
void profile__free(struct profile *p);

/* ---- where code lies ---------------------------------------------------- */

#define PROFILE_BUILD_ID_MAX 64

/*
 * A file that code is mapped from, or an image of it (the vDSO). It must be
 * readable after its process has exited: give an open descriptor wherever one
 * can be had at mapping time.
 */
struct profile_module {
	const char *path;	/* as the process sees it, "/usr/lib/x.so (deleted)"; "[vdso]" */
	uint8_t build_id[PROFILE_BUILD_ID_MAX];
	size_t build_id_length;	/* 0: it has none */
	uint64_t device;
	uint64_t inode;		/* 0: it is no file */
	int fd;			/* open for reading, owned by the profile from here on; -1: none */
	void *image;		/* the bytes of what is no file, owned; NULL: it is a file */
	size_t image_size;
	pid_t pid;		/* a process that maps it: /proc/PID/root leads to its debug files */
};

/*
 * Adds a module, unless it is there: with the same inode and build id, whatever
 * path led to it; of what is no file, with the same path and build id. `fd` and
 * `image` are taken over or closed in any case.
 */
int profile__module(struct profile *p, const struct profile_module *module);
size_t profile__module_count(const struct profile *p);
const struct profile_module *profile__module_at(const struct profile *p, size_t index);
/* Whether a stack names it: others' symbols need not be read. */
bool profile__module_used(const struct profile *p, size_t index);
/* The last part of its path, without " (deleted)". */
const char *profile__module_name(const struct profile *p, size_t index);

/* ---- who runs ----------------------------------------------------------- */

struct profile_process {
	pid_t pid;			/* 0: the kernel itself (idle, interrupts) */
	uint64_t start_boot_ns;		/* with pid, its identity; 0: not known */
	char comm[PPBPF_COMM_LEN];
	bool has_jit;			/* a stack has a frame in its anonymous memory */
};

struct profile_thread {
	int process;			/* index */
	pid_t tid;
	char comm[PPBPF_COMM_LEN];
};

/* A later name (after exec, prctl) replaces an earlier one; NULL keeps it. */
int profile__process(struct profile *p, pid_t pid, uint64_t start_boot_ns, const char *comm);
size_t profile__process_count(const struct profile *p);
const struct profile_process *profile__process_at(const struct profile *p, size_t index);
int profile__thread(struct profile *p, int process, pid_t tid, const char *comm);
size_t profile__thread_count(const struct profile *p);
const struct profile_thread *profile__thread_at(const struct profile *p, size_t index);

/* ---- what they run ------------------------------------------------------ */

enum frame_kind {
	FRAME_KERNEL,	/* address: in the kernel */
	FRAME_NATIVE,	/* where: module; address: ELF virtual address (not a file's offset) */
	FRAME_PYTHON,	/* where: code object; address: line, 0 when not known */
	FRAME_JIT,	/* where: process; address: in its memory that no file lies behind */
	FRAME_UNKNOWN,	/* where: process; address: in memory that nothing is known of */
	FRAME_KIND_NR,
};

/*
 * The address is that of the instruction after a call: the call lies before
 * it. Not set where the frame stood when it was sampled (the first one, the
 * first of user space, one that a signal interrupted).
 */
#define FRAME_RETURN 1u

struct frame {
	uint8_t kind;		/* enum frame_kind */
	uint8_t flags;		/* FRAME_* */
	uint32_t where;		/* index by kind; 0 for the kernel */
	uint64_t address;
};

/* A Python function, as its code object tells. Strings are copied. */
struct profile_code {
	const char *name;	/* qualified where the interpreter knows it: "Report.render" */
	const char *file;	/* co_filename */
	uint32_t first_line;
};

int profile__code(struct profile *p, const struct profile_code *code);
const struct profile_code *profile__code_at(const struct profile *p, size_t index);

/* How a stack ended. */
enum stack_end {
	STACK_COMPLETE,		/* its root was reached */
	STACK_TRUNCATED,	/* there is more: deeper than the walker's limit */
	STACK_FAILED,		/* the walk ended before the root, for a reason */
	STACK_END_NR,
};

/*
 * Interns a stack, innermost frame first; `count` 0 is an empty one. `why`
 * says in a word or two why it is not complete ("no unwind table", "frame
 * limit"): quality is told by it; NULL for a complete one.
 */
int profile__stack(struct profile *p, const struct frame *frames, size_t count,
		   enum stack_end end, const char *why);

enum sample_kind {
	SAMPLE_ON_CPU,
	SAMPLE_OFF_CPU,
	SAMPLE_KIND_NR,
};

/* So often a thread was found with this stack (on CPU), or waited there (off CPU). */
struct profile_sample {
	uint32_t thread;	/* index */
	uint32_t stack;		/* index */
	uint8_t kind;		/* enum sample_kind */
	uint8_t reason;		/* enum ppbpf_reason, RUN_QUEUE included; on CPU 0 */
	uint64_t count;		/* samples; off CPU the times that it waited */
	uint64_t ns;		/* time that they stand for */
};

/* Adds to what is known of the same thread, stack, kind and reason. 0 or negative errno. */
int profile__sample(struct profile *p, const struct profile_sample *sample);
size_t profile__sample_count(const struct profile *p);
const struct profile_sample *profile__sample_at(const struct profile *p, size_t index);

/* `count` more of a kind of loss, by its name in metadata.dropped. 0 or -ENOMEM. */
int profile__lost(struct profile *p, const char *name, uint64_t count);

/* ---- quality ------------------------------------------------------------ */

struct profile_tally {
	const char *name;
	uint64_t count;
};

/* In samples: on CPU as counted, off CPU each wait. */
struct profile_quality {
	uint64_t samples;
	uint64_t by_end[STACK_END_NR];
	uint64_t nameless_frames;	/* distinct frames that no name was found for */
	uint64_t frames;		/* distinct frames */
	const struct profile_tally *reasons;	/* of truncated and failed stacks */
	size_t reason_count;
	const struct profile_tally *lost;
	size_t lost_count;
};

void profile__quality(const struct profile *p, struct profile_quality *quality);

/* ---- names -------------------------------------------------------------- */

struct profile_function {
	const char *name;	/* for people: demangled */
	const char *module;	/* "libz.so.1.2.13", "[kernel]", "report.py"; NULL: not known */
	const char *file;	/* source; NULL: not known */
	uint32_t line;		/* where it begins; 0: not known */
	uint8_t kind;		/* enum frame_kind */
	bool named;		/* false: `name` is made of the address */
};

int profile__function(struct profile *p, const struct profile_function *function);
size_t profile__function_count(const struct profile *p);
const struct profile_function *profile__function_at(const struct profile *p, size_t index);

/* A frame is one function, or several when some were inlined. */
struct profile_line {
	uint32_t function;	/* index */
	uint32_t line;		/* executing or calling; 0: not known */
};

size_t profile__frame_count(const struct profile *p);
const struct frame *profile__frame_at(const struct profile *p, size_t index);

/*
 * Says what a frame is: the innermost inlined function first, the one that
 * has the code last. At least one; naming it again replaces it.
 */
int profile__name(struct profile *p, size_t frame, const struct profile_line *lines, size_t count);
const struct profile_line *profile__lines(const struct profile *p, size_t frame, size_t *count);

/* The frames of a stack as indices, innermost first; they stay until the next one is asked for. */
struct profile_stack {
	const uint32_t *frames;
	size_t count;
	uint8_t end;		/* enum stack_end */
	const char *why;	/* it is not complete; or NULL */
};

size_t profile__stack_count(const struct profile *p);
void profile__stack_at(const struct profile *p, size_t index, struct profile_stack *stack);

#endif
