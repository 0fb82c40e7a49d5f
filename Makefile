# All that is needed is Python 3.11 or newer and make; the environment is made in .venv on first use.
#   make demo PYTHON=python3.12                                                             another interpreter
#   make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"            smaller, without CUDA

PYTHON ?= python3
PIP_FLAGS ?=
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
# Processes share the cores in tests: one thread each.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

# Once the developers' environment is there, it serves the demo too.
RUNNING := $(if $(wildcard $(VENV)/.dev),$(VENV)/.dev,$(VENV)/.run)

.PHONY: help demo test quick test-slow test-data mutants fuzz check static format sizes bench clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(RUNNING)  ## train and measure on the bundled digits
	@rm -rf runs/demo
	@$(BIN)/leadline train digits --out runs/demo

test: $(VENV)/.dev  ## run all tests but the slow ones
	@$(PYTEST) -n $(JOBS)

test-slow: $(VENV)/.dev  ## run the tests that take more than ten seconds
	@$(PYTEST) -m "slow and not data"

test-data: $(VENV)/.dev  ## run the tests on real datasets, found through LEADLINE_DATA
	@$(PYTEST) -m data

mutants: $(VENV)/.dev  ## plant faults in the source, one at a time, and see that a test notices each
	@$(BIN)/python tests/mutants/run.py

fuzz: $(VENV)/.dev  ## change files, experiments and runs at random, and see that each ends in a sentence
	@$(BIN)/python tests/fuzz/run.py
	@$(BIN)/python tests/fuzz/experiments.py
	@$(BIN)/python tests/fuzz/runs.py

static: $(VENV)/.dev  ## style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

quick: $(VENV)/.dev  ## run the quick tests (tests/conftest.py says which)
	@$(PYTEST) -n $(JOBS) -m "quick and not slow and not data"

check: static quick  ## style, types, layers and the quick tests, before each commit: under three minutes

format: $(VENV)/.dev  ## rewrite files in the house style
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

sizes: $(VENV)/.dev  ## print long files and functions: a reason to look, not a limit
	@$(BIN)/python tests/architecture/sizes.py

bench: $(VENV)/.dev  ## measure every public claim that can be measured here
	@$(BIN)/python -m benchmarks

clean:  ## remove the environment and what tools left behind
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing Leadline (a few minutes, once) ..."
	@$(PIP) install $(PIP_FLAGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt tests/plugins/pyproject.toml | $(VENV)/.made
	@echo "Installing Leadline and its developers' tools (a few minutes, once) ..."
	@$(PIP) install $(PIP_FLAGS) -c constraints.txt -e '.[dev]'
	@$(PIP) install $(PIP_FLAGS) --no-deps -e tests/plugins
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Leadline needs Python 3.11 or newer, and this is " \
	  + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@
