// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <errno.h>
#include <time.h>

#include "base/cond.h"

/* By the clock of the day it is decades ago, or not for decades. */
static void times_are_since_the_start_of_the_machine(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct timespec until, reached;
	pthread_cond_t cond;
	int err = 0;

	(void)state;
	cond_init_monotonic(&cond);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &until), 0);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	while (!err)
		err = pthread_cond_timedwait(&cond, &lock, &until);
	pthread_mutex_unlock(&lock);
	assert_int_equal(err, ETIMEDOUT);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &reached), 0);
	assert_true(reached.tv_sec > until.tv_sec ||
		    (reached.tv_sec == until.tv_sec && reached.tv_nsec >= until.tv_nsec));
	pthread_cond_destroy(&cond);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_since_the_start_of_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
