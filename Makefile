# SPDX-License-Identifier: MIT OR Apache-2.0
# The front door. CMake does the work (CMakePresets.json); this says it in one word.
# A bare `make` only builds: it needs neither network nor root.
.POSIX:
.SUFFIXES:
PRESET = release
PREFIX = /usr/local
FUZZ_SECONDS = 60
STRESS_SECONDS = 60
STRESS_MINUTES = 8
SANITIZE =
MIGRATE =
STRESS_SEEDS = 20000
STRESS_COUNT = 10000000
SOAK_MINUTES = 10
ARGS =

.PHONY: build run test ports check bench stress stress-long coverage soak fuzz install format clean help

build:
	@scripts/setup.sh --check build
	@scripts/configure.sh $(PRESET)
	@cmake --build --preset $(PRESET)

# Builds, then runs the demonstration: a server, 1,000 devices, a staged roll-out. Ctrl-C ends it.
run:
	@scripts/setup.sh run
	@scripts/configure.sh release
	@cmake --build --preset release --target sennit-fleet firmware
	@build/bin/sennit-fleet demo $(ARGS)

# The whole suite: as released, with ASan and UBSan, with TSan.
test:
	@scripts/setup.sh test
	@scripts/test.sh

# The library's suite for other processors, in qemu's user mode, and with musl.
ports:
	@scripts/setup.sh ports
	@scripts/ports.sh $(ARGS)

# Static checks; reads the code, runs none of it.
check:
	@scripts/setup.sh check
	@$(MAKE) build
	@scripts/check/all.sh

# Measures, beside Go and nginx where they are installed.
bench:
	@scripts/setup.sh bench
	@$(MAKE) build
	@bench/run.sh $(ARGS)

# The stress tests for longer, and the simulations over more seeds, than the suite does. With
# SANITIZE=address, SANITIZE=thread or MIGRATE=1: the stress tests in that build or mode, again and
# again for STRESS_MINUTES.
stress:
	@scripts/setup.sh test
	@if [ -n "$(SANITIZE)$(MIGRATE)" ]; then \
	    SANITIZE="$(SANITIZE)" MIGRATE="$(MIGRATE)" STRESS_MINUTES="$(STRESS_MINUTES)" \
	        exec scripts/stress.sh; \
	else \
	    $(MAKE) stress-long; \
	fi

stress-long:
	@$(MAKE) build
	@python3 scripts/merge_ctest.py --timeout=86400 build/stress-tests "stress=build:-L:stress|sim"
	@SENNIT_STRESS_SECONDS=$(STRESS_SECONDS) SENNIT_SEEDS=$(STRESS_SEEDS) \
	    SENNIT_STRESS_COUNT=$(STRESS_COUNT) \
	    ctest --test-dir build/stress-tests --output-on-failure

# Which error branches of core and scheduler the tests reach: with counters built in, by gcov.
coverage:
	@scripts/setup.sh test
	@scripts/configure.sh coverage
	@cmake --build --preset coverage
	@find build-coverage -name '*.gcda' -delete
	@ctest --test-dir build-coverage -LE '^(sim|system|chaos|timed|static|install)$$' \
	    --output-on-failure
	@scripts/coverage.py build-coverage

# All scenarios and simulated tests over new seeds for SOAK_MINUTES; ends with what failed.
soak:
	@scripts/setup.sh test
	@$(MAKE) build
	@SOAK_MINUTES=$(SOAK_MINUTES) scripts/soak.py $(ARGS)

# Every fuzzer for FUZZ_SECONDS, from its corpus.
fuzz:
	@scripts/setup.sh fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh $(ARGS)

install: build
	@cmake --install build --prefix $(PREFIX)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-*

help:
	@echo "make            build: programs in build/bin, libraries in build/lib"
	@echo "make run        build, then a fleet of 1,000 devices and a staged roll-out to watch"
	@echo "make test       the whole suite, with sanitizers (15 minutes on two cores)"
	@echo "make ports      the library's suite for AArch64, ARMv7, RISC-V 64 and musl"
	@echo "make check      static checks: layers, symbols, seams, formatting, clang-tidy"
	@echo "make bench      measure, beside Go and nginx where they are installed"
	@echo "make stress     stress and simulation: STRESS_SECONDS=$(STRESS_SECONDS) a case, STRESS_SEEDS=$(STRESS_SEEDS),"
	@echo "                STRESS_COUNT=$(STRESS_COUNT) collisions"
	@echo "                SANITIZE=address|thread, MIGRATE=1: STRESS_MINUTES=$(STRESS_MINUTES) in that build or mode"
	@echo "make coverage   which error branches of core and scheduler the tests reach"
	@echo "make soak       the simulations over new seeds, SOAK_MINUTES=$(SOAK_MINUTES); ends with the failing seeds"
	@echo "make fuzz       the fuzzers, FUZZ_SECONDS=$(FUZZ_SECONDS) each"
	@echo "make install    into PREFIX=$(PREFIX) (DESTDIR is honoured)"
	@echo "make format     lay out the C files with clang-format"
	@echo "make clean      remove the build folders"
	@echo
	@echo "NO_INSTALL=1    run, test, ports, check, bench, soak: install no packages, print what is missing"
	@echo "PRESET=debug    another preset of CMakePresets.json for make build"
	@echo "ARGS=...        arguments for run, ports, bench, soak, fuzz"
