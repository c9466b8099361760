// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "sink/profile_trees.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "base/units.h"
#include "model/profile_paths.h"
#include "model/profile_run.h"
#include "model/profile_tree.h"
#include "sink/page.h"

#define LINES_MAX 24		/* of a tree */
#define SHARE_MIN 0.04		/* of all, to be shown */
#define CHAIN 0.9		/* of a node's time: there is one way to go */
#define CHAIN_MAX 512		/* functions */
#define DEPTH_MAX 16		/* branches */

struct printing {
	struct page *page;
	const struct paths *paths;
	const struct tree *tree;
	uint64_t all_ns;
	int lines;
};

static const char *name_of(const struct printing *printing, uint32_t node)
{
	return paths__step(printing->paths, tree__node(printing->tree, node)->step)->name;
}

/* The chain that begins at a node: its nodes, and how many. */
static size_t chain_of(const struct tree *tree, uint32_t node, uint32_t chain[CHAIN_MAX])
{
	size_t count = 0;

	while (count < CHAIN_MAX) {
		const struct tree_node *at = tree__node(tree, node);

		chain[count++] = node;
		if (at->child == TREE_NONE ||
		    tree__node(tree, at->child)->total_ns < CHAIN * at->total_ns)
			break;
		node = at->child;
	}
	return count;
}

/* Which functions of a chain are shown; what is left out within shows as an ellipsis. */
struct shown {
	const uint32_t *chain;
	size_t count;
	bool keep[CHAIN_MAX];
	bool silent[CHAIN_MAX];	/* left out without a sign */
};

static const struct step *step_of(const struct printing *printing, uint32_t node)
{
	return paths__step(printing->paths, tree__node(printing->tree, node)->step);
}

static int width_of(const struct printing *printing, const struct shown *shown)
{
	bool utf8 = printing->page->term->utf8, gap = false;
	int width = 0;

	for (size_t i = 0; i < shown->count; i++) {
		if (shown->keep[i])
			width += text_width(name_of(printing, shown->chain[i]), utf8) + 3;
		else if (!shown->silent[i] && !gap)
			width += utf8 ? 4 : 6;
		gap = !shown->keep[i] && (gap || !shown->silent[i]);
	}
	return width - 3;
}

/* A function that calls itself is said once, and how often. */
static void drop_repeats(const struct printing *printing, struct shown *shown)
{
	for (size_t i = 1; i < shown->count; i++)
		if (step_of(printing, shown->chain[i]) == step_of(printing, shown->chain[i - 1])) {
			shown->keep[i] = false;
			shown->silent[i] = true;
		}
}

static size_t repeats(const struct printing *printing, const uint32_t *chain, size_t count)
{
	size_t same = 1;

	while (same < count && step_of(printing, chain[same]) == step_of(printing, chain[0]))
		same++;
	return same;
}

/* The kernel's own way to sleep says less than what is waited for, which comes last. */
static void drop_sleep(const struct printing *printing, struct shown *shown)
{
	if (step_of(printing, shown->chain[shown->count - 1])->kind != STEP_WAIT)
		return;
	for (size_t i = 0; i < shown->count; i++)
		if (step_of(printing, shown->chain[i])->kind == FRAME_KERNEL) {
			shown->keep[i] = false;
			shown->silent[i] = true;
		}
}

/* An interpreter's own functions, where those that it interprets are named. */
static void drop_interpreter(const struct printing *printing, struct shown *shown)
{
	size_t last = shown->count;

	while (last && step_of(printing, shown->chain[last - 1])->kind != FRAME_PYTHON)
		last--;
	for (size_t i = 1; i < last; i++)
		if (step_of(printing, shown->chain[i])->kind == FRAME_NATIVE)
			shown->keep[i] = false;
}

/*
 * What is nearest to the root is least worth its place, and native functions
 * are less than Python's; the first and last ones stay.
 */
static void drop_outer(const struct printing *printing, struct shown *shown, int room)
{
	bool python = false;

	for (size_t i = 0; i < shown->count; i++)
		python |= step_of(printing, shown->chain[i])->kind == FRAME_PYTHON;
	for (int round = python ? 0 : 1; round < 2; round++) {
		for (size_t i = 1; i + 1 < shown->count && width_of(printing, shown) > room; i++) {
			bool native = step_of(printing, shown->chain[i])->kind == FRAME_NATIVE;

			if (!shown->silent[i] && (round || native))
				shown->keep[i] = false;
		}
	}
}

static void put_chain(const struct printing *printing, const uint32_t *chain, size_t count)
{
	struct shown shown = { .chain = chain, .count = count };
	struct page *page = printing->page;
	int room = page__room(page);
	bool gap = false;
	size_t same;

	memset(shown.keep, true, count);
	drop_repeats(printing, &shown);
	drop_sleep(printing, &shown);
	if (width_of(printing, &shown) > room)
		drop_interpreter(printing, &shown);
	drop_outer(printing, &shown, room);
	for (size_t i = 0, put = 0; i < count; i++) {
		if (!shown.keep[i]) {
			gap |= !shown.silent[i];
			continue;
		}
		if (put++)
			page__text(page, " > ");
		if (gap)
			page__glyphs(page, page->term->utf8 ? "… > " : "... > ");
		page__text(page, "%s", name_of(printing, chain[i]));
		same = repeats(printing, chain + i, count - i);
		if (same > 1)
			page__text(page, " (%zu times)", same);
		gap = false;
	}
	page__end_line(page);
}

static void print_node(struct printing *printing, uint32_t node, int depth)
{
	const struct tree_node *at = tree__node(printing->tree, node);
	uint32_t chain[CHAIN_MAX];
	char percent[UNITS_TEXT];
	size_t count;

	if (printing->lines == LINES_MAX || at->total_ns < SHARE_MIN * printing->all_ns)
		return;
	printing->lines++;
	count = chain_of(printing->tree, node, chain);
	page__column(printing->page, format_percent(percent, 100.0 * at->total_ns /
						    printing->all_ns), 9);
	page__to(printing->page, 12 + 2 * depth);
	put_chain(printing, chain, count);
	if (depth == DEPTH_MAX)
		return;
	node = tree__node(printing->tree, chain[count - 1])->child;
	for (; node != TREE_NONE; node = tree__node(printing->tree, node)->next)
		print_node(printing, node, depth + 1);
}

static void print_tree(struct printing *printing, const char *heading, uint32_t first)
{
	page__style(printing->page, PAGE_DIM);
	page__text(printing->page, "%s", heading);
	page__end_line(printing->page);
	printing->lines = 0;
	for (; first != TREE_NONE; first = tree__node(printing->tree, first)->next)
		print_node(printing, first, 0);
	page__end_line(printing->page);
}

/* Of each thread that has a share of the time worth showing. */
static void print_threads(struct printing *printing)
{
	uint32_t node = tree__node(printing->tree, 0)->child;
	char heading[96], text[UNITS_TEXT];

	for (; node != TREE_NONE; node = tree__node(printing->tree, node)->next) {
		const struct tree_node *at = tree__node(printing->tree, node);

		printing->all_ns = tree__node(printing->tree, 0)->total_ns;
		if (at->total_ns < SHARE_MIN / 4 * printing->all_ns)
			break;
		snprintf(heading, sizeof(heading), "hottest paths of %s, %s",
			 name_of(printing, node), format_duration(text, at->total_ns));
		printing->all_ns = at->total_ns;
		print_tree(printing, heading, at->child);
	}
}

int profile_trees__print(struct page *page, const struct profile_run *run)
{
	unsigned int flags = run->threads ? PATHS_THREAD :
			     profile__has_processes(run->profile) ? PATHS_PROCESS : 0;
	struct paths *paths = paths__new(run->profile, flags);
	struct tree *tree = paths ? tree__new(paths, -1) : NULL;
	struct printing printing = { .page = page, .paths = paths, .tree = tree };

	if (tree && tree__node(tree, 0)->total_ns) {
		printing.all_ns = tree__node(tree, 0)->total_ns;
		if (run->threads)
			print_threads(&printing);
		else
			print_tree(&printing, "hottest paths", tree__node(tree, 0)->child);
	}
	tree__free(tree);
	paths__free(paths);
	return tree ? 0 : -ENOMEM;
}
