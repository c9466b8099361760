/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What bpf/stack.bpf.c and user space share: unwind rows, frames, events of new
 * stacks, modules and Python code, and the counts.
 */
#ifndef PPBPF_STACK_ABI_H
#define PPBPF_STACK_ABI_H

#include "ppbpf_abi.h"

#define PPBPF_FRAMES_MAX 1024		/* of one stack, kernel, native and Python together */
#define PPBPF_KERNEL_FRAMES_MAX 128
#define PPBPF_CHUNK_SHIFT 16
#define PPBPF_CHUNK_ROWS (1u << PPBPF_CHUNK_SHIFT)
#define PPBPF_CHUNKS_MAX 512		/* 32 M rows, 256 MB: far beyond any machine's */
#define PPBPF_MODULES_MAX 8192
#define PPBPF_PYTHONS_MAX 64
#define PPBPF_PAGE_SHIFT 12		/* of the index of rows, whatever the machine's pages */
#define PPBPF_FREQUENCY_MAX 4999

/*
 * How to find the caller from a place in a module: the canonical frame address
 * (the stack pointer as it was before the call) and where the caller's frame
 * pointer is. A row holds from its place up to the next row's.
 */
enum ppbpf_unwind_kind {
	PPBPF_UNWIND_NONE,	/* nothing is known here */
	PPBPF_UNWIND_SP,	/* CFA = sp + offset */
	PPBPF_UNWIND_FP,	/* CFA = fp + offset */
	PPBPF_UNWIND_SP_DEREF,	/* CFA = *(sp + high 12 bits of cfa * 8) + low 4 bits * 8 */
	PPBPF_UNWIND_FP_DEREF,	/* the same with fp */
	PPBPF_UNWIND_PLT,	/* CFA = sp + 8, or sp + 16 from byte `cfa` of an entry of 16 on */
	PPBPF_UNWIND_SIGNAL,	/* the registers are in the ucontext at sp */
	PPBPF_UNWIND_STOP,	/* the outermost frame */
	PPBPF_UNWIND_R10,	/* CFA = r10 + offset: known in the innermost frame alone */
	PPBPF_UNWIND_RAX,
	PPBPF_UNWIND_BX,	/* CFA = rbx + offset */
	PPBPF_UNWIND_SP_FAR,	/* as SP and FP, with 4 bits more of offset in place of bx */
	PPBPF_UNWIND_FP_FAR,
	PPBPF_UNWIND_GO,	/* Go's: as SP in the innermost frame (0: not known), else by fp */
	PPBPF_UNWIND_RA_DI,	/* as SP, and rdi has the return address: vfork, innermost alone */
};

#define PPBPF_FP_SAME 0		/* the caller's frame pointer is in its register still */
#define PPBPF_FP_AT_FP (-128)	/* it is where the frame pointer points to */

struct ppbpf_unwind_row {
	ppbpf_u32 pc;		/* offset in the file */
	ppbpf_s16 cfa;		/* of an offset: the low 16 bits of its eighth */
	signed char fp;		/* it is at CFA + fp * 8; or PPBPF_FP_* */
	ppbpf_u8 kind;		/* enum ppbpf_unwind_kind; the upper half: rbx is at CFA - bx * 8 */
};

#define PPBPF_UNWIND_KIND_MASK 15
#define PPBPF_UNWIND_OFFSET_MAX ((1u << 23) - 8)
#define PPBPF_UNWIND_NEAR_MAX ((1u << 19) - 8)

/* A file that is mapped for execution. */
struct ppbpf_module_key {
	ppbpf_u64 inode;
	ppbpf_u64 size;
	ppbpf_u32 device;	/* as the kernel keeps it: major << 20 | minor */
	ppbpf_u32 mtime;	/* seconds, cut */
};

enum ppbpf_module_state {
	PPBPF_MODULE_PENDING,	/* user space is told and has not answered yet */
	PPBPF_MODULE_READY,
	PPBPF_MODULE_NO_TABLE,	/* an ELF file without unwind information */
	PPBPF_MODULE_NOT_ELF,	/* a JIT compiler's memory file: frames keep their address */
};

/*
 * Rows are numbered through all chunks. An index row a two pages says which is
 * the first row of each, relative to `rows`: { pc, fp:kind:cfa } as two u32.
 */
struct ppbpf_module {
	ppbpf_u32 id;		/* from 1 on; 1 is the vdso */
	ppbpf_u32 state;
	ppbpf_u32 index;	/* number of its first index row */
	ppbpf_u32 first_page;	/* file offset >> PPBPF_PAGE_SHIFT */
	ppbpf_u32 pages;
	ppbpf_u32 rows;		/* number of its first row */
	ppbpf_u32 row_count;
	ppbpf_u32 python;	/* 1 + index into the table of interpreters, or 0 */
};

#define PPBPF_MODULE_VDSO 1

/*
 * A frame in 64 bits: its kind in the upper 4, and below that
 *   NATIVE   20 bits of module id, 40 bits of file offset
 *   MEMORY   60 bits of address: code in no file (JIT)
 *   KERNEL   60 bits of address; as the rest is ones, the kind is 15
 *   PYTHON   1 bit: the last frame of its evaluation; 27 bits of code id, 32 bits
 *            of the instruction's offset in bytes
 * RETURN is added to NATIVE and MEMORY for a return address.
 */
enum ppbpf_frame_kind {
	PPBPF_FRAME_NATIVE,
	PPBPF_FRAME_NATIVE_RETURN,
	PPBPF_FRAME_MEMORY,
	PPBPF_FRAME_MEMORY_RETURN,
	PPBPF_FRAME_PYTHON,
	PPBPF_FRAME_KERNEL = 15,
};

#define PPBPF_FRAME_KIND_SHIFT 60
#define PPBPF_FRAME_OFFSET_BITS 40
#define PPBPF_FRAME_CODE_SHIFT 32
#define PPBPF_FRAME_CODE_MASK ((1u << 27) - 1)
#define PPBPF_FRAME_ENTRY (1ULL << 59)

/* How a stack ended. */
enum ppbpf_stack_end {
	PPBPF_STACK_COMPLETE,
	PPBPF_STACK_TOO_DEEP,		/* truncated at PPBPF_FRAMES_MAX */
	PPBPF_STACK_PENDING,		/* the table of a module was not built yet */
	PPBPF_STACK_NO_TABLE,		/* a module without, and no frame pointers */
	PPBPF_STACK_NO_ROW,		/* a place that its module's table does not describe */
	PPBPF_STACK_NO_FRAME,		/* code in no file, and no frame pointers */
	PPBPF_STACK_NO_MAPPING,		/* an address in no mapping, or not for execution */
	PPBPF_STACK_UNREADABLE,		/* the stack's memory is not there (swapped or untouched) */
	PPBPF_STACK_COMPAT,		/* a 32-bit process */
	PPBPF_STACK_MODULES,		/* more modules than the map holds */
	PPBPF_STACK_END_NR,
};

/*
 * What a count stands for: a sample on a CPU, or time off it by reason. Numbers
 * of processes and threads come again: who it was, the leader's start tells.
 */
#define PPBPF_STACK_ON_CPU 0xff

struct ppbpf_stack_key {
	ppbpf_u64 stack;	/* struct ppbpf_stack_event.id */
	ppbpf_u32 tgid;
	ppbpf_u32 tid;
	ppbpf_u32 kind;		/* PPBPF_STACK_ON_CPU, or enum ppbpf_reason (RUN_QUEUE too) */
	ppbpf_u32 leader_start;	/* low half of struct ppbpf_thread_event.leader_start_boot_ns */
};

struct ppbpf_stack_count {
	ppbpf_u64 count;
	ppbpf_u64 ns;		/* off the CPU only */
};

enum ppbpf_stack_event_kind {
	PPBPF_STACK_EVENT_STACK = 1,
	PPBPF_STACK_EVENT_THREAD,
	PPBPF_STACK_EVENT_MODULE,
	PPBPF_STACK_EVENT_CODE,
	PPBPF_STACK_EVENT_REST,
};

/* A stack that user space may not know yet; innermost frame first. */
struct ppbpf_stack_event {
	ppbpf_u32 kind;
	ppbpf_u32 tgid;		/* whose memory MEMORY frames lie in */
	ppbpf_u32 end;		/* enum ppbpf_stack_end */
	ppbpf_u32 count;	/* of frames */
	ppbpf_u64 id;
	ppbpf_u64 frames[PPBPF_FRAMES_MAX];	/* `count` of them are sent */
};

#define PPBPF_STACK_HEADER_SIZE ((ppbpf_u32)__builtin_offsetof(struct ppbpf_stack_event, frames))

struct ppbpf_thread_event {
	ppbpf_u32 kind;
	ppbpf_u32 tgid;			/* as in the counts' keys */
	ppbpf_u32 tid;
	ppbpf_u32 pid;			/* the process as it is seen here */
	ppbpf_u32 proc_pid;		/* and in /proc; 0: it is not there */
	ppbpf_u32 pad;
	ppbpf_u64 leader_start_boot_ns;
	char comm[PPBPF_COMM_LEN];		/* of the thread */
	char leader_comm[PPBPF_COMM_LEN];
};

/*
 * The rest of a stack whose walk came to a file without a table, yet: what user
 * space needs to go on as soon as that is built. The stack's own event has the
 * frames up to there, the file's being the last, and says PENDING.
 */
#define PPBPF_REST_MAPPINGS 64
#define PPBPF_REST_PAGE 4096
#define PPBPF_REST_PAGES_FEW 4
#define PPBPF_REST_PAGES_MAX 12

struct ppbpf_rest_mapping {
	ppbpf_u64 start;
	ppbpf_u64 end;
	ppbpf_u64 to_offset;	/* added to an address: the offset in the file */
	ppbpf_u64 module;	/* id; 0: code in no file, or in none that can be named by */
};

struct ppbpf_rest_event {
	ppbpf_u32 kind;
	ppbpf_u32 tgid;
	ppbpf_u64 id;		/* the stack's */
	ppbpf_u64 ip, sp, fp, bx, r10, ax, di;
	ppbpf_u32 is_return;	/* ip is behind a call */
	ppbpf_u32 innermost;
	ppbpf_u32 mapping_count;
	ppbpf_u32 stack_bytes;	/* that are here, from the beginning of sp's page */
	struct ppbpf_rest_mapping mappings[PPBPF_REST_MAPPINGS];
	ppbpf_u8 stack[PPBPF_REST_PAGES_FEW * PPBPF_REST_PAGE];
};

struct ppbpf_rest_event_large {
	struct ppbpf_rest_event event;
	ppbpf_u8 stack[(PPBPF_REST_PAGES_MAX - PPBPF_REST_PAGES_FEW) * PPBPF_REST_PAGE];
};

#define PPBPF_FILE_NAME 64

/*
 * /proc/PROC_PID/map_files/START-END is the file, as long as the process lives
 * and maps it; with both 0, it is /proc/PROC_PID/exe. With `id` 0 no file is met:
 * the process has called exec, and will map what it needs.
 */
struct ppbpf_module_event {
	ppbpf_u32 kind;
	ppbpf_u32 id;
	ppbpf_u32 pid;		/* as in struct ppbpf_thread_event */
	ppbpf_u32 proc_pid;
	ppbpf_u64 start;
	ppbpf_u64 end;
	struct ppbpf_module_key key;
	char name[PPBPF_FILE_NAME];	/* the last part of its path */
};

/* What the kernel calls an address, by its own format: "vfs_read+0x1f/0x2d0 [module]". */
#define PPBPF_KERNEL_NAMES 256	/* of a batch */
#define PPBPF_KERNEL_TEXT 240

struct ppbpf_kernel_name {
	ppbpf_u64 address;
	ppbpf_u32 length;	/* with its end; more than the text has room for: cut */
	ppbpf_u32 pad;
	char text[PPBPF_KERNEL_TEXT];
};

/*
 * A Python code object. Texts as they lie in memory, `width` bytes a
 * character; cut when they are longer.
 */
#define PPBPF_PY_NAME 512
#define PPBPF_PY_LINES 16384

struct ppbpf_py_text {
	ppbpf_u16 bytes;
	ppbpf_u8 width;		/* 1, 2 or 4; 0: it could not be read */
	ppbpf_u8 ascii;		/* width 1: ASCII, else Latin-1 */
};

struct ppbpf_code_event {
	ppbpf_u32 kind;
	ppbpf_u32 id;
	ppbpf_u32 tgid;
	ppbpf_u32 python;	/* index into the table of interpreters */
	ppbpf_u32 first_line;
	ppbpf_u32 lines_full;	/* size of the line table; more than `lines` holds: cut */
	struct ppbpf_py_text name;
	struct ppbpf_py_text file;
	ppbpf_u32 lines;	/* bytes of it that are here */
	ppbpf_u32 pad;
	ppbpf_u8 name_bytes[PPBPF_PY_NAME];
	ppbpf_u8 file_bytes[PPBPF_PY_NAME];
	ppbpf_u8 line_bytes[PPBPF_PY_LINES];	/* `lines` of them are sent */
};

#define PPBPF_CODE_HEADER_SIZE \
	((ppbpf_u32)__builtin_offsetof(struct ppbpf_code_event, line_bytes))

/* Where an interpreter keeps what; offsets in bytes. */
struct ppbpf_python {
	ppbpf_u64 runtime;	/* _PyRuntime: file offset of it that its mapping would have */
	ppbpf_u64 eval_start[2];	/* the evaluation loop, and its cold part; file offsets */
	ppbpf_u64 eval_end[2];
	ppbpf_u64 code_type;	/* PyCode_Type less _PyRuntime */
	ppbpf_u32 version;	/* 0x030b00 */
	ppbpf_u16 tss_key;	/* in _PyRuntime: the key of the thread's state */
	ppbpf_u16 interpreters;	/* in _PyRuntime: the first interpreter */
	ppbpf_u16 interp_next;
	ppbpf_u16 interp_threads;
	ppbpf_u16 thread_next;
	ppbpf_u16 thread_id;	/* in PyThreadState: pthread_self() */
	ppbpf_u16 thread_frame;	/* the frame, or the cframe that has it */
	ppbpf_u16 cframe_frame;
	ppbpf_u16 frame_back;
	ppbpf_u16 frame_code;
	ppbpf_u16 frame_last;	/* an instruction's index or its address */
	ppbpf_u16 frame_owner;	/* is_entry in 3.11 */
	ppbpf_u16 code_first_line;
	ppbpf_u16 code_file;
	ppbpf_u16 code_name;	/* qualified where there is such a name */
	ppbpf_u16 code_lines;
	ppbpf_u16 code_bytes;	/* where the instructions begin */
	ppbpf_u16 text_length;
	ppbpf_u16 text_state;
	ppbpf_u16 text_ascii;	/* size of the header of an ASCII text */
	ppbpf_u16 text_wide;	/* the same of others */
	ppbpf_u16 bytes_size;
	ppbpf_u16 bytes_data;
	ppbpf_u8 has_cframe;	/* 3.11, 3.12: thread -> cframe -> frame */
	ppbpf_u8 frame_style;	/* enum ppbpf_python_style */
	ppbpf_u16 text_shift;	/* of the kind's bits in the state */
	ppbpf_u16 cframe_previous;
	ppbpf_u16 object_type;
	ppbpf_u32 pad;
};

enum ppbpf_python_style {
	PPBPF_PYTHON_FRAMES,	/* up to 3.10: an evaluation a frame; lasti counts */
	PPBPF_PYTHON_ENTRY,	/* 3.11: the frame that an evaluation began with says so */
	PPBPF_PYTHON_SHIM,	/* from 3.12 on: a frame of its own stands for the evaluation */
};

/* Each kind of loss of the stacks' programs. */
enum ppbpf_stack_counter {
	PPBPF_STACK_LOST_STACKS,	/* ring full: counts whose stack is not known (if not sent later) */
	PPBPF_STACK_LOST_THREADS,
	PPBPF_STACK_LOST_MODULES,
	PPBPF_STACK_LOST_CODES,
	PPBPF_STACK_LOST_COUNTS,	/* samples: no room in the map of counts */
	PPBPF_STACK_LOST_BUSY,		/* samples: the CPU's scratch memory was in use */
	PPBPF_STACK_LOST_OFF_STATE,	/* waits: no task storage */
	PPBPF_STACK_LOST_TARGETS,	/* processes: no room in the map of targets */
	PPBPF_STACK_PYTHON_LOST,	/* samples whose Python frames could not be found */
	PPBPF_STACK_SAMPLES,		/* on a CPU, of targets */
	PPBPF_STACK_WAITS,		/* off the CPU, of targets */
	PPBPF_STACK_COUNTER_NR,
};

_Static_assert(sizeof(struct ppbpf_unwind_row) == 8, "ABI");
_Static_assert(sizeof(struct ppbpf_module_key) == 24, "ABI");
_Static_assert(sizeof(struct ppbpf_module) == 32, "ABI");
_Static_assert(sizeof(struct ppbpf_stack_key) == 24, "ABI");
_Static_assert(sizeof(struct ppbpf_stack_count) == 16, "ABI");
_Static_assert(PPBPF_STACK_HEADER_SIZE == 24, "ABI");
_Static_assert(sizeof(struct ppbpf_thread_event) == 64, "ABI");
_Static_assert(sizeof(struct ppbpf_module_event) == 56 + PPBPF_FILE_NAME, "ABI");
_Static_assert(__builtin_offsetof(struct ppbpf_rest_event, stack) == 88 + 32 * PPBPF_REST_MAPPINGS,
	       "ABI");
_Static_assert(PPBPF_CODE_HEADER_SIZE == 40 + 2 * PPBPF_PY_NAME, "ABI");
_Static_assert(sizeof(struct ppbpf_kernel_name) == 256, "ABI");
_Static_assert(sizeof(struct ppbpf_python) == 112, "ABI");

#endif /* PPBPF_STACK_ABI_H */
