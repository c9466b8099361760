// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/elf.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTION_MAX (1ULL << 30)
#define UNPACKED_MAX (1ULL << 28)
#define SYMBOLS_MAX (1UL << 24)
#define NAME_MAX_LENGTH 65535	/* longer names than any compiler makes */

struct elf {
	Elf *handle;
	GElf_Ehdr header;
	size_t names;		/* section of the sections' names; 0: none */
	size_t segments;
	uint8_t build_id[64];
	size_t build_id_length;
	void *owned;
	int fd;			/* owned; -1: none */
};

static bool is_code_file(const GElf_Ehdr *header)
{
	return header->e_type == ET_EXEC || header->e_type == ET_DYN;
}

static int read_section(Elf_Scn *scn, const GElf_Shdr *header, Elf_Data **data)
{
	if (header->sh_type == SHT_NOBITS)
		return -ENOENT;
	if (header->sh_size > SECTION_MAX)
		return -EFBIG;
	if (header->sh_flags & SHF_COMPRESSED) {
		GElf_Chdr packed;

		if (!gelf_getchdr(scn, &packed) || packed.ch_size > UNPACKED_MAX ||
		    elf_compress(scn, 0, 0) < 0)
			return -EFBIG;
	}
	*data = elf_getdata(scn, NULL);
	return *data && (*data)->d_buf && (*data)->d_size ? 0 : -ENOEXEC;
}

static bool find_build_id(struct elf *elf, Elf_Data *data)
{
	size_t at = 0, next, name, description;
	const char *bytes = data->d_buf;
	GElf_Nhdr note;

	while ((next = gelf_getnote(data, at, &note, &name, &description))) {
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    !memcmp(bytes + name, "GNU", sizeof("GNU")) && note.n_descsz &&
		    note.n_descsz <= sizeof(elf->build_id)) {
			memcpy(elf->build_id, bytes + description, note.n_descsz);
			elf->build_id_length = note.n_descsz;
			return true;
		}
		at = next;
	}
	return false;
}

/* By the segments, which a file has even where its sections are stripped; then by those. */
static void read_build_id(struct elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Phdr segment;
	GElf_Shdr header;
	Elf_Data *data;

	for (size_t i = 0; i < elf->segments; i++) {
		if (!gelf_getphdr(elf->handle, i, &segment) || segment.p_type != PT_NOTE ||
		    segment.p_filesz > 1 << 20)
			continue;
		data = elf_getdata_rawchunk(elf->handle, segment.p_offset, segment.p_filesz,
					    segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (data && find_build_id(elf, data))
			return;
	}
	while ((scn = elf_nextscn(elf->handle, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_NOTE &&
		    !read_section(scn, &header, &data) && find_build_id(elf, data))
			return;
}

/* Takes the handle over. */
static int open_handle(struct elf **out, Elf *handle)
{
	struct elf *elf = handle ? calloc(1, sizeof(*elf)) : NULL;

	*out = NULL;
	if (!elf) {
		elf_end(handle);
		return handle ? -ENOMEM : -ENOEXEC;
	}
	elf->handle = handle;
	elf->fd = -1;
	if (elf_kind(handle) != ELF_K_ELF || !gelf_getehdr(handle, &elf->header) ||
	    !is_code_file(&elf->header) || elf_getphdrnum(handle, &elf->segments)) {
		elf__free(elf);
		return -ENOEXEC;
	}
	if (elf_getshdrstrndx(handle, &elf->names))
		elf->names = 0;
	read_build_id(elf);
	*out = elf;
	return 0;
}

static bool is_roots(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && !st.st_uid && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

int elf__open(struct elf **out, int fd)
{
	elf_version(EV_CURRENT);
	return open_handle(out, elf_begin(fd, is_roots(fd) ? ELF_C_READ_MMAP : ELF_C_READ, NULL));
}

int elf__open_kept(struct elf **out, int fd)
{
	int err = elf__open(out, fd);

	if (err)
		close(fd);
	else
		(*out)->fd = fd;
	return err;
}

int elf__open_image(struct elf **out, void *image, size_t size)
{
	elf_version(EV_CURRENT);
	return open_handle(out, elf_memory(image, size));
}

int elf__open_owned(struct elf **out, void *image, size_t size)
{
	int err = elf__open_image(out, image, size);

	if (err)
		free(image);
	else
		(*out)->owned = image;
	return err;
}

void elf__free(struct elf *elf)
{
	if (!elf)
		return;
	elf_end(elf->handle);
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf->owned);
	free(elf);
}

Elf *elf__handle(const struct elf *elf)
{
	return elf->handle;
}

unsigned int elf__machine(const struct elf *elf)
{
	return elf->header.e_machine;
}

bool elf__is_64_bit(const struct elf *elf)
{
	return gelf_getclass(elf->handle) == ELFCLASS64;
}

bool elf__is_program(struct elf *elf)
{
	struct elf_section dynamic;
	Elf64_Dyn entry;

	if (elf->header.e_type == ET_EXEC)
		return true;
	if (elf->header.e_type != ET_DYN || !elf__is_64_bit(elf) ||
	    elf__section(elf, ".dynamic", true, &dynamic))
		return false;
	for (size_t at = 0; at + sizeof(entry) <= dynamic.size; at += sizeof(entry)) {
		memcpy(&entry, (const char *)dynamic.data + at, sizeof(entry));
		if (entry.d_tag == DT_FLAGS_1)
			return entry.d_un.d_val & DF_1_PIE;
	}
	return false;
}

size_t elf__build_id(const struct elf *elf, const uint8_t **id)
{
	*id = elf->build_id;
	return elf->build_id_length;
}

static const char *section_name(const struct elf *elf, const GElf_Shdr *header)
{
	const char *name = elf->names ? elf_strptr(elf->handle, elf->names, header->sh_name) : NULL;

	return name ? name : "";
}

static void describe(const struct elf *elf, const GElf_Shdr *header, struct elf_section *out)
{
	*out = (struct elf_section){
		.name = section_name(elf, header),
		.address = header->sh_flags & SHF_ALLOC ? header->sh_addr : 0,
		.offset = header->sh_offset,
		.size = header->sh_size,
		.executable = header->sh_flags & SHF_EXECINSTR,
	};
}

int elf__section(struct elf *elf, const char *name, bool with_data, struct elf_section *out)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	int err;

	while ((scn = elf_nextscn(elf->handle, scn))) {
		if (!gelf_getshdr(scn, &header) || strcmp(section_name(elf, &header), name) != 0)
			continue;
		describe(elf, &header, out);
		if (!with_data)
			return 0;
		err = read_section(scn, &header, &data);
		if (err)
			return err;
		out->data = data->d_buf;
		out->size = data->d_size;
		return 0;
	}
	return -ENOENT;
}

int elf__section_at(struct elf *elf, uint64_t address, struct elf_section *out)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(elf->handle, scn))) {
		if (!gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_ALLOC) ||
		    address < header.sh_addr || address - header.sh_addr >= header.sh_size)
			continue;
		describe(elf, &header, out);
		return 0;
	}
	return -ENOENT;
}

int elf__address_of(const struct elf *elf, uint64_t offset, uint64_t *address)
{
	GElf_Phdr segment;

	for (size_t i = 0; i < elf->segments; i++) {
		if (!gelf_getphdr(elf->handle, i, &segment) || segment.p_type != PT_LOAD ||
		    offset < segment.p_offset || offset - segment.p_offset >= segment.p_filesz)
			continue;
		*address = segment.p_vaddr + (offset - segment.p_offset);
		return 0;
	}
	return -ENOENT;
}

int elf__offset_of(const struct elf *elf, uint64_t address, uint64_t *offset)
{
	GElf_Phdr segment;

	for (size_t i = 0; i < elf->segments; i++) {
		if (!gelf_getphdr(elf->handle, i, &segment) || segment.p_type != PT_LOAD ||
		    address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
			continue;
		*offset = segment.p_offset + (address - segment.p_vaddr);
		return 0;
	}
	return -ENOENT;
}

static bool is_code(const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       symbol->st_shndx != SHN_COMMON && symbol->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE);
}

static int visit_symbols(struct elf *elf, Elf_Data *data, size_t strings, elf_symbol_fn visit,
			 void *context)
{
	size_t size = gelf_fsize(elf->handle, ELF_T_SYM, 1, EV_CURRENT);
	size_t count = size ? data->d_size / size : 0;
	GElf_Sym symbol;
	int err = 0;

	for (size_t i = 1; i < count && i < SYMBOLS_MAX && !err; i++) {
		struct elf_symbol found;

		if (!gelf_getsym(data, i, &symbol) || !is_code(&symbol))
			continue;
		found.name = elf_strptr(elf->handle, strings, symbol.st_name);
		if (!found.name || !found.name[0] ||
		    strnlen(found.name, NAME_MAX_LENGTH) == NAME_MAX_LENGTH)
			continue;
		found.address = symbol.st_value;
		found.size = symbol.st_size;
		found.type = GELF_ST_TYPE(symbol.st_info);
		found.binding = GELF_ST_BIND(symbol.st_info);
		err = visit(&found, context);
	}
	return err;
}

int elf__symbols(struct elf *elf, enum elf_table table, elf_symbol_fn visit, void *context)
{
	unsigned int type = table == ELF_SYMTAB ? SHT_SYMTAB : SHT_DYNSYM;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	int err;

	while ((scn = elf_nextscn(elf->handle, scn))) {
		if (!gelf_getshdr(scn, &header) || header.sh_type != type)
			continue;
		err = read_section(scn, &header, &data);
		return err ? err : visit_symbols(elf, data, header.sh_link, visit, context);
	}
	return -ENOENT;
}
