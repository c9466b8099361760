// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/func_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "collect/func.h"
#include "collect/pycalls.h"
#include "symbol/begins.h"
#include "symbol/elf.h"
#include "symbol/exits.h"

static void places_free(struct places *places)
{
	free(places->offsets);
	free(places->cookies);
	free(places->semaphores);
}

void found__free(struct found *found)
{
	for (size_t i = 0; i < found->file_count; i++)
		for (size_t kind = 0; kind < SITE_USDT; kind++)
			places_free(&found->files[i].by_kind[kind]);
	free(found->files);
	for (size_t i = 0; i < found->row_count; i++)
		call_row__free(found->rows[i]);
	free(found->rows);
	for (size_t i = 0; i < found->warning_count; i++)
		free(found->warnings[i]);
	free(found->warnings);
	binaries__free(&found->binaries);
	hash__free(found->ids);
}

int found__warn(struct found *found, const char *format, ...)
{
	char **more = realloc(found->warnings, (found->warning_count + 1) * sizeof(*more));
	struct buf text = BUF_INIT;
	va_list args;

	if (!more)
		return -ENOMEM;
	found->warnings = more;
	va_start(args, format);
	buf__vprintf(&text, format, args);
	va_end(args);
	more[found->warning_count] = buf__take(&text, NULL);
	if (!more[found->warning_count])
		return -ENOMEM;
	found->warning_count++;
	return 0;
}

/* --- rows and places ------------------------------------------------------------- */

static int add_word(uint64_t **words, size_t count, uint64_t word)
{
	uint64_t *more = *words;

	/* doubled at every power of two */
	if (!(count & (count + 1)))
		more = realloc(*words, 2 * (count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*words = more;
	more[count] = word;
	return 0;
}

static int add_place(struct places *places, const struct site *site, uint64_t id)
{
	if (add_word(&places->offsets, places->count, site->offset) ||
	    add_word(&places->cookies, places->count, id) ||
	    add_word(&places->semaphores, places->count, site->semaphore))
		return -ENOMEM;
	places->count++;
	return 0;
}

static int add_row(struct found *found, size_t binary, struct site *site)
{
	struct call_row **more = realloc(found->rows, (found->row_count + 1) * sizeof(void *));
	struct call_row *row = calloc(1, sizeof(*row));

	if (more)
		found->rows = more;
	if (!more || !row || !(row->module = strdup(found->binaries.binaries[binary].name))) {
		free(row);
		return -ENOMEM;
	}
	row->kind = site->kind == SITE_FUNCTION ? CALL_FUNCTION : CALL_REGION;
	row->timed = true;
	row->name = site->name;
	row->symbol = site->symbol;
	site->name = NULL;	/* taken over */
	site->symbol = NULL;
	found->rows[found->row_count++] = row;
	return 0;
}

static struct found_file *file_of(struct found *found, size_t binary)
{
	struct found_file *more;

	for (size_t i = 0; i < found->file_count; i++)
		if (found->files[i].binary == binary)
			return &found->files[i];
	more = realloc(found->files, (found->file_count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	found->files = more;
	more[found->file_count] = (struct found_file){ .binary = binary };
	return &more[found->file_count++];
}

/* A region is one, wherever its begins and ends are. */
static size_t region_id(const struct found *found, const char *name)
{
	for (size_t i = 0; i < found->row_count; i++)
		if (found->rows[i]->kind == CALL_REGION && !strcmp(found->rows[i]->name, name))
			return i;
	return found->row_count;
}

/* Of a file; the map is of one that exceptions are thrown in. */
struct code {
	int fd;
	struct code_map *map;
};

/*
 * The begin of a function, and where exceptions may leave it its ends. The order of two
 * probes at one place is not known: where a begin would lie at an end
 * it is put back, and an end that still lies there is left out.
 */
static int add_function(struct found_file *file, const struct code *code, struct site *site,
			size_t id)
{
	struct places *ends = &file->by_kind[SITE_FUNCTION_EXIT];
	struct site end = { .kind = SITE_FUNCTION_EXIT };
	size_t skip = begin_skip(code->fd, site);
	struct exits exits = { 0 };
	int err = code->map ? exits__find(&exits, code->map, code->fd, site) : 0;

	for (size_t i = 0; i < exits.count; i++)
		if (exits.offsets[i] == site->offset + skip)
			skip = 0;
	for (size_t i = 0; i < exits.count && !err; i++) {
		end.offset = exits.offsets[i];
		if (end.offset != site->offset)
			err = add_place(ends, &end, id);
	}
	exits__free(&exits);
	site->offset += skip;
	file->throws = code->map;
	return err ? err : add_place(&file->by_kind[SITE_FUNCTION], site, id);
}

/* A place of a region that two patterns match. */
static bool is_there(const struct places *places, uint64_t offset)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->offsets[i] == offset)
			return true;
	return false;
}

static int add_site(struct found *found, size_t binary, const struct code *code, struct site *site)
{
	struct found_file *file = file_of(found, binary);
	size_t at = file - found->files, id = found->row_count;
	bool function = site->kind == SITE_FUNCTION;

	if (!file)
		return -ENOMEM;
	if (function ? hash__get(found->ids, at, site->offset) != NULL :
		       is_there(&file->by_kind[site->kind], site->offset))
		return 0;
	if (!function)
		id = region_id(found, site->name);
	else if (hash__set(found->ids, at, site->offset, (void *)(uintptr_t)(id + 1)))
		return -ENOMEM;
	if (id == found->row_count && add_row(found, binary, site))
		return -ENOMEM;
	return function ? add_function(file, code, site, id) :
			  add_place(&file->by_kind[site->kind], site, id);
}

/* --- the search --------------------------------------------------------------------- */

struct pattern {
	const char *text;	/* as the user gave it */
	const char *glob;
	const char *module;	/* NULL: any */
	bool region;
	size_t matches;
	size_t resolvers;
	size_t searched;
	const char *go;		/* a Go program that has such functions: a file's name */
	const char *narrow;	/* a 32-bit file that was passed over: its name */
};

static int collect_sites(struct sites *sites, struct elf *elf, const struct binary *binary,
			 const struct pattern *pattern)
{
	if (pattern->region)
		return sites__regions(sites, elf, pattern->glob);
	return sites__functions(sites, elf, binary->path, binary->pid, pattern->glob);
}

static int add_sites(struct found *found, size_t at, struct elf *elf, int fd, struct sites *sites)
{
	const struct binary *binary = &found->binaries.binaries[at];
	struct code code = { .fd = fd };
	int err = 0;

	if (sites->count && sites->sites[0].kind == SITE_FUNCTION && elf_may_throw(elf)) {
		code.map = code_map__new(elf, binary->path, binary->pid);
		err = code.map ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < sites->count && !err; i++) {
		err = add_site(found, at, &code, &sites->sites[i]);
		if (found->row_count > PPBPF_CALL_FUNCTIONS)
			err = -E2BIG;
	}
	code_map__free(code.map);
	return err;
}

/* What is no ELF file, or a damaged one, has no functions. */
static int search_binary(struct found *found, size_t at, struct pattern *pattern)
{
	const struct binary *binary = &found->binaries.binaries[at];
	int fd = open(binary->path, O_RDONLY | O_CLOEXEC), err = 0;
	struct sites sites = { 0 };
	struct elf *elf;

	if (fd < 0 || elf__open_kept(&elf, fd))
		return 0;
	pattern->searched++;
	if (elf__is_64_bit(elf))
		err = collect_sites(&sites, elf, binary, pattern);
	else
		pattern->narrow = binary->name; /* 32-bit stacks are not read */
	if (err != -ENOMEM)
		err = 0;
	pattern->resolvers += sites.resolvers;
	if (sites.count && !pattern->region && elf_is_go(elf))
		pattern->go = binary->name;
	else if (!err) {
		pattern->matches += sites.count;
		err = add_sites(found, at, elf, fd, &sites);
	}
	sites__free(&sites);
	elf__free(elf);
	return err;
}

static int search_from(struct found *found, struct pattern *pattern, size_t from)
{
	int err = 0;

	for (size_t i = from; i < found->binaries.count && !err; i++)
		if (!pattern->module || binary__is(&found->binaries.binaries[i], pattern->module))
			err = search_binary(found, i, pattern);
	return err;
}

static int nothing_matches(const struct pattern *pattern, struct err *e)
{
	const char *what = pattern->region ? "region" : "function";

	if (pattern->go) {
		err__set(e, ERR_USAGE, -EOPNOTSUPP, "%s is in a Go program, %s: functions of Go "
			 "cannot be timed", pattern->text, pattern->go);
		err__hint(e, "Go moves its stacks, and a probe on a return would crash the program");
	} else if (pattern->resolvers) {
		err__set(e, ERR_USAGE, -EOPNOTSUPP, "%s has several versions, one of which is chosen "
			 "when a program starts: only a resolver has that name", pattern->text);
		err__hint(e, "name the versions, as in --function '*%s*'", pattern->glob);
	} else if (pattern->narrow) {
		err__set(e, ERR_USAGE, -EOPNOTSUPP, "%s: %s is a 32-bit file, whose functions "
			 "cannot be timed", pattern->text, pattern->narrow);
		err__hint(e, "without --function, profile samples 32-bit programs, too");
	} else if (pattern->module && !pattern->searched) {
		err__set(e, ERR_NOT_FOUND, -ENOENT, "%s: no program or library of that name is found",
			 pattern->text);
		err__hint(e, "one in a folder of its own is named by its path");
	} else {
		err__set(e, ERR_NOT_FOUND, -ENOENT, "no %s matches %s in %zu file%s", what,
			 pattern->text, pattern->searched, pattern->searched == 1 ? "" : "s");
		if (pattern->region)
			err__hint(e, "regions are made by PPBPF_BEGIN and PPBPF_END of ppbpf_mark.h");
		else if (pattern->module)
			err__hint(e, "a stripped file has the names of what it exports alone; a "
				  "library that is loaded later, and from a folder of its "
				  "own, is named by its path");
		else
			err__hint(e, "name the library that it is in: '%s@libfoo*'", pattern->glob);
	}
	return -ENOENT;
}

static int search_pattern(struct found *found, struct pattern *pattern, struct err *e)
{
	size_t before = found->binaries.count;
	int err = search_from(found, pattern, 0);

	/* what will be loaded later (dlopen, another program) is looked for by its name */
	if (!err && pattern->module && !pattern->matches) {
		err = binaries__add_named(&found->binaries, pattern->module);
		if (!err)
			err = search_from(found, pattern, before);
	}
	if (err == -E2BIG) {
		err__set(e, ERR_USAGE, err, "%s matches more than %u functions", pattern->text,
			 PPBPF_CALL_FUNCTIONS);
		err__hint(e, "narrow the pattern, or name the file: GLOB@MODULE");
		return err;
	}
	if (err)
		return err__set(e, ERR_INTERNAL, err, "searching for %s: %s", pattern->text,
				strerror(-err));
	if (!pattern->matches)
		return nothing_matches(pattern, e);
	if (pattern->go)
		err = found__warn(found, "functions of %s are left out: it is a Go program, whose "
				  "stacks move", pattern->go);
	if (!err && pattern->resolvers)
		err = found__warn(found, "%s matches %zu names of resolvers, too: these choose a version "
				  "when a program starts and are left out", pattern->text,
				  pattern->resolvers);
	return err;
}

static int search_all(struct found *found, const struct func_config *config, struct err *e)
{
	struct pattern pattern;
	char *text, *at;
	int err = 0;

	for (size_t i = 0; i < config->function_count && !err; i++) {
		if (!strncmp(config->functions[i], PYTHON_PREFIX, strlen(PYTHON_PREFIX)))
			continue;
		text = strdup(config->functions[i]);
		if (!text)
			return -ENOMEM;
		at = strrchr(text, '@');
		if (at)
			*at++ = '\0';
		pattern = (struct pattern){ .text = config->functions[i], .glob = text,
					    .module = at && *at ? at : NULL };
		if (!*text || (!pattern.module && !config->pid_count && !config->command)) {
			err = err__set(e, ERR_USAGE, -EINVAL,
				       *text ? "%s: without a target, a function needs its module: GLOB@MODULE" :
					       "%s: a function is named GLOB or GLOB@MODULE",
				       config->functions[i]);
		} else {
			err = search_pattern(found, &pattern, e);
		}
		free(text);
	}
	for (size_t i = 0; i < config->region_count && !err; i++) {
		pattern = (struct pattern){ .text = config->regions[i], .glob = config->regions[i],
					    .region = true };
		err = search_pattern(found, &pattern, e);
	}
	return err;
}

int found__search(struct found *found, const struct func_config *config, struct err *e)
{
	int err = 0;

	*found = (struct found){ .ids = hash__new() };
	if (!found->ids)
		return err__set(e, ERR_INTERNAL, -ENOMEM, "out of memory");
	for (size_t i = 0; i < config->pid_count && !err; i++) {
		err = binaries__add_mapped(&found->binaries, config->pids[i]);
		if (err == -ESRCH || err == -EACCES)
			return err__set(e, err == -ESRCH ? ERR_NOT_FOUND : ERR_PERMISSION, err,
					"what process %d has mapped cannot be read: %s",
					(int)config->pids[i], strerror(-err));
	}
	if (!err && config->command) {
		err = binaries__add_command(&found->binaries, config->command);
		if (err == -ENOENT)
			return err__set(e, ERR_NOT_FOUND, err, "%s: there is no such program",
					config->command);
	}
	if (!err && !config->pid_count && !config->command)
		err = binaries__add_all_mapped(&found->binaries);
	if (err)
		return err__set(e, ERR_INTERNAL, err, "looking for programs: %s", strerror(-err));
	return search_all(found, config, e);
}
