# Everything runs in .venv; the stamp makes it again when the lock or a pyproject changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROJECTS := . $(wildcard plugins/*)

.PHONY: help setup demo test lint check bench lock clean

help:  ## what can be made here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(STAMP)  ## the environment in .venv, from the hashed lock

$(STAMP): requirements.lock $(wildcard pyproject.toml plugins/*/pyproject.toml)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hub needs Python 3.11 or newer, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(foreach p,$(PROJECTS),-e $(p))
	touch $@

demo: setup  ## a demo site in .demo/, the daemon on it, real-looking files dropped, what happened shown
	$(BIN)/python demo/run.py

test: setup  ## all tests, one process a core
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: setup  ## style, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## speed and memory as ratios to a floor of the same run; leaves bench/out/results.json
	$(BIN)/python -m bench

lock:  ## requirements.lock anew from the pyprojects (needs uv)
	uv pip compile --universal --generate-hashes --extra dev --python-version 3.11 pyproject.toml -o requirements.lock --no-emit-index-url --no-emit-find-links --upgrade

clean:
	rm -rf $(VENV) .demo bench/out
