// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

static int add_module(struct profile *p, const char *path, uint64_t inode, const char *build_id)
{
	struct profile_module module = { .path = path, .device = 1, .inode = inode, .fd = -1 };

	module.build_id_length = strlen(build_id);
	memcpy(module.build_id, build_id, module.build_id_length);
	return profile__module(p, &module);
}

static void a_file_is_one_module(void **state)
{
	struct profile *p = profile__new();
	struct profile_module too_long = { .path = "/x", .fd = -1,
					   .build_id_length = PROFILE_BUILD_ID_MAX + 1 };

	(void)state;
	assert_int_equal(add_module(p, "/lib/a.so", 1, ""), 0);
	assert_int_equal(add_module(p, "/lib/a.so (deleted)", 2, ""), 1);
	assert_int_equal(add_module(p, "/lib/a.so", 1, ""), 0);
	assert_int_equal(add_module(p, "/lib/b.so", 3, "id"), 2);
	assert_int_equal(add_module(p, "/lib/link-to-b.so", 3, "id"), 2);
	assert_int_equal(add_module(p, "/lib/b.so", 3, "other"), 3);
	assert_string_equal(profile__module_name(p, 1), "a.so");
	assert_string_equal(profile__module_name(p, 2), "b.so");
	assert_int_equal(add_module(p, "[vdso]", 0, "v"), 4);
	assert_string_equal(profile__module_name(p, 4), "[vdso]");
	assert_int_equal(profile__module(p, &too_long), -EINVAL);
	profile__free(p);
	profile__free(NULL);
}

static void a_module_owns_what_it_was_given(void **state)
{
	struct profile *p = profile__new();
	struct profile_module module = { .path = "/a", .inode = 1 };
	int first = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY);

	(void)state;
	module.fd = first;
	assert_int_equal(profile__module(p, &module), 0);
	module.fd = second;
	module.image = malloc(1);
	assert_int_equal(profile__module(p, &module), 0);
	assert_int_equal(fcntl(second, F_GETFD), -1);
	assert_int_equal(profile__module_at(p, 0)->fd, first);
	profile__free(p);
	assert_int_equal(fcntl(first, F_GETFD), -1);
}

static void a_reused_pid_is_another_process(void **state)
{
	struct profile *p = profile__new();

	(void)state;
	assert_int_equal(profile__process(p, 7, 100, "sh"), 0);
	assert_int_equal(profile__process(p, 7, 200, "ls"), 1);
	assert_int_equal(profile__process(p, 7, 100, NULL), 0);
	assert_string_equal(profile__process_at(p, 0)->comm, "sh");
	assert_int_equal(profile__process(p, 7, 100, "a name beyond its room"), 0);
	assert_string_equal(profile__process_at(p, 0)->comm, "a name beyond i");
	assert_int_equal(profile__thread(p, 0, 8, "worker"), 0);
	assert_int_equal(profile__thread(p, 1, 8, NULL), 1);
	assert_int_equal(profile__thread(p, 0, 8, NULL), 0);
	assert_string_equal(profile__thread_at(p, 0)->comm, "worker");
	profile__free(p);
}

static void frames_must_be_of_what_is_there(void **state)
{
	struct profile *p = profile__new();
	struct frame frame = { .kind = FRAME_NATIVE };

	(void)state;
	assert_int_equal(profile__stack(p, &frame, 1, STACK_COMPLETE, NULL), -EINVAL);
	frame.kind = FRAME_PYTHON;
	assert_int_equal(profile__stack(p, &frame, 1, STACK_COMPLETE, NULL), -EINVAL);
	frame.kind = FRAME_JIT;
	assert_int_equal(profile__stack(p, &frame, 1, STACK_COMPLETE, NULL), -EINVAL);
	frame.kind = FRAME_KIND_NR;
	assert_int_equal(profile__stack(p, &frame, 1, STACK_COMPLETE, NULL), -EINVAL);
	add_module(p, "/a", 1, "");
	frame.kind = FRAME_NATIVE;
	assert_int_equal(profile__stack(p, &frame, 1, STACK_COMPLETE, NULL), 0);
	assert_true(profile__module_used(p, 0));
	profile__free(p);
}

static void equal_stacks_are_one(void **state)
{
	struct profile *p = profile__new();
	struct frame frames[2] = { { .kind = FRAME_KERNEL, .where = 9, .address = 1 },
				   { .kind = FRAME_KERNEL, .where = 8, .address = 2 } };
	struct profile_stack stack;

	(void)state;
	assert_int_equal(profile__stack(p, frames, 2, STACK_COMPLETE, NULL), 0);
	assert_int_equal(profile__stack(p, frames, 1, STACK_COMPLETE, NULL), 1);
	assert_int_equal(profile__stack(p, frames, 2, STACK_TRUNCATED, "frame limit"), 2);
	frames[0].where = 0;
	assert_int_equal(profile__stack(p, frames, 2, STACK_COMPLETE, NULL), 0);
	frames[0].flags = FRAME_RETURN;
	assert_int_equal(profile__stack(p, frames, 2, STACK_COMPLETE, NULL), 3);
	assert_int_equal(profile__stack(p, NULL, 0, STACK_COMPLETE, NULL), 4);
	assert_int_equal(profile__frame_count(p), 3);
	profile__stack_at(p, 2, &stack);
	assert_int_equal(stack.count, 2);
	assert_int_equal(stack.end, STACK_TRUNCATED);
	assert_string_equal(stack.why, "frame limit");
	assert_int_equal(profile__frame_at(p, stack.frames[1])->address, 2);
	profile__free(p);
}

static void quality_counts_samples(void **state)
{
	struct profile *p = profile__new();
	struct frame frame = { .kind = FRAME_KERNEL };
	struct profile_sample sample = { .count = 5, .ns = 50 };
	struct profile_quality quality;

	(void)state;
	assert_int_equal(profile__sample(p, &sample), -EINVAL);
	profile__thread(p, profile__process(p, 1, 1, "a"), 1, NULL);
	profile__stack(p, &frame, 1, STACK_COMPLETE, NULL);
	profile__stack(p, &frame, 1, STACK_FAILED, "no unwind table");
	assert_int_equal(profile__sample(p, &sample), 0);
	assert_int_equal(profile__sample(p, &sample), 0);
	sample.stack = 1;
	sample.count = 3;
	assert_int_equal(profile__sample(p, &sample), 0);
	sample.kind = SAMPLE_OFF_CPU;
	sample.reason = PPBPF_REASON_RUN_QUEUE;
	assert_int_equal(profile__sample(p, &sample), 0);
	sample.reason++;
	assert_int_equal(profile__sample(p, &sample), -EINVAL);
	assert_int_equal(profile__lost(p, "stacks", 2), 0);
	assert_int_equal(profile__lost(p, "stacks", 1), 0);
	assert_int_equal(profile__sample_count(p), 3);
	assert_int_equal(profile__sample_at(p, 0)->count, 10);
	assert_int_equal(profile__sample_at(p, 0)->ns, 100);
	profile__quality(p, &quality);
	assert_int_equal(quality.samples, 16);
	assert_int_equal(quality.by_end[STACK_COMPLETE], 10);
	assert_int_equal(quality.by_end[STACK_TRUNCATED], 0);
	assert_int_equal(quality.by_end[STACK_FAILED], 6);
	assert_int_equal(quality.reason_count, 1);
	assert_string_equal(quality.reasons[0].name, "no unwind table");
	assert_int_equal(quality.reasons[0].count, 6);
	assert_int_equal(quality.lost_count, 1);
	assert_int_equal(quality.lost[0].count, 3);
	assert_int_equal(quality.frames, 1);
	assert_int_equal(quality.nameless_frames, 1);
	profile__free(p);
}

static void a_frame_is_named_by_functions(void **state)
{
	struct profile *p = profile__new();
	struct frame frames[2] = { { .kind = FRAME_KERNEL, .address = 1 },
				   { .kind = FRAME_KERNEL, .address = 2 } };
	struct profile_function function = { .name = "f", .module = "[kernel]", .named = true };
	struct profile_line lines[2] = { { 0, 10 }, { 1, 20 } };
	struct profile_quality quality;
	const struct profile_line *found;
	size_t count;

	(void)state;
	profile__stack(p, frames, 2, STACK_COMPLETE, NULL);
	assert_int_equal(profile__function(p, &function), 0);
	function.line = 3;
	assert_int_equal(profile__function(p, &function), 1);
	function.line = 0;
	assert_int_equal(profile__function(p, &function), 0);
	profile__lines(p, 1, &count);
	assert_int_equal(count, 0);
	assert_int_equal(profile__name(p, 1, lines, 2), 0);
	assert_int_equal(profile__name(p, 2, lines, 2), -EINVAL);
	found = profile__lines(p, 1, &count);
	assert_int_equal(count, 2);
	assert_int_equal(found[0].line, 10);
	assert_int_equal(profile__function_at(p, found[1].function)->line, 3);
	profile__quality(p, &quality);
	assert_int_equal(quality.nameless_frames, 1);
	profile__free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_one_module),
		cmocka_unit_test(a_module_owns_what_it_was_given),
		cmocka_unit_test(a_reused_pid_is_another_process),
		cmocka_unit_test(frames_must_be_of_what_is_there),
		cmocka_unit_test(equal_stacks_are_one),
		cmocka_unit_test(quality_counts_samples),
		cmocka_unit_test(a_frame_is_named_by_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
