// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/frame.h"

#include <stdlib.h>
#include <string.h>

#include "sink/output.h"

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define ERASE_LINE_END "\033[K"
#define ERASE_BELOW "\033[J"

static bool is_dumb(void)
{
	const char *name = getenv("TERM");

	return !name || !*name || !strcmp(name, "dumb");
}

void frame__init(struct frame *frame, int fd)
{
	*frame = (struct frame){ .fd = fd };
	term__detect(&frame->term, fd);
	frame->in_place = frame->term.is_terminal && !is_dumb();
	page__init(&frame->page, &frame->term);
}

void frame__resize(struct frame *frame)
{
	term__resize(&frame->term, frame->fd);
}

/* Up to the first row of the frame that is there, however the terminal has wrapped it since. */
static void go_back(const struct frame *frame, struct buf *out)
{
	int rows = page__rows(&frame->page, frame->term.width);

	if (rows >= frame->term.height)
		rows = frame->term.height - 1;
	buf__putc(out, '\r');
	if (rows > 0)
		buf__printf(out, "\033[%dA", rows);
}

static int write_page(struct frame *frame, const struct page *page)
{
	const char *at = buf__str(&page->out), *end;
	struct buf out = BUF_INIT;
	int err;

	if (!frame->began)
		buf__puts(&out, HIDE_CURSOR);
	else
		go_back(frame, &out);
	for (; *at; at = end + 1) {
		end = strchrnul(at, '\n');
		buf__append(&out, at, end - at);
		buf__puts(&out, ERASE_LINE_END "\n");
		if (!*end)
			break;
	}
	buf__puts(&out, ERASE_BELOW);
	err = page__error(page) ? page__error(page) : output_write(frame->fd, &out);
	frame->began = true;
	buf__free(&out);
	return err;
}

int frame__show(struct frame *frame, const struct page *page)
{
	int err = write_page(frame, page);

	page__free(&frame->page);
	frame->page = *page;
	return err;
}

int frame__free(struct frame *frame)
{
	struct buf out = BUF_INIT;
	int err = 0;

	if (frame->in_place && frame->began) {
		frame__resize(frame);
		go_back(frame, &out);
		/* from the second row on: tmux keeps a copy of a screen that is erased whole */
		buf__puts(&out, ERASE_LINE_END "\n" ERASE_BELOW "\033[1A" SHOW_CURSOR);
		err = output_write(frame->fd, &out);
	}
	buf__free(&out);
	page__free(&frame->page);
	return err;
}
