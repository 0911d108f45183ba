#!/usr/bin/env bash
# audit: how fast lagniappe-audit verifies, on ledgers of its own, and in how much memory.
#
#   tests/bench/audit.sh          after `make bench-programs all`
#
# AUDIT_ENTRIES  in each ledger; 1000000     AUDIT_BATCHES  entries in one batch; "1000 100 10"
# AUDIT_ROUNDS   the best of so many; 3      AUDIT_CUSTOMERS  100000
# AUDIT_LIMITS   "limits no-limits": what the grants are judged by, a ledger each
# AUDIT_LEDGERS  "directory file": what is read of them
# AUDIT_JSON     a file that gets each figure as a line of JSON besides
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
read -ra rules <<<"${AUDIT_LIMITS:-limits no-limits}"
read -ra ledgers <<<"${AUDIT_LEDGERS:-directory file}"
json=${AUDIT_JSON:-/dev/null}
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

# WHAT BATCH RULES: the ledger that was written, by one thread and by two.
measure() {
	local ledger=$work/ledger threads real cpu
	[ "$1" = directory ] || ledger=$work/ledger/ledger.mdb
	cat "$work"/ledger/*.mdb >/dev/null
	for threads in 1 2; do
		read -r real cpu < <(least "$ledger" "$threads")
		awk -v b="$2" -v l="$3" -v w="$1" -v t="$threads" -v r="$real" -v c="$cpu" -v n="$entries" \
			-v json="$json" 'BEGIN {
			printf "%-8d %-9s %-9s %8d %10.2f %12.2f %12.0f\n", b, l, w, t, r, c, n / r
			printf "{\"case\":\"audit\",\"ledger\":\"%s\",\"batch\":%d,\"rules\":\"%s\",", w, b, l >>json
			printf "\"threads\":%d,\"seconds\":%s,\"cpu_s\":%s,\"entries\":%d}\n", t, r, c, n >>json }'
	done
}

# BATCH RULES: what each of the things that it keeps takes, in the audit told last.
memory() {
	python3 - "$work/told" "$item_bytes_max" "$json" "$@" <<-'END'
		import json, sys
		told, most, out, batch, rules = sys.argv[1:]
		memory = json.load(open(told))["memory"]
		each = memory["bytes"] / memory["items"]
		print(f"         {memory['items']} parties, accounts and counters, {each:.1f} bytes each")
		line = {"case": "audit-memory", "batch": int(batch), "rules": rules, "items": memory["items"]}
		print(json.dumps({**line, "bytes_each": each}), file=open(out, "a"))
		sys.exit(each > int(most))
	END
}

printf '%-8s %-9s %-9s %8s %10s %12s %12s\n' batch rules 'ledger of' threads seconds \
	'processor s' 'entries/s'
for batch in "${batches[@]}"; do
	for rule in "${rules[@]}"; do
		words=("$work/ledger" "$entries" "$batch" "$customers")
		[ "$rule" = limits ] || words+=("$rule")
		"$build/bench/audit_ledger" "${words[@]}"
		for what in "${ledgers[@]}"; do measure "$what" "$batch" "$rule"; done
		memory "$batch" "$rule"
		rm -rf "$work/ledger"
	done
done
