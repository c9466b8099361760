// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/trace_assets.h"

/* The assembler reads the files; their names are from the top of the tree, where make runs. */
#define INCLUDE_FILE(symbol, name)					\
	__asm__(".pushsection .rodata, \"a\", @progbits\n"		\
		".globl " #symbol ", " #symbol "_end\n"			\
		".hidden " #symbol ", " #symbol "_end\n"		\
		#symbol ":\n"						\
		".incbin \"user/sink/waterfall/" name "\"\n"		\
		#symbol "_end:\n"					\
		".byte 0\n"						\
		".popsection\n")

INCLUDE_FILE(waterfall_html, "waterfall.html");
INCLUDE_FILE(waterfall_css, "waterfall.css");
INCLUDE_FILE(waterfall_js, "waterfall.js");
