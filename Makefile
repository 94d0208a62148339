# make play   set up everything and start the instrument (or perform the demo into a file, where there is no display or sound)
# make test   set up everything and run all tests
# make train  set up what training needs; ARGS are those of `hummingface train`
# make check  style, types, import contracts
# Options: PYTHON=python3.12 takes another Python, CUDA=1 PyTorch with CUDA, VERBOSE=1 shows what a failing installer said.

VENV   ?= .venv
# The first Python that is new enough; `python3`, where it is.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; echo python3)
RUN     = $(VENV)/bin/python
SETUP   = $(RUN) -m hummingface.instrument.installing
ARGS   ?=

.PHONY: play test train check bench clean system-play system-test

play: system-play $(VENV)/.ready-play
	@$(RUN) -m hummingface play $(ARGS)

test: system-test $(VENV)/.ready-test check
	QT_QPA_PLATFORM=offscreen $(RUN) -m pytest $(ARGS)

train: $(VENV)/.ready-train
	@$(RUN) -m hummingface train $(or $(ARGS),--help)

check: $(VENV)/.ready-test
	$(VENV)/bin/ruff check .
	@$(RUN) -m tests.layout $(VENV)/layout
	PYTHONPATH=$(VENV)/layout $(VENV)/bin/lint-imports
	MYPYPATH=$(VENV)/layout $(VENV)/bin/mypy

bench: system-test $(VENV)/.ready-test
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

clean:
	rm -rf $(VENV) build dist *.egg-info
