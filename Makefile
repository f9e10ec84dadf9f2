# Two commands on a fresh machine with Python 3.11 or later and make:
#   make map    set up, write point21.html, print the areas
#   make test   set up and pass the tests
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help map test lint notebooks browser qgis bench clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; none was found"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Installed again only when the project's requirements change.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "installing lineplan and what it needs into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

map: $(VENV)/installed  ## write point21.html and print its areas
	@$(BIN)/lineplan map point21 -o point21.html
	@$(BIN)/lineplan areas point21

test: $(VENV)/installed-dev  ## run the tests
	@$(BIN)/python -m pytest -n auto -m "not alldays and not browser and not cluster and not printed and not qgis and not notebook and not wheel"

lint: $(VENV)/installed-dev  ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

notebooks: $(VENV)/installed-dev  ## execute the notebooks, keep no output
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[notebook]'
	$(BIN)/python -m pytest -m notebook

# axe-core, as a package carries it; what else that package needs is not.
browser: $(VENV)/installed-dev  ## open the map in a real browser (Chromium and its driver)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps axe-playwright-python
	@$(BIN)/python -m pytest -n auto -m browser

qgis: $(VENV)/installed-dev  ## open exports and zones through time in a real QGIS (Debian: python3-qgis)
	@$(BIN)/python -m pytest -m qgis

bench: $(VENV)/installed  ## measure against the peers (SMOKE=1: small, for CI)
ifdef SMOKE
	@$(BIN)/python benchmarks/run.py --smoke
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@$(BIN)/python benchmarks/run.py
endif

clean:  ## remove what was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis point21.html
