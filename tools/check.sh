#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Usage: tools/check.sh [TEST...]        runs the tests, all or the named ones
#
# TEST is a folder (bpf, tests/bpf), a file (tests/cmd/test_x, cmd/test_x,
# test_x), unit-san for the unit tests built with SAN=1, or @vm for those that
# other kernels are tried with. The environment holds BUILD (the build folder)
# and PPBPF (the program), both absolute.
#
# A test file is a program that prints a line for each fact it asserts:
#
#	ok - NAME			passed
#	not ok - NAME: WHY		failed
#	skip - NAME: WHY		could not be tried here
#
# (TAP's numbers and "# SKIP" are understood too, and "# skip - NAME: WHY" is
# shown, as cmocka has no place for a reason.) Without such a line, or with
# a bad exit status and no "not ok", it has died, and counts as a failure. A
# script that needs longer than 300 s says so: "# timeout: 600".
#
# Tests of the running kernel (bpf, cmd) share it with all else that runs on the
# machine. One that fails is run once more, and the second run counts; what
# failed the first time is printed all the same, and the test named at the end.
# AGAIN=0: the first run counts.
#
# Kernels other than the running one are booted by the tests in tests/vm, and in
# each of them this script runs the tests that have a line "# vm: yes" among
# their first 20: those that wait rather than compute, as such a guest is
# emulated and 10 to 20 times slower. CHECK_SLOW=5 tells tests so: limits of time
# are five times as long, and what only a fast machine can show is skipped.
# CHECK_BRIEF=1, of the running kernel among those: what they do not differ in is left out.
#
# The last line of output is "N passed, N failed, N skipped".
set -u
shopt -s nullglob

root=${CHECK_ROOT:-tests}
: "${BUILD:=$PWD/build}" "${PPBPF:=$BUILD/ppbpf}" "${CC:=cc}" "${CHECK_TIMEOUT:=300}"
: "${AGAIN:=1}" "${CHECK_SLOW:=1}"
export BUILD PPBPF CC CHECK_SLOW
export CMOCKA_MESSAGE_OUTPUT=TAP PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
# Tests that call make are not part of the make that called us.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

logs=$BUILD/tests/logs
passed=0 failed=0 skipped=0 unsteady=

# Every test as "folder/name" and its program, in the order in which they run:
# what the others stand on comes first.
list_tests() {
	local folder file

	for file in "$BUILD"/tests/unit/test_*; do
		is_current_unit_test "$file" && echo "unit/${file##*/} $file"
	done
	for file in "$BUILD"/san/tests/unit/test_*; do
		is_current_unit_test "$file" && echo "unit-san/${file##*/} $file"
	done
	for folder in house fuzz bpf cmd vm; do
		for file in "$root/$folder"/test_*; do
			[ -f "$file" ] && [ -x "$file" ] && echo "$folder/${file##*/} $file"
		done
	done
}

# Not a dependency file, nor the program of a source that is gone.
is_current_unit_test() {
	[ -x "$1" ] && [ -f "$root/unit/${1##*/}.c" ]
}

# tagged TAG FILE
tagged() {
	head -n 20 "$2" | tr -d '\0' | grep -qx "# $1: yes"
}

is_wanted() {
	local name=$1 file=$2 wanted

	shift 2
	[ $# = 0 ] && return 0
	for wanted in "$@"; do
		[[ $wanted == @* ]] && tagged "${wanted#@}" "$file" && return
		wanted=${wanted#tests/} wanted=${wanted%/} wanted=${wanted%.c}
		case $name in
		"$wanted" | "$wanted"/* | */"$wanted") return 0 ;;
		esac
	done
	return 1
}

# Some kernels scatter memory farther than older sanitizers can follow.
launcher_of() {
	case $1 in
	unit-san/*) setarch -R true 2>/dev/null && echo "setarch -R" ;;
	esac
}

time_limit_of() {
	local own

	own=$(head -n 20 "$1" | sed -n 's/^# timeout: \([0-9]\+\)$/\1/p' | tr -d '\0')
	echo $((${own:-$CHECK_TIMEOUT} * CHECK_SLOW))
}

# Prints "PASSED FAILED SKIPPED PLANNED" of a test's output.
count_results() {
	awk '
		/^(not )?ok( |$).*# *SKIP/ || /^skip( |$)/ { skipped++; next }
		/^ok( |$)/ { passed++; next }
		/^not ok( |$)/ { failed++; next }
		/^1\.\.[0-9]+$/ { planned = substr($0, 4) }
		END { print passed + 0, failed + 0, skipped + 0, planned == "" ? -1 : planned }' "$1"
}

# Why a test whose exit status was $1 has died, if it has.
death_of() {
	local status=$1 limit=$2 ok=$3 not_ok=$4 skip=$5 planned=$6

	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		echo "took longer than $limit s"
	elif [ "$status" -gt 128 ]; then
		echo "killed by SIG$(kill -l $((status - 128)) 2>/dev/null)"
	elif [ "$status" != 0 ] && [ "$not_ok" = 0 ]; then
		echo "exit status $status without a failed test"
	elif [ $((ok + not_ok + skip)) = 0 ]; then
		echo "printed no result"
	elif [ "$planned" -ge 0 ] && [ "$planned" != $((ok + not_ok + skip)) ]; then
		echo "planned $planned results, printed $((ok + not_ok + skip))"
	fi
}

# Runs a test, prints what came of it, and leaves it in ok, not_ok, skip.
try_test() {
	local name=$1 file=$2 log=$logs/${1//\//.} limit status planned death start

	limit=$(time_limit_of "$file")
	start=$SECONDS
	timeout --kill-after=10 "$limit" $(launcher_of "$name") "$file" \
		</dev/null >"$log.out" 2>"$log.err"
	status=$?
	read -r ok not_ok skip planned < <(count_results "$log.out")
	death=$(death_of "$status" "$limit" "$ok" "$not_ok" "$skip" "$planned")
	[ -n "$death" ] && not_ok=$((not_ok + 1))

	printf '  %-6s %-34s %s\n' "$([ "$not_ok" = 0 ] && echo ok || echo FAILED)" "$name" \
		"$ok passed, $not_ok failed, $skip skipped, $((SECONDS - start)) s"
	grep -aE '^(not ok|(# )?skip |ok .*# *SKIP)' "$log.out" |
		grep -av '^not ok.*# *SKIP' | sed 's/^\(# \)\?/           /'
	[ -n "$death" ] && echo "           not ok - $name: $death"
	if [ "$not_ok" != 0 ]; then
		{ tail -n 15 "$log.out" | grep -avE '^(ok|not ok|skip|1\.\.)'
		  tail -n 25 "$log.err"; } | sed 's/^/           | /'
	fi
}

run_test() {
	local name=$1 file=$2 ok not_ok skip

	try_test "$name" "$file"
	case $name in
	bpf/* | cmd/*)
		if [ "$not_ok" != 0 ] && [ "$AGAIN" != 0 ]; then
			try_test "$name" "$file"
			[ "$not_ok" = 0 ] && unsteady="$unsteady $name"
		fi
		;;
	esac
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
}

main() {
	local name file ran=0

	mkdir -p "$logs"
	while read -r name file <&3; do
		is_wanted "$name" "$file" "$@" || continue
		run_test "$name" "$file"
		ran=$((ran + 1))
	done 3< <(list_tests)
	if [ "$ran" = 0 ]; then
		echo "check: no test is called ${*:-test_*}" >&2
		exit 2
	fi
	[ -n "$unsteady" ] && echo "only the second time:$unsteady"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}

main "$@"
