// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <string.h>

#include "base/units.h"
#include "model/attribute.h"
#include "model/handover.h"
#include "model/request.h"
#include "model/span.h"

#define SEEN_MAX 16

/* What was handed on: in whose work, in its order. */
struct seen {
	uint64_t within[SEEN_MAX];
	size_t count;
};

static int on_span(struct span *span, void *context)
{
	struct seen *seen = context;

	seen->within[seen->count++ % SEEN_MAX] = span->seen.within;
	span__free(span);
	return 0;
}

static void add(struct handovers *h, const struct request *request, uint64_t now_ns)
{
	struct resource *resource = resource__new(&(struct bytes){ "", 0 });
	struct span from = { .resource = resource, .name = "x", .seen.within = request->within };

	assert_int_equal(handovers__add(h, request, span__new(&from), now_ns), 0);
	resource__put(resource);
}

static struct request made(pid_t pid, uint64_t within, bool by_thread)
{
	return (struct request){ .role = PPBPF_ROLE_CLIENT, .pid = pid, .within = within,
				 .by_thread = by_thread, .thread = 1, .reply_thread = 2,
				 .first_byte_ns = 1 };
}

static struct request served(pid_t pid, uint32_t reader, uint32_t replier)
{
	return (struct request){ .role = PPBPF_ROLE_SERVER, .pid = pid, .thread = reader,
				 .reply_thread = replier, .first_byte_ns = 1 };
}

static void threads_are_believed_after_a_while(void **state)
{
	struct seen seen = { .count = 0 };
	struct handovers *h = handovers__new(on_span, &seen);
	struct request alone = made(1, 16, false), several = made(1, 32, true);
	struct request same = served(1, 7, 7);

	(void)state;
	add(h, &alone, 1);
	assert_int_equal(seen.count, 1);
	add(h, &several, 2);
	add(h, &same, 3);
	assert_int_equal(seen.count, 2);	/* one is held */
	assert_int_equal(handovers__tick(h, NSEC_PER_SEC, false), 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(handovers__tick(h, 2 + NSEC_PER_SEC, false), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.within[2], 32);
	add(h, &several, 3 + NSEC_PER_SEC);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.within[3], 32);
	handovers__free(h);
}

static void nothing_is_said_of_those_who_hand_over(void **state)
{
	struct seen seen = { .count = 0 };
	struct handovers *h = handovers__new(on_span, &seen);
	struct request alone = made(1, 16, false), several = made(1, 32, true);
	struct request others = made(2, 48, true), handed = served(1, 7, 8);
	struct request unanswered = served(2, 7, 8);

	(void)state;
	unanswered.first_byte_ns = 0;
	add(h, &several, 1);
	add(h, &others, 1);
	add(h, &unanswered, 2);		/* whoever replied to the one before it */
	assert_int_equal(seen.count, 1);
	add(h, &handed, 3);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.within[1], 0);	/* the one that was held */
	add(h, &several, 4 + NSEC_PER_SEC);
	add(h, &alone, 5 + NSEC_PER_SEC);
	assert_int_equal(seen.within[3], 0);
	assert_int_equal(seen.within[4], 16);	/* the process was at nothing else */
	assert_int_equal(handovers__tick(h, 5, true), 0);
	assert_int_equal(seen.count, 6);
	assert_int_equal(seen.within[5], 48);	/* another process */
	handovers__free(h);
}

static void what_is_held_is_freed(void **state)
{
	struct seen seen = { .count = 0 };
	struct handovers *h = handovers__new(on_span, &seen);
	struct request several = made(1, 32, true);

	(void)state;
	add(h, &several, 1);
	add(h, &several, 1);
	handovers__free(h);
	assert_int_equal(seen.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_believed_after_a_while),
		cmocka_unit_test(nothing_is_said_of_those_who_hand_over),
		cmocka_unit_test(what_is_held_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
