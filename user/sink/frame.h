/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* A page on a terminal that the next one takes the place of. */
#ifndef PPBPF_SINK_FRAME_H
#define PPBPF_SINK_FRAME_H

#include <stdbool.h>

#include "base/term.h"
#include "sink/page.h"

struct frame {
	int fd;
	struct term term;
	bool in_place;		/* the terminal can do that; else frames are not for it */
	bool began;
	struct page page;	/* what the terminal shows */
};

void frame__init(struct frame *frame, int fd);

/* Shows a page, made for &frame->term after frame__resize(), and takes it over. -errno. */
int frame__show(struct frame *frame, const struct page *page);
void frame__resize(struct frame *frame);

/* Takes it away and gives the cursor back. -errno. */
int frame__free(struct frame *frame);

#endif
