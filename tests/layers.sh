#!/usr/bin/env bash
# layers: proves which room knows which.
#
#   server ──► include ◄── tools          tests ──► everything
#                 ▲
#              ledger
#
#   tests/layers.sh LIBLEDGER
#
# By includes, and by the symbols that the library needs from outside: what is
# not named there cannot be called.  And there are no other rooms.  Exit 0 when all
# arrows hold.
set -u
cd "$(dirname "$0")/.." || exit 2
lib=$1
broken=0

found() { # what was found, why it must not be
	[ -z "$1" ] && return
	printf '%s\n' "$1" | sed 's/^/  /'
	echo "layers: $2"
	broken=1
}

includes() { # rooms as globs: every include, as file:line:name
	local files
	files=$(compgen -G "$1/*.[ch]" || true)
	[ -z "$files" ] && return
	# shellcheck disable=SC2086 # our file names hold no spaces
	grep -HnE '^[[:space:]]*#[[:space:]]*include' $files |
		sed -E 's/#[[:space:]]*include[[:space:]]*//; s/[[:space:]]*(\/[*/].*)?$//'
}

forbid() { # rooms, names as a pattern, why
	found "$(includes "$1" | grep -E ":[[:space:]]*[<\"]($2)")" "$3"
}

forbid 'ledger' '(\.\./)*(server|tools|tests)/' 'ledger/ knows itself and include/ alone'
forbid 'include/*' '(\.\./)*(server|tools|tests|ledger)/' 'include/ knows no other room'
forbid 'server' '(\.\./)*(tools|tests|ledger)/' 'server/ reaches the ledger through include/'
forbid 'tools/*' '(\.\./)*(server|tests|ledger)/' 'tools/ reach the ledger through include/'
forbid 'ledger' '(uv|llhttp|jsmn|jansson|locale|ctype|wctype|netdb|time)\.h|sys/(time|random|socket)\.h' \
	'ledger/ has no loop, HTTP, JSON, clock, randomness, locale or network'
forbid 'ledger' '(unicode|curl|netinet|arpa|openssl/rand)' \
	'ledger/ has no time zones, network or randomness'

found "$(includes 'include/*' | grep -vE ':[[:space:]]*("lagniappe/|<(std[a-z]+|string|limits|inttypes|errno)\.h>)')" \
	"include/ takes in C's own headers alone"
found "$(for room in ledger server 'tools/*'; do includes "$room"; done |
	grep -E ':[[:space:]]*[<"]lmdb\.h' | grep -v '^ledger/kv\.c:')" \
	'ledger/kv.c alone includes lmdb.h'

found "$(git ls-files 2>/dev/null | sed 's#/.*##' | sort -u |
	grep -vxE 'server|ledger|include|tools|tests|Makefile|README\.md|\..*')" \
	'the top level has no other rooms'

# The calls that a replay would answer differently, or that leave the machine.
loop='(uv|llhttp|http_parser|jsmn|json|curl|ucal|uenum|u|SSL)_.*'
clock='clock|clock_.*|time|gettimeofday|times|ftime|timespec_get|localtime.*|gmtime.*|mktime|strftime.*|ctime.*|tzset|timer_.*|.*sleep'
random='s?rand|rand_r|s?random(_r)?|[delnmj]rand48.*|getrandom|getentropy|arc4random.*|randombytes.*|RAND_.*|.*_keygen|crypto_(sign|box|kx)_keypair|mkstemp.*|uuid_.*'
locale='setlocale|newlocale|uselocale|localeconv|nl_langinfo|strcoll.*|strxfrm.*|.*_l|__ctype_.*|(secure_)?getenv|environ'
network='socket|socketpair|connect|bind|listen|accept4?|send|sendto|sendm?msg|recv|recvfrom|recvm?msg|getaddrinfo|gethostby.*|if_.*'
names() { nm "$1" "$lib" 2>/dev/null | sed -nE 's/^[0-9a-f ]*[A-Za-z] ([^@]+).*/\1/p' | sort -u; }
symbols=$(comm -23 <(names -u) <(names --defined-only))
if ! grep -q '^mdb_' <<<"$symbols"; then
	echo "layers: $lib needs nothing of LMDB: it is not the library, or it is not built" >&2
	exit 1
fi
found "$(grep -xE "$loop|$clock|$random|$locale|$network" <<<"$symbols")" \
	'libledger.a needs these symbols, and may not'

[ $broken = 0 ] && echo 'layers: every arrow holds'
exit $broken
