/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Regions of a program that ppbpf times from outside:
 *
 *	PPBPF_BEGIN("parse");
 *	parse(text);
 *	PPBPF_END("parse");
 *
 * Nothing is linked and nothing runs: a marker is a no-op instruction of the
 * size that the kernel can turn into a call, and a note in a section that is
 * never loaded. `ppbpf bench` (region: parse, or --region parse) and `ppbpf
 * profile --function` look it up and time what lies between, by thread. Regions nest; a
 * pair begins and ends in the same thread.
 *
 * The name is a string literal of at most 127 bytes without ", \ and %.
 *
 * Each marker is a USDT probe, too: provider "ppbpf", name "begin" or "end",
 * argument 0 the region's name, for other tracers. For C11 and C++11 with gcc or
 * clang, x86-64 and arm64; elsewhere the markers do nothing.
 */
#ifndef PPBPF_MARK_H
#define PPBPF_MARK_H

#if defined(__ELF__) && defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))

/* Five bytes: what the kernel can replace by a call instead of a trap (Linux 6.18). */
#if defined(__x86_64__)
#define PPBPF_MARK_NOP_ ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"
#else
#define PPBPF_MARK_NOP_ "nop"
#endif

#ifdef __cplusplus
#define PPBPF_MARK_ASSERT_ static_assert
#else
#define PPBPF_MARK_ASSERT_ _Static_assert
#endif

/*
 * Two notes: SystemTap's (address, address of a base that tells whether the
 * file was moved by prelink, no semaphore; provider, name, arguments), and our
 * own with the region's name, so that nobody has to read it from memory.
 */
#define PPBPF_MARK_(event, name)							\
	do {										\
		PPBPF_MARK_ASSERT_(sizeof("" name "") <= 128, "a name of at most 127 bytes"); \
		__asm__ __volatile__(							\
			"990: " PPBPF_MARK_NOP_ "\n"					\
			".pushsection .note.stapsdt,\"?\",\"note\"\n"			\
			".balign 4\n"							\
			".4byte 992f-991f, 994f-993f, 3\n"				\
			"991: .asciz \"stapsdt\"\n"					\
			"992: .balign 4\n"						\
			"993: .8byte 990b, _.stapsdt.base, 0\n"				\
			".asciz \"ppbpf\"\n"						\
			".asciz \"" event "\"\n"					\
			".asciz \"8@%[ppbpf_name]\"\n"					\
			"994: .balign 4\n"						\
			".popsection\n"							\
			".pushsection .note.ppbpf,\"?\",\"note\"\n"			\
			".balign 4\n"							\
			".4byte 992f-991f, 994f-993f, 1\n"				\
			"991: .asciz \"ppbpf\"\n"					\
			"992: .balign 4\n"						\
			"993: .8byte 990b\n"						\
			".asciz \"" event "\"\n"					\
			".asciz \"" name "\"\n"						\
			"994: .balign 4\n"						\
			".popsection\n"							\
			".ifndef _.stapsdt.base\n"					\
			".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n" \
			".weak _.stapsdt.base\n"					\
			".hidden _.stapsdt.base\n"					\
			"_.stapsdt.base: .space 1\n"					\
			".size _.stapsdt.base, 1\n"					\
			".popsection\n"							\
			".endif\n"							\
			: : [ppbpf_name] "r"("" name "") : "memory");			\
	} while (0)

#define PPBPF_BEGIN(name) PPBPF_MARK_("begin", name)
#define PPBPF_END(name) PPBPF_MARK_("end", name)

#else

#define PPBPF_BEGIN(name) ((void)("" name ""))
#define PPBPF_END(name) ((void)("" name ""))

#endif

#endif /* PPBPF_MARK_H */
