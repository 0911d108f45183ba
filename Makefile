# Lagniappe: how it is built, tested and checked.  GNU make, Debian 12.
#
#   make            the programs, in build/        make test       all tests, with a total
#   make demo       a served example               make sanitize   the same under ASan, UBSan, TSan
#   make install    PREFIX=, DESTDIR=              make layers     which room may know which
#   make test-long  the same with more of it       make fuzz       what strangers send
#   make bench      what this machine reaches      make lint       format, clang-tidy, -fanalyzer
#   make bench-growth   the same, as the ledger grows to ten million entries
#
# V=1 shows commands, WERROR=1 makes warnings errors, DEPS=skip installs nothing,
# CC=clang is fine.  Variants lie beside each other: CRASHPOINTS=1 builds into
# build/crash, SAN=asan and SAN=tsan into build/asan and build/tsan.

B := build$(SAN:%=/%)$(if $(CRASHPOINTS),/crash)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 30
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifndef V
quiet = @printf '  %-5s %s\n' '$1' '$@';
MAKEFLAGS += --no-print-directory
endif

# What apt brings: to build and serve, to test, to check.
LIBS = libuv libssl libcrypto libsodium lmdb icu-i18n icu-uc libcurl jansson xlsxwriter
DEPS_BUILD = gcc libc6-dev pkg-config libuv1-dev libssl-dev libsodium-dev liblmdb-dev libicu-dev \
	libcurl4-openssl-dev libjansson-dev libjsmn-dev libxlsxwriter-dev zlib1g-dev \
	$(if $(LLHTTP_SYSTEM),,node-llhttp) \
	curl openssl
DEPS_TEST = libcmocka-dev python3 python3-pytest python3-requests python3-jsonschema \
	python3-openpyxl golang-go golang-golang-x-mod-dev hledger ledger
DEPS_CHECK = clang clang-format clang-tidy libclang-rt-dev shellcheck util-linux

# llhttp: a library where the system has one, else the sources that Debian 12
# ships, in one object that our warnings do not judge.  Strict: without it what
# follows a chunk is skipped, whatever it is, and requests can be smuggled.
LLHTTP_SYSTEM := $(shell pkg-config --exists libllhttp 2>/dev/null && echo yes)
ifeq ($(LLHTTP_SYSTEM),yes)
LIBS += libllhttp
else
LLHTTP_DIR = /usr/share/llhttp
LLHTTP_INCLUDE = -isystem /usr/share/include/llhttp
LLHTTP_O = $B/llhttp.o
endif

# Flags: the warnings that the code is held to, and OpenSSF's hardening.  The
# sanitizers bring checks of their own, which _FORTIFY_SOURCE would hide.
CFLAGS ?= -O$(if $(SAN),1,2) -g
WARN = -Wall -Wextra -Wconversion -Wformat=2 -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes \
	$(if $(WERROR),-Werror)
SAN_asan = -fsanitize=address,undefined -fno-sanitize-recover=all
SAN_tsan = -fsanitize=thread
SAN_fuzz = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection) $(if $(SAN),,-D_FORTIFY_SOURCE=2)
INCLUDES := -D_GNU_SOURCE $(if $(CRASHPOINTS),-DLGP_CRASHPOINTS) -I. -Iinclude $(LLHTTP_INCLUDE) \
	$(shell pkg-config --cflags $(LIBS) 2>/dev/null)
COMPILE = $(CC) $(CPPFLAGS) $(INCLUDES) $(CFLAGS) -std=c17 -pthread -fno-omit-frame-pointer \
	$(HARDEN) $(SAN_$(SAN))
LINK = $(CC) $(LDFLAGS) -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(SAN_$(SAN))
LINK_LIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm

# What is there to build.  A program without sources is left out.
sources = $(wildcard $(addsuffix /*.c,$1))
objects = $(patsubst %.c,$B/%.o,$(call sources,$1))
C_FILES = $(call sources,ledger server tools/* $(wildcard tests/*))
HEADERS = $(wildcard include/lagniappe/*.h ledger/*.h server/*.h tools/*/*.h tests/*/*.h)
LIB = $B/libledger.a
SERVER_LIB = $B/libserver.a
TOOLS_LIB = $B/libtools.a
AUDIT_LIB = $B/libaudit.a
PROGRAMS = $(if $(call sources,server),$B/lagniapped) $(if $(call sources,tools/lagniappe),$B/lagniappe) \
	$(foreach p,audit bench,$(if $(call sources,tools/$p),$B/lagniappe-$p))
UNIT = $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c))
MODEL_MAIN := $(shell grep -ls '^int main' tests/model/*.c)
MODEL = $(patsubst tests/model/%.c,$B/tests/model_%,$(MODEL_MAIN))
MUTATE = $B/tests/test_mutate
SUPPORT = $(patsubst tests/support/%.c,$B/tests/%,$(call sources,tests/support))
BENCH_MAIN := $(shell grep -ls '^int main' tests/bench/*.c)
BENCH = $(patsubst tests/bench/%.c,$B/bench/%,$(BENCH_MAIN))
FUZZ = $(patsubst tests/fuzz/%.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
# The rooms of the audit tool.
AUDIT_ROOMS = tools/audit tools/forensic tools/report tools/sheet tools/common
# What the tests of a folder share: its files that are no test themselves.
UNIT_SHARED = $(filter-out $B/tests/unit/test_%,$(call objects,tests/unit))
MODEL_SHARED = $(filter-out $(MODEL_MAIN:%.c=$B/%.o),$(call objects,tests/model))
BENCH_SHARED = $(filter-out $(BENCH_MAIN:%.c=$B/%.o),$(call objects,tests/bench))

.PHONY: all checks bench-programs deps demo test test-long sanitize layers lint lint-files format fuzz fuzz-run bench \
	bench-growth bench-peers install clean force
.SECONDARY:
all: $(LIB) $(PROGRAMS)
bench-programs: $(BENCH)
checks: $(UNIT) $(MODEL) $(MUTATE) $(SUPPORT)

$(LIB): $(call objects,ledger)
# For tests alone: the programs less their main, from which each takes what it tests.
$(SERVER_LIB): $(filter-out %/main.o,$(call objects,server))
$(TOOLS_LIB): $(filter-out %/main.o,$(call objects,tools/lagniappe tools/common))
$(AUDIT_LIB): $(filter-out %/main.o,$(call objects,$(AUDIT_ROOMS)))
$(LIB) $(SERVER_LIB) $(TOOLS_LIB) $(AUDIT_LIB):
	$(call quiet,AR)rm -f $@ && $(AR) qcs $@ $^
$B/lagniapped: $(call objects,server) $(LLHTTP_O) $(LIB)
$B/lagniappe: $(call objects,tools/lagniappe tools/common) $(LIB)
$B/lagniappe-audit: $(call objects,$(AUDIT_ROOMS)) $(LIB)
$B/lagniappe-bench: $(call objects,tools/bench tools/common) $(LLHTTP_O) $(LIB)
$(filter $B/tests/test_server_%,$(UNIT)): $(LLHTTP_O) $(SERVER_LIB)
$(filter $B/tests/test_tools_%,$(UNIT)): $(TOOLS_LIB)
$(filter $B/tests/test_audit_%,$(UNIT)): $(AUDIT_LIB)
$(UNIT): $B/tests/%: $B/tests/unit/%.o $(UNIT_SHARED) $(LIB)
$(MODEL): $B/tests/model_%: $B/tests/model/%.o $(MODEL_SHARED) $(LIB)
$(BENCH): $B/bench/%: $B/tests/bench/%.o $(BENCH_SHARED) $(LLHTTP_O) $(LIB)
$(MUTATE): $(call objects,tests/mutate) $(LIB)
$(SUPPORT): $B/tests/%: $B/tests/support/%.o $(LLHTTP_O) $(SERVER_LIB) $(LIB)
$(FUZZ): $B/%: $B/tests/fuzz/%.o $(LLHTTP_O) $(SERVER_LIB) $(LIB)
$(UNIT) $(MODEL) $(MUTATE): LDLIBS += -lcmocka
$(FUZZ): LDLIBS += -fsanitize=fuzzer
# Archives last: the linker takes from them what stands before them.
$(PROGRAMS) $(UNIT) $(MODEL) $(MUTATE) $(SUPPORT) $(BENCH) $(FUZZ):
	@mkdir -p $(@D)
	$(call quiet,LD)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS) $(LINK_LIBS)

$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) $(WARN) -MMD -MP -c -o $@ $<
$B/llhttp/%.o: $(LLHTTP_DIR)/%.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(COMPILE) -w -DLLHTTP_STRICT_MODE=1 -c -o $@ $<
$B/llhttp.o: $(patsubst $(LLHTTP_DIR)/%.c,$B/llhttp/%.o,$(wildcard $(LLHTTP_DIR)/*.c))
	$(call quiet,LD)$(LD) -r -o $@ $^
# Changes when the compiler or its flags do, so that nothing stale is linked.
$B/flags: force
	@mkdir -p $(@D); pkg-config --exists $(LIBS) || \
		{ echo 'Libraries are missing: run "make deps" first.' >&2; exit 1; }
	@echo '$(COMPILE) $(WARN)' | cmp -s - $@ || echo '$(COMPILE) $(WARN)' > $@
-include $(patsubst %.c,$B/%.d,$(C_FILES))

# $(call need,packages): installs those that are missing, and says which.
missing = $(filter-out $(patsubst installed:%,%,$(filter installed:%,$(shell \
	dpkg-query -W -f '$${db:Status-Status}:$${Package} ' $1 2>/dev/null))),$1)
ifneq ($(DEPS),skip)
define need
	@set -- $(call missing,$1); [ $$# = 0 ] && exit 0; echo "deps: installing $$*"; \
	apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq"; \
	[ "$$(id -u)" = 0 ] || apt="sudo $$apt"; \
	ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || $$apt update </dev/null; \
	{ $$apt install -y --no-install-recommends "$$@" || { $$apt update && \
	  $$apt install -y --no-install-recommends "$$@"; }; } </dev/null >/dev/null || \
	{ echo "deps: apt-get could not install $$*; install them, then use DEPS=skip" >&2; exit 1; }
endef
endif
deps:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST) $(DEPS_CHECK))

demo:
	$(call need,$(DEPS_BUILD))
	@$(MAKE) all
	@LAGNIAPPE_BUILD=$B exec tools/demo.sh

# Tests.  The crash build stops itself where a test says; see tests/e2e.
test:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST))
	@$(MAKE) all checks
	@$(MAKE) CRASHPOINTS=1 all
	@tests/run.sh $B unit model mutate go e2e

# The long forms: 1,000 rounds at the last unit, ten times the kills, more steps.
test-long: export LAGNIAPPE_ROUNDS = 1000
test-long: export LAGNIAPPE_CRASH_CYCLES = 1000
test-long: export LAGNIAPPE_STEPS = 60000
test-long: test

# TSan wants its own place in memory, which a kernel that scatters widely may
# have taken: setarch -R stops the scattering.
sanitize:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST) $(DEPS_CHECK))
	@$(MAKE) SAN=asan all checks
	@$(MAKE) SAN=asan CRASHPOINTS=1 all
	@$(MAKE) SAN=tsan all checks
	@tests/run.sh build/asan unit model mutate e2e; asan=$$?; \
	 $$(setarch -R true 2>/dev/null && echo setarch -R) tests/run.sh build/tsan unit threads && \
	 [ $$asan = 0 ]

layers: $(LIB)
	@tests/layers.sh $(LIB)

# Checks of the sources, a stamp for each file so that they run side by side.  Leaks
# are left to ASan: gcc 12 sees one wherever a pointer goes into a structure.
TIDY = $(patsubst %.c,$B/lint/%.tidy,$(call sources,ledger server tools/*))
ANALYZED = $(patsubst %.c,$B/lint/%.analyzed,$(call sources,ledger server))
lint:
	$(call need,$(DEPS_BUILD) $(DEPS_TEST) $(DEPS_CHECK))
	@clang-format --dry-run -Werror $(C_FILES) $(HEADERS)
	@shellcheck .ci/run $(wildcard tests/*.sh tests/*/*.sh tools/*.sh)
	@$(MAKE) -k lint-files
lint-files: $(TIDY) $(ANALYZED)
$B/lint/%.tidy: %.c $(HEADERS) .clang-tidy
	@mkdir -p $(@D)
	$(call quiet,TIDY)clang-tidy --quiet $< -- -std=c17 $(INCLUDES) 2>/dev/null && touch $@
$B/lint/%.analyzed: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(call quiet,CHECK)gcc $(INCLUDES) -std=c17 -O1 -fanalyzer -Wno-analyzer-malloc-leak \
		-Werror -c -o /dev/null $< && touch $@
format:
	clang-format -i $(C_FILES) $(HEADERS)

# Each fuzz target for FUZZ_SECONDS, from its corpus where it has one.
fuzz:
	$(call need,$(DEPS_BUILD) $(DEPS_CHECK))
	@$(MAKE) SAN=fuzz CC=clang fuzz-run
fuzz-run: $(FUZZ)
	@for f in $(FUZZ); do name=$${f##*/}; mkdir -p $B/corpus/$$name; echo "  FUZZ  $$name"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -artifact_prefix=$B/ $B/corpus/$$name \
		$(addsuffix /$$name,$(wildcard tests/fuzz/corpus)) || exit 1; done

bench:
	$(call need,$(DEPS_BUILD) python3)
	@$(MAKE) all bench-programs
	@LAGNIAPPE_BUILD=$B tests/bench/run.sh
bench-peers:
	$(call need,$(DEPS_BUILD) python3)
	@$(MAKE) all bench-programs
	@LAGNIAPPE_BUILD=$B tests/bench/peers.sh
# Writes tests/bench/growth*: how the cost grows up to ten million entries.
bench-growth:
	$(call need,$(DEPS_BUILD) python3)
	@$(MAKE) all
	@python3 tests/bench/growth.py $B tests/bench

install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib include/lagniappe)
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib
	install -m 644 include/lagniappe/*.h $(DESTDIR)$(PREFIX)/include/lagniappe
	for f in $(filter-out build/%,$(wildcard README.md */*.md */*/*.md)); do install -D -m 644 $$f \
		$(DESTDIR)$(PREFIX)/share/doc/lagniappe/$$f || exit 1; done
ifneq ($(wildcard tools/lagniapped.service),)
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/local/,$(PREFIX)/,g' tools/lagniapped.service > \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/lagniapped.service
endif

clean:
	rm -rf build
