// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "symbol/demangle.h"
#include "symbol/elf.h"

#define NOTE_USDT 3
#define NOTE_REGION 1

void sites__free(struct sites *sites)
{
	for (size_t i = 0; i < sites->count; i++) {
		free(sites->sites[i].name);
		free(sites->sites[i].symbol);
	}
	free(sites->sites);
	memset(sites, 0, sizeof(*sites));
}

/* Takes the strings over. */
static int add(struct sites *sites, struct site site)
{
	size_t capacity = sites->capacity ? 2 * sites->capacity : 16;
	struct site *more;

	if (sites->count == sites->capacity) {
		more = realloc(sites->sites, capacity * sizeof(*more));
		if (!more)
			goto no_memory;
		sites->sites = more;
		sites->capacity = capacity;
	}
	if (!site.name)
		goto no_memory;
	sites->sites[sites->count++] = site;
	return 0;

no_memory:
	free(site.name);
	free(site.symbol);
	return -ENOMEM;
}

static int by_place(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	/* of a function's several names: the one with fewer underscores in front, then the first */
	if (strspn(x->name, "_") != strspn(y->name, "_"))
		return strspn(x->name, "_") < strspn(y->name, "_") ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool same_place(const struct site *a, const struct site *b)
{
	return a->offset == b->offset && a->kind == b->kind &&
	       (a->kind == SITE_FUNCTION || !strcmp(a->name, b->name));
}

static void sort(struct sites *sites)
{
	size_t kept = 0;

	if (!sites->count)
		return;
	qsort(sites->sites, sites->count, sizeof(*sites->sites), by_place);
	for (size_t i = 1; i < sites->count; i++) {
		if (!same_place(&sites->sites[kept], &sites->sites[i])) {
			sites->sites[++kept] = sites->sites[i];
			continue;
		}
		free(sites->sites[i].name);
		free(sites->sites[i].symbol);
	}
	sites->count = kept + 1;
}

/* --- functions -------------------------------------------------------------- */

struct search {
	struct sites *sites;
	struct elf *elf;
	const char *glob;
};

/*
 * By the name in the file, or the programmer's. A compiler's clone ("f.part.0")
 * does only a part of what its name says: by the name in the file alone.
 */
static bool matches(const char *glob, const char *symbol, const char *name)
{
	return text_glob(glob, symbol) || (!strchr(symbol, '.') && text_glob(glob, name));
}

static int on_function(const struct elf_symbol *symbol, void *context)
{
	struct search *search = context;
	struct site site = { .kind = SITE_FUNCTION, .address = symbol->address,
			     .size = symbol->size };
	struct buf name = BUF_INIT;

	/* a cold part is jumped to: it is no function */
	if ((!symbol->size && symbol->type != STT_GNU_IFUNC) || strstr(symbol->name, ".cold"))
		return 0;
	demangle(&name, symbol->name);
	if (name.error)
		return name.error;
	if (!matches(search->glob, symbol->name, buf__str(&name))) {
		buf__free(&name);
		return 0;
	}
	if (symbol->type != STT_FUNC ||
	    elf__offset_of(search->elf, symbol->address, &site.offset)) {
		search->sites->resolvers += symbol->type == STT_GNU_IFUNC;
		buf__free(&name);
		return 0;
	}
	site.symbol = strdup(symbol->name);
	site.name = buf__take(&name, NULL);
	return add(search->sites, site);
}

int sites__functions(struct sites *sites, struct elf *elf, const char *path, pid_t pid,
		     const char *glob)
{
	struct search search = { .sites = sites, .elf = elf, .glob = glob };
	int err = elf__functions(elf, path, pid, on_function, &search);

	sort(sites);
	return err == -ENOENT ? 0 : err;
}

/* --- notes -------------------------------------------------------------------- */

struct note {
	const char *name;
	size_t name_size;
	const char *text;	/* the description */
	size_t text_size;
	uint32_t type;
};

/* The next note of a section, or false; sizes in a hostile file are anything. */
static bool next_note(const struct elf_section *section, size_t *at, struct note *note)
{
	const char *data = section->data;
	uint32_t header[3];
	size_t left, padded;

	if (section->size < *at || section->size - *at < sizeof(header))
		return false;
	memcpy(header, data + *at, sizeof(header));
	*at += sizeof(header);
	left = section->size - *at;
	padded = ((size_t)header[0] + 3) & ~(size_t)3;
	if (padded > left || header[1] > left - padded)
		return false;
	note->name = data + *at;
	note->name_size = header[0];
	note->text = data + *at + padded;
	note->text_size = header[1];
	note->type = header[2];
	*at += padded + (((size_t)header[1] + 3) & ~(size_t)3);
	return true;
}

static bool is_note(const struct note *note, const char *owner, uint32_t type)
{
	size_t size = strlen(owner) + 1;

	return note->type == type && note->name_size == size && !memcmp(note->name, owner, size);
}

/* Takes a word off the front of the description. */
static bool take_word(struct note *note, uint64_t *word)
{
	if (note->text_size < sizeof(*word))
		return false;
	memcpy(word, note->text, sizeof(*word));
	note->text += sizeof(*word);
	note->text_size -= sizeof(*word);
	return true;
}

/* Takes a string off the front; NULL when it does not end. */
static const char *take_string(struct note *note)
{
	const char *text = note->text, *end = memchr(text, '\0', note->text_size);

	if (!end)
		return NULL;
	note->text_size -= end + 1 - text;
	note->text = end + 1;
	return text;
}

static int read_notes(struct elf *elf, const char *section_name, struct elf_section *section)
{
	int err = elf__is_64_bit(elf) ? elf__section(elf, section_name, true, section) : -ENOENT;

	return err ? err : section->data ? 0 : -ENOENT;
}

static int add_region(struct sites *sites, struct elf *elf, const char *glob, struct note *note)
{
	struct site site = { 0 };
	const char *event, *name;

	if (!take_word(note, &site.address))
		return 0;
	event = take_string(note);
	name = event ? take_string(note) : NULL;
	if (!name || !text_glob(glob, name) || elf__offset_of(elf, site.address, &site.offset))
		return 0;
	if (strcmp(event, "begin") && strcmp(event, "end"))
		return 0;
	site.kind = strcmp(event, "end") ? SITE_REGION_BEGIN : SITE_REGION_END;
	site.name = strdup(name);
	return add(sites, site);
}

int sites__regions(struct sites *sites, struct elf *elf, const char *glob)
{
	struct elf_section section;
	struct note note;
	size_t at = 0;
	int err = read_notes(elf, ".note.ppbpf", &section);

	while (!err && next_note(&section, &at, &note))
		if (is_note(&note, "ppbpf", NOTE_REGION))
			err = add_region(sites, elf, glob, &note);
	sort(sites);
	return err == -ENOENT ? 0 : err;
}

/* Addresses in the note are as of the link; the base tells how far prelink moved it. */
static int add_usdt(struct sites *sites, struct elf *elf, const char *provider, const char *name,
		    struct note *note)
{
	struct site site = { .kind = SITE_USDT };
	struct elf_section base;
	uint64_t linked_base, semaphore;
	const char *text;

	if (!take_word(note, &site.address) || !take_word(note, &linked_base) ||
	    !take_word(note, &semaphore))
		return 0;
	text = take_string(note);
	if (!text || strcmp(text, provider))
		return 0;
	text = take_string(note);
	if (!text || strcmp(text, name))
		return 0;
	if (!elf__section(elf, ".stapsdt.base", false, &base)) {
		site.address += base.address - linked_base;
		semaphore += semaphore ? base.address - linked_base : 0;
	}
	if (elf__offset_of(elf, site.address, &site.offset) ||
	    (semaphore && elf__offset_of(elf, semaphore, &site.semaphore)))
		return 0;
	site.name = strdup(name);
	return add(sites, site);
}

int sites__usdt(struct sites *sites, struct elf *elf, const char *provider, const char *name)
{
	struct elf_section section;
	struct note note;
	size_t at = 0;
	int err = read_notes(elf, ".note.stapsdt", &section);

	while (!err && next_note(&section, &at, &note))
		if (is_note(&note, "stapsdt", NOTE_USDT))
			err = add_usdt(sites, elf, provider, name, &note);
	sort(sites);
	return err == -ENOENT ? 0 : err;
}

bool elf_is_go(struct elf *elf)
{
	static const char *const sections[] = { ".gopclntab", ".go.buildinfo",
						".note.go.buildid" };
	struct elf_section section;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (!elf__section(elf, sections[i], false, &section))
			return true;
	return false;
}
