# The commands of this repository; `make` lists them. The first one that needs the Python
# environment makes it from the lock file, so any of them can be the first in a fresh clone.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed-from-lock

.DEFAULT_GOAL := help
.PHONY: help run test lint format schema bench lock

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(STAMP) ## Start everything on this machine (Ctrl-C stops it)
	@$(BIN)/app dev

# Every test: in as many processes as there are processors, each with servers of its own. A few of
# them (ARGS): in one, which starts sooner.
EVERY := --numprocesses logical --maxprocesses 4 --dist worksteal

test: lint ## Lint, types, import contracts, schema and every test
	$(BIN)/pytest $(or $(ARGS),$(EVERY))

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app schema db jobs migrations tests
	$(BIN)/lint-imports
	$(BIN)/app schema check

format: $(STAMP) ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: $(STAMP) ## Write schema.graphql from the code
	$(BIN)/app schema export

bench: $(STAMP) ## Measure the hot paths, and searches at two scales (takes minutes; the first time, many)
	$(BIN)/app bench $(or $(ARGS),&& $(BIN)/app bench --scales)

# `uv` resolves for every platform at once. No lock file names a host to download from.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --python-version 3.11 --custom-compile-command "make lock"

lock: ## Pin what pyproject.toml asks for, with hashes (UPGRADE=1 takes newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(COMPILE) $(if $(UPGRADE),--upgrade) --group dev pyproject.toml -o requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements.lock pyproject.toml -o deploy/requirements.lock

# Made aside and stamped last, so that an interrupted installation is begun again.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Roost needs Python 3.11 or newer as '$(PYTHON)' (found: $$($(PYTHON) --version 2>/dev/null || echo none))." >&2; \
		echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of requirements.lock (a minute or two, once)"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $(STAMP)
