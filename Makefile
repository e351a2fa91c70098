# make demo   set-up, then the main job: plan, simulate, measure and show a pick and place
# make test   set-up, then all tests            make lint    style
# make bench  set-up with the peers, then ours / peer / ratio / target (LINE='ode-*' for some lines only)
# make docs   set-up, then the site: build/site/index.html, which opens without a server or a network
# make library   runs all scenarios as a regression; the gallery of the next make docs shows the verdicts (some minutes)
# PYTHON=python3.12 chooses the interpreter (3.11 to 3.13)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint .ci/constraints.txt
SOURCES := pyproject.toml .ci/constraints.txt

.PHONY: demo test lint bench docs library clean

demo: $(VENV)/.ready
	@$(BIN)/robocalc demo

test: $(VENV)/.ready-test
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.ready-lint
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

bench: $(VENV)/.ready-bench
	@$(BIN)/python -m tests.benchmarks $(LINE)

docs: $(VENV)/.ready-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --config-file docs/mkdocs.yml
	@echo "site  build/site/index.html"

library: $(VENV)/.ready
	@mkdir -p build && $(BIN)/robocalc check scenarios --run --timeout 300 --junit build/library.xml

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; ok = (3, 11) <= v <= (3, 13); \
	  sys.exit(0 if ok else f"robocalc needs Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}; say for example: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(SOURCES) | $(VENV)/bin/python
	@echo "installing robocalc into $(VENV) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.ready-%: $(VENV)/.ready
	@echo "installing what make $* needs ..."
	@$(PIP) --editable '.[$*]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
