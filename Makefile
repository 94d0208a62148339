# HummingFace. `make help` lists what can be made; what follows `##` is its text.
# Options: PYTHON=python3.12 takes another Python, CUDA=1 PyTorch with CUDA, VERBOSE=1 shows what a failing installer said,
# WORKERS=4 runs so many tests side by side (2), ARGS="..." is passed on: `make test ARGS="tests/test_patch.py -k damage"`.

VENV   ?= .venv
# The first Python that is new enough; `python3`, where it is.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
RUN     = $(VENV)/bin/python
SETUP   = $(RUN) -m hummingface.instrument.installing
ARGS   ?=

# Where it is set, as in many containers, each of the hundreds of processes of a run would compile our sources again.
unexport PYTHONDONTWRITEBYTECODE

WORKERS ?= 2
# Several workers, each file's tests in one of them (tests/suite/sharing.py).
PYTEST  = $(RUN) -m pytest -n $(WORKERS) --dist loadfile
FAST    = not gui and not jack and not train and not slow

.PHONY: help play test test-fast train check format coverage bench clean system-play system-test

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

play: system-play $(VENV)/.ready-play ## set up everything and start the instrument (without a display or sound: perform the demo into a file)
	@$(RUN) -m hummingface play $(ARGS)

test: system-test $(VENV)/.ready-test ## set up everything, then style, types, import contracts and all tests
	@$(BOTH_CORES) types compiled contracts style
	QT_QPA_PLATFORM=offscreen $(PYTEST) $(ARGS)

test-fast: $(VENV)/.ready-fast ## the tests that need nothing but pip: no packages of the system, no sound server, no screen, no torch
	$(PYTEST) -p no:pytest-qt -m "$(FAST)" $(ARGS)

train: $(VENV)/.ready-train ## set up what training needs; ARGS are those of `hummingface train`
	@$(RUN) -m hummingface train $(or $(ARGS),--help)

# Side by side: types take a core for most of a minute, and so does compiling what the tests play with.
BOTH_CORES = $(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync)
check: $(VENV)/.ready-test ## style, types, import contracts
	@$(BOTH_CORES) types contracts style

.PHONY: style contracts types layout compiled
style: $(VENV)/.ready-test
	$(VENV)/bin/ruff check .

layout: $(VENV)/.ready-test
	@$(RUN) -m tests.layout $(VENV)/layout

contracts: layout
	cd $(VENV)/layout && $(abspath $(VENV))/bin/lint-imports --config $(CURDIR)/pyproject.toml

types: layout
	MYPYPATH=$(VENV)/layout $(VENV)/bin/mypy

compiled: $(VENV)/.ready-test
	@$(RUN) -m hummingface.instrument.audio.precompile

format: $(VENV)/.ready-fast ## mend what style allows to be mended by itself, and the order of imports
	$(VENV)/bin/ruff check --fix .

coverage: system-test $(VENV)/.ready-test ## which lines of what is not compiled the tests run; a page in build/coverage
	QT_QPA_PLATFORM=offscreen $(PYTEST) --cov --cov-report=term:skip-covered --cov-report=html $(ARGS)

bench: system-test $(VENV)/.ready-test ## what the engine costs on this machine
	$(RUN) -m hummingface bench $(ARGS)

system-play system-test: system-%: | python
	@$(PYTHON) -m hummingface.instrument.installing.system $*

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "HummingFace needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1 || echo not there)."; \
	  if command -v apt-get >/dev/null; then echo "Type (on Ubuntu 22.04 these are in \"universe\"):  sudo apt-get install python3.11 python3.11-venv"; fi; \
	  echo "and then the same command again; PYTHON=... names any other."; exit 1; }

$(VENV)/bin/python: | system-play
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The virtual environment $(VENV) could not be made."; exit 1; }

$(VENV)/.ready-play: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(SETUP) play --constraints constraints.txt
	@touch $@

$(VENV)/.ready-train: $(VENV)/.ready-play
	@$(SETUP) train --constraints constraints.txt $(if $(CUDA),--cuda)
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready-train | system-test
	@$(SETUP) dev --constraints constraints.txt
	@touch $@

# What `test-fast` needs, by pip alone. Where all is set up for `make test`, this is there already.
$(VENV)/.ready-fast: pyproject.toml constraints.txt | python
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@test -e $(VENV)/.ready-test || $(RUN) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean: ## remove the environment and what was built
	rm -rf $(VENV) build dist *.egg-info
