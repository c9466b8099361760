// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/data_symbol.h"

#include <errno.h>
#include <gelf.h>
#include <string.h>

#include "symbol/elf.h"

static int search(Elf *handle, Elf_Scn *section, const GElf_Shdr *header, const char *name,
		  GElf_Sym *symbol)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	const char *text;

	for (size_t i = 0; i < count; i++) {
		if (!gelf_getsym(data, (int)i, symbol))
			break;
		if (GELF_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_shndx == SHN_UNDEF)
			continue;
		text = elf_strptr(handle, header->sh_link, symbol->st_name);
		if (text && !strcmp(text, name))
			return 0;
	}
	return -ENOENT;
}

int elf_data_symbol(struct elf *elf, const char *name, uint64_t *address, uint64_t *size)
{
	static const uint32_t tables[] = { SHT_DYNSYM, SHT_SYMTAB };
	Elf *handle = elf__handle(elf);
	Elf_Scn *section;
	GElf_Shdr header;
	GElf_Sym symbol;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (section = elf_nextscn(handle, NULL); section;
		     section = elf_nextscn(handle, section)) {
			if (!gelf_getshdr(section, &header) || header.sh_type != tables[i] ||
			    search(handle, section, &header, name, &symbol))
				continue;
			*address = symbol.st_value;
			*size = symbol.st_size;
			return 0;
		}
	return -ENOENT;
}
