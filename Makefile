# zksolvency. `make demo` and `make test` set up what they need, once.

PYTHON ?= python3
PY     := .venv/bin/python
STAMPS := build/stamps
CARGO  := $(shell command -v cargo 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup circuits keys demo test testlong lint bench analyse gas wheel clean

help:                ## Show this list
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMPS)/python $(STAMPS)/node $(STAMPS)/contracts $(STAMPS)/native  ## Virtual environment, npm packages, native kernel

$(STAMPS)/python: pyproject.toml
	@echo "== Python packages (.venv)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 3; }
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,evm,market]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node: package.json package-lock.json
	@echo "== Node packages (node_modules)"
	@command -v npm >/dev/null || { echo "Node 20 or newer (with npm) is needed: https://nodejs.org" >&2; exit 3; }
	@npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p $(STAMPS) && touch $@

# Not `npm ci`: it fails where a registry lacks forge's packages of other systems. Versions are exact in package.json.
$(STAMPS)/contracts: verifier/contracts/package.json $(STAMPS)/node
	@echo "== Node packages of the contracts (forge, anvil, OpenZeppelin)"
	@cd verifier/contracts && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@mkdir -p $(STAMPS) && touch $@

# The native kernel is an accelerator: without cargo everything works through snarkjs and Python.
ifeq ($(CARGO),)
NATIVE_SOURCES :=
$(STAMPS)/native: $(STAMPS)/python
	@echo "== No cargo on PATH: proofs and keys go through snarkjs, which is slower ('zksolvency doctor' says by how much)"
	@mkdir -p $(STAMPS)
else
NATIVE_SOURCES := $(wildcard native/Cargo.toml native/Cargo.lock native/pyproject.toml native/*.pyi \
                             native/src/*.rs native/src/*/*.rs)
$(STAMPS)/native: $(STAMPS)/python $(NATIVE_SOURCES)
	@echo "== Native kernel (cargo build, about two minutes the first time)"
	@$(PY) -m pip install --quiet --disable-pip-version-check ./native
	@mkdir -p $(STAMPS) && touch $@
endif

circuits: $(STAMPS)/python $(STAMPS)/node  ## Compile every circuit instance
	@$(PY) -m prover.cli setup --circuits-only --all

keys: setup          ## Development keys for every circuit instance
	@$(PY) -m prover.cli setup --all

demo: setup          ## Real account in, proof out, verified in Python and in an EVM
	@$(PY) examples/demo.py

# Two at a time, since installing keeps one core busy at most. Keys are made of the sizes that tests prove with; the
# others' circuits are compiled and tested without.
test:                ## Everything that CI runs
	@$(MAKE) --no-print-directory --jobs=2 setup circuits $(STAMPS)/analysis
	@$(MAKE) --no-print-directory lint
	@$(PY) -m prover.cli setup --size 8-2 --size 14-24 --size 32-2
	@$(PY) -m pytest -n 2 --dist worksteal -m "not long"
ifneq ($(CARGO),)
	@cargo test --release --quiet --manifest-path native/Cargo.toml
endif

testlong: keys        ## What takes minutes more: bugs planted in the contracts
	@$(PY) -m pytest -m long

lint: setup          ## Style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

bench: keys          ## Ratios against snarkjs and rapidsnark, into build/bench.json
	@$(PY) -m benchmarks

# Slither and halmos pin other versions of web3.py and rich than this project, so they have an environment of their own.
analyse: setup $(STAMPS)/analysis  ## Slither against its reviewed baseline, symbolic checks with halmos
	@$(PY) -m prover.evm.analyse

$(STAMPS)/analysis: verifier/contracts/analysis/requirements.txt
	@echo "== Slither and halmos (build/analysis/venv)"
	@mkdir -p build/analysis $(STAMPS)
	@{ $(PYTHON) -m venv build/analysis/venv && build/analysis/venv/bin/pip install --quiet \
	  --disable-pip-version-check --requirement $< && touch $@; } || \
	  echo "== They cannot be installed here; their tests will say that they were skipped"

gas: setup           ## Gas of whole transactions, into build/gas.json
	@$(PY) -m prover.evm.forge snapshot --check

# Zig links against an old C library, so the wheel runs on every Linux that Python wheels run on.
ifeq ($(shell uname -s),Linux)
WHEEL_TARGET := --zig --compatibility manylinux2014
endif

wheel: $(STAMPS)/python  ## The native kernel as a wheel that installs without Rust
	@$(PY) -m pip install --quiet --disable-pip-version-check 'maturin[zig]==1.16.0'
	@PATH="$(CURDIR)/.venv/bin:$$PATH" maturin build --release $(WHEEL_TARGET) \
	  --manifest-path native/Cargo.toml --out build/wheels

clean:               ## Remove build outputs (keeps .venv and node_modules)
	rm -rf build
