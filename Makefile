# `make help` lists every habit. `make demo` and `make test` need Python 3.11 and make, nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
BENCH_STAMP := $(VENV)/.bench-done
# One embedded server for each worker; tests that share what they built stay together (tests/conftest.py).
PYTEST_WORKERS ?= 2

.PHONY: help setup packages demo demo-cashflow test pytest soak lint lint-python lint-sql format bench bench-aml docs dev clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## .venv with everything in it; does nothing if that is up to date

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) > /dev/null || { \
	    echo "error: $(PYTHON) not found. Install Python 3.11, or name one: make setup PYTHON=python3"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { \
	    echo "error: $(PYTHON) cannot make virtual environments. On Debian: apt-get install python3.11-venv"; exit 1; }
# uv takes seconds where pip takes a minute or two. It does not read pip's settings: pass on the index. Compiled here
# once, or each command compiles dbt anew for seconds where PYTHONDONTWRITEBYTECODE is set.
	@index="$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2> /dev/null || true)}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	echo "installing into $(VENV)"; \
	{ $(BIN)/pip install --quiet --disable-pip-version-check uv \
	    && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'; } \
	|| { echo "uv did not do it, trying pip"; \
	    $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; }
	@touch $@

# Not part of the stamp: what dbt installs into its project can go or move without .venv.
packages: setup
	@$(BIN)/python -c 'from sluss import dbt; dbt.install_packages()'

demo: setup ## The main job on a sample day, and where to look next
	@$(BIN)/sluss demo

demo-cashflow: setup ## A year of companies' balances from a simulated service, in one screen
	@$(BIN)/sluss demo cashflow

# Sqlfluff keeps one core busy for two minutes, in which tests can run on the other.
test: packages ## All that CI checks: lint, types, unit, dbt and end-to-end tests
	@$(MAKE) --no-print-directory --jobs=3 lint-python lint-sql pytest

pytest: packages
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

soak: setup ## Many kills and long random histories: for a night, not for every change
	$(BIN)/pytest -m soak -n $(PYTEST_WORKERS) --dist loadfile

lint: ## Ruff, mypy, sqlfluff
	@$(MAKE) --no-print-directory --jobs=2 lint-python lint-sql

lint-python: packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-sql: packages
# dbt compiles what is linted, and asks a database which tables exist.
	scripts/with_scratch_database sqlfluff lint dbt_project --nocolor

format: packages ## Let ruff and sqlfluff mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	scripts/with_scratch_database sqlfluff fix dbt_project

bench: $(BENCH_STAMP) ## A million lines: bare COPY, load and build, peers; 30 such days. BENCH="--rows 20000" and BENCH_CASHFLOW="--size small" for less
	$(BIN)/python bench/bench.py $(BENCH)
	$(BIN)/python bench/history.py $(BENCH)
	$(BIN)/python bench/cashflow.py $(BENCH_CASHFLOW)

# What Sluss is held against is nobody's business but the benchmark's.
$(BENCH_STAMP): $(STAMP)
	@index="$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2> /dev/null || true)}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	{ $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[bench]'; } \
	|| $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

# A labelled set in the bank feed's format: transactions, customers and labels. It is not ours to publish.
AML_DATA ?= ../shared/data/aml

bench-aml: packages ## Detection on a labelled set and on a million lines. AML_DATA=<folder>, BENCH="--rows 20000"
	@mkdir -p build
	@SLUSS_HOME="$$(mktemp -d "$${TMPDIR:-/tmp}/sluss-XXXXXX")"; export SLUSS_HOME; \
	unset DATABASE_URL PGHOST PGDATABASE; \
	trap '$(BIN)/sluss down > /dev/null; rm -rf "$$SLUSS_HOME"' EXIT; \
	$(BIN)/sluss evaluate aml --data "$(AML_DATA)" --page build/aml.html --out build/aml.json; \
	echo "open build/aml.html"
	$(BIN)/python bench/detection.py $(BENCH)

docs: packages ## The dbt docs site as one static file: build/docs/index.html
	$(BIN)/sluss up
	$(BIN)/dbt docs generate --static --project-dir dbt_project
	@mkdir -p build/docs && cp dbt_project/target/static_index.html build/docs/index.html
	@echo "open build/docs/index.html"

dev: packages ## Dagster's UI, its daemon, and the day reports beside it
	@scripts/dev

clean: ## Remove what the tools leave behind; .venv and the database stay
	rm -rf build .bench .mypy_cache .pytest_cache .ruff_cache .hypothesis logs
	rm -rf dbt_project/target dbt_project/logs dbt_project/dbt_packages
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
