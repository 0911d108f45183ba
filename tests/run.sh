#!/usr/bin/env bash
# run: the tests of one build, counted.
#
#   tests/run.sh BUILD unit|model|mutate|go|e2e|threads...
#
# unit, model  each cmocka program in BUILD/tests
# mutate       the audit tool, on ledgers that were damaged
# go           receipts and tiles, verified by Go's own packages
# e2e          pytest against the programs in BUILD; threads: those of its
#              tests that are marked so
#
# The closing line is `N passed, N failed`; the exit code is 0 when none failed.
# A program that crashes, or stops before its last case, has failed for every
# case that it did not report.
set -u
cd "$(dirname "$0")/.." || exit 2

build=$1
shift
export LAGNIAPPE_BUILD=$build LAGNIAPPE_CRASH_BUILD=$build/crash
export PYTHONDONTWRITEBYTECODE=1 CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
[ -f tests/tsan.supp ] && TSAN_OPTIONS+=:suppressions=$PWD/tests/tsan.supp
program_seconds_max=600 e2e_seconds_max=1200

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# name, passed, failed, skipped: adds them up; shows the log where one failed.
count() {
	passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
	[ "$3" = 0 ] || cat "$log"
	printf '  %-5s %s: %d passed' "$([ "$3" = 0 ] && echo ok || echo FAIL)" "$1" "$2"
	[ "$3" = 0 ] || printf ', %d failed' "$3"
	[ "$4" = 0 ] || printf ', %d skipped' "$4"
	echo
}

# A TAP line for each case, after a plan `1..N` for each group.
run_program() {
	timeout -k 10 $program_seconds_max "$1" >"$log" 2>&1 </dev/null
	local status=$? plan ok skip missed
	plan=$(awk -F'[.][.]' '/^1[.][.][0-9]+$/ { sum += $2 } END { print sum + 0 }' "$log")
	ok=$(grep -c '^ok [0-9]' "$log")
	skip=$(grep -c '^not ok [0-9]* # SKIP' "$log")
	missed=$((plan - ok - skip))
	if [ $status != 0 ] || [ "$ok" = 0 ]; then
		[ $missed -gt 0 ] || missed=1
		echo "$1 ended with status $status" >>"$log"
	fi
	count "${1##*/}" "$ok" $missed "$skip"
}

# sources, prefix: the program of each, by its source, so that one that was not
# built is missed and one whose source is gone is not run.
run_programs() {
	local source name
	for source in $1; do
		name=$(basename "$source" .c)
		run_program "$build/tests/$2$name"
	done
}

# Debian's Go packages lie in a GOPATH; nothing is downloaded.
run_go() {
	local ok bad
	compgen -G 'tests/go/*_test.go' >/dev/null || return 0
	GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$(realpath "$build")/go-cache \
		go test -count=1 -v ./tests/go >"$log" 2>&1 </dev/null
	local status=$?
	ok=$(grep -c '^--- PASS' "$log")
	bad=$(grep -c '^--- FAIL' "$log")
	if [ $status != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
	count go "$ok" "$bad" "$(grep -c '^--- SKIP' "$log")"
}

summary() { grep -Eo "[0-9]+ $1" "$log" | tail -n 1 | grep -Eo '[0-9]+' || echo 0; }

# What is slow is told: the rest of pytest's output only where a test failed.
run_pytest() {
	local status bad
	compgen -G 'tests/e2e/test_*.py' >/dev/null || return 0
	timeout -k 30 $e2e_seconds_max /usr/bin/python3 -m pytest -q --color=no --tb=short --durations=5 --durations-min=5 \
		-o cache_dir="$PWD/$build/pytest-cache" "$@" tests/e2e >"$log" 2>&1 </dev/null
	status=$?
	grep -E '^[0-9.]+s (call|setup)' "$log"
	bad=$(($(summary failed) + $(summary 'errors?')))
	# 5: the marker chose none of the tests.
	if [ $status != 0 ] && [ $status != 5 ] && [ $bad = 0 ]; then bad=1; fi
	count "e2e${*:+ $*}" "$(summary passed)" $bad "$(summary skipped)"
}

for what in "$@"; do
	case $what in
	unit) run_programs "$(compgen -G 'tests/unit/test_*.c' | sort)" '' ;;
	mutate) run_program "$build/tests/test_mutate" ;;
	model) run_programs "$(grep -ls '^int main' tests/model/*.c)" model_ ;;
	go) run_go ;;
	e2e) run_pytest ;;
	threads) run_pytest -m threads ;;
	*)
		echo "tests/run.sh: there is no kind of test named $what" >&2
		exit 2
		;;
	esac
done
[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
