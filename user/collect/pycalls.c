// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "collect/pycalls.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intern.h"
#include "base/text.h"
#include "collect/collector.h"
#include "collect/func.h"
#include "collect/features.h"
#include "collect/skeleton.h"
#include "collect/uprobes.h"
#include "pycalls.skel.h"
#include "symbol/data_symbol.h"
#include "symbol/elf.h"
#include "symbol/sites.h"

#define VERSION_KNOWN 0x030b	/* what bpf/pycalls.bpf.c has the offsets of */

static const char untimed[] = "Python's probe at a function's entry fires only while it is traced";

struct interpreter {
	char *path;
	char *name;		/* for people */
	struct sites sites;
	uint64_t *cookies;
};

struct pycalls {
	struct pycalls_bpf *skel;
	struct uprobes probes;
	const struct func_config *config;	/* during pycalls__new() */
	char **patterns;
	size_t pattern_count;
	struct interpreter *interpreters;
	size_t interpreter_count;
	char *other;		/* an interpreter that cannot be used, and why */
	const char *why_not;
	bool guessed;		/* the interpreters are what a command may start */
	struct intern *names;	/* a row's texts, each with its NUL, and its line */
	struct call_row **rows;	/* by their number there */
	size_t row_count;
};

bool pycalls_wanted(const struct func_config *config)
{
	for (size_t i = 0; i < config->function_count; i++)
		if (!strncmp(config->functions[i], PYTHON_PREFIX, strlen(PYTHON_PREFIX)))
			return true;
	return false;
}

static int add_patterns(struct pycalls *p, const struct func_config *config, struct err *e)
{
	const char *text;

	p->patterns = calloc(config->function_count, sizeof(*p->patterns));
	if (!p->patterns)
		return -ENOMEM;
	for (size_t i = 0; i < config->function_count; i++) {
		text = config->functions[i];
		if (strncmp(text, PYTHON_PREFIX, strlen(PYTHON_PREFIX)))
			continue;
		text += strlen(PYTHON_PREFIX);
		if (!strchr(text, '.') && !strchr(text, '*'))
			return err__set(e, ERR_USAGE, -EINVAL,
					"py:%s: a Python function is named py:MODULE.NAME, "
					"as in py:json.decoder.JSONDecoder.decode", text);
		p->patterns[p->pattern_count] = strdup(text);
		if (!p->patterns[p->pattern_count++])
			return -ENOMEM;
	}
	return 0;
}

/* --- interpreters --------------------------------------------------------------- */

/* "3.11.2" as 0x030b, by the constant that an interpreter has; 0: before 3.11, or none. */
static unsigned int version_of(struct elf *elf, int fd)
{
	uint64_t address, size, offset;
	uint32_t version = 0;

	if (elf_data_symbol(elf, "Py_Version", &address, &size) || size < sizeof(version) ||
	    elf__offset_of(elf, address, &offset) ||
	    pread(fd, &version, sizeof(version), (off_t)offset) != sizeof(version))
		return 0;
	return version >> 16;
}

static int add_interpreter(struct pycalls *p, const struct binary *binary, struct sites *sites,
			   uint64_t runtime)
{
	struct interpreter *more, *interpreter;

	more = realloc(p->interpreters, (p->interpreter_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->interpreters = more;
	interpreter = &more[p->interpreter_count++];
	*interpreter = (struct interpreter){
		.path = strdup(binary->path), .name = strdup(binary->name), .sites = *sites,
	};
	*sites = (struct sites){ 0 };	/* taken over */
	interpreter->cookies = calloc(interpreter->sites.count, sizeof(*interpreter->cookies));
	if (!interpreter->cookies || !interpreter->path || !interpreter->name)
		return -ENOMEM;
	/* from where the probe is to the runtime's state: the same wherever the file is loaded */
	for (size_t i = 0; i < interpreter->sites.count; i++)
		interpreter->cookies[i] = runtime - interpreter->sites.sites[i].address;
	return 0;
}

static int look_at(struct pycalls *p, const struct binary *binary)
{
	int fd = open(binary->path, O_RDONLY | O_CLOEXEC), err;
	struct sites sites = { 0 };
	uint64_t runtime, size;
	struct elf *elf;

	if (fd < 0 || elf__open_kept(&elf, fd))
		return 0;
	/* every Python has the type of types, since 3.7 with the runtime's state beside it */
	err = 0;
	if (elf_data_symbol(elf, "PyType_Type", &runtime, &size))
		goto out;
	free(p->other);
	p->other = strdup(binary->name);
	if (!p->other) {
		err = -ENOMEM;
		goto out;
	}
	err = sites__usdt(&sites, elf, "python", "function__return");
	if (err == -ENOMEM)
		goto out;
	err = 0;
	if (elf_data_symbol(elf, "_PyRuntime", &runtime, &size))
		p->why_not = "is older than 3.7";
	else if (!sites.count)
		p->why_not = "was built without probes (--with-dtrace)";
	else if (version_of(elf, fd) != VERSION_KNOWN)
		p->why_not = "is of another version than 3.11";
	else
		err = add_interpreter(p, binary, &sites, runtime);
out:
	sites__free(&sites);
	elf__free(elf);
	return err;
}

static int look_from(struct pycalls *p, const struct binaries *binaries, size_t from)
{
	int err = 0;

	for (size_t i = from; i < binaries->count && !err; i++)
		err = look_at(p, &binaries->binaries[i]);
	return err;
}

/* A command that is none itself may start one, and so may anybody: those that PATH knows. */
static int find_interpreters(struct pycalls *p, struct binaries *binaries, struct err *e)
{
	size_t before = binaries->count;
	int err = look_from(p, binaries, 0);

	if (!err && !p->interpreter_count && !p->config->pid_count && !p->other) {
		err = binaries__add_named(binaries, "python3*");
		if (!err)
			err = binaries__add_named(binaries, "libpython3*");
		if (!err)
			err = look_from(p, binaries, before);
		p->guessed = p->config->command && p->interpreter_count;
	}
	if (err || p->interpreter_count)
		return err;
	if (p->other)
		err = err__set(e, ERR_USAGE, -EOPNOTSUPP, "%s %s: its calls cannot be counted",
			       p->other, p->why_not);
	else
		err = err__set(e, ERR_NOT_FOUND, -ENOENT, "no Python interpreter is in the target");
	err__hint(e, "Debian's python3.11 can be counted; without --function, profile samples "
		  "any from 3.8 on");
	return err;
}

/* --- load and attach ------------------------------------------------------------------ */

static int attach(struct pycalls *p)
{
	bool all = p->config->collector && collector__following(p->config->collector);
	struct uprobe_places places = {
		.pid = !all && p->config->pid_count == 1 ? p->config->pids[0] : 0,
		.count = 1,
	};
	const struct interpreter *interpreter;
	int err = 0;

	for (size_t i = 0; i < p->interpreter_count; i++) {
		interpreter = &p->interpreters[i];
		places.path = interpreter->path;
		for (size_t k = 0; k < interpreter->sites.count && !err; k++) {
			places.offsets = &interpreter->sites.sites[k].offset;
			places.semaphores = &interpreter->sites.sites[k].semaphore;
			places.cookies = &interpreter->cookies[k];
			err = uprobes__attach(&p->probes, p->skel->progs.python_return, &places);
		}
	}
	return err;
}

static int load_and_attach(struct pycalls *p)
{
	bool followed = p->config->collector && collector__following(p->config->collector);
	FEATURES_OPEN_OPTIONS(open);
	int err = 0, fd;

	p->skel = pycalls_bpf__open_opts(&open);
	if (!p->skel)
		return -errno;
	p->skel->rodata->cfg_followed_only = followed;
	bpf_map__set_autocreate(p->skel->maps.events, false);
	bpf_map__set_autocreate(p->skel->maps.counters, false);
	bpf_map__set_autocreate(p->skel->maps.cpu_times, false);
	uprobes__prepare(&p->probes, p->skel->progs.python_return);
	if (followed) {
		fd = collector__map_fd(p->config->collector, "task_states");
		err = fd < 0 ? fd : bpf_map__reuse_fd(p->skel->maps.task_states, fd);
	}
	if (!err)
		err = pycalls_bpf__load(p->skel);
	if (!err)
		err = attach(p);
	if (err) {
		uprobes__free(&p->probes);
		pycalls_bpf__destroy(p->skel);
		p->skel = NULL;
	}
	return err;
}

static int start(struct pycalls *p, struct err *e)
{
	int err;

	p->probes.single = p->config->single;
	err = load_and_attach(p);
	if (err == -EOPNOTSUPP && !p->probes.single) {
		p->probes.single = true;
		err = load_and_attach(p);
	}
	if (err)
		return err__set(e, err == -EPERM ? ERR_PERMISSION : ERR_UNSUPPORTED_KERNEL, err,
				"Python's functions cannot be probed: %s", strerror(-err));
	return 0;
}

int pycalls__new(struct pycalls **out, const struct func_config *config,
		 struct binaries *binaries, struct err *e)
{
	struct pycalls *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;

	*out = NULL;
	if (!err) {
		p->config = config;
		p->names = intern__new();
		err = p->names ? add_patterns(p, config, e) : -ENOMEM;
	}
	if (!err)
		err = find_interpreters(p, binaries, e);
	if (!err)
		err = start(p, e);
	if (err) {
		pycalls__free(p);
		return err__set(e, ERR_INTERNAL, err, "out of memory");
	}
	p->config = NULL;
	*out = p;
	return 0;
}

void pycalls__free(struct pycalls *p)
{
	if (!p)
		return;
	uprobes__free(&p->probes);
	pycalls_bpf__destroy(p->skel);
	for (size_t i = 0; i < p->interpreter_count; i++) {
		sites__free(&p->interpreters[i].sites);
		free(p->interpreters[i].cookies);
		free(p->interpreters[i].path);
		free(p->interpreters[i].name);
	}
	free(p->interpreters);
	for (size_t i = 0; i < p->pattern_count; i++)
		free(p->patterns[i]);
	free(p->patterns);
	for (size_t i = 0; i < p->row_count; i++)
		call_row__free(p->rows[i]);
	free(p->rows);
	intern__free(p->names);
	free(p->other);
	free(p);
}

const char *pycalls__guessed(const struct pycalls *p)
{
	return p->guessed ? p->interpreters[0].name : NULL;
}

/* --- rows --------------------------------------------------------------------------------- */

static uint32_t character_at(const struct ppbpf_python_text *text, size_t i)
{
	uint16_t two;
	uint32_t four;

	if (text->kind == 1)
		return (unsigned char)text->bytes[i];
	if (text->kind == 2) {
		memcpy(&two, text->bytes + 2 * i, sizeof(two));
		return two;
	}
	memcpy(&four, text->bytes + 4 * i, sizeof(four));
	return four;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf__putc(out, (char)c);
	} else if (c < 0x800) {
		buf__putc(out, (char)(0xc0 | c >> 6));
		buf__putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf__putc(out, (char)(0xe0 | c >> 12));
		buf__putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf__putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x110000) {
		buf__putc(out, (char)(0xf0 | c >> 18));
		buf__putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf__putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf__putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Appended with its NUL; "?" when it could not be read. */
static void put_text(struct buf *out, const struct ppbpf_python_text *text)
{
	size_t fits = text->kind ? PPBPF_PYTHON_TEXT / text->kind : 0;

	if (!text->kind || text->kind > 4 || text->length > fits)
		buf__putc(out, '?');
	else
		for (size_t i = 0; i < text->length && character_at(text, i); i++)
			put_utf8(out, character_at(text, i));
	buf__putc(out, '\0');
}

static int add_row(struct pycalls *p, const char *name, uint32_t line)
{
	struct call_row **more = realloc(p->rows, (p->row_count + 1) * sizeof(void *));
	struct call_row *row = calloc(1, sizeof(*row));
	const char *module = name + strlen(name) + 1;
	const char *file = module + strlen(module) + 1;

	if (more)
		p->rows = more;
	if (!more || !row) {
		free(row);
		return -ENOMEM;
	}
	p->rows[p->row_count++] = row;
	row->kind = CALL_PYTHON;
	row->why_untimed = untimed;
	row->line = line;
	row->name = strdup(name);
	row->module = strdup(module);
	row->file = strdup(file);
	return row->name && row->module && row->file ? 0 : -ENOMEM;
}

static bool is_wanted(const struct pycalls *p, const char *name, const char *module)
{
	struct buf full = BUF_INIT;
	bool wanted = false;

	buf__printf(&full, "%s.%s", module, name);
	for (size_t i = 0; i < p->pattern_count && !wanted; i++)
		wanted = text_glob(p->patterns[i], buf__str(&full));
	buf__free(&full);
	return wanted;
}

/* The same function in several processes, or made again in one, is one row. */
static int add_calls(struct pycalls *p, const struct ppbpf_python_key *key,
		     const struct ppbpf_python_calls *calls)
{
	struct buf text = BUF_INIT;
	const char *name, *module;
	bool added = false;
	int id;

	put_text(&text, &calls->name);
	put_text(&text, &calls->module);
	put_text(&text, &calls->file);
	buf__append(&text, &key->line, sizeof(key->line));
	if (text.error) {
		buf__free(&text);
		return -ENOMEM;
	}
	name = text.data;
	module = name + strlen(name) + 1;
	id = is_wanted(p, name, module) ?
	     intern__add(p->names, text.data, text.length, &added) : -ENOENT;
	if (added && add_row(p, name, key->line))
		id = -ENOMEM;
	if (id >= 0) {
		p->rows[id]->calls += calls->calls;
		p->rows[id]->primitive_calls += calls->primitive_calls;
	}
	buf__free(&text);
	return id == -ENOENT || id >= 0 ? 0 : id;
}

static int read_counters(struct pycalls *p, uint64_t counters[PPBPF_CALL_COUNTER_NR])
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	uint64_t *values = cpus > 0 ? calloc(cpus, sizeof(*values)) : NULL;

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < PPBPF_CALL_COUNTER_NR && !err; i++) {
		err = bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.call_counters), &i, values);
		for (int cpu = 0; cpu < cpus && !err; cpu++)
			counters[i] += values[cpu];
	}
	free(values);
	return err;
}

int pycalls__read(struct pycalls *p, struct call_row *const **rows, size_t *count,
		  uint64_t counters[PPBPF_CALL_COUNTER_NR])
{
	int fd = bpf_map__fd(p->skel->maps.python_calls), err = 0;
	struct ppbpf_python_key key, *last = NULL;
	struct ppbpf_python_calls calls;

	for (size_t i = 0; i < p->row_count; i++)
		p->rows[i]->calls = p->rows[i]->primitive_calls = 0;
	for (; !err && !bpf_map_get_next_key(fd, last, &key); last = &key)
		if (!bpf_map_lookup_elem(fd, &key, &calls))
			err = add_calls(p, &key, &calls);
	*rows = p->rows;
	*count = p->row_count;
	return err ? err : read_counters(p, counters);
}
