# SPDX-License-Identifier: Apache-2.0
#
# Every way to build, run and test, each one line that calls a script or cargo. ARGS are handed on:
# `make run ARGS="--rpc-port 9955"`.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# What a target needs is done in the order given, also under `make -j`; cargo uses all cores anyway. Only `make test` calls
# make again for what may run side by side.
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

# One environment (target folder, wasm toolchain, the node's path) for all commands.
ENV := . scripts/env.sh;

# One build for the node and its tests. Cargo compiles a crate again for every other set of features,
# and that set follows from the packages selected (`-p` selects other features than `--workspace`) and
# from whether development dependencies count. So every command here has one profile, the whole
# workspace, and some target with development dependencies: `--examples` is there for that alone.
# Narrow down with target flags and names of tests, never with `-p` or `--exclude`.
CARGO_FLAGS := --release --workspace --locked
NODE := --bin hansa --examples
ALL := --bins --examples

.PHONY: help
help: ## lists these targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: setup
setup: ## installs what is missing to build, run, test and check
	@bash scripts/setup.sh test

.PHONY: setup-build
setup-build:
	@bash scripts/setup.sh build

# Neither tests nor other programs: who wants to run the node should not wait for them and the clients they use.
.PHONY: build
build: setup-build ## builds the node
	@$(ENV) cargo build $(CARGO_FLAGS) $(NODE)

.PHONY: build-all
build-all: setup-build
	@$(ENV) cargo build $(CARGO_FLAGS) $(ALL)

.PHONY: run
run: build ## builds the node and starts the dev chain
	@$(ENV) exec "$$HANSA_BIN" --dev $(ARGS)

.PHONY: network
network: build ## builds the node and starts a local network
	@$(ENV) exec "$$HANSA_BIN" network up $(ARGS)

.PHONY: demo
demo: build ## builds the node and shows the whole system: a hub, two DappChains, transfers, nodes that go round
	@$(ENV) exec "$$HANSA_BIN" network up --demo $(ARGS)

# First what finds the most common mistakes within seconds, then everything is built and checked, once. Tests inside crates, of which
# some have clocks, get the processors for themselves. Tests that start nodes run side by side, and beside them what can wait.
# What holds cargo's lock for minutes comes before: some of the tests call cargo, too. A test that fails keeps none from being run.
.PHONY: test
test: setup check-quick build-all build-tests example check-code ## runs every test, and checks all that make check does
	@$(MAKE) --no-print-directory --keep-going run-libs run-networks run-junk

.PHONY: build-tests
build-tests:
	@$(ENV) cargo test $(CARGO_FLAGS) --lib --tests $(ALL) --no-run
	@$(ENV) cargo test $(CARGO_FLAGS) --features hansa-pbft-sim/seeded-bugs --test bugs --no-run

# Each of the three prints what it has to say when it is done.
.PHONY: run-networks
run-networks:
	@echo "test: two groups of end-to-end tests run side by side, and others beside them; each prints when it is done"
	@$(MAKE) --no-print-directory --keep-going -j3 --output-sync=target SIDE_BY_SIDE=yes run-faults run-e2e run-patient

# These have no clocks, so they give way to nodes.
.PHONY: run-patient
run-patient:
	@nice -n 10 $(MAKE) --no-print-directory --keep-going SIDE_BY_SIDE= run-programs run-doc test-model bugs

.PHONY: test-unit
test-unit: setup run-libs run-programs run-doc ## runs the tests that start no nodes; ARGS=<name> for some

.PHONY: run-libs
run-libs:
	@$(ENV) cargo test $(CARGO_FLAGS) --lib $(ALL) --no-fail-fast $(if $(ARGS),-- $(ARGS))

# Of the programs in tests folders `e2e` starts nodes.
.PHONY: run-programs
run-programs:
	@$(ENV) cargo test $(CARGO_FLAGS) --test '[!e]*' --no-fail-fast $(if $(ARGS),-- $(ARGS))

.PHONY: run-doc
run-doc:
	@$(ENV) cargo test $(CARGO_FLAGS) --doc $(if $(ARGS),-- $(ARGS))

# Tests of crate hansa-e2e start networks of nodes, most of them two at a time: mostly nodes wait for each other. E2E_THREADS=1 for a
# machine that is busy otherwise. Faults and junk have tight clocks: one after another, never beside each other.
E2E_THREADS ?= 2
E2E := cargo test $(CARGO_FLAGS) --test e2e --

.PHONY: test-e2e
test-e2e: setup build-all example $(if $(ARGS),run-chosen,run-e2e run-junk run-faults) ## runs the end-to-end tests, which start real nodes; ARGS=<name> for some

.PHONY: run-chosen
run-chosen:
	@$(ENV) $(E2E) --test-threads=1 $(ARGS)

.PHONY: run-e2e
run-e2e:
	@$(ENV) $(E2E) --test-threads=$(E2E_THREADS) --skip faults:: --skip junk::

.PHONY: run-faults
run-faults:
	@$(ENV) $(E2E) --test-threads=1 faults::

.PHONY: run-junk
run-junk:
	@$(ENV) $(E2E) --test-threads=1 junk::

.PHONY: check
check: setup ## format, lints, documentation, licences and sources of dependencies
	@bash scripts/check.sh

.PHONY: check-quick
check-quick:
	@bash scripts/check.sh quick

.PHONY: check-code
check-code:
	@bash scripts/check.sh code

.PHONY: audit
audit: setup ## looks up known vulnerabilities of dependencies (needs the network)
	@$(ENV) cargo deny --locked check advisories

.PHONY: fmt
fmt: setup ## formats Rust and TOML
	@$(ENV) cargo fmt --all && RUST_LOG=warn taplo format

.PHONY: doc
doc: setup-build ## builds the documentation of our crates
	@$(ENV) cargo doc $(CARGO_FLAGS) --no-deps --lib $(ALL) $(ARGS)

.PHONY: bench
bench: setup-build ## measures a local network: latency and load, or what faults cost (ARGS="faults"); ARGS="--help"
	@$(ENV) cargo bench --profile release --workspace --locked --bench network -- $(ARGS)

# `--examples` as everywhere: see CARGO_FLAGS.
.PHONY: sim
sim: setup-build ## simulates the consensus; SEEDS=<n> for more, SCENARIO=<name>, SEED=<n> for a run again
	@$(ENV) cargo build $(CARGO_FLAGS) --bin hansa-pbft-sim --examples && \
		exec "$$CARGO_TARGET_DIR/release/hansa-pbft-sim" run $(if $(SCENARIO),--scenario "$(SCENARIO)") \
		$(if $(SEED),--seed "$(SEED)",--seeds "$(or $(SEEDS),100)") $(ARGS)

.PHONY: bias
bias: setup-build ## measures what a coalition gains by withholding from the beacon; ARGS="--help"
	@$(ENV) cargo build $(CARGO_FLAGS) --bin hansa-bias --examples && \
		exec "$$CARGO_TARGET_DIR/release/hansa-bias" $(ARGS)

.PHONY: mechanism
mechanism: setup-build ## simulates pool, draw and price of DappChains; PLOT=<file.svg>; ARGS="--help"
	@$(ENV) cargo build $(CARGO_FLAGS) --bin hansa-mechanism --examples && \
		exec "$$CARGO_TARGET_DIR/release/hansa-mechanism" --plot "$(or $(PLOT),docs/mechanism.svg)" $(ARGS)

# The model has a workspace of its own (its Cargo.toml says why), and so a folder of its own to build in.
MODEL := cd consensus/pbft-model && CARGO_TARGET_DIR="$$CARGO_TARGET_DIR/model" \
	cargo test --release --locked --quiet --test model -- --nocapture --test-threads=1

.PHONY: test-model
test-model: setup-build ## checks the model of the consensus within small bounds
	@$(ENV) $(MODEL)

.PHONY: model
model: setup-build ## checks the model of the consensus within larger bounds (takes an hour)
	@$(ENV) $(MODEL) --ignored $(ARGS)

# The bugs are there with a feature that nothing else may switch on; only the crates of the simulation are
# built anew with it.
.PHONY: bugs
bugs: setup-build ## shows that the simulation finds each of the bugs that are seeded for that
	@$(ENV) cargo test $(CARGO_FLAGS) --features hansa-pbft-sim/seeded-bugs --test bugs -- --nocapture $(ARGS)

.PHONY: fuzz
fuzz: setup-build ## feeds the fuzz targets altered inputs; TARGET=<name> for one, SECONDS=<n> for each
	@bash scripts/fuzz.sh "$(or $(SECONDS),60)" "$(TARGET)"

.PHONY: weights
weights: setup-build ## measures the pallets and writes their weights; ARGS=<pallet> for some
	@bash scripts/weights.sh $(ARGS)

.PHONY: runtime
runtime: setup-build ## builds the runtime with the hash of its metadata, for offline signers
	@bash scripts/release-runtime.sh

# A test has it built, too; before, it takes no cores from tests that run beside it.
.PHONY: example
example: setup-build ## builds the wasm of the example of a runtime of one's own
	@bash scripts/build-runtime.sh examples/runtime-names

.PHONY: clean
clean: ## removes what was built of our crates, and keeps the dependencies
	@$(ENV) cargo clean --release --workspace
