// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "store/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "model/suite.h"

_Static_assert(KEPT_NAME == SHA256_DIGEST_STRING_LENGTH, "a digest in hexadecimal");

#define CHUNK (256 * 1024)
#define LINE_MAX_BYTES 255	/* of a script's first line, as the kernel reads it */

static int cannot(struct err *e, const char *what, const char *path, int error)
{
	return err__set(e, error == ENOENT ? ERR_NOT_FOUND : ERR_IO, -error, "%s cannot be %s: %s",
			path, what, strerror(error));
}

/* Copies, if there is where to, and digests. */
static int digest(const char *path, FILE *to, char *sha256, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	char *chunk = malloc(CHUNK);
	SHA2_CTX context;
	struct stat st;
	ssize_t got;

	if (fd < 0 || !chunk || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		err = fd < 0 ? errno : !chunk ? ENOMEM : EINVAL;
		goto out;
	}
	SHA256Init(&context);
	while ((got = read(fd, chunk, CHUNK)) > 0) {
		SHA256Update(&context, (uint8_t *)chunk, got);
		if (to && fwrite(chunk, 1, got, to) != (size_t)got)
			err = errno ? errno : EIO;
	}
	if (got < 0)
		err = errno;
	SHA256End(&context, sha256);
out:
	if (fd >= 0)
		close(fd);
	free(chunk);
	return err ? cannot(e, "kept", path, err) : 0;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* The copy is made while it is digested: the file may change meanwhile, the copy may not. */
static int copy(const char *path, const char *target, const char *expected, struct err *e)
{
	struct atomic_file *file = atomic_file__open(target, e);
	char sha256[KEPT_NAME];
	int err;

	if (!file)
		return e->code;
	err = digest(path, atomic_file__stream(file), sha256, e);
	if (!err && strcmp(sha256, expected))
		err = err__set(e, ERR_IO, -EAGAIN, "%s changes while it is kept", path);
	if (!err && fchmod(fileno(atomic_file__stream(file)), 0755))
		err = cannot(e, "kept", path, errno);
	if (!err)
		err = atomic_file__commit(file, e);
	atomic_file__free(file);
	return err;
}

int kept__store(const char *folder, const char *path, char *sha256, struct err *e)
{
	char *target = NULL, *kept = NULL;
	int err;

	if (asprintf(&kept, "%s/kept", folder) < 0) {
		kept = NULL;
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	err = make_folder(kept, e);
	if (!err)
		err = digest(path, NULL, sha256, e);
	if (!err && asprintf(&target, "%s/%s", kept, sha256) < 0) {
		target = NULL;
		err = err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	}
	if (!err && !is_there(target))
		err = copy(path, target, sha256, e);
	free(target);
	free(kept);
	return err;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ld-linux-x86-64.so.2, ld-linux-aarch64.so.1, ld-musl-x86_64.so.1, ld-2.31.so */
static bool is_loader(const char *path)
{
	return !strncmp(base_name(path), "ld-", 3) && strstr(base_name(path), ".so");
}

/* Libraries are found by the names in whoever needs them, "libz.so.1": the file's or a link's. */
static int link_all_names(const char *where, const char *object, const char *path,
			  struct err *e)
{
	char *dot, *name = strdup(base_name(path)), *link = NULL, *target = NULL;
	int err = name ? 0 : -ENOMEM;

	/* libz.so.1.2.13 goes by libz.so.1.2, libz.so.1 and libz.so as well */
	while (!err) {
		if (asprintf(&link, "%s/%s", where, name) < 0 ||
		    asprintf(&target, "../%s", object) < 0)
			err = -ENOMEM;
		else if (symlink(target, link) && errno != EEXIST)
			err = -errno;
		free(link);
		free(target);
		link = target = NULL;
		dot = strrchr(name, '.');
		if (err || !dot || !strcmp(dot, ".so"))
			break;
		*dot = '\0';
	}
	free(name);
	if (err)
		err__set(e, ERR_IO, err, "%s cannot be linked in %s: %s", path, where,
			 strerror(-err));
	return err;
}

/* A file that is there, and is what its name says. */
static int check(const char *folder, const struct bench_kept *kept, struct err *e)
{
	char *path, found[KEPT_NAME];
	int err;

	if (strlen(kept->sha256) != KEPT_NAME - 1 ||
	    kept->sha256[strspn(kept->sha256, "0123456789abcdef")])
		return err__set(e, ERR_IO, -EINVAL, "\"%s\" is no name of a kept file", kept->sha256);
	if (asprintf(&path, "%s/kept/%s", folder, kept->sha256) < 0)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	if (!is_there(path)) {
		err = err__set(e, ERR_NOT_FOUND, -ENOENT, "%s, kept as %s, is not there any more",
			       kept->path, path);
		err__hint(e, "measure that release again with --keep");
	} else {
		err = digest(path, NULL, found, e);
		if (!err && strcmp(found, kept->sha256))
			err = err__set(e, ERR_IO, -EINVAL, "%s is not what was kept: its content "
				       "has changed", path);
	}
	free(path);
	return err;
}

/* A folder for this set of files: named by the program and, as libraries differ, by all. */
static char *make_run_folder(struct arena *arena, const char *folder,
			     const struct bench_kept *kept, size_t count, struct err *e)
{
	char sha256[KEPT_NAME], *where;
	SHA2_CTX context;

	SHA256Init(&context);
	for (size_t i = 0; i < count; i++) {
		SHA256Update(&context, (const uint8_t *)kept[i].path, strlen(kept[i].path) + 1);
		SHA256Update(&context, (const uint8_t *)kept[i].sha256, KEPT_NAME);
	}
	SHA256End(&context, sha256);
	where = arena__printf(arena, "%s/kept/run-%.32s", folder, sha256);
	if (!where)
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	else if (make_folder(where, e))
		where = NULL;
	return where;
}

static char **one_word(struct arena *arena, const char *word)
{
	char **words = arena__alloc(arena, 2 * sizeof(*words));

	if (words && *word)
		words[0] = arena__strdup(arena, word);
	return words;
}

/* "env -S python3 -u", "env python3"; its other options are nothing to understand here. */
static int read_env(struct shebang *out, struct arena *arena, const char *argument)
{
	bool split = !strncmp(argument, "-S", 2);
	char **words;
	int err = 0;

	words = split ? words_split(arena, argument + 2, &err) : one_word(arena, argument);
	if (!words)
		return err ? err : -ENOMEM;
	if (!words[0] || *words[0] == '-' || strchr(words[0], '='))
		return -EINVAL;
	out->by_env = true;
	out->name = words[0];
	out->words = words + 1;
	return 0;
}

int shebang__read(struct shebang *out, struct arena *arena, const char *path)
{
	char line[LINE_MAX_BYTES + 1], *name, *argument;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, line, LINE_MAX_BYTES);
	int err = got < 0 ? -errno : 0;

	*out = (struct shebang){ 0 };
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	line[got] = '\0';
	if (strncmp(line, "#!", 2))
		return -ENOEXEC;
	line[strcspn(line, "\n")] = '\0';
	name = line + 2 + strspn(line + 2, " \t");
	argument = name + strcspn(name, " \t");
	if (*argument)
		*argument++ = '\0';
	argument += strspn(argument, " \t");
	for (char *end = argument + strlen(argument); end > argument && strchr(" \t", end[-1]);)
		*--end = '\0';
	if (*name != '/')
		return -EINVAL;
	out->interpreter = out->name = arena__strdup(arena, name);
	if (!strcmp(base_name(name), "env"))
		return read_env(out, arena, argument);
	out->words = one_word(arena, argument);
	return arena->error;
}

static size_t words(char *const *argv)
{
	size_t count = 0;

	while (argv[count])
		count++;
	return count;
}

/* loader --argv0 NAME --library-path WHERE PROGRAM ARGS... */
static char *const *by_loader(struct arena *arena, char *loader, char *where, char *program,
			      char *const *argv)
{
	char **out = arena__alloc(arena, (words(argv) + 6) * sizeof(*out)), **at = out;

	if (!out)
		return NULL;
	*at++ = loader;
	*at++ = arena__strdup(arena, "--argv0");
	*at++ = argv[0];
	*at++ = arena__strdup(arena, "--library-path");
	*at++ = where;
	*at++ = program;
	for (char *const *word = argv + 1; *word; word++)
		*at++ = *word;
	return out;
}

/* A script by its own name, in a folder without others: not by a link, which some would follow. */
static char *name_script(struct arena *arena, const char *folder, const char *where,
			 const struct bench_kept *script, struct err *e)
{
	char *dir = arena__printf(arena, "%s/code", where);
	char *path = arena__printf(arena, "%s/%s", dir, base_name(script->path));
	char *kept = arena__printf(arena, "%s/kept/%s", folder, script->sha256);

	if (!dir || !path || !kept) {
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		return NULL;
	}
	if (make_folder(dir, e))
		return NULL;
	if (!link(kept, path) || errno == EEXIST)
		return path;
	err__set(e, ERR_IO, -errno, "%s cannot be linked as %s: %s", kept, path, strerror(errno));
	return NULL;
}

/* NAME WORDS... SCRIPT ARGS..., as the kernel makes it of a script's first line. */
static char *const *by_interpreter(struct arena *arena, const char *kept, char *script,
				   char *const *argv, struct err *e)
{
	struct shebang line;
	char **out, **at;

	if (shebang__read(&line, arena, kept)) {
		err__set(e, ERR_IO, -EINVAL, "the first line of %s is not understood", kept);
		return NULL;
	}
	out = at = arena__alloc(arena, (words(line.words) + words(argv) + 3) * sizeof(*out));
	if (!out) {
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		return NULL;
	}
	*at++ = line.name;
	for (char **word = line.words; *word; word++)
		*at++ = *word;
	*at++ = script;
	for (char *const *word = argv + 1; *word; word++)
		*at++ = *word;
	return out;
}

/* The word that names the script, by its last part, becomes the kept one's. */
static char *const *with_script(struct arena *arena, const struct bench_kept *kept, char *script,
				char *const *argv, struct err *e)
{
	size_t count = words(argv), i = 1;
	char **out = arena__alloc(arena, (count + 1) * sizeof(*out));

	if (!out) {
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(out, argv, count * sizeof(*out));
	while (i < count && strcmp(base_name(argv[i]), base_name(kept->path)))
		i++;
	if (i < count) {
		out[i] = script;
		return out;
	}
	err__set(e, ERR_NOT_FOUND, -ENOENT, "no word of the command is %s, which was kept",
		 base_name(kept->path));
	return NULL;
}

static const struct bench_kept *find_role(const struct bench_kept *kept, size_t count,
					  enum kept_role role)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i].role == role)
			return &kept[i];
	return NULL;
}

/* A kept set, laid out to be run. */
struct layout {
	const struct bench_kept *program, *interpreter, *script;
	char *loader, *where;
};

static int lay_out(struct layout *l, struct arena *arena, const char *folder,
		   const struct bench_kept *kept, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (check(folder, &kept[i], e))
			return -1;
		if (kept[i].role == KEPT_LIBRARY && is_loader(kept[i].path) && !l->loader)
			l->loader = arena__printf(arena, "%s/kept/%s", folder, kept[i].sha256);
	}
	l->program = find_role(kept, count, KEPT_PROGRAM);
	l->interpreter = find_role(kept, count, KEPT_INTERPRETER);
	l->script = find_role(kept, count, KEPT_SCRIPT);
	if (!l->program)
		return err__set(e, ERR_IO, -EINVAL, "what was kept has no program");
	l->where = make_run_folder(arena, folder, kept, count, e);
	for (size_t i = 0; i < count && l->where; i++)
		if (kept[i].role == KEPT_LIBRARY &&
		    link_all_names(l->where, kept[i].sha256, kept[i].path, e))
			return -1;
	return l->where ? 0 : -1;
}

char *const *kept__argv(struct arena *arena, const char *folder, const struct bench_kept *kept,
			size_t count, char *const *argv, char **path, struct err *e)
{
	struct layout l = { 0 };
	const struct bench_kept *code;
	char *program, *script = NULL;
	struct shebang line;

	if (lay_out(&l, arena, folder, kept, count, e))
		return NULL;
	program = arena__printf(arena, "%s/kept/%s", folder, l.program->sha256);
	/* of a script that earlier ones kept, the interpreter is not there */
	if (program && !l.interpreter && !shebang__read(&line, arena, program))
		l.loader = NULL;
	code = l.interpreter ? l.program : l.script;
	if (code)
		script = name_script(arena, folder, l.where, code, e);
	if (code && !script)
		return NULL;
	if (l.interpreter) {
		argv = by_interpreter(arena, program, script, argv, e);
		program = arena__printf(arena, "%s/kept/%s", folder, l.interpreter->sha256);
	} else if (l.script) {
		argv = with_script(arena, l.script, script, argv, e);
	}
	if (argv && l.loader)
		argv = by_loader(arena, l.loader, l.where, program, argv);
	*path = l.loader ? l.loader : program;
	if (arena->error)
		err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	return arena->error ? NULL : argv;
}
