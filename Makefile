# make            check and test            make fix      format and lint
# make test k=x   some tests                make docs     build, refuse stale pages
# make bench      timings                   make demo     the whole thing on real homes
# make load       leads connected to a server; ARGS="--sweep 100,500,1000" finds the knee
# make soak [minutes=30]  kills, full disks, damaged models and duplicates under load: all that was acknowledged is stored
# make fuzz [n=200]  what schemathesis makes of the API's document, to a real server, by every scope
# make lock       choose the locked versions anew     make reproduce  values that others published, by our code

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := default
.PHONY: default demo test check fix bench load fuzz soak reproduce docs lock

PYTHON ?= $(shell python3.11 -c 'import sys; print(sys.executable)' 2>/dev/null || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
SOURCES := src tests tools $(wildcard benchmarks examples)

default: check test

demo: .venv/.base
	$(BIN)/homing demo $(if $(filter 1,$(HOMING_DEMO_ONCE)),--once)

test: .venv/.dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadgroup $(if $(k),-k '$(k)')

check: .venv/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: .venv/.dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

bench: .venv/.dev
	HOMING_BENCH_ONLY='$(k)' $(BIN)/python benchmarks/run.py $(ARGS)

load: .venv/.dev
	$(BIN)/python benchmarks/load.py $(ARGS)

fuzz: .venv/.dev
	$(BIN)/python benchmarks/fuzz.py $(or $(n),200)

soak: .venv/.dev
	$(BIN)/python benchmarks/soak.py --minutes $(or $(minutes),30) $(ARGS)

reproduce: .venv/.dev
	$(BIN)/python benchmarks/reproduce.py

docs: .venv/.dev
	$(BIN)/python -m pytest tests/test_docs.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	lock() { .venv-lock/bin/uv pip compile --upgrade --quiet --python-version 3.11 --generate-hashes --no-header --no-emit-index-url "$$@"; }; \
	lock pyproject.toml --extra dev --extra docs -o requirements/dev.txt; \
	lock pyproject.toml -c requirements/dev.txt -o requirements/base.txt; \
	lock requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	rm -rf .venv-lock

# The empty files .venv/.base and .venv/.dev say which locked versions are installed, so that a second call is instant.

.venv/.base: requirements/base.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("homing needs Python 3.11 or later; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/base.txt -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

.venv/.dev: .venv/.base requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $@
