#!/usr/bin/env bash
# report: how long reports take on a large ledger, on one core.
#
#   tests/bench/report.sh         after `make all bench-programs`
#
# BENCH_ENTRIES   grants in the ledger; 10000000
# BENCH_LEDGER    a ledger that report_ledger made before; else one is made, and removed
# BENCH_SECONDS_MAX  what spend by staff and month may take; 10
# REPORT_JSON     a file that gets each figure as a line of JSON besides
# TMPDIR          where the ledger lies; build/bench when absent
#
# Exit 0: spend by staff and month was within BENCH_SECONDS_MAX.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${LAGNIAPPE_BUILD:-build}
entries=${BENCH_ENTRIES:-10000000}
seconds_max=${BENCH_SECONDS_MAX:-10}
ledger=${BENCH_LEDGER:-}
json=${REPORT_JSON:-/dev/null}
mkdir -p "$build/bench"

if [ -z "$ledger" ]; then
	work=$(mktemp -d "${TMPDIR:-$build/bench}/report.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	ledger=$work/ledger
	"$build/bench/report_ledger" "$ledger" "$entries" >&2
fi

# seconds ARGUMENTS: of one report, in $took.
seconds() {
	local TIMEFORMAT=%R
	took=$({ time taskset -c 0 "$build/lagniappe-audit" report "$ledger" "$@" >/dev/null; } 2>&1)
	printf '%8s s  report %s\n' "$took" "$*"
	printf '{"case":"report","report":"%s","seconds":%s,"grants":%d}\n' "$*" "$took" "$entries" >>"$json"
}

cat "$ledger"/*.mdb >/dev/null # so that all find the file in memory alike
seconds spend --by staff,month
judged=$took
for words in 'spend --by staff' 'spend --by customer' 'spend --by week' 'liability --by month' \
	'limits' 'approvals' 'refusals' 'people' 'journal'; do
	read -ra list <<<"$words"
	seconds "${list[@]}"
done
awk -v took="$judged" -v most="$seconds_max" 'BEGIN { exit !(took <= most) }' ||
	{ echo "report: spend by staff and month took $judged s, more than $seconds_max" >&2; exit 1; }
