# The words that people type. `make` alone explains them.

SHELL := /bin/sh
PREFIX ?= /usr/local
ONCE ?=
SECONDS ?= 60
# Undeclared imports are errors: the build keeps the floors apart.
CHECK := --explicit-target-dependency-import-check error
GENESIS := .build/release/genesis
# Without Swift's libraries beside it, and optimised across the floors.
RELEASE := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization
# The fault harness and the worker it hurts, optimised and with failpoints, beside the build that ships.
CHAOS := .build/chaos/release/chaos
CHAOS_BUILD := swift build $(RELEASE) -Xswiftc -DCHAOS --scratch-path .build/chaos $(CHECK)
# What only such builds may contain.
CHAOS_WORDS := GENESIS_FAILPOINT|GENESIS_CHAOS_PARTITIONS|GENESIS_PLANTED_BUG
KILLS ?= 1200
REPEAT ?= 1
SEED ?=
CHAOS_SEED := $(if $(SEED),--seed $(SEED))

.DEFAULT_GOAL := help
.PHONY: help setup run build test chaos chaos-controls chaos-build fuzz format lint install clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install missing system packages (Debian, through apt) and check for Swift
	@sh deploy/setup.sh

run: setup ## Build, start everything and play one session (ONCE=1: end after it)
	swift build $(RELEASE) --product genesis $(CHECK)
	exec $(GENESIS) dev --play $(if $(ONCE),--once)

build: setup ## Build the release binary
	swift build $(RELEASE) --product genesis $(CHECK)
	@! grep -aqE '$(CHAOS_WORDS)' $(GENESIS) || { echo "the release binary contains failpoints"; exit 1; }

test: setup ## Build and run all tests
	swift build --build-tests $(CHECK)
	swift test --skip-build --skip EndToEndTests
	# One after another: they start processes and wait for them, on the few threads that all tests share.
	swift test --skip-build --no-parallel --filter EndToEndTests

chaos: chaos-build ## Kill, freeze and starve real workers, and judge what is left (KILLS=10000 REPEAT=20 SEED=1)
	$(CHAOS) kills --kills $(KILLS) $(CHAOS_SEED)
	$(CHAOS) matrix --repeat $(REPEAT) $(CHAOS_SEED)
	$(CHAOS) faults $(CHAOS_SEED)
	$(CHAOS) races --count 10000 $(CHAOS_SEED)

chaos-controls: chaos-build ## Let workers make known mistakes, each of which must be found, and none where there is none
	$(CHAOS) controls $(CHAOS_SEED)

chaos-build: build
	$(CHAOS_BUILD) --product genesis
	$(CHAOS_BUILD) --product chaos
	@grep -aqE '$(CHAOS_WORDS)' .build/chaos/release/genesis

fuzz: ## Fuzz the readers of files and events for SECONDS each (default 60)
	GENESIS_FUZZ=1 swift build -c release --sanitize=fuzzer --scratch-path .build/fuzz --product fuzz
	mkdir -p .build/fuzz/corpus/yaml .build/fuzz/corpus/chart .build/fuzz/corpus/event
	for target in yaml chart event; do \
	  GENESIS_FUZZ_TARGET=$$target .build/fuzz/release/fuzz .build/fuzz/corpus/$$target Tests/WorkflowFilesTests/Corpus/$$target \
	    -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=.build/fuzz/ || exit 1; \
	done

format: ## Format the sources in place
	swift format -i -r Sources Tests Package.swift

lint: ## Check the format of the sources
	swift format lint -r --strict Sources Tests Package.swift

install: build ## Install binary, workflows and migrations under PREFIX (default /usr/local)
	install -D -m 755 $(GENESIS) "$(DESTDIR)$(PREFIX)/bin/genesis"
	rm -rf "$(DESTDIR)$(PREFIX)/share/genesis"
	mkdir -p "$(DESTDIR)$(PREFIX)/share/genesis"
	cp -R Workflows Migrations "$(DESTDIR)$(PREFIX)/share/genesis/"

clean: ## Remove build products; the development database in .genesis stays
	rm -rf .build
