/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef PPBPF_BASE_UNITS_H
#define PPBPF_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as people write and read them.
 *
 * The parsers take the whole text or nothing: no blanks, signs, exponents, or
 * words like "nan". They return 0, -EINVAL (not a number, or an unknown unit)
 * or -ERANGE (too large), and leave the result alone on an error.
 */

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL

/* "100" (of @default_unit_ns), "10ns", "250us", "500ms", "1.5s", "2m", "1h"; to the nearest ns. */
int parse_duration(const char *text, uint64_t default_unit_ns, uint64_t *ns);

/* "100", "100B", "4K", "4KB", "1.5M", "2GiB", in either case; K is 1024, as all _mb fields are. */
int parse_size(const char *text, uint64_t *bytes);

/* A share: "0.05" or "5%"; what is more than the whole needs its %: -ERANGE for a bare "5". */
int parse_share(const char *text, double *share);

/* Decimal digits; -ERANGE outside [@min, @max]. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/*
 * The formatters write into @out, of at least UNITS_TEXT bytes, and return it:
 *
 *	char a[UNITS_TEXT], b[UNITS_TEXT];
 *	printf("%s of %s\n", format_bytes(a, used), format_bytes(b, all));
 *
 * Three significant digits; NaN, which stands for "not known", is "-".
 */
#define UNITS_TEXT 48

/* "850 ns", "31.0 us", "0.31 ms", "4.10 ms", "5.02 s", "16.7 min", "2.00 h"; "0 s". */
char *format_duration(char *out, double ns);

/* Always in seconds, for columns: "0.00 s", "0.62 s", "12.3 s", "1 204 s". */
char *format_seconds(char *out, double ns);

/* "0", "512 B", "2.10 KB", "64.0 MB", "0.98 GB"; K is 1024. */
char *format_bytes(char *out, double bytes);

/* "0.0 %", "<0.1 %", "9.0 %", "46.7 %", "198 %". */
char *format_percent(char *out, double percent);

/* Exact, in groups: "12", "1 204", "18 446 744". */
char *format_count(char *out, uint64_t count);

#endif
