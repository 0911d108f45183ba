#!/usr/bin/env bash
# bench: what this machine reaches, in one go: the bare echo, LMDB's append ceiling,
# the library, and the server; rounds of all of them in turn, so that what else the
# machine does falls on all alike.  See README.md beside this file.
#
#   tests/bench/run.sh            run by `make bench`, after the build
#
# BENCH_SECONDS    measured for each figure; 3          BENCH_ROUNDS   medians of so many; 3
# BENCH_CUSTOMERS  in each ledger; 100000               BENCH_CONNECTIONS  "1 32 128 512"
# BENCH_ENTRIES    in the ledgers that audits and reports are timed on; 1000000
# BENCH_STAFF      in the house that is judged, with a tenth as many limits; 100000
# TMPDIR           where the ledgers lie while it runs; build/bench when absent, so that
#                  they are on the repository's disk
#
# Writes build/bench/results.json.  Exit 0: every request was answered as it should
# (one that had to wait, in the end), every receipt drawn verified, and so did the
# ledgers at the end.  Whether goals are met is told, and is not what the exit says.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${LAGNIAPPE_BUILD:-build}
seconds=${BENCH_SECONDS:-3}
rounds=${BENCH_ROUNDS:-3}
customers=${BENCH_CUSTOMERS:-100000}
entries=${BENCH_ENTRIES:-1000000}
staff=${BENCH_STAFF:-100000}
read -ra connections <<<"${BENCH_CONNECTIONS:-1 32 128 512}"
many=${connections[-1]}
echo_head_bytes=78
start_seconds_max=30
poll_ms=5
pids=()
failed=0
verified=''
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

# start NAME PROGRAM ARGUMENTS: into $url and $pid, when it listens, and $took: seconds.
start() {
	local log=$work/$1.log i began=$EPOCHREALTIME
	shift
	: >"$log" # the loop below may read it before the server's shell has made it
	"$@" >"$work/out" 2>"$log" &
	pid=$!
	pids+=("$pid")
	for ((i = 0; i < start_seconds_max * 1000 / poll_ms; i++)); do
		url=$(sed -nE 's/.*listening on (https?:\/\/[^ "]+).*/\1/p' "$log" | head -n 1)
		if [ -n "$url" ]; then
			took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')
			return
		fi
		kill -0 "$pid" 2>/dev/null || break
		sleep "0.00$poll_ms"
	done
	cat "$log" >&2
	die "$1 did not start"
}

# stop NAME PID: a server that start started.
stop() {
	local left=() other
	kill -TERM "$2"
	wait "$2" || die "the server of $1 did not end well: $(tail -n 3 "$work/$1.log")"
	for other in "${pids[@]}"; do
		[ "$other" = "$2" ] || left+=("$other")
	done
	pids=("${left[@]}")
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

# note CASE MEMBERS: a line of results that is no figure of a load.
note() {
	printf '{"case":"%s","round":%d,%s}\n' "$1" "$round" "$2" >>"$results"
}

# Memory of the plain server that is its own: LMDB's maps are the file's pages.
note_memory() { # WHEN
	note memory "$(awk -v when="$1" '/^RssAnon/ { printf "\"when\":\"%s\",\"kib\":%d", when, $2 }' \
		"/proc/$plain_pid/status")"
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
	tls_grants minimal --connections "$many"
	[ "$round" != 1 ] || note_memory grants # before any batch
	plain_grants batch:100 --connections 32
	plain_grants batch:1000 --connections 8
	tls_grants batch:100 --connections 32
	tls_grants batch:1000 --connections 8
	note_memory batches
	balances_under_grants
	other lmdb "$build/bench/lmdb_append" "$work" "$seconds"
	rm -rf "$work/library"
	other library "$build/bench/ledger" "$work/library" "$seconds" "$customers"
	printf ' round %d of %d\n' "$round" "$rounds" >&2
}

# Finance verifies the ledger that is being written, again and again, until it is told
# to stop.
audit_again_and_again() {
	local child=''
	trap '[ -z "$child" ] || kill "$child"; exit 0' TERM
	while :; do
		"$build/lagniappe-audit" verify "$work/plain" --key "$(secret plain log-vkey)" --threads 1 \
			>"$work/audit" 2>&1 &
		child=$!
		wait "$child" || break
	done
	cat "$work/audit" >&2
	exit 1
}

# One figure, while an audit runs beside it.
under_audit() { # CASE RATE
	audit_again_and_again &
	local audit=$!
	measure "$1" "$plain_url" "$plain_pid" --programme "$work/plain.programme" \
		--key "$(secret plain log-vkey)" --mode grant --connections "$many" --rate "$2"
	kill -TERM "$audit" 2>/dev/null || true
	wait "$audit" || { echo 'bench: the audit beside the load failed' >&2; failed=1; }
}

# At 50 % and 80 % of what the closed loop reached with the most connections; at 50 %
# with an audit beside it too.  Next to them what the disk alone lets anybody reach.
open_loop() {
	local share rate
	other disk "$build/bench/disk" "$work" "$seconds"
	for share in 50 80; do
		rate=$(python3 tests/bench/table.py --rate "$results" grant "$many" "$share")
		measure "open-$share" "$plain_url" "$plain_pid" --programme "$work/plain.programme" \
			--key "$(secret plain log-vkey)" --mode grant --connections "$many" --rate "$rate"
		[ "$share" != 50 ] || under_audit "open-$share-audit" "$rate"
	done
}

# Once: to make so many staff takes longer than to measure.
judging() {
	other judging "$build/bench/limits" "$work/judging" 1 "$staff" $((staff / 10))
	rm -rf "$work/judging"
}

# Audits and reports, on ledgers of their own.
audits_and_reports() {
	AUDIT_ENTRIES=$entries AUDIT_BATCHES=1000 AUDIT_ROUNDS=$rounds AUDIT_CUSTOMERS=$customers \
		AUDIT_LEDGERS=directory AUDIT_JSON=$work/audits TMPDIR=$work tests/bench/audit.sh \
		>"$work/out" || die "$(cat "$work/out")"
	printf '.' >&2
	BENCH_ENTRIES=$entries REPORT_JSON=$work/audits TMPDIR=$work tests/bench/report.sh \
		>"$work/out" 2>&1 || die "$(cat "$work/out")"
	cat "$work/audits" >>"$results"
	printf '.' >&2
}

# How long a start takes on all that was written.
start_again() {
	stop plain "$plain_pid"
	start plain "$build/lagniapped" --data "$work/plain" --listen 127.0.0.1:0 --log-public
	plain_url=$url plain_pid=$pid
	note start "$(curl -s "$url/checkpoint" | awk -v took="$took" \
		'NR == 2 { printf "\"seconds\":%s,\"entries\":%d", took, $1 }')"
}

verify() { # stop the server, then audit what it wrote
	stop "$1" "$2"
	if "$build/lagniappe-audit" verify "$work/$1" --key "$(secret "$1" log-vkey)" >"$work/out" 2>&1; then
		verified+="The ledger of $1 was verified: $(sed -n 's/^size: //p' "$work/out") entries."$'\n'
	else
		cat "$work/out" >&2
		failed=1
	fi
}

for program in lagniapped lagniappe lagniappe-bench lagniappe-audit bench/echo bench/ledger \
	bench/limits bench/lmdb_append bench/disk bench/audit_ledger bench/report_ledger; do
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
round=0
note_memory end
for ((round = 1; round <= rounds; round++)); do start_again; done
verify plain "$plain_pid"
verify tls "$tls_pid"
rm -rf "$work/plain" "$work/tls"
round=0
judging
audits_and_reports
printf '\n' >&2
python3 tests/bench/table.py "$results" "$build/bench/results.json"
printf '\n%s' "$verified"
[ $failed = 0 ] || die 'there were errors: the figures are not to be trusted'
