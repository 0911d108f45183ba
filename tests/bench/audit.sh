#!/usr/bin/env bash
# audit: how fast lagniappe-audit verifies, on ledgers of its own, and in how much memory.
#
#   tests/bench/audit.sh          after `make bench-programs all`
#
# AUDIT_ENTRIES  in each ledger; 1000000     AUDIT_BATCHES  entries in one batch; "1000 100 10"
# AUDIT_ROUNDS   the best of so many; 3      AUDIT_CUSTOMERS  100000
# TMPDIR         where the ledgers lie while it runs; build/bench when absent
#
# A checkpoint costs about 50 us to verify, whatever its batch holds: small batches are
# slower for that alone.  The ledger is read once before it is timed, so that the disk is
# not.  Prints a line a ledger and number of threads.  Exit 0: all are clean, and no item
# takes more than 64 bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${LAGNIAPPE_BUILD:-build}
entries=${AUDIT_ENTRIES:-1000000}
rounds=${AUDIT_ROUNDS:-3}
customers=${AUDIT_CUSTOMERS:-100000}
read -ra batches <<<"${AUDIT_BATCHES:-1000 100 10}"
item_bytes_max=64
mkdir -p "$build/bench"
work=$(mktemp -d "${TMPDIR:-$build/bench}/audit.XXXXXX")
trap 'rm -rf "$work"' EXIT

die() {
	echo "audit bench: $*" >&2
	exit 1
}

for program in lagniappe-audit bench/audit_ledger; do
	[ -x "$build/$program" ] || die "$build/$program is missing: run make all bench-programs"
done

# LEDGER THREADS: the least seconds of the rounds, real and of the processors together.
least() {
	local i
	for ((i = 0; i < rounds; i++)); do
		TIMEFORMAT='%R %U %S'
		{ time "$build/lagniappe-audit" verify "$1" --threads "$2" --json >"$work/told" 2>"$work/err"; } 2>&1 ||
			die "$1 is not clean: $(cat "$work/told" "$work/err")"
	done | awk '{ if (NR == 1 || $1 < real) { real = $1; cpu = $2 + $3 } } END { print real, cpu }'
}

printf '%-8s %-9s %8s %10s %12s %12s\n' batch 'ledger of' threads seconds 'processor s' 'entries/s'
for batch in "${batches[@]}"; do
	"$build/bench/audit_ledger" "$work/ledger" "$entries" "$batch" "$customers"
	for what in directory file; do
		ledger=$work/ledger
		[ $what = directory ] || ledger=$work/ledger/ledger.mdb
		cat "$work"/ledger/*.mdb >/dev/null
		for threads in 1 2; do
			read -r real cpu < <(least "$ledger" "$threads")
			awk -v b="$batch" -v w="$what" -v t="$threads" -v r="$real" -v c="$cpu" -v n="$entries" \
				'BEGIN { printf "%-8d %-9s %8d %10.2f %12.2f %12.0f\n", b, w, t, r, c, n / r }'
		done
	done
	python3 - "$work/told" "$item_bytes_max" <<-'END'
		import json, sys
		memory = json.load(open(sys.argv[1]))["memory"]
		each = memory["bytes"] / memory["items"]
		print(f"         {memory['items']} parties, accounts and counters, {each:.1f} bytes each")
		sys.exit(each > int(sys.argv[2]))
	END
	rm -rf "$work/ledger"
done
