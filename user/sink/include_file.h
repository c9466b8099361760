/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A file becomes a part of the program, as it is: from `symbol` to `symbol`_end, and a NUL. */
#ifndef PPBPF_SINK_INCLUDE_FILE_H
#define PPBPF_SINK_INCLUDE_FILE_H

/* The assembler reads it; its path is from the top of the tree, where make runs. */
#define INCLUDE_FILE(symbol, path)					\
	__asm__(".pushsection .rodata, \"a\", @progbits\n"		\
		".globl " #symbol ", " #symbol "_end\n"			\
		".hidden " #symbol ", " #symbol "_end\n"		\
		#symbol ":\n"						\
		".incbin \"" path "\"\n"				\
		#symbol "_end:\n"					\
		".byte 0\n"						\
		".popsection\n")

#endif
