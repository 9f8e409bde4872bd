# The same targets for people and CI. Everything is installed into .venv, and only when what is to be installed has changed: the stamp files carry the hash of the lock files.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)
MODEL := models/SmolLM2-135M-Instruct

hash = $(shell cat $(1) | sha256sum | cut -c1-16)
RUNTIME := $(VENV)/.runtime-$(call hash,requirements/torch.txt requirements/cpu.lock)
PROJECT := $(VENV)/.project-$(call hash,pyproject.toml)
TOOLS := $(VENV)/.tools-$(call hash,requirements/dev.lock)

.NOTPARALLEL:
.PHONY: help setup demo check test test-slow test-all bench docs lock clean

help:
	@echo "make demo      install into .venv, build a small real model, generate, verify, show what came out"
	@echo "make setup     only install"
	@echo "make check     format, lint, types, import layers, docs in step"
	@echo "make test      the fast tests"
	@echo "make test-slow real vLLM, servers, many kills"
	@echo "make test-all  both"
	@echo "make bench     the benchmarks behind BENCHMARKS.md"
	@echo "make docs      write docs/help.md again"
	@echo "make lock      write the lock files again (UPGRADE=--upgrade: newest versions)"
	@echo "make clean     remove caches and build results (.venv, models/ and demo/ stay)"

setup: $(RUNTIME) $(PROJECT)

$(RUNTIME):
	@PYTHON="$(PYTHON)" tools/setup.sh $(VENV)
	@touch $@

$(PROJECT): | $(RUNTIME)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): | $(RUNTIME)
	@echo "installing the tools of checks and tests"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -r requirements/dev.lock
	@tools/packages.sh bwrap=bubblewrap g++=g++
	@touch $@

$(MODEL): | setup
	@$(BIN)/python tools/demo_model.py $@

demo: setup $(MODEL)
	@$(BIN)/python tools/demo.py $(MODEL)

check: setup $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/help.py --check

test: setup $(TOOLS)
	$(BIN)/python -m pytest -m "not slow"

test-slow: setup $(TOOLS) $(MODEL)
	$(BIN)/python -m pytest -m "slow and not one_core"
	$(BIN)/python -m pytest -m one_core -n 3 --dist worksteal

test-all: test test-slow

bench: setup $(TOOLS) $(MODEL)
	$(BIN)/python -m tests.bench

docs: setup
	$(BIN)/python tools/help.py

lock:
	@tools/lock.sh "$(PYTHON)"

clean:
	rm -rf build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find curate pipelines train tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
