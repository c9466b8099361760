// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "unit.h"

#include <inttypes.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "sink/monitor_columns.h"
#include "sink/monitor_summary.h"
#include "sink_report.h"

static const struct term pipe_of_100 = { .utf8 = true, .width = 100 };
static const struct term eighty = { .utf8 = true, .width = 80 };

struct screen {
	char *text;
	char *lines[256];
	size_t count;
};

static struct screen summary(const struct term *term, const struct report *report,
			     const struct monitor_summary *options)
{
	static const struct monitor_summary defaults;
	struct screen screen = { 0 };
	char *rest, *line;
	size_t size;
	FILE *out = open_memstream(&screen.text, &size);

	assert_int_equal(monitor_summary__print(out, term, report, options ? options : &defaults),
			 0);
	fclose(out);
	assert_int_equal(screen.text[size - 1], '\n');
	screen.text[size - 1] = '\0';
	rest = screen.text;
	while ((line = strsep(&rest, "\n"))) {
		assert_true(screen.count < LENGTH(screen.lines));
		screen.lines[screen.count++] = line;
	}
	return screen;
}

static void done(struct screen *screen, struct report *report)
{
	free(screen->text);
	report__free(report);
}

static const char *line_with(const struct screen *screen, const char *what)
{
	for (size_t i = 0; i < screen->count; i++)
		if (strstr(screen->lines[i], what))
			return screen->lines[i];
	return NULL;
}

/* Blanks are as wide as the columns need. */
static void squeeze(char *out, const char *text)
{
	for (; *text; text++)
		if (*text != ' ' || text[1] != ' ')
			*out++ = *text;
	*out = '\0';
}

static void assert_says(const struct screen *screen, const char *what)
{
	char squeezed[1024];

	for (size_t i = 0; i < screen->count; i++) {
		squeeze(squeezed, screen->lines[i]);
		if (strstr(squeezed, what))
			return;
	}
	for (size_t i = 0; i < screen->count; i++)
		print_message("| %s\n", screen->lines[i]);
	fail_msg("no line says \"%s\"", what);
}

static void assert_width(const struct screen *screen, int width)
{
	for (size_t i = 0; i < screen->count; i++)
		if (text_width(screen->lines[i], true) > width)
			fail_msg("wider than %d: %s", width, screen->lines[i]);
}

/* The processes' factors sum to 6. */
static const char *faults_of_all(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%" PRIu64 " minor, %" PRIu64 " major faults",
		 6 * SAMPLE_VALUE(PPBPF_MINOR_FAULTS), 6 * SAMPLE_VALUE(PPBPF_MAJOR_FAULTS));
	return text;
}

static void a_target_is_summed_up_as_it_should_look(void **state)
{
	struct report *report = sample_report();
	struct screen screen = summary(&pipe_of_100, report, NULL);

	(void)state;
	assert_string_equal(screen.lines[0],
			    "./build.sh and 2 more processes · 2.00 s · every 100 ms");
	assert_says(&screen, "0.90 s of tasks in 2.00 s");
	assert_says(&screen, "█ on CPU 0.60 s 66.7 % user 0.45 s, kernel 0.15 s (estimates)");
	assert_says(&screen, "▓ waiting for CPU 0.06 s 6.7 % while cc1 [4310] 0.21 s, "
			     "apt [812] 0.12 s ran");
	assert_says(&screen, "▒ throttled 0.01 s 0.7 %");
	assert_says(&screen, "░ blocked 0.23 s 26.0 % disk 0.18 s · child 0.05 s");
	assert_says(&screen, "cpu avg 101 % peak 198 % min 0.0 % ▁▁▂▃█▄▅▅▆▇▇█");
	assert_says(&screen, "memory avg 42.0 KB peak 300 MB min 4.00 KB ▁▂▂▃▄▄▅▆▆▇██");
	assert_says(&screen, faults_of_all());
	assert_says(&screen, "disk read 6.00 MB written 12.0 MB vda 4 ops, p50 768 ns, "
			     "p99 1.02 us");
	assert_says(&screen, "network sent 0.98 KB received 1.95 KB");
	assert_says(&screen, " 4310 cc1 parse.c 0.20 s 0.02 s 0.08 s 200 MB 2.00 MB 4.00 MB 3");
	assert_says(&screen, "lost: 2 events_exec · unavailable: perf (this machine has no PMU), "
			     "machine.psi_cpu and 4 more (the");
	assert_says(&screen, "own cost 37.5 % of a core, 14.0 MB");
	assert_width(&screen, 100);
	done(&screen, report);
}

static void eighty_columns_have_the_same_in_less_room(void **state)
{
	struct report *report = sample_report();
	struct screen screen = summary(&eighty, report, NULL);

	(void)state;
	assert_width(&screen, 80);
	assert_says(&screen, "while cc1 [4310] 0.21 s, 1 other ran");
	assert_says(&screen, faults_of_all());
	assert_says(&screen, "4310 cc1 parse.c 0.20 s 0.02 s 0.08 s 200 MB 4.00 MB 3");
	assert_says(&screen, "own cost");
	done(&screen, report);
}

static void a_cost_of_more_than_the_run_is_no_share_of_it(void **state)
{
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	report->duration = 0.001;
	screen = summary(&pipe_of_100, report, NULL);
	assert_says(&screen, "own cost 750 ms of CPU, 14.0 MB");
	done(&screen, report);
}

static void no_width_lets_a_line_wrap(void **state)
{
	struct report *report = sample_report(), *machine = sample_machine_report();

	(void)state;
	report__warn(report, "a warning that is longer than any of the narrow terminals is wide");
	for (int width = 20; width <= 200; width += 3) {
		struct term term = { .utf8 = true, .width = width };
		struct screen one = summary(&term, report, NULL);
		struct screen other = summary(&term, machine, NULL);

		assert_width(&one, width);
		assert_width(&other, width);
		free(one.text);
		free(other.text);
	}
	report__free(report);
	report__free(machine);
}

static void the_parts_of_the_bar_are_to_scale(void **state)
{
	struct report *report = sample_report();
	struct screen screen = summary(&pipe_of_100, report, NULL);
	const char *bar = line_with(&screen, "time ");
	int on_cpu = 0, blocked = 0;

	(void)state;
	for (const char *c = bar; (c = strstr(c, "█")); c += strlen("█"))
		on_cpu++;
	for (const char *c = bar; (c = strstr(c, "░")); c += strlen("░"))
		blocked++;
	/* two thirds, and 26 % of 40 columns */
	assert_int_equal(on_cpu, 27);
	assert_int_equal(blocked, 10);
	done(&screen, report);
}

static void a_hostile_name_is_harmless(void **state)
{
	struct report *report = sample_report();
	struct screen screen = summary(&pipe_of_100, report, NULL);

	(void)state;
	assert_says(&screen, "4317 l?[31md?? -o out");
	assert_null(strpbrk(screen.text, "\033\r\a"));
	done(&screen, report);
}

static void colours_only_repeat_what_the_text_says(void **state)
{
	struct term colours = eighty;
	struct report *report = sample_report();
	struct screen plain = summary(&eighty, report, NULL), coloured;
	char *to, *from;

	(void)state;
	colours.colour = true;
	coloured = summary(&colours, report, NULL);
	assert_int_equal(coloured.count, plain.count);
	assert_non_null(strstr(coloured.lines[0], "\033["));
	for (size_t i = 0; i < plain.count; i++) {
		for (to = from = coloured.lines[i]; *from; from++) {
			if (*from == '\033')
				from = strchr(from, 'm');
			else
				*to++ = *from;
		}
		*to = '\0';
		assert_string_equal(coloured.lines[i], plain.lines[i]);
	}
	free(coloured.text);
	done(&plain, report);
}

static void without_utf8_all_is_ascii(void **state)
{
	const struct term ascii = { .width = 80 };
	struct report *report = sample_report();
	struct screen screen = summary(&ascii, report, NULL);

	(void)state;
	for (size_t i = 0; i < screen.count; i++)
		for (char *c = screen.lines[i]; *c; c++)
			assert_in_range((unsigned char)*c, ' ', '~');
	assert_says(&screen, "# on CPU 0.60 s");
	assert_says(&screen, ". blocked 0.23 s 26.0 % disk 0.18 s | child 0.05 s");
	done(&screen, report);
}

static void the_whole_machine_has_its_own_lines(void **state)
{
	struct report *report = sample_machine_report();
	struct screen screen;

	(void)state;
	report->machine[MACHINE_CPUS].n = 4;
	report->machine[MACHINE_MEMORY_TOTAL_BYTES].n = 8ULL << 30;
	report->machine[MACHINE_MEMORY_AVAILABLE_BYTES].n = 3ULL << 30;
	screen = summary(&pipe_of_100, report, NULL);
	assert_string_equal(screen.lines[0],
			    "the whole machine (here) · 4 CPUs · 3 processes · 2.00 s · every 100 ms");
	assert_null(line_with(&screen, "blocked"));
	assert_says(&screen, "of 8.00 GB, 3.00 GB available");
	assert_says(&screen, "run queue p50 768 ns p99 1.02 us longest below 1.02 us");
	assert_says(&screen, "pressure not known: the kernel was built without PSI");
	assert_says(&screen, "eth0 out 101 B, in 100 B");
	assert_says(&screen, "processes on CPU waiting peak");
	/* the one that is still there */
	assert_string_equal(screen.lines[screen.count - 1], "next: ppbpf monitor --pid 4242");
	done(&screen, report);
}

static void pressure_is_a_share_of_the_time(void **state)
{
	struct report *report = sample_machine_report();
	struct screen screen;

	(void)state;
	report->machine[MACHINE_PSI_CPU_SOME_US] = (struct value){ true, 500000 };
	report->machine[MACHINE_PSI_MEMORY_SOME_US] = (struct value){ true, 0 };
	report->machine[MACHINE_PSI_IO_SOME_US] = (struct value){ true, 20000 };
	screen = summary(&pipe_of_100, report, NULL);
	assert_says(&screen, "pressure cpu 25.0 % memory 0.0 % io 1.0 %");
	done(&screen, report);
}

static void the_next_command_is_one_that_there_is(void **state)
{
	struct report *report = sample_report();
	struct screen screen = summary(&pipe_of_100, report, NULL);

	(void)state;
	assert_string_equal(screen.lines[screen.count - 1], "next: ppbpf profile -- ./build.sh");
	free(screen.text);
	report->has_command = false;
	screen = summary(&pipe_of_100, report, NULL);
	assert_string_equal(screen.lines[screen.count - 1], "next: ppbpf profile --pid 4242");
	done(&screen, report);
}

static void nothing_lost_is_said_too(void **state)
{
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	memset(report->counters, 0, sizeof(report->counters));
	report__warn(report, "mind the gap");
	report->self.bpf_known = true;
	report->self.bpf_ns = 40 * MS;
	screen = summary(&pipe_of_100, report, NULL);
	assert_says(&screen, "warning: mind the gap");
	assert_says(&screen, "nothing lost · unavailable:");
	assert_says(&screen, "BPF programs 2.0 %");
	done(&screen, report);
}

static void what_was_not_asked_for_has_no_line(void **state)
{
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	report->tracked[2] = report->tracked[3] = false;
	metric_set__clear_subject(&report->wanted, SUBJECT_DISK);
	metric_set__clear_subject(&report->wanted, SUBJECT_NETWORK);
	screen = summary(&pipe_of_100, report, NULL);
	assert_null(line_with(&screen, "disk  "));
	assert_null(line_with(&screen, "network "));
	assert_null(line_with(&screen, "written"));
	assert_says(&screen, "4310 cc1 parse.c 0.20 s 0.02 s 0.08 s 200 MB 3");
	done(&screen, report);
}

static void what_cannot_be_had_is_a_dash(void **state)
{
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	report->disk_known = report->network_known = false;
	sample_figures(report, 4310)[PPBPF_PEAK_RSS_BYTES] = 0;
	tasks__find_pid(report->tasks, 4310)->exit_lost = true;
	screen = summary(&pipe_of_100, report, NULL);
	assert_says(&screen, "disk read - written -");
	assert_says(&screen, "network sent - received -");
	assert_says(&screen, "4310 cc1 parse.c 0.20 s 0.02 s 0.08 s - 2.00 MB 4.00 MB -");
	done(&screen, report);
}

/* Pids of the rows, in the order in which they are shown. */
static void assert_order(const char *sort, const char *expected)
{
	const struct monitor_summary options = { .sort = sort };
	struct report *report = sample_report();
	struct screen screen = summary(&pipe_of_100, report, &options);
	char order[64] = "";
	unsigned int pid;

	for (size_t i = 0; i < screen.count; i++)
		if (sscanf(screen.lines[i], "   %u ", &pid) == 1 && pid > 4000)
			sprintf(order + strlen(order), "%u ", pid);
	assert_string_equal(order, expected);
	done(&screen, report);
}

static void rows_are_sorted_by_any_column(void **state)
{
	const char *nearest = NULL;

	(void)state;
	assert_order(NULL, "4317 4310 4242 ");
	assert_order("cpu", "4317 4310 4242 ");
	assert_order("memory", "4317 4310 4242 ");
	assert_order("sent", "4317 4310 4242 ");
	assert_order("pid", "4242 4310 4317 ");
	assert_true(monitor_sort__valid("blocked", &nearest));
	assert_false(monitor_sort__valid("memroy", &nearest));
	assert_string_equal(nearest, "memory");
	assert_false(monitor_sort__valid("xyzzy", &nearest));
	assert_null(nearest);
}

static void the_column_that_sorts_is_shown(void **state)
{
	const struct monitor_summary options = { .sort = "sent" };
	struct report *report = sample_report();
	struct screen screen = summary(&eighty, report, &options);

	(void)state;
	assert_non_null(strstr(line_with(&screen, "processes that lived"), "sent"));
	done(&screen, report);
}

/* Processes 5001, 5002, ...: each used more than the one before. */
static void add_processes(struct report *report, int count)
{
	for (int i = 1; i <= count; i++)
		sample_exit(report->tasks, 5000 + i, "more", "more", 3 + i, 0);
}

static void the_rest_of_many_is_counted(void **state)
{
	const struct monitor_summary top = { .top = 40 };
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	add_processes(report, 15);
	screen = summary(&pipe_of_100, report, NULL);
	assert_non_null(line_with(&screen, " 5015 "));
	assert_non_null(line_with(&screen, " 5006 "));
	assert_null(line_with(&screen, " 5005 "));
	assert_says(&screen, "(8 more: --top 18)");
	free(screen.text);
	screen = summary(&pipe_of_100, report, &top);
	assert_non_null(line_with(&screen, " 4242 "));
	assert_null(line_with(&screen, "more: --top"));
	done(&screen, report);
}

static void it_is_one_screen(void **state)
{
	const struct term terminal = { .is_terminal = true, .utf8 = true, .width = 80,
				       .height = 24 };
	struct report *report = sample_report(), *machine = sample_machine_report();
	struct screen screen;

	(void)state;
	add_processes(report, 15);
	add_processes(machine, 15);
	/* two lines are left for the prompt that follows */
	screen = summary(&terminal, machine, NULL);
	assert_int_equal(screen.count, 22);
	free(screen.text);
	report->machine[MACHINE_TCP_RETRANSMITS].n = 0;
	screen = summary(&terminal, report, NULL);
	assert_int_equal(screen.count, 22);
	assert_says(&screen, "more: --top 18)");
	report__free(report);
	done(&screen, machine);
}

static void a_name_of_two_columns_a_letter_keeps_the_columns(void **state)
{
	struct report *report = sample_report();
	struct process *process = tasks__find_pid(report->tasks, 4310);
	struct screen screen;
	const char *wide, *plain;

	(void)state;
	process->command = "日本語の名前はとても長いので切られます";
	screen = summary(&eighty, report, NULL);
	wide = line_with(&screen, "日本");
	plain = line_with(&screen, " 4242 ");
	assert_non_null(strstr(wide, "…"));
	/* "0.20 s" and "0.10 s" end in the same column */
	*strstr((char *)wide, " s") = '\0';
	*strstr((char *)plain, " s") = '\0';
	assert_int_equal(text_width(wide, true), text_width(plain, true));
	done(&screen, report);
}

static void a_pid_is_named(void **state)
{
	struct report *report = sample_report();
	struct screen screen;

	(void)state;
	report->has_command = false;
	free(report->target);
	report->target = strdup("pid 4310");
	screen = summary(&eighty, report, NULL);
	assert_string_equal(screen.lines[0],
			    "pid 4310 (cc1) · 3 processes · 2.00 s · every 100 ms");
	free(screen.text);
	free(report->target);
	report->target = strdup("pid 4310,4317");
	screen = summary(&eighty, report, NULL);
	assert_string_equal(screen.lines[0],
			    "pid 4310,4317 · 3 processes · 2.00 s · every 100 ms");
	done(&screen, report);
}

static void a_full_disk_is_told(void **state)
{
	const struct monitor_summary options = { 0 };
	struct report *report = sample_report();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_int_equal(monitor_summary__print(full, &eighty, report, &options), -ENOSPC);
	fclose(full);
	report__free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_summed_up_as_it_should_look),
		cmocka_unit_test(eighty_columns_have_the_same_in_less_room),
		cmocka_unit_test(a_cost_of_more_than_the_run_is_no_share_of_it),
		cmocka_unit_test(no_width_lets_a_line_wrap),
		cmocka_unit_test(the_parts_of_the_bar_are_to_scale),
		cmocka_unit_test(a_hostile_name_is_harmless),
		cmocka_unit_test(colours_only_repeat_what_the_text_says),
		cmocka_unit_test(without_utf8_all_is_ascii),
		cmocka_unit_test(the_whole_machine_has_its_own_lines),
		cmocka_unit_test(pressure_is_a_share_of_the_time),
		cmocka_unit_test(the_next_command_is_one_that_there_is),
		cmocka_unit_test(nothing_lost_is_said_too),
		cmocka_unit_test(what_was_not_asked_for_has_no_line),
		cmocka_unit_test(what_cannot_be_had_is_a_dash),
		cmocka_unit_test(rows_are_sorted_by_any_column),
		cmocka_unit_test(the_column_that_sorts_is_shown),
		cmocka_unit_test(the_rest_of_many_is_counted),
		cmocka_unit_test(it_is_one_screen),
		cmocka_unit_test(a_name_of_two_columns_a_letter_keeps_the_columns),
		cmocka_unit_test(a_pid_is_named),
		cmocka_unit_test(a_full_disk_is_told),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
