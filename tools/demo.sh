#!/usr/bin/env bash
# demo: a served ledger with a small hotel programme in it, to try things on.
#
#   tools/demo.sh         started by `make demo`, after the build
#
# DEMO_LISTEN   where it listens; 127.0.0.1:8080 when absent
# DEMO_DATA     a directory that keeps the ledger; a temporary one when absent
#
# Ctrl-C, or SIGTERM, stops the server and removes what is temporary.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${LAGNIAPPE_BUILD:-build}
listen=${DEMO_LISTEN:-127.0.0.1:8080}
start_seconds_max=30
server=''
work=$(mktemp -d)
data=${DEMO_DATA:-$work/data}

# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	trap - EXIT INT TERM
	if [ -n "$server" ]; then
		kill -TERM "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
		echo 'Stopped.'
	fi
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 0' INT TERM

die() {
	echo "demo: $*" >&2
	exit 1
}

# Two servers can share a port, and each would get half of the requests.
port_taken() {
	[ "${listen##*:}" != 0 ] && (exec 3<>"/dev/tcp/${listen%:*}/${listen##*:}") 2>/dev/null
}

start_server() {
	: >"$work/server.log"
	"$build/lagniapped" --data "$data" --listen "$listen" 2>"$work/server.log" &
	server=$!
	local i
	for ((i = 0; i < start_seconds_max * 10; i++)); do
		url=$(sed -nE 's/.*listening on (https?:\/\/[^ "]+).*/\1/p' "$work/server.log" | head -n 1)
		[ -n "$url" ] && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	cat "$work/server.log" >&2
	server=''
	die "the server did not start on $listen"
}

# as TOKEN, words: one command of the client.
as() {
	local token=$1
	shift
	LAGNIAPPE_TOKEN=$token "$build/lagniappe" --url "$url" "$@" >"$work/answer" ||
		die "this failed: lagniappe $*"
}

# The answer's member, a string or a number.
answered() {
	sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\1/p" "$work/answer" | head -n 1
}

register() {
	as "$admin" units add --code EUR --scale 2 --kind money --name Euro
	as "$admin" sites add --id riverside --name 'The Riverside' --timezone Europe/Paris --week-starts monday
	as "$admin" sites add --id harbour --name 'The Harbour' --timezone Europe/Lisbon --week-starts monday
	as "$admin" budgets add --id front-desk --site riverside --unit EUR --name 'Front desk'
	as "$admin" budgets add --id housekeeping --site harbour --unit EUR --name Housekeeping
	as "$admin" reasons add --id late-room --name 'The room was late' --kind discretionary
	as "$admin" reasons add --id noise --name 'A noisy night' --kind discretionary
	as "$admin" reasons add --id birthday --name 'A birthday' --kind discretionary
	as "$admin" reasons add --id kind-word --name 'A kind word' --kind kindness
	as "$admin" touchpoints add --id check-in --name Check-in
	as "$admin" touchpoints add --id breakfast --name Breakfast
	as "$finance" limits set large --role staff --per grant --measure amount --window none \
		--unit EUR --max 20000 --when-passed ask --note 'Above it, ask'
	as "$finance" allot front-desk --amount 500000 --note 'The season'
	as "$finance" allot housekeeping --amount 200000 --note 'The season'
	as "$admin" staff add --id desk-1 --name 'Amara Diallo' --role staff --site riverside --budget front-desk
	as "$admin" staff add --id floor-1 --name 'Rui Costa' --role staff --site harbour --budget housekeeping
	as "$admin" staff add --id lead-1 --name 'Jeanne Morel' --role manager --site riverside \
		--sites harbour --budget front-desk --budgets housekeeping
}

# token ROLE SUBJECT: for a week.
token() {
	as "$admin" --json tokens add --role "$1" --subject "$2" --expires-in 604800
	answered token
}

customer() {
	as "$staff" --json customers add --reference "$1" --name "$2"
	answered id
}

live_a_little() {
	as "$staff" grant --customer "$guest" --amount 2500 --unit EUR --reason late-room \
		--touchpoint check-in --incident R-1042 --words 'Sorry that your room was not ready.'
	as "$staff" grant --customer "$second" --amount 1200 --unit EUR --reason birthday \
		--touchpoint breakfast
	as "$staff" thank --customer "$guest" --reason kind-word --minutes 5 \
		--words 'Thank you for your patience.'
	as "$manager" grant --customer "$third" --amount 8000 --unit EUR --reason noise \
		--incident R-1043
	as "$staff" --json grant --customer "$second" --amount 900 --unit EUR --reason noise
	as "$staff" reverse "$(answered seq)" --note 'It was the neighbours, not the house.'
	as "$floor" thank --customer "$floor_guest" --reason kind-word
	as "$staff" grant --customer "$second" --amount 30000 --unit EUR --reason noise \
		--if-over ask --words 'For the two nights without sleep.'
}

tell() {
	local kept=', and removes all of it; DEMO_DATA=DIR keeps it'
	[ -n "${DEMO_DATA:-}" ] && kept=", and $data stays"
	cat <<END

A ledger with a small hotel programme is served at $url

  staff      $staff
  manager    $manager
  customer   $customer_token
             (the customer $guest)
  finance    $finance
  admin      $admin
  log-vkey   $vkey

Look around:
  curl -sS $url/healthz
  curl -sS $url/openapi.json
  LAGNIAPPE_TOKEN=$finance $build/lagniappe --url $url entries list

Grant 15.00 EUR, and verify its receipt offline:
  curl -sS $url/v1/grants -o $work/grant.json -H 'Authorization: Bearer $staff' -H 'Idempotency-Key: first-grant' -H 'Content-Type: application/json' -d '{"customer":"$guest","amount":1500,"unit":"EUR","reason":"late-room"}'
  $build/lagniappe receipt verify $work/grant.json --key '$vkey'

What the customer holds now, and what was said:
  LAGNIAPPE_TOKEN=$customer_token $build/lagniappe --url $url statement
  LAGNIAPPE_TOKEN=$customer_token $build/lagniappe --url $url balances

What a manager has waiting for approval:
  LAGNIAPPE_TOKEN=$manager $build/lagniappe --url $url approvals list

What finance and auditors prove and add up, from the data in $data:
  $build/lagniappe-audit verify $data --key '$vkey'
  $build/lagniappe-audit report $data spend --by staff,month

Ctrl-C stops it$kept.
END
}

for program in lagniappe lagniapped; do
	[ -x "$build/$program" ] || die "$build/$program is missing: run make first"
done
if port_taken; then die "something listens on $listen already; try DEMO_LISTEN=127.0.0.1:8081"; fi
"$build/lagniappe" init --data "$data" --origin demo.example/ledger --timezone Europe/Paris \
	>"$work/secrets" 2>"$work/told" || die "$(cat "$work/told")"
admin=$(sed -n 's/^admin-token: //p' "$work/secrets")
finance=$(sed -n 's/^finance-token: //p' "$work/secrets")
vkey=$(sed -n 's/^log-vkey: //p' "$work/secrets")

start_server
register
staff=$(token staff desk-1)
floor=$(token staff floor-1)
manager=$(token manager lead-1)
guest=$(customer booking-4711 'Camille Durand')
second=$(customer booking-4712 'Noor Haddad')
third=$(customer booking-4713 'José Álvarez')
as "$floor" --json customers add --reference booking-9001 --name 'Mia Lindqvist'
floor_guest=$(answered id)
customer_token=$(token customer "$guest")
live_a_little
tell

# A signal ends the wait, and the trap does the rest.
wait "$server" || true
server=''
cat "$work/server.log" >&2
die 'the server ended by itself'
