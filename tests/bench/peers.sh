#!/usr/bin/env bash
# peers: PostgreSQL and Redis doing a grant's job, beside this server doing it.
#
#   tests/bench/peers.sh          run by `make bench-peers`, after the build
#
# Both keep their promise: PostgreSQL with fsync and synchronous_commit, Redis with
# appendfsync always.  Neither has a tree, a signature or a receipt, and neither is
# asked over HTTP: the job is the function in peers-postgres.sql and peers-redis.lua.
#
# BENCH_SECONDS    measured for each figure; 3          BENCH_ROUNDS   medians of so many; 3
# TMPDIR           where all of them keep their data while it runs; build/bench when absent
# DEPS=skip        installs nothing
#
# Each runs from a directory of its own, which is removed at the end.  Writes
# build/bench/peers.json.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${LAGNIAPPE_BUILD:-build}
seconds=${BENCH_SECONDS:-3}
rounds=${BENCH_ROUNDS:-3}
clients=(1 8 32 64)
redis_clients=(1 50 200)
connections=(1 32 128 512)
wait_max=300 # tenths of a second for a server to start
postgres_as=()
pids=()
mkdir -p "$build/bench"
work=$(mktemp -d "${TMPDIR:-$build/bench}/peers.XXXXXX")
work=$(realpath "$work")
sockets=$(mktemp -d) # a socket's path is short
results=$build/bench/peers.ndjson

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	trap - EXIT INT TERM
	local pid
	for pid in "${pids[@]}"; do
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$work" "$sockets"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

die() {
	echo "bench-peers: $*" >&2
	exit 1
}

# Installs what is missing, and keeps the packages from starting servers of their own.
install_missing() {
	local missing=() as_root=() policy=/usr/sbin/policy-rc.d made=''
	compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null || missing+=(postgresql)
	command -v redis-server >/dev/null || missing+=(redis-server)
	[ ${#missing[@]} = 0 ] && return
	[ "${DEPS:-}" != skip ] || die "${missing[*]} missing, and DEPS=skip installs nothing"
	echo "bench-peers: installing ${missing[*]}" >&2
	[ "$(id -u)" = 0 ] || as_root=(sudo)
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
		"${as_root[@]}" chmod 755 $policy
		made=$policy
	fi
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null >/dev/null
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends "${missing[@]}" </dev/null >/dev/null || made+=' failed'
	[ -z "$made" ] || "${as_root[@]}" rm -f $policy
	case $made in *failed) die "apt-get could not install ${missing[*]}" ;; esac
}

# await COMMAND: until it succeeds.
await() {
	local i
	for ((i = 0; i < wait_max; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	die "this did not come true: $*"
}

note() { # case, connections, a second, p50, p99
	printf '{"case":"%s","round":%d,"connections":%d,"grants_per_s":%s,"commit_p50_ms":%s,"commit_p99_ms":%s}\n' \
		"$1" "$round" "$2" "$3" "$4" "$5" >>"$results"
	printf '.' >&2
}

# ---- PostgreSQL: its own cluster, by a socket, which is its fastest way in -----------

start_postgres() {
	postgres=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/pgbench' | sort -V | tail -n 1)")
	local data=$work/postgres
	mkdir "$data"
	chmod 755 "$work" "$sockets"
	if [ "$(id -u)" = 0 ]; then # it refuses to run as root
		postgres_as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
		chown postgres "$data" "$sockets"
	fi
	cd /
	"${postgres_as[@]}" "$postgres/initdb" -D "$data" -U bench -A trust --no-locale -E UTF8 >/dev/null
	"${postgres_as[@]}" "$postgres/postgres" -D "$data" -k "$sockets" -c listen_addresses= \
		-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c shared_buffers=1GB \
		-c max_wal_size=8GB -c wal_buffers=64MB -c checkpoint_timeout=30min \
		>"$sockets/log" 2>&1 &
	pids+=($!)
	cd "$OLDPWD"
	await "$postgres/psql" -h "$sockets" -U bench -d postgres -c 'SELECT 1'
	"$postgres/psql" -q -h "$sockets" -U bench -d postgres -v ON_ERROR_STOP=1 \
		-f tests/bench/peers-postgres.sql -c 'VACUUM ANALYZE' -c CHECKPOINT
	cat >"$work/give.pgbench" <<-'SCRIPT'
		\set whom random(1, 100000)
		\set giver random(1, 1000)
		SELECT give(gen_random_uuid(), :whom, :giver, 25, 'late-room');
	SCRIPT
}

# pgbench logs the microseconds of each call.
measure_postgres() {
	local c=$1 rate
	rm -f "$work"/calls.*
	(cd "$work" && "$postgres/pgbench" -n -M prepared -h "$sockets" -U bench -c "$c" -j 1 \
		-T "$seconds" -f give.pgbench -l --log-prefix=calls postgres >pgbench.out 2>&1) ||
		die "pgbench: $(tail -n 3 "$work/pgbench.out")"
	rate=$(awk '/^tps/ { print $3 }' "$work/pgbench.out")
	# shellcheck disable=SC2046 # two numbers
	note postgres "$c" "$rate" $(cat "$work"/calls.* | awk '{ print $3 / 1000 }' | sort -n |
		awk '{ t[NR] = $1 } END { print t[int(NR * 0.5) + 1], t[int(NR * 0.99) + 1] }')
}

# ---- Redis: its own server, by a socket; a function does one grant ---------------------

start_redis() {
	mkdir "$work/redis"
	redis-server --port 0 --unixsocket "$sockets/redis" --dir "$work/redis" --save '' \
		--appendonly yes --appendfsync always --auto-aof-rewrite-percentage 0 \
		--daemonize no >"$work/redis.log" 2>&1 &
	pids+=($!)
	await redis-cli -s "$sockets/redis" ping
	redis-cli -s "$sockets/redis" -x FUNCTION LOAD <tests/bench/peers-redis.lua >/dev/null
	redis-cli -s "$sockets/redis" SET budget 1000000000000000 >/dev/null
}

# redis-benchmark goes by a count: first a short run, to know how many take so long.
give_by_redis() { # clients, count
	redis-benchmark -s "$sockets/redis" -c "$1" -n "$2" -r 2000000000 --csv \
		FCALL give 4 key:__rand_int__ day:1 budget entries 25 1000000000000000 \
		__rand_int__ >"$work/redis.out" 2>&1 || die "redis-benchmark: $(tail -n 3 "$work/redis.out")"
	tail -n 1 "$work/redis.out" | tr -d '"'
}

measure_redis() {
	local c=$1 rate line
	rate=$(give_by_redis "$c" 2000 | awk -F, '{ print int($(NF - 6)) }')
	line=$(give_by_redis "$c" $((rate * seconds)))
	# test, rps, avg, min, p50, p95, p99, max; the test's name may hold commas
	# shellcheck disable=SC2046 # three numbers
	note redis "$c" $(awk -F, '{ print $(NF - 6), $(NF - 3), $(NF - 1) }' <<<"$line")
}

# ---- this server -------------------------------------------------------------------------

start_ours() {
	"$build/lagniappe" init --data "$work/ours" --origin bench.example/ledger --timezone Etc/UTC \
		>"$work/secrets" 2>"$work/out" || die "$(cat "$work/out")"
	"$build/lagniapped" --data "$work/ours" --listen 127.0.0.1:0 2>"$work/ours.log" &
	pids+=($!)
	await grep -q 'listening on' "$work/ours.log"
	ours=$(sed -nE 's/.*listening on (https?:\/\/[^ "]+).*/\1/p' "$work/ours.log" | head -n 1)
	"$build/lagniappe-bench" --url "$ours" --setup --programme "$work/programme" --customers 100000 \
		--connections 128 --admin-token "$(sed -n 's/^admin-token: //p' "$work/secrets")" \
		--finance-token "$(sed -n 's/^finance-token: //p' "$work/secrets")"
}

measure_ours() {
	local line
	line=$("$build/lagniappe-bench" --url "$ours" --programme "$work/programme" --mode grant \
		--key "$(sed -n 's/^log-vkey: //p' "$work/secrets")" --connections "$1" \
		--seconds "$seconds" --json) || die 'there were errors'
	printf '{"case":"grant","round":%d,%s\n' "$round" "${line#\{}" >>"$results"
	printf '.' >&2
}

command -v python3 >/dev/null || die 'python3 makes the table, and is missing'
[ -x "$build/lagniappe-bench" ] || die "$build/lagniappe-bench is missing: run make first"
install_missing
: >"$results"
start_postgres
start_redis
start_ours
for ((round = 1; round <= rounds; round++)); do
	for c in "${connections[@]}"; do measure_ours "$c"; done
	for c in "${clients[@]}"; do measure_postgres "$c"; done
	for c in "${redis_clients[@]}"; do measure_redis "$c"; done
	printf ' round %d of %d\n' "$round" "$rounds" >&2
done
python3 tests/bench/table.py --peers "$results" "$build/bench/peers.json"
