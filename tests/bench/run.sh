#!/usr/bin/env bash
# bench: what this machine reaches, in one go: the bare echo, LMDB's append ceiling,
# the library, and the server; rounds of all of them in turn, so that what else the
# machine does falls on all alike.  See README.md beside this file.
#
#   tests/bench/run.sh            run by `make bench`, after the build
#
# BENCH_SECONDS    measured for each figure; 3          BENCH_ROUNDS   medians of so many; 3
# BENCH_CUSTOMERS  in each ledger; 100000               BENCH_CONNECTIONS  "1 32 128 512"
# TMPDIR           where the ledgers lie while it runs; build/bench when absent, so that
#                  they are on the repository's disk
#
# Writes build/bench/results.json.  Exit 0: every request was answered as it should,
# every receipt drawn verified, and so did the ledgers at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${LAGNIAPPE_BUILD:-build}
seconds=${BENCH_SECONDS:-3}
rounds=${BENCH_ROUNDS:-3}
customers=${BENCH_CUSTOMERS:-100000}
read -ra connections <<<"${BENCH_CONNECTIONS:-1 32 128 512}"
many=${connections[-1]}
echo_head_bytes=78
start_seconds_max=30
pids=()
failed=0
mkdir -p "$build/bench"
work=$(mktemp -d "${TMPDIR:-$build/bench}/run.XXXXXX")
results=$build/bench/results.ndjson

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	trap - EXIT INT TERM
	local pid
	for pid in "${pids[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

die() {
	echo "bench: $*" >&2
	exit 1
}

# start NAME PROGRAM ARGUMENTS: into $url and $pid, when it listens.
start() {
	local log=$work/$1.log i
	shift
	: >"$log" # the loop below may read it before the server's shell has made it
	"$@" >"$work/out" 2>"$log" &
	pid=$!
	pids+=("$pid")
	for ((i = 0; i < start_seconds_max * 20; i++)); do
		url=$(sed -nE 's/.*listening on (https?:\/\/[^ "]+).*/\1/p' "$log" | head -n 1)
		[ -n "$url" ] && return
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$log" >&2
	die "$1 did not start"
}

secret() { # ledger, name
	sed -n "s/^$2: //p" "$work/$1.secrets"
}

# serve NAME ARGUMENTS: a ledger of its own, served, with a programme in it.
serve() {
	local name=$1
	shift
	"$build/lagniappe" init --data "$work/$name" --origin bench.example/ledger --timezone Etc/UTC \
		>"$work/$name.secrets" 2>"$work/out" || die "$(cat "$work/out")"
	start "$name" "$build/lagniapped" --data "$work/$name" --listen 127.0.0.1:0 "$@"
	"$build/lagniappe-bench" --url "$url" --setup --programme "$work/$name.programme" \
		--customers "$customers" --connections 128 \
		--admin-token "$(secret "$name" admin-token)" \
		--finance-token "$(secret "$name" finance-token)"
}

# measure CASE URL PID ARGUMENTS: one figure, as a line of results.
measure() {
	local case=$1 at=$2 whose=$3 line
	shift 3
	if ! line=$("$build/lagniappe-bench" --url "$at" --pid "$whose" --seconds "$seconds" --json "$@"); then
		echo "bench: $case had errors" >&2
		failed=1
	fi
	[ -z "$line" ] || printf '{"case":"%s","round":%d,%s\n' "$case" "$round" "${line#\{}" >>"$results"
	printf '.' >&2
}

# other CASE PROGRAM ARGUMENTS: a program that prints its own lines of JSON.
other() {
	local case=$1
	shift
	"$@" >"$work/out" || die "$case failed"
	sed "s/^{/{\"case\":\"$case\",\"round\":$round,/" "$work/out" >>"$results"
	printf '.' >&2
}

plain_grants() { # MODE and more
	measure "$1" "$plain_url" "$plain_pid" --programme "$work/plain.programme" \
		--key "$(secret plain log-vkey)" --mode "$@"
}

tls_grants() {
	measure "tls-$1" "$tls_url" "$tls_pid" --programme "$work/tls.programme" \
		--key "$(secret tls log-vkey)" --mode "$@"
}

# Balances while somebody grants: a thousand a second, due whatever happens.
balances_under_grants() {
	"$build/lagniappe-bench" --url "$plain_url" --programme "$work/plain.programme" --mode grant \
		--rate 1000 --connections 16 --warmup 0.2 --seconds "$((seconds + 1))" >"$work/grants" &
	local grants=$!
	plain_grants balance --connections 128
	wait "$grants" || { cat "$work/grants" >&2; failed=1; }
}

one_round() {
	local c
	for c in "${connections[@]}"; do
		measure echo "$echo_url" "$echo_pid" --mode echo --connections "$c"
		plain_grants grant --connections "$c"
	done
	measure echo-300 "$small_url" "$small_pid" --mode echo --connections "$many"
	for c in "${connections[@]}"; do
		plain_grants minimal --connections "$c"
		tls_grants grant --connections "$c"
	done
	plain_grants batch:100 --connections 32
	plain_grants batch:1000 --connections 8
	balances_under_grants
	other lmdb "$build/bench/lmdb_append" "$work" "$seconds"
	rm -rf "$work/library"
	other library "$build/bench/ledger" "$work/library" "$seconds" "$customers"
	rm -rf "$work/judging"
	other judging "$build/bench/limits" "$work/judging" 1
	printf ' round %d of %d\n' "$round" "$rounds" >&2
}

# At 50 % and 80 % of what the closed loop reached with the most connections.
open_loop() {
	local share rate
	for share in 50 80; do
		rate=$(python3 tests/bench/table.py --rate "$results" grant "$many" "$share")
		plain_grants grant --connections "$many" --rate "$rate"
	done
}

verify() { # stop the server, then audit what it wrote
	local name=$1 server=$2
	kill -TERM "$server"
	wait "$server" || die "the server of $name did not end well: $(tail -n 3 "$work/$name.log")"
	"$build/lagniappe-audit" verify "$work/$name" --key "$(secret "$name" log-vkey)" || failed=1
}

for program in lagniapped lagniappe lagniappe-bench lagniappe-audit bench/echo bench/ledger bench/limits; do
	[ -x "$build/$program" ] || die "$build/$program is missing: run make bench"
done
command -v python3 >/dev/null || die 'python3 makes the table, and is missing'
: >"$results"
round=0

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-keyout "$work/tls.key" -out "$work/tls.pem" 2>"$work/out" || die "$(cat "$work/out")"
serve plain
plain_url=$url plain_pid=$pid
serve tls --tls-cert "$work/tls.pem" --tls-key "$work/tls.key"
tls_url=$url tls_pid=$pid

# The echo's reply is as long as a grant's, receipt included.
plain_grants grant --connections 1
reply_bytes=$(python3 tests/bench/table.py --reply-bytes "$results")
: >"$results"
start echo "$build/bench/echo" 0 $((reply_bytes - echo_head_bytes))
echo_url=$url echo_pid=$pid
start echo-300 "$build/bench/echo" 0 300
small_url=$url small_pid=$pid

for ((round = 1; round <= rounds; round++)); do one_round; done
for ((round = 1; round <= rounds; round++)); do open_loop; done
printf '\n' >&2
anonymous_kb=$(awk '/^RssAnon/ { print $2 }' "/proc/$plain_pid/status")
verify plain "$plain_pid"
verify tls "$tls_pid"
python3 tests/bench/table.py "$results" "$build/bench/results.json" "$anonymous_kb"
[ $failed = 0 ] || die 'there were errors: the figures are not to be trusted'
