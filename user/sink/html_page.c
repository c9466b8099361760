// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/html_page.h"

#include <errno.h>

#include "base/buf.h"

/* JSON in a script element: with "<" as an escape nothing in it can end the element. */
static void put_escaped(FILE *out, const struct buf *data)
{
	for (size_t i = 0; i < data->length; i++) {
		if (data->data[i] == '<')
			fputs("\\u003c", out);
		else
			putc(data->data[i], out);
	}
}

static void put_file(FILE *out, const char *begin, const char *end)
{
	fwrite(begin, 1, end - begin, out);
}

int html_page__write(FILE *out, const struct html_page *page, const struct buf *data)
{
	errno = 0;
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n"
		"<title>%s</title>\n<style>\n", page->title);
	put_file(out, page->css, page->css_end);
	fputs("</style>\n</head>\n<body>\n", out);
	put_file(out, page->html, page->html_end);
	fputs("<script type=\"application/json\" id=\"data\">", out);
	put_escaped(out, data);
	fputs("</script>\n<script>\n", out);
	put_file(out, page->js, page->js_end);
	fputs("</script>\n</body>\n</html>\n", out);
	return ferror(out) ? (errno ? -errno : -EIO) : 0;
}
