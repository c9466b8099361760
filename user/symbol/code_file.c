// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/code_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/profile.h"
#include "symbol/cfi.h"
#include "symbol/root.h"
#include "symbol/symtab.h"

#define DEBUG_INFO_MAX (256UL << 20)

struct code_file {
	int fd;			/* -1: none */
	void *image;
	size_t image_size;
	char *path;
	int root;		/* of a process that maps it; -1: ours */
	struct elf *elf;	/* NULL: not read, or no ELF file */
	struct symtab *symtab;
	struct elf *debug;	/* while lines are read: another one, for the same reason */
	struct lines *lines;
	bool has_lines;
	bool no_lines;		/* they were tried */
	struct cfi_table cfi;
	bool cfi_read;
};

struct code_file *code_file__new(const struct profile_module *module)
{
	struct code_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->fd = module->fd >= 0 ? fcntl(module->fd, F_DUPFD_CLOEXEC, 3) : -1;
	file->path = strdup(module->path);
	file->root = root_of(module->pid);
	if (module->image) {
		file->image = malloc(module->image_size);
		file->image_size = module->image_size;
		if (file->image)
			memcpy(file->image, module->image, module->image_size);
	}
	if (!file->path || (module->fd >= 0 && file->fd < 0) || (module->image && !file->image)) {
		code_file__free(file);
		return NULL;
	}
	return file;
}

void code_file__free(struct code_file *file)
{
	if (!file)
		return;
	code_file__close_lines(file);
	symtab__free(file->symtab);
	elf__free(file->elf);
	cfi__free(&file->cfi);
	if (file->fd >= 0)
		close(file->fd);
	if (file->root >= 0)
		close(file->root);
	free(file->image);
	free(file->path);
	free(file);
}

static int open_elf(struct elf **out, const struct code_file *file)
{
	if (file->fd >= 0)
		return elf__open(out, file->fd);
	return file->image ? elf__open_image(out, file->image, file->image_size) : -ENOENT;
}

/* Where unwind entries begin and end; all else of a table is large, and not wanted here. */
static void read_cfi(struct code_file *file)
{
	struct elf *elf;

	if (file->cfi_read)
		return;
	file->cfi_read = true;
	/* what is read of a file stays in memory until it is closed: another one */
	if (open_elf(&elf, file))
		return;
	if (cfi__read(&file->cfi, elf)) {
		cfi__free(&file->cfi);
	} else {
		free(file->cfi.rows);
		free(file->cfi.index);
		file->cfi.rows = NULL;
		file->cfi.index = NULL;
		file->cfi.count = 0;
	}
	elf__free(elf);
}

void code_file__load(struct code_file *file)
{
	struct elf_section section;
	struct elf *debug;

	if (file->elf || open_elf(&file->elf, file) ||
	    symtab__new(&file->symtab, file->elf, file->path, file->root))
		return;
	/* all that its dynamic symbols do not name goes by its unwind entries */
	if (!symtab__is_whole(file->symtab))
		read_cfi(file);
	debug = symtab__debug(file->symtab);
	if (debug && !elf__section(debug, ".debug_info", false, &section) &&
	    section.size <= DEBUG_INFO_MAX)
		file->has_lines = true;
}

/* What libdw reads and unpacks is tens of megabytes, and goes with the file that it is read from. */
static void open_lines(struct code_file *file)
{
	struct elf *elf;

	if (file->lines || file->no_lines)
		return;
	file->no_lines = true;
	if (open_elf(&elf, file))
		return;
	if (symtab__debug(file->symtab) == file->elf) {
		file->debug = elf;
	} else {
		if (elf__open_debug_at(&file->debug, elf, file->path, file->root))
			file->debug = NULL;
		elf__free(elf);
	}
	if (file->debug)
		file->lines = lines__new(file->debug);
}

void code_file__close_lines(struct code_file *file)
{
	lines__free(file->lines);
	elf__free(file->debug);
	file->lines = NULL;
	file->debug = NULL;
	file->no_lines = false;
}

/* The begin of the unwind entry around an address; 0: there is none. */
static uint64_t entry_start(struct code_file *file, uint64_t address)
{
	const struct cfi_range *range;
	uint64_t offset, start;

	read_cfi(file);
	if (elf__offset_of(file->elf, address, &offset) || offset > UINT32_MAX)
		return 0;
	range = cfi__range(&file->cfi, offset);
	return range && !elf__address_of(file->elf, range->start, &start) ? start : 0;
}

void code_file__name(struct code_file *file, uint64_t address, struct code_name *name)
{
	struct elf_section section;

	*name = (struct code_name){ 0 };
	if (!file->symtab)
		return;
	name->name = symtab__find(file->symtab, address, &name->start);
	if (name->name)
		return;
	if (!elf__section_at(file->elf, address, &section))
		name->section = section.name;
	name->start = entry_start(file, address);
	if (name->start)
		name->name = symtab__at(file->symtab, name->start);
}

bool code_file__has_lines(const struct code_file *file)
{
	return file->has_lines;
}

size_t code_file__lines(struct code_file *file, uint64_t address,
			struct line_entry entries[LINE_ENTRIES_MAX])
{
	open_lines(file);
	return file->lines ? lines__find(file->lines, address, entries) : 0;
}
