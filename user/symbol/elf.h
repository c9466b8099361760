/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * ELF files as strangers give them to us: read by libelf, every size bounded. A
 * file is mapped only when nobody but root may change it: its owner could
 * truncate it while we read.
 *
 * Addresses are the file's own virtual ones, as symbols and unwind tables have
 * them. An object is for one thread at a time.
 */
#ifndef PPBPF_SYMBOL_ELF_H
#define PPBPF_SYMBOL_ELF_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct elf;

/*
 * `fd` is borrowed: open for reading until elf__free(). -ENOEXEC: it is no ELF
 * executable, library or debug file that can be read; else another errno.
 */
int elf__open(struct elf **out, int fd);
/* Takes the descriptor over: closed with the object, or at once on failure. */
int elf__open_kept(struct elf **out, int fd);
/* An image in memory, such as the vDSO; borrowed, too. libelf does not write to it. */
int elf__open_image(struct elf **out, void *image, size_t size);
/* Takes the image over: freed with the object, or at once on failure. */
int elf__open_owned(struct elf **out, void *image, size_t size);
void elf__free(struct elf *elf);

/* For libdw. */
Elf *elf__handle(const struct elf *elf);
unsigned int elf__machine(const struct elf *elf); /* EM_X86_64... */
bool elf__is_64_bit(const struct elf *elf);
/* A program, and no library; of position-independent ones linkers have said so since 2015. */
bool elf__is_program(struct elf *elf);

/* The GNU build id, owned by the object; the length, 0 when it has none. */
size_t elf__build_id(const struct elf *elf, const uint8_t **id);

struct elf_section {
	const char *name;
	uint64_t address;	/* 0: not loaded */
	uint64_t offset;	/* in the file */
	uint64_t size;
	bool executable;
	const void *data;	/* its bytes, owned by the object; NULL unless asked for */
};

/* With `data` its bytes are read, too. -ENOENT; -EFBIG beyond 1 GiB; -ENOEXEC when it lies. */
int elf__section(struct elf *elf, const char *name, bool data, struct elf_section *out);
/* The section that an address lies in; -ENOENT. */
int elf__section_at(struct elf *elf, uint64_t address, struct elf_section *out);

/* Between a file's offset and a virtual address, by the loaded segments; -ENOENT. */
int elf__address_of(const struct elf *elf, uint64_t offset, uint64_t *address);
int elf__offset_of(const struct elf *elf, uint64_t address, uint64_t *offset);

struct elf_symbol {
	const char *name;	/* as mangled; valid during the call */
	uint64_t address;
	uint64_t size;		/* 0: not told, it ends where something else begins */
	uint8_t type;		/* STT_FUNC, STT_GNU_IFUNC (the resolver), STT_NOTYPE */
	uint8_t binding;	/* STB_GLOBAL, STB_LOCAL, STB_WEAK */
};

enum elf_table { ELF_SYMTAB, ELF_DYNSYM };

/* Anything but 0 ends the walk, and is what it returns. */
typedef int (*elf_symbol_fn)(const struct elf_symbol *symbol, void *context);

/*
 * Visits the defined symbols of code, in the table's order. -ENOENT: there is
 * no such table; -ENOEXEC: it lies.
 */
int elf__symbols(struct elf *elf, enum elf_table table, elf_symbol_fn visit, void *context);

/*
 * The file with a stripped one's symbols and lines, as debuggers look for it:
 * by build id, then by .gnu_debuglink, whose checksum must fit. `path` is the
 * stripped file's own; `pid` a process whose root directory is searched before
 * ours, or 0. -ENOENT: there is none.
 */
int elf__open_debug(struct elf **out, struct elf *stripped, const char *path, pid_t pid);
/* The same with what root_of() gave instead of the process: -1 for our root only. */
int elf__open_debug_at(struct elf **out, struct elf *stripped, const char *path, int root);

/* The symbol table that is packed into .gnu_debugdata ("mini-debuginfo"); -ENOENT. */
int elf__open_packed(struct elf **out, struct elf *elf);

/*
 * Visits all functions that are known of a file: those of its own symbol table,
 * or else of its debug file's or packed one's; and its dynamic ones. Some come
 * more than once. -ENOENT: it has no symbols at all.
 */
int elf__functions(struct elf *elf, const char *path, pid_t pid, elf_symbol_fn visit,
		   void *context);

#endif
