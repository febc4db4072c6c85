# make evolve   set everything up, then evolve the seed agent (ARGS="--children 20" passes options)
# make test     set everything up, then run the whole test suite
# make check    format, lint, types, floors      make test-fast   the tests that take no seconds
# make images   build the images of Docker sandboxes (BASE=debian: from Debian packages alone)
# make bench    the figures of docs/measurements.md       make bench-evolve   20 runs, compared
# make wheel    dist/dgm-*.whl                      make clean       remove what make made

PYTHON ?= python3
BASE ?= registry
VENV := .venv
BIN := $(VENV)/bin
# In a shell: install a Debian package if that needs no question asked. Whether it did is to be seen.
define apt
if command -v apt-get >/dev/null; then as=; with=; \
	  [ "$$(id -u)" = 0 ] || { as=sudo; with=", with sudo"; }; \
	  if [ -z "$$as" ] || sudo -n true 2>/dev/null; then \
	    echo "installing $(1) through apt$$with ..."; install="$$as apt-get install -y $(1)"; \
	    { $$install || { $$as apt-get update && $$install; }; } </dev/null >/dev/null 2>&1; fi; fi
endef
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: evolve test test-fast check format images bench bench-evolve setup sandbox wheel clean help

evolve: setup sandbox
	@$(BIN)/dgm evolve $(ARGS)

test: $(VENV)/.dev sandbox
	@$(BIN)/pytest $(ARGS)

test-fast: $(VENV)/.dev sandbox
	@$(BIN)/pytest -m "not slow" $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

images: setup
	@$(BIN)/dgm images build --base $(BASE)

bench: $(VENV)/.dev sandbox
	@for file in tests/bench/bench_*.py tests/bench/soak.py; do $(BIN)/python $$file || exit 1; done

bench-evolve: setup sandbox
	@$(BIN)/python tests/bench/evolve_seeds.py $(ARGS)

setup: $(VENV)/.ready

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1);" \
	       "say which to take: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  $(call apt,python3-venv); $(PYTHON) -m venv $(VENV); } || { \
	  echo "no virtual environment can be made; on Debian or Ubuntu: sudo apt-get install -y python3-venv"; \
	  exit 1; }
	@touch $@

$(VENV)/.ready: $(VENV)/.python pyproject.toml
	@echo "installing into $(VENV), which takes about half a minute ..."
	@$(BIN)/pip install --quiet --editable . & pip=$$!; seconds=0; \
	  while sleep 1; kill -0 $$pip 2>/dev/null; do seconds=$$((seconds + 1)); \
	    [ $$((seconds % 8)) != 0 ] || echo "still installing, for $$seconds s ..."; done; wait $$pip
	@touch $@

$(VENV)/.dev: $(VENV)/.ready
	@$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

# Agents run in bubblewrap: install it if that needs no question asked.
sandbox:
	@command -v bwrap >/dev/null || { \
	  command -v apt-get >/dev/null || echo "please install bubblewrap (bwrap)"; \
	  $(call apt,bubblewrap); \
	  command -v bwrap >/dev/null || echo "no sandbox yet; type: sudo apt-get install -y bubblewrap"; }

wheel: $(VENV)/.dev
	@$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

help:
	@sed -n 's/^# //p' Makefile
