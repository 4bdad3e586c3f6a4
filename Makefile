# What there is to do here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run dev build web server test test-rust test-web test-long e2e lint deny advisories format bench bench-record fuzz clean

# Arguments for the server (`make run ARGS="--http-port 9000"`) and for the
# browser tests (`make e2e ARGS=meet`).
ARGS ?=

INSTALLED := web/node_modules/.package-lock.json
APPS := web/apps/dist/sdk/veche-sdk.js
APP_SOURCES := $(shell find web scripts/pack-apps.mjs -type f \
	-not -path '*/node_modules/*' -not -path '*/dist/*' -not -path 'web/e2e/*' 2>/dev/null)

say = @printf '==> %s\n' "$(1)"

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: build ## Build everything and start it on http://localhost:8080
	$(call say,starting)
	@./target/release/veche $(ARGS)

dev: $(APPS) ## Start an unoptimised build that logs more
	@cargo build -p veche-codec-child
	@cargo run -p veche -- --log-level info,veche_api=debug,veche_room=debug $(ARGS)

build: need-build web server ## Build the web apps and the server

web: $(APPS) ## Build the SDK and the apps

$(INSTALLED): web/package-lock.json web/package.json
	$(call say,installing the web tools)
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(APPS): $(INSTALLED) $(APP_SOURCES)
	$(call say,building the SDK and the apps)
	@cd web && npm run --silent build
	@touch $@

server: $(APPS)
	$(call say,building the server and its codec process (the first time takes several minutes))
	@cargo build --release --locked -p veche -p veche-codec-child

test: test-rust test-web e2e ## Run every test: Rust, web, real browsers

# The apps come first: they are embedded in the server that the tests start.
test-rust: need-build need-tests $(APPS) ## Run the Rust tests
	$(call say,Rust tests)
	@cargo nextest run --workspace --locked --no-fail-fast

test-web: need-build $(INSTALLED) ## Run the tests of the SDK and the apps
	$(call say,tests of the SDK and the apps)
	@cd web && npm test

# With the unoptimised server that the Rust tests have built already: the same
# command line, so that nothing is built a second time with other features.
e2e: need-build need-e2e $(APPS) ## Run the tests in real browsers (ARGS=meet for some)
	$(call say,tests in real browsers)
	@cargo test --workspace --locked --no-run --quiet
	@cd web && npm run e2e -- $(ARGS)

# Not part of CI: the same tests as there, with as much as was promised.
test-long: need-build need-tests need-e2e $(APPS) ## Run the long tests: 50 kills, ten minutes of sync, hours of sound
	$(call say,long tests)
	@cargo build --workspace --locked --quiet
	@VECHE_KILLS=50 VECHE_FILLS=20 VECHE_SYNC_SECONDS=600 \
		cargo test --locked -p veche --test recording -- --nocapture --test-threads=1
	@VECHE_HOURS=2 cargo test --locked -p veche-transcode --test aac long -- --nocapture
	@cd web && VECHE_SYNC_SECONDS=600 npm run e2e -- sync

lint: need-build need-lint $(INSTALLED) deny ## Check style, types, licences
	$(call say,rustfmt)
	@cargo fmt --all -- --check
	$(call say,clippy)
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	$(call say,eslint and tsc)
	@cd web && npm run lint

# Licences, sources and duplicates of what is depended on. Known
# vulnerabilities need a database from the internet: `make advisories`.
deny: need-lint
	$(call say,cargo deny)
	@cargo deny --locked --log-level error check bans licenses sources

advisories: need-lint ## Look for known vulnerabilities (needs the internet)
	@cargo deny --locked check advisories

format: $(INSTALLED) ## Format the sources
	@cargo fmt --all
	@cd web && npm run format

# Not part of CI: fuzz/README.md.
FUZZ_SECONDS ?= 60
TARGETS ?= mp4 webm journal sdp intake signal
fuzz: ## Feed the parsers random input (FUZZ_SECONDS=60 each, TARGETS=mp4 for one)
	@command -v cargo-fuzz >/dev/null || { echo 'cargo-fuzz is missing: cargo install cargo-fuzz'; exit 1; }
	@cd fuzz && cargo run -q --example seeds
	@for target in $(TARGETS); do \
		printf '==> %s\n' "$$target"; \
		(cd fuzz && cargo fuzz run -s none "$$target" -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -timeout=10 -rss_limit_mb=2048) || exit 1; \
	done

bench: server ## Measure forwarding
	@cargo run --release --locked -p fanout -- $(ARGS)

bench-record: server ## Measure what recording costs, and films beside ffmpeg
	@cargo run --release --locked -p fanout -- --recorded 1,10,20 $(ARGS)
	@bench/mix/run

clean: ## Remove what was built
	@rm -rf target web/node_modules web/*/dist web/*/node_modules web/e2e/out

need-%:
	@scripts/need $*
