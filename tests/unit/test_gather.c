// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What the programs send, in whatever order user space comes to it. */
#include "unit.h"

#include "collect/gather.h"
#include "model/profile.h"

#define KERNEL_FRAME 0xffffffff81000010ULL
#define STACK 0x51
#define START 1000 /* of the leader */

struct given {
	struct gather *gather;
	struct profile *profile;
};

static int begin(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	given->gather = gather__new(NULL, 1e6);
	given->profile = profile__new();
	*state = given;
	return given->gather && given->profile ? 0 : -1;
}

static int end(void **state)
{
	struct given *given = *state;

	gather__free(given->gather);
	profile__free(given->profile);
	free(given);
	return 0;
}

static void come_stack(struct given *given)
{
	struct ppbpf_stack_event stack = {
		.kind = PPBPF_STACK_EVENT_STACK, .tgid = 7, .count = 1, .id = STACK,
		.frames = { KERNEL_FRAME },
	};

	assert_int_equal(gather__event(given->gather, given->profile, &stack,
				       PPBPF_STACK_HEADER_SIZE + sizeof(uint64_t)), 0);
}

static void come_thread(struct given *given, uint32_t tid, const char *name)
{
	struct ppbpf_thread_event event = {
		.kind = PPBPF_STACK_EVENT_THREAD, .tgid = 7, .tid = tid, .pid = 7, .proc_pid = 7,
		.leader_start_boot_ns = START, .leader_comm = "leader",
	};

	memcpy(event.comm, name, strlen(name));
	assert_int_equal(gather__event(given->gather, given->profile, &event, sizeof(event)), 0);
}

static void come_process(struct given *given, uint64_t start, const char *name)
{
	struct ppbpf_thread_event event = {
		.kind = PPBPF_STACK_EVENT_THREAD, .tgid = 7, .tid = 7, .pid = 7, .proc_pid = 7,
		.leader_start_boot_ns = start,
	};

	memcpy(event.comm, name, strlen(name));
	memcpy(event.leader_comm, name, strlen(name));
	assert_int_equal(gather__event(given->gather, given->profile, &event, sizeof(event)), 0);
}

static void come_count_of(struct given *given, uint64_t start, uint32_t tid)
{
	struct ppbpf_stack_key key = {
		.stack = STACK, .tgid = 7, .tid = tid, .kind = PPBPF_STACK_ON_CPU,
		.leader_start = start,
	};
	struct ppbpf_stack_count count = { .count = 3 };

	assert_int_equal(gather__count(given->gather, given->profile, &key, &count), 0);
}

static void come_count(struct given *given, uint32_t tid)
{
	come_count_of(given, START, tid);
}

static void assert_sample(const struct given *given, size_t at, pid_t tid, const char *thread,
			  const char *process)
{
	const struct profile_sample *sample = profile__sample_at(given->profile, at);
	const struct profile_thread *of = profile__thread_at(given->profile, sample->thread);
	const struct profile_process *in = profile__process_at(given->profile, of->process);

	assert_int_equal(sample->count, 3);
	assert_int_equal(sample->ns, 3000000);
	assert_int_equal(of->tid, tid);
	assert_string_equal(of->comm, thread);
	assert_string_equal(in->comm, process);
}

/* The counts are emptied first, and the ring is read now and then. */
static void a_count_waits_for_its_stack_and_its_thread(void **state)
{
	struct given *given = *state;

	come_stack(given);
	come_count(given, 7);
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 0);
	come_thread(given, 7, "leader");
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 1);
	assert_sample(given, 0, 7, "leader", "leader");
	/* another thread of the same process, known by its own event alone */
	come_count(given, 8);
	assert_int_equal(profile__sample_count(given->profile), 1);
	come_thread(given, 8, "worker");
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 2);
	assert_sample(given, 1, 8, "worker", "leader");
	/* and whoever is known is counted at once */
	come_count(given, 8);
	assert_int_equal(profile__process_count(given->profile), 1);
	assert_int_equal(profile__thread_count(given->profile), 2);
}

static void what_never_comes_is_counted_all_the_same(void **state)
{
	struct given *given = *state;
	struct profile_stack stack;

	come_count(given, 9);
	come_count(given, 7);
	come_thread(given, 7, "leader");
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 0);
	assert_int_equal(gather__finish(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 2);
	assert_sample(given, 0, 9, "", "leader");
	assert_sample(given, 1, 7, "leader", "leader");
	profile__stack_at(given->profile, profile__sample_at(given->profile, 0)->stack, &stack);
	assert_int_equal(stack.count, 0);
	assert_int_equal(stack.end, STACK_FAILED);
}

/* Nothing is believed that an event says of itself. */
static void events_that_lie_are_passed_over(void **state)
{
	struct given *given = *state;
	struct ppbpf_stack_event event = {
		.kind = PPBPF_STACK_EVENT_STACK, .count = PPBPF_FRAMES_MAX, .id = STACK,
	};
	uint32_t kinds[] = { 0, PPBPF_STACK_EVENT_STACK, PPBPF_STACK_EVENT_THREAD,
			     PPBPF_STACK_EVENT_CODE, PPBPF_STACK_EVENT_REST, 99 };

	for (size_t i = 0; i < LENGTH(kinds); i++)
		for (size_t size = 0; size <= sizeof(kinds[i]); size++)
			assert_int_equal(gather__event(given->gather, given->profile, &kinds[i],
						       size), 0);
	/* more frames than there are bytes, more than there may be, an end that is none */
	assert_int_equal(gather__event(given->gather, given->profile, &event,
				       sizeof(event) - 1), 0);
	event.count = PPBPF_FRAMES_MAX + 1;
	assert_int_equal(gather__event(given->gather, given->profile, &event, sizeof(event)), 0);
	event.count = 1;
	event.end = PPBPF_STACK_END_NR;
	assert_int_equal(gather__event(given->gather, given->profile, &event, sizeof(event)), 0);
	come_count(given, 7);
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 0);
}

/* Only the low half of a start is in the counts. */
static void a_number_that_comes_again_is_another_process(void **state)
{
	const uint64_t first = 7ULL << 32 | 5, second = 8ULL << 32 | 6, lost = 9ULL << 32 | 7;
	struct given *given = *state;

	come_stack(given);
	come_process(given, first, "first");
	come_count_of(given, first, 7);
	come_count_of(given, second, 7);
	come_count_of(given, lost, 7);
	assert_int_equal(profile__sample_count(given->profile), 1);
	come_process(given, second, "second");
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__sample_count(given->profile), 2);
	assert_int_equal(gather__finish(given->gather, given->profile), 0);
	assert_int_equal(profile__process_count(given->profile), 3);
	assert_sample(given, 0, 7, "first", "first");
	assert_sample(given, 1, 7, "second", "second");
	assert_sample(given, 2, 7, "", "");
}

/* A shell that was sampled once, and calls exec: its counts come before the new name. */
static void a_process_has_the_name_of_what_it_runs_last(void **state)
{
	struct given *given = *state;

	come_stack(given);
	come_process(given, START, "sh");
	come_count(given, 7);
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_sample(given, 0, 7, "sh", "sh");
	come_count(given, 7);
	come_process(given, START, "program");
	assert_int_equal(gather__settle(given->gather, given->profile), 0);
	assert_int_equal(profile__process_count(given->profile), 1);
	assert_int_equal(profile__thread_count(given->profile), 1);
	assert_string_equal(profile__process_at(given->profile, 0)->comm, "program");
	assert_string_equal(profile__thread_at(given->profile, 0)->comm, "program");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_count_waits_for_its_stack_and_its_thread, begin,
						end),
		cmocka_unit_test_setup_teardown(what_never_comes_is_counted_all_the_same, begin,
						end),
		cmocka_unit_test_setup_teardown(a_number_that_comes_again_is_another_process, begin,
						end),
		cmocka_unit_test_setup_teardown(a_process_has_the_name_of_what_it_runs_last, begin,
						end),
		cmocka_unit_test_setup_teardown(events_that_lie_are_passed_over, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
