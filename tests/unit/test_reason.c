// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "model/reason.h"

static ppbpf_u8 native[PPBPF_SYSCALLS];
static ppbpf_u8 compat[PPBPF_SYSCALLS];

static int fill(void **state)
{
	(void)state;
	memset(native, 0xff, sizeof(native));
	memset(compat, 0xff, sizeof(compat));
	reason_fill_syscalls(native, compat);
	return 0;
}

static void every_reason_is_named_as_in_the_contract(void **state)
{
	static const char *const keys[] = {
		[PPBPF_REASON_DISK] = "disk_ms", [PPBPF_REASON_LOCK] = "lock_ms",
		[PPBPF_REASON_NETWORK] = "network_ms", [PPBPF_REASON_POLL] = "poll_ms",
		[PPBPF_REASON_SLEEP] = "sleep_ms", [PPBPF_REASON_IPC] = "ipc_ms",
		[PPBPF_REASON_CHILD] = "child_ms", [PPBPF_REASON_MEMORY] = "memory_ms",
		[PPBPF_REASON_STOPPED] = "stopped_ms", [PPBPF_REASON_OTHER] = "other_ms",
	};
	char key[32];

	(void)state;
	assert_int_equal(LENGTH(keys), PPBPF_REASON_NR);
	for (size_t i = 0; i < PPBPF_REASON_NR; i++) {
		assert_string_equal(reasons[i].json, keys[i]);
		snprintf(key, sizeof(key), "%s_ms", reasons[i].name);
		assert_string_equal(reasons[i].json, key);
		assert_true(strlen(reasons[i].help) > 10);
	}
}

static void the_state_is_asked_first_and_the_system_call_last(void **state)
{
	(void)state;
	assert_int_equal(reasons[PPBPF_REASON_STOPPED].precedence, 1);
	assert_int_equal(reasons[PPBPF_REASON_MEMORY].precedence, 2);
	assert_int_equal(reasons[PPBPF_REASON_DISK].precedence, 3);
	for (size_t i = 0; i < PPBPF_REASON_NR; i++)
		assert_in_range(reasons[i].precedence, 1, reasons[PPBPF_REASON_OTHER].precedence);
}

static void a_call_waits_for_what_it_is_made_for(void **state)
{
	static const struct {
		long number;
		int reason;
	} calls[] = {
		{ SYS_futex, PPBPF_REASON_LOCK }, { SYS_flock, PPBPF_REASON_LOCK },
		{ SYS_fcntl, PPBPF_REASON_LOCK }, { SYS_semtimedop, PPBPF_REASON_LOCK },
		{ SYS_epoll_pwait, PPBPF_REASON_POLL }, { SYS_ppoll, PPBPF_REASON_POLL },
		{ SYS_pselect6, PPBPF_REASON_POLL }, { 426, PPBPF_REASON_POLL },
		{ SYS_wait4, PPBPF_REASON_CHILD }, { SYS_clone, PPBPF_REASON_CHILD },
		{ 435, PPBPF_REASON_CHILD }, { SYS_nanosleep, PPBPF_REASON_SLEEP },
		{ SYS_clock_nanosleep, PPBPF_REASON_SLEEP },
		{ SYS_rt_sigtimedwait, PPBPF_REASON_SLEEP },
		{ SYS_accept4, PPBPF_REASON_NETWORK }, { SYS_recvfrom, PPBPF_REASON_NETWORK },
		{ SYS_sendmmsg, PPBPF_REASON_NETWORK }, { SYS_msgrcv, PPBPF_REASON_IPC },
		{ SYS_mq_timedsend, PPBPF_REASON_IPC }, { SYS_read, PPBPF_REASON_BY_FILE },
		{ SYS_pwritev2, PPBPF_REASON_BY_FILE }, { SYS_splice, PPBPF_REASON_BY_FILE },
		{ SYS_sendfile, PPBPF_REASON_BY_FILE }, { SYS_fsync, PPBPF_REASON_DISK },
		{ SYS_io_getevents, PPBPF_REASON_DISK }, { SYS_brk, PPBPF_REASON_MEMORY },
		{ SYS_mmap, PPBPF_REASON_MEMORY }, { SYS_close, PPBPF_REASON_OTHER },
		{ SYS_ioctl, PPBPF_REASON_OTHER }, { SYS_openat, PPBPF_REASON_OTHER },
#ifdef SYS_poll
		{ SYS_poll, PPBPF_REASON_POLL }, { SYS_epoll_wait, PPBPF_REASON_POLL },
		{ SYS_pause, PPBPF_REASON_SLEEP }, { SYS_vfork, PPBPF_REASON_CHILD },
#endif
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(calls); i++)
		assert_int_equal(native[calls[i].number], calls[i].reason);
}

#ifdef __x86_64__
/* "#define __NR_futex 240" of the kernel's header for the other ABI. */
static int i386_number(const char *call)
{
	FILE *header = popen("echo '#include <asm/unistd_32.h>' | ${CC:-cc} -E -dM -", "r");
	char line[256], name[64];
	int number, found = -1;

	assert_non_null(header);
	while (fgets(line, sizeof(line), header))
		if (sscanf(line, "#define __NR_%63s %d", name, &number) == 2 &&
		    !strcmp(name, call))
			found = number;
	pclose(header);
	return found;
}

/* 240 is futex for a 32-bit program, and something else for a 64-bit one. */
static void numbers_of_32_bit_programs_are_those_of_i386(void **state)
{
	static const struct {
		const char *call;
		int reason;
	} calls[] = {
		{ "futex_time64", PPBPF_REASON_LOCK }, { "futex", PPBPF_REASON_LOCK },
		{ "ppoll_time64", PPBPF_REASON_POLL }, { "_newselect", PPBPF_REASON_POLL },
		{ "pselect6_time64", PPBPF_REASON_POLL }, { "waitpid", PPBPF_REASON_CHILD },
		{ "clock_nanosleep_time64", PPBPF_REASON_SLEEP },
		{ "rt_sigtimedwait_time64", PPBPF_REASON_SLEEP },
		{ "restart_syscall", PPBPF_REASON_AGAIN },
		{ "socketcall", PPBPF_REASON_NETWORK }, { "recvmmsg_time64", PPBPF_REASON_NETWORK },
		{ "ipc", PPBPF_REASON_IPC }, { "mq_timedsend_time64", PPBPF_REASON_IPC },
		{ "mq_timedreceive_time64", PPBPF_REASON_IPC },
		{ "semtimedop_time64", PPBPF_REASON_LOCK },
		{ "io_pgetevents_time64", PPBPF_REASON_DISK }, { "ftruncate64", PPBPF_REASON_DISK },
		{ "mmap2", PPBPF_REASON_MEMORY }, { "sendfile64", PPBPF_REASON_BY_FILE },
		{ "read", PPBPF_REASON_BY_FILE }, { "close", PPBPF_REASON_OTHER },
	};

	(void)state;
	if (i386_number("read") < 0)
		skip_because("no header with the numbers of i386");
	for (size_t i = 0; i < LENGTH(calls); i++) {
		int number = i386_number(calls[i].call);

		assert_in_range(number, 0, PPBPF_SYSCALLS - 1);
		assert_int_equal(compat[number], calls[i].reason);
	}
}
#endif

static void what_no_row_names_is_other(void **state)
{
	(void)state;
	assert_int_equal(native[PPBPF_SYSCALLS - 1], PPBPF_REASON_OTHER);
	assert_int_equal(compat[PPBPF_SYSCALLS - 1], PPBPF_REASON_OTHER);
	for (size_t i = 0; i < PPBPF_SYSCALLS; i++) {
		assert_in_range(native[i], 0, PPBPF_REASON_AGAIN);
		assert_in_range(compat[i], 0, PPBPF_REASON_AGAIN);
		assert_int_not_equal(native[i], PPBPF_REASON_RUN_QUEUE);
		assert_int_not_equal(compat[i], PPBPF_REASON_RUN_QUEUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_is_named_as_in_the_contract),
		cmocka_unit_test(the_state_is_asked_first_and_the_system_call_last),
		cmocka_unit_test(a_call_waits_for_what_it_is_made_for),
#ifdef __x86_64__
		cmocka_unit_test(numbers_of_32_bit_programs_are_those_of_i386),
#endif
		cmocka_unit_test(what_no_row_names_is_other),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
