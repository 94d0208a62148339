# make play   set up everything and start the instrument (or perform the demo into a file, where there is no display or sound)
# make test   set up everything and run all tests
# make check  style, types, import contracts
# Options: CUDA=1 takes PyTorch with CUDA; TORCH_INDEX=<address> is where pip finds PyTorch's CPU build, if not by itself.

VENV   ?= .venv
PYTHON ?= python3
PIP     = $(VENV)/bin/python -m pip --disable-pip-version-check
RUN     = $(VENV)/bin/python
ARGS   ?=

# What Debian and Ubuntu must bring: sound, MIDI, and what Qt draws with. The tests use a real sound server, a real sampler, a real screen.
PLAY_PACKAGES = python3-venv libportaudio2 libasound2 libjack-jackd2-0 libegl1 libgl1 libdbus-1-3 libfontconfig1 libglib2.0-0 \
  libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 fonts-dejavu-core
TEST_PACKAGES = jackd2 libjack-jackd2-dev gcc libc6-dev fluidsynth fluid-soundfont-gm polyphone sox ffmpeg xvfb xauth openttd-openmsx ardour \
  pipewire pipewire-jack

ifeq ($(CUDA),1)
  TORCH = torch==2.13.0
else ifeq ($(shell uname -s)-$(shell uname -m),Linux-x86_64)
  TORCH = torch==2.13.0+cpu $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
else
  TORCH = torch==2.13.0
endif

.PHONY: play test check bench train clean packages-play packages-test

play: packages-play $(VENV)/.ready-play
	@$(RUN) -m instrument play $(ARGS)

test: packages-test $(VENV)/.ready-test check
	QT_QPA_PLATFORM=offscreen $(RUN) -m pytest $(ARGS)

check: $(VENV)/.ready-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

bench: packages-test $(VENV)/.ready-test
	$(RUN) -m instrument bench $(ARGS)

# Fails with the line to type where apt may not be used; does nothing where Debian's tools are absent.
define debian
@if command -v dpkg-query >/dev/null; then \
  missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
  if [ -n "$$missing" ]; then \
    if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
    echo "Installing Debian packages:" $$missing; \
    { $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } || \
      { echo "These system libraries are missing and apt could not install them. Type:"; echo "  sudo apt-get install" $$missing; exit 1; }; \
  fi; \
fi
endef

packages-play:
	$(call debian,$(PLAY_PACKAGES))

packages-test:
	$(call debian,$(PLAY_PACKAGES) $(TEST_PACKAGES))

$(VENV)/bin/python: | packages-play
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "HummingFace needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Type: make play PYTHON=python3.11" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-torch: constraints.txt | $(VENV)/bin/python
	@echo "Installing $(firstword $(TORCH)) ..."
	@$(PIP) install -q $(TORCH) || { echo; \
	  echo "pip did not find $(firstword $(TORCH)). The address of PyTorch's CPU builds stands on its installation page; then type:"; \
	  echo "  make play TORCH_INDEX=<that address>"; \
	  echo "or take the build with CUDA, several gigabytes:  make play CUDA=1"; exit 1; }
	@touch $@

$(VENV)/.ready-play: pyproject.toml $(VENV)/.ready-torch
	@echo "Installing HummingFace and what it needs ..."
	@$(PIP) install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-test: pyproject.toml $(VENV)/.ready-play | packages-test
	@$(PIP) install -q -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
