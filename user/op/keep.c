// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "op/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "store/kept.h"
#include "symbol/elf.h"

/* What is being decided, and then stored. */
struct keeper {
	const struct keep *what;
	struct bench_result *result;
	struct arena arena;
	char *program, *interpreter, *script;	/* real paths; malloc'ed */
	bool reads_code;			/* the program is one that runs scripts */
};

/* Programs that run what a file says: by the names that they go by. */
static bool runs_scripts(const char *path)
{
	static const char *const names[] = {
		"python*", "pypy*", "perl*", "ruby*", "node", "nodejs", "bash", "dash", "sh",
		"zsh", "ksh*", "busybox", "php*", "lua*", "tclsh*", "Rscript", "R", "guile*",
		"julia", "java", "bun", "deno", "gawk", "mawk", "awk",
	};
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_glob(names[i], slash ? slash + 1 : path))
			return true;
	return false;
}

static bool is_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct elf *elf;
	bool is;

	if (fd < 0 || elf__open_kept(&elf, fd))
		return false;
	is = elf__is_program(elf);
	elf__free(elf);
	return is;
}

/* A regular file's real path, the caller's; NULL: it is none. */
static char *find_file(const struct keep *what, const char *name)
{
	char *path = NULL, *real;
	struct stat st;

	if (*name == '/' || !what->cwd)
		real = realpath(name, NULL);
	else
		real = asprintf(&path, "%s/%s", what->cwd, name) < 0 ? NULL : realpath(path, NULL);
	free(path);
	if (real && !stat(real, &st) && S_ISREG(st.st_mode))
		return real;
	free(real);
	return NULL;
}

static bool is_same(const char *path, const char *other)
{
	return other && !strcmp(path, other);
}

/* The interpreter's own real path, or that of the one program that env(1) has found. */
static void find_interpreter(struct keeper *k, const struct shebang *line)
{
	char *named = realpath(line->interpreter, NULL);

	if (!line->by_env) {
		k->interpreter = named;
		return;
	}
	for (size_t i = 0; i < k->what->mapped_count && !k->interpreter; i++)
		if (is_program(k->what->mapped[i]) && !is_same(k->what->mapped[i], named))
			k->interpreter = strdup(k->what->mapped[i]);
	free(named);
}

static bool is_kept_one(const struct keeper *k, const struct shebang *line, const char *path)
{
	char *env = line->by_env ? realpath(line->interpreter, NULL) : NULL;
	bool is = is_same(path, k->program) || is_same(path, k->interpreter) || is_same(path, env);

	free(env);
	return is;
}

/* Programs that were started besides it: a copy would start those that are there then. */
static bool starts_others(const struct keeper *k, const struct shebang *line)
{
	const struct keep *what = k->what;
	struct buf names = BUF_INIT;
	bool any;

	for (size_t i = 0; i < what->mapped_count; i++)
		if (!is_kept_one(k, line, what->mapped[i]) && is_program(what->mapped[i]))
			buf__printf(&names, "%s%s", names.length ? ", " : "", what->mapped[i]);
	any = names.length > 0;
	if (any)
		bench_result__warn(k->result, KEEP_REFUSED ", as it runs other programs (%.200s), and "
				   "a copy of it would run those that are there then", buf__str(&names));
	buf__free(&names);
	return any;
}

/* The first word that names a file is the code; others are what it works on. */
static void find_script(struct keeper *k)
{
	if (!runs_scripts(k->interpreter ? k->interpreter : k->program))
		return;
	k->reads_code = true;
	for (char *const *word = k->what->argv + 1; !k->interpreter && !k->script && *word; word++)
		if (**word != '-')
			k->script = find_file(k->what, *word);
}

static bool decide(struct keeper *k)
{
	struct shebang line = { 0 };
	int err;

	if (!k->what->mapped)
		bench_result__warn(k->result, KEEP_REFUSED ": this kernel or privilege does not tell "
				   "which files it runs code of (perf_event_open)");
	k->program = find_file(k->what, k->what->program);
	if (k->what->mapped && !k->program)
		bench_result__warn(k->result, KEEP_REFUSED ": %s cannot be found", k->what->program);
	if (!k->what->mapped || !k->program)
		return false;
	err = shebang__read(&line, &k->arena, k->program);
	if (err && err != -ENOEXEC) {
		bench_result__warn(k->result, KEEP_REFUSED ": its first line is not understood");
		return false;
	}
	if (!err)
		find_interpreter(k, &line);
	if (!err && !k->interpreter) {
		bench_result__warn(k->result, KEEP_REFUSED ": what runs it is not found");
		return false;
	}
	find_script(k);
	return !starts_others(k, &line);
}

static bool store(struct keeper *k, enum kept_role role, const char *path)
{
	char sha256[KEPT_NAME];
	struct err e = { 0 };

	if (!path)
		return true;
	if (!kept__store(k->what->folder, path, sha256, &e) &&
	    !bench_result__add_kept(k->result, role, path, sha256))
		return true;
	bench_result__forget_kept(k->result);
	bench_result__warn(k->result, KEEP_REFUSED ": %s", *e.message ? e.message : "out of memory");
	return false;
}

/* The program first. */
static bool store_all(struct keeper *k)
{
	if (!store(k, KEPT_PROGRAM, k->program) ||
	    !store(k, KEPT_INTERPRETER, k->interpreter) || !store(k, KEPT_SCRIPT, k->script))
		return false;
	for (size_t i = 0; i < k->what->mapped_count; i++) {
		const char *path = k->what->mapped[i];

		if (!is_same(path, k->program) && !is_same(path, k->interpreter) &&
		    !is_program(path) && !store(k, KEPT_LIBRARY, path))
			return false;
	}
	return true;
}

void keep__store(const struct keep *what, struct bench_result *result)
{
	struct keeper k = { .what = what, .result = result };

	if (decide(&k) && store_all(&k) && k.reads_code)
		bench_result__warn(result, "of its code %s is kept, and nothing that it imports",
				   k.script ? k.script : k.interpreter ? k.program :
				   "the interpreter alone");
	arena__free(&k.arena);
	free(k.program);
	free(k.interpreter);
	free(k.script);
}
