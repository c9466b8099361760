// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "symbol/python.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

#include "base/buf.h"
#include "symbol/cfi.h"
#include "symbol/elf.h"

#define EVAL "_PyEval_EvalFrameDefault"
#define COLD_JUMPS_MIN 3

/* sizeof() and offsetof() of the headers of that version, 64-bit. */
static const struct ppbpf_python layouts[] = {
	{ .version = 0x030800,
	  .tss_key = 1396,
	  .interpreters = 32,
	  .interp_next = 0,
	  .interp_threads = 8,
	  .thread_next = 8,
	  .thread_id = 176,
	  .thread_frame = 24,
	  .frame_back = 24,
	  .frame_code = 32,
	  .frame_last = 104,
	  .code_first_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .code_lines = 120,
	  .text_ascii = 48,
	  .text_wide = 72,
	  .frame_style = PPBPF_PYTHON_FRAMES },
	{ .version = 0x030900,
	  .tss_key = 588,
	  .interpreters = 32,
	  .interp_next = 0,
	  .interp_threads = 8,
	  .thread_next = 8,
	  .thread_id = 176,
	  .thread_frame = 24,
	  .frame_back = 24,
	  .frame_code = 32,
	  .frame_last = 104,
	  .code_first_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .code_lines = 120,
	  .text_ascii = 48,
	  .text_wide = 72,
	  .frame_style = PPBPF_PYTHON_FRAMES },
	{ .version = 0x030a00,
	  .tss_key = 588,
	  .interpreters = 32,
	  .interp_next = 0,
	  .interp_threads = 8,
	  .thread_next = 8,
	  .thread_id = 176,
	  .thread_frame = 24,
	  .frame_back = 24,
	  .frame_code = 32,
	  .frame_last = 96,
	  .code_first_line = 40,
	  .code_file = 104,
	  .code_name = 112,
	  .code_lines = 120,
	  .text_ascii = 48,
	  .text_wide = 72,
	  .frame_style = PPBPF_PYTHON_FRAMES },
	{ .version = 0x030b00,
	  .tss_key = 596,
	  .interpreters = 40,
	  .interp_next = 0,
	  .interp_threads = 16,
	  .thread_next = 8,
	  .thread_id = 152,
	  .thread_frame = 56,
	  .has_cframe = 1,
	  .cframe_frame = 8,
	  .cframe_previous = 16,
	  .frame_back = 48,
	  .frame_code = 32,
	  .frame_last = 56,
	  .frame_owner = 68,
	  .code_first_line = 72,
	  .code_file = 112,
	  .code_name = 128,
	  .code_lines = 136,
	  .code_bytes = 184,
	  .text_ascii = 48,
	  .text_wide = 72,
	  .frame_style = PPBPF_PYTHON_ENTRY },
	{ .version = 0x030c00,
	  .tss_key = 1548,
	  .interpreters = 40,
	  .interp_next = 0,
	  .interp_threads = 72,
	  .thread_next = 8,
	  .thread_id = 136,
	  .thread_frame = 56,
	  .has_cframe = 1,
	  .cframe_frame = 0,
	  .cframe_previous = 8,
	  .frame_back = 8,
	  .frame_code = 0,
	  .frame_last = 56,
	  .frame_owner = 70,
	  .code_first_line = 68,
	  .code_file = 112,
	  .code_name = 128,
	  .code_lines = 136,
	  .code_bytes = 192,
	  .text_ascii = 40,
	  .text_wide = 56,
	  .frame_style = PPBPF_PYTHON_SHIM },
	/* what it does not tell itself */
	{ .version = 0x030d00,
	  .tss_key = 2164,
	  .text_ascii = 40,
	  .text_wide = 56,
	  .frame_style = PPBPF_PYTHON_SHIM },
};

/* The beginning of struct _Py_DebugOffsets of 3.13 (pycore_runtime.h). */
struct debug_offsets {
	char cookie[8];
	uint64_t version, free_threaded;
	uint64_t runtime_size, runtime_finalizing, runtime_interpreters;
	uint64_t interp_size, interp_id, interp_next, interp_threads, interp_others[9];
	uint64_t thread_size, thread_prev, thread_next, thread_interp, thread_frame, thread_id;
	uint64_t thread_others[3];
	uint64_t frame_size, frame_previous, frame_executable, frame_instr_ptr, frame_localsplus;
	uint64_t frame_owner;
	uint64_t code_size, code_filename, code_name, code_qualname, code_linetable;
	uint64_t code_firstlineno, code_others[3], code_adaptive;
};

struct found {
	uint64_t runtime;
	uint64_t eval;
	uint64_t eval_size;
	uint64_t code_type;
	uint64_t version;     /* address of Py_Version: 3.11 */
	bool new_ref;	      /* Py_NewRef: 3.10 */
	bool call_no_args;    /* PyObject_CallNoArgs: 3.9 */
	bool positional_only; /* PyCode_NewWithPosOnlyArgs: 3.8 */
	bool any;	      /* PyEval_EvalFrameEx: all */
};

static void note_symbol(struct found *found, const char *name, const GElf_Sym *symbol)
{
	if (!strcmp(name, "_PyRuntime"))
		found->runtime = symbol->st_value;
	else if (!strcmp(name, "PyCode_Type"))
		found->code_type = symbol->st_value;
	else if (!strcmp(name, "Py_Version"))
		found->version = symbol->st_value;
	else if (!strcmp(name, "Py_NewRef"))
		found->new_ref = true;
	else if (!strcmp(name, "PyObject_CallNoArgs"))
		found->call_no_args = true;
	else if (!strcmp(name, "PyCode_NewWithPosOnlyArgs"))
		found->positional_only = true;
	else if (!strcmp(name, "PyEval_EvalFrameEx"))
		found->any = true;
	else if (!strcmp(name, EVAL)) {
		found->eval = symbol->st_value;
		found->eval_size = symbol->st_size;
	}
}

/* Whether it exports an interpreter is told by the names alone: most files do not. */
static bool may_export(struct elf *elf)
{
	struct elf_section names;

	if (elf__section(elf, ".dynstr", true, &names) || !names.data)
		return false;
	return memmem(names.data, names.size, "PyEval_EvalFrameEx", 18);
}

static void find_symbols(struct found *found, struct elf *elf)
{
	Elf *handle = elf__handle(elf);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data;
	const char *name;

	while ((section = elf_nextscn(handle, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM ||
		    !header.sh_entsize)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < data->d_size / header.sh_entsize; i++) {
			if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF)
				continue;
			name = elf_strptr(handle, header.sh_link, symbol.st_name);
			if (name)
				note_symbol(found, name, &symbol);
		}
	}
}

/* Bytes of the file at a virtual address; false: they are not there. */
static bool bytes_at(struct elf *elf, uint64_t address, void *out, size_t size)
{
	uint64_t offset;
	Elf_Data *data;

	if (elf__offset_of(elf, address, &offset))
		return false;
	data = elf_getdata_rawchunk(elf__handle(elf), offset, size, ELF_T_BYTE);
	if (!data || !data->d_buf || data->d_size < size)
		return false;
	memcpy(out, data->d_buf, size);
	return true;
}

static uint32_t version_of(const struct found *found, struct elf *elf)
{
	uint64_t version;

	if (found->version && bytes_at(elf, found->version, &version, sizeof(version)))
		return version >> 16 << 8; /* without patch level and release */
	if (found->new_ref)
		return 0x030a00;
	if (found->call_no_args)
		return 0x030900;
	if (found->positional_only)
		return 0x030800;
	return 0;
}

static int read_debug_offsets(struct ppbpf_python *python, const struct found *found,
			      struct elf *elf)
{
	struct debug_offsets offsets;

	if (!bytes_at(elf, found->runtime, &offsets, sizeof(offsets)) ||
	    memcmp(offsets.cookie, "xdebugpy", sizeof(offsets.cookie)) != 0)
		return -ENOTSUP;
	/* a code's or frame's part is read as one piece; the rest are 16-bit fields */
	if (offsets.frame_size > 1024 || offsets.code_size > 1024 ||
	    offsets.interp_threads > UINT16_MAX || offsets.interp_next > UINT16_MAX ||
	    offsets.runtime_interpreters > UINT16_MAX || offsets.thread_size > UINT16_MAX)
		return -ENOTSUP;
	python->interpreters = offsets.runtime_interpreters;
	python->interp_next = offsets.interp_next;
	python->interp_threads = offsets.interp_threads;
	python->thread_next = offsets.thread_next;
	python->thread_id = offsets.thread_id;
	python->thread_frame = offsets.thread_frame;
	python->frame_back = offsets.frame_previous;
	python->frame_code = offsets.frame_executable;
	python->frame_last = offsets.frame_instr_ptr;
	python->frame_owner = offsets.frame_owner;
	python->code_first_line = offsets.code_firstlineno;
	python->code_file = offsets.code_filename;
	python->code_name = offsets.code_qualname;
	python->code_lines = offsets.code_linetable;
	python->code_bytes = offsets.code_adaptive;
	return 0;
}

/*
 * Compilers split what they take for rarely run off a function. Of the places
 * outside that the loop's conditional jumps lead to, most lie in its cold part.
 */
static void find_cold_part(struct ppbpf_python *python, const struct cfi_table *table,
			   const uint8_t *code, size_t size)
{
	const struct cfi_range *best = NULL, *range;
	unsigned int votes = 0;
	uint32_t start = python->eval_start[0], target;
	int32_t jump;

	/* a majority vote: one candidate is kept, others wear it down */
	for (size_t at = 0; at + 6 <= size; at++) {
		if (code[at] != 0x0f || (code[at + 1] & 0xf0) != 0x80)
			continue;
		memcpy(&jump, code + at + 2, sizeof(jump));
		target = start + at + 6 + jump;
		if (target >= start && target < start + size)
			continue;
		range = cfi__range(table, target);
		if (!range || range->start == target)
			continue;
		if (range == best) {
			votes++;
		} else if (votes) {
			votes--;
		} else {
			best = range;
			votes = 1;
		}
	}
	if (best && votes >= COLD_JUMPS_MIN) {
		python->eval_start[1] = best->start;
		python->eval_end[1] = best->end;
	}
}

static int find_eval(struct ppbpf_python *python, const struct found *found, struct elf *elf,
		     const struct cfi_table *table)
{
	uint64_t offset;
	Elf_Data *code;

	if (!found->eval || !found->eval_size || elf__offset_of(elf, found->eval, &offset))
		return -ENOTSUP;
	python->eval_start[0] = offset;
	python->eval_end[0] = offset + found->eval_size;
	/* as its distance from the code, which tells where it is mapped */
	python->runtime = found->runtime - found->eval + offset;
	code = elf_getdata_rawchunk(elf__handle(elf), offset, found->eval_size, ELF_T_BYTE);
	if (code && code->d_buf && table)
		find_cold_part(python, table, code->d_buf, code->d_size);
	return 0;
}

int python_find(struct ppbpf_python *python, uint32_t *version, struct elf *elf,
		const struct cfi_table *table)
{
	struct found found = { 0 };
	int err;

	*version = 0;
	if (!may_export(elf))
		return -ENOENT;
	find_symbols(&found, elf);
	if (!found.any)
		return -ENOENT;
	*version = version_of(&found, elf);
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		if (layouts[i].version != *version || !found.runtime || !found.code_type)
			continue;
		*python = layouts[i];
		python->code_type = found.code_type - found.runtime;
		python->object_type = 8;
		python->text_length = 16;
		python->text_state = 32;
		python->text_shift = 2;
		python->bytes_size = 16;
		python->bytes_data = 32;
		err = *version >= 0x030d00 ? read_debug_offsets(python, &found, elf) : 0;
		return err ? err : find_eval(python, &found, elf, table);
	}
	return -ENOTSUP;
}
