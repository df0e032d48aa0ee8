# Two commands matter: `make compare` and `make test`. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# e.g. PIP_FLAGS="--extra-index-url ..." to take torch from another index
PIP_FLAGS ?=

.PHONY: help setup compare test check clean

help:
	@echo "make compare   set up, then run the default experiment and print its table"
	@echo "make test      set up, then lint, check types and run the tests"
	@echo "make setup     create $(VENV) and install the exact versions of constraints.txt"
	@echo "make clean     remove $(VENV) and what the tools cached"

setup: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[test]'
	@touch $@

compare: setup
	$(BIN)/python -m compare.run

check: setup
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
