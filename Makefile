# What people and CI call. Everything lands in the project: .tools (uv), .venv.
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/uv/bin/uv)
PYTHON ?= python3
RUN := .venv/bin

.PHONY: setup demo test check bench clean

setup: .venv/.ready                ## .venv with the stackspan command, the simulated vCenter and the openstack client

.tools/uv/bin/uv:
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: pyproject.toml uv.lock sim/pyproject.toml $(shell find sim -name '*.go' -o -name 'go.*' 2>/dev/null) | $(filter .tools/%,$(UV))
	$(UV) sync --quiet --locked --compile-bytecode --reinstall-package stackspan-vcsim
	$(RUN)/python -m compileall -q src
	@touch $@

demo: setup                        ## the main job, from an empty vCenter to a running server and back
	$(RUN)/stackspan demo

test: setup check                  ## all tests; uses a PostgreSQL of its own where the server programs are installed
	$(RUN)/pytest -q

bench: setup                       ## the budgets of docs/performance.md, measured beside a floor (about 5 minutes)
	$(RUN)/python -m bench

check: setup                       ## formatting, lint, types, import rules
	$(RUN)/ruff format --check src tests bench
	$(RUN)/ruff check src tests bench
	$(RUN)/mypy
	$(RUN)/lint-imports --no-cache

clean:
	rm -rf .venv .tools
