// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", NSEC_PER_USEC },
	{ "µs", NSEC_PER_USEC },
	{ "ms", NSEC_PER_MSEC },
	{ "s", NSEC_PER_SEC },
	{ "m", 60 * NSEC_PER_SEC },
	{ "h", 3600 * NSEC_PER_SEC },
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
	{ "G", 1ULL << 30 }, { "T", 1ULL << 40 }, { "P", 1ULL << 50 },
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Digits, perhaps a point and more digits; what follows is @rest. */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale; /* the fraction is fraction / scale */
	const char *rest;
};

static int parse_decimal(const char *text, struct decimal *d)
{
	const char *c = text;

	*d = (struct decimal){ .scale = 1 };
	for (; isdigit((unsigned char)*c); c++) {
		if (__builtin_mul_overflow(d->whole, 10, &d->whole) ||
		    __builtin_add_overflow(d->whole, (uint64_t)(*c - '0'), &d->whole))
			return -ERANGE;
	}
	if (*c == '.') {
		if (!isdigit((unsigned char)c[1]))
			return -EINVAL;
		/* Digits beyond the 18th are below any unit that we have. */
		for (c++; isdigit((unsigned char)*c); c++) {
			if (d->scale >= 1000000000000000000ULL)
				continue;
			d->fraction = d->fraction * 10 + (*c - '0');
			d->scale *= 10;
		}
	}
	d->rest = c;
	return c == text ? -EINVAL : 0;
}

static int scale_decimal(const struct decimal *d, uint64_t factor, uint64_t *result)
{
	unsigned __int128 part = (unsigned __int128)d->fraction * factor + d->scale / 2;
	uint64_t value;

	if (__builtin_mul_overflow(d->whole, factor, &value) ||
	    __builtin_add_overflow(value, (uint64_t)(part / d->scale), &value))
		return -ERANGE;
	*result = value;
	return 0;
}

int parse_duration(const char *text, uint64_t default_unit_ns, uint64_t *ns)
{
	struct decimal d;
	int err = parse_decimal(text, &d);

	if (err)
		return err;
	if (!*d.rest)
		return scale_decimal(&d, default_unit_ns, ns);
	for (size_t i = 0; i < LENGTH(time_units); i++) {
		if (strcmp(d.rest, time_units[i].name) == 0)
			return scale_decimal(&d, time_units[i].factor, ns);
	}
	return -EINVAL;
}

/* "K", "KB" and "KiB"; for bytes "" and "B". */
static bool names_size(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncasecmp(text, prefix, length) != 0)
		return false;
	text += length;
	return !*text || !strcasecmp(text, "B") || (length && !strcasecmp(text, "iB"));
}

int parse_size(const char *text, uint64_t *bytes)
{
	struct decimal d;
	int err = parse_decimal(text, &d);

	if (err)
		return err;
	for (size_t i = 0; i < LENGTH(size_units); i++) {
		if (names_size(d.rest, size_units[i].name))
			return scale_decimal(&d, size_units[i].factor, bytes);
	}
	return -EINVAL;
}

int parse_share(const char *text, double *share)
{
	struct decimal d;
	int err = parse_decimal(text, &d);
	double value;

	if (err)
		return err;
	value = d.whole + (double)d.fraction / d.scale;
	while (*d.rest == ' ')
		d.rest++;
	if (*d.rest && strcmp(d.rest, "%") != 0)
		return -EINVAL;
	if (!*d.rest && value > 1)
		return -ERANGE;
	*share = *d.rest ? value / 100 : value;
	return 0;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	struct decimal d;
	int err;

	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	err = parse_decimal(text, &d);
	if (err)
		return err;
	if (d.whole < min || d.whole > max)
		return -ERANGE;
	*value = d.whole;
	return 0;
}

char *format_count(char *out, uint64_t count)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	char *c = out;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*c++ = ' ';
		*c++ = digits[i];
	}
	*c = '\0';
	return out;
}

/* A number too large for a digit after its point. */
static char *format_whole(char *out, double value, const char *unit)
{
	char digits[UNITS_TEXT];

	if (value < 1e18)
		snprintf(out, UNITS_TEXT, "%.30s %s", format_count(digits, llround(value)), unit);
	else
		snprintf(out, UNITS_TEXT, "%.2e %s", value, unit);
	return out;
}

/* Three significant digits, but never more than two after the point. */
static char *format_value(char *out, double value, const char *unit)
{
	if (value >= 99.95)
		return format_whole(out, value, unit);
	snprintf(out, UNITS_TEXT, "%.*f %s", value < 9.995 ? 2 : 1, value, unit);
	return out;
}

struct scale {
	double up_to; /* in base units, as printed: after rounding */
	double divisor;
	const char *name;
};

static char *format_scaled(char *out, double value, const struct scale *scale)
{
	while (value >= scale->up_to)
		scale++;
	return format_value(out, value / scale->divisor, scale->name);
}

static bool is_known(double value)
{
	return isfinite(value) && value >= 0;
}

static char *format_unknown(char *out)
{
	return strcpy(out, "-");
}

char *format_duration(char *out, double ns)
{
	/* 0.31 ms rather than 310 us, which people compare with other ms. */
	static const struct scale scales[] = {
		{ 999.5, 1, "ns" },    { 99.95e3, 1e3, "us" },	      { 999.5e6, 1e6, "ms" },
		{ 999.5e9, 1e9, "s" }, { 119.5 * 60e9, 60e9, "min" }, { INFINITY, 3600e9, "h" },
	};

	if (!is_known(ns))
		return format_unknown(out);
	if (ns == 0)
		return strcpy(out, "0 s");
	if (ns < 999.5) {
		snprintf(out, UNITS_TEXT, "%.0f ns", ns);
		return out;
	}
	return format_scaled(out, ns, scales);
}

char *format_seconds(char *out, double ns)
{
	if (!is_known(ns))
		return format_unknown(out);
	return format_value(out, ns / 1e9, "s");
}

char *format_bytes(char *out, double bytes)
{
	static const struct scale scales[] = {
		{ 999.5 * 1024, 1024, "KB" },
		{ 999.5 * 1048576, 1048576, "MB" },
		{ 999.5 * 1073741824, 1073741824, "GB" },
		{ 999.5 * 1099511627776, 1099511627776, "TB" },
		{ INFINITY, 1125899906842624, "PB" },
	};

	if (!is_known(bytes))
		return format_unknown(out);
	if (bytes == 0)
		return strcpy(out, "0");
	if (bytes < 999.5) {
		snprintf(out, UNITS_TEXT, "%.0f B", bytes);
		return out;
	}
	return format_scaled(out, bytes, scales);
}

char *format_percent(char *out, double percent)
{
	if (!is_known(percent))
		return format_unknown(out);
	if (percent > 0 && percent < 0.05)
		return strcpy(out, "<0.1 %");
	if (percent >= 99.95)
		return format_whole(out, percent, "%");
	snprintf(out, UNITS_TEXT, "%.1f %%", percent);
	return out;
}
