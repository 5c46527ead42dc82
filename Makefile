# `make run` and `make test` are all you need; `make help` lists the others.
PYTHON ?= $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' >/dev/null 2>&1 && echo python3.11 || echo python3)
UV := .venv/bin/uv --no-config
# A fresh machine may have no C locale for UTF-8 names.
export LANG ?= C.UTF-8
# Without kept bytecode, each of our processes takes a second longer to start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run dev test check lint lock coverage mutants bench load curves docs pictures clean
.DEFAULT_GOAL := help

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/.ready .venv-studio/.ready ## start Assay; Ctrl-C stops it (ARGS=--demo adds people and environments)
	@exec .venv/bin/assay up $(ARGS)

test: .venv/.ready-dev .venv-studio/.ready ## all checks and tests, in parallel
	@PYTHON=.venv/bin/python sh tests/run.sh

check: lint ## the quick check: lint, types, import rules, tests of core and flow
	.venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder tests/core tests/flow tests/architecture

coverage: .venv/.ready-dev ## branch coverage of core and flow; fails below 100 %
	ASSAY_COVERAGE=1 .venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder tests/core tests/flow

mutants: .venv/.ready-dev ## mutation testing of core: what tests do not notice
	.venv/bin/mutmut run $(ARGS)
	.venv/bin/mutmut results

dev: .venv/.ready-dev .venv-studio/.ready ## run with demo data; restart when the code changes
	.venv/bin/watchfiles --filter python --ignore-paths src/assay/store/migrations '.venv/bin/assay up --demo' src

lint: .venv/.ready-dev ## lint, format, types, import rules
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet src/assay/web/templates

lock: .venv/bin/uv ## resolve anew: uv.lock, and Studio's requirements in the package (ARGS=--upgrade)
	@$(UV) lock $(ARGS)
	@$(UV) export --frozen --quiet --only-group studio --no-emit-project --no-header --no-annotate --output-file src/assay/studio/requirements.txt

bench: .venv/.ready-dev .venv-studio/.ready ## measure, each figure beside its limit or its peer (ARGS=--write keeps it in the docs)
	.venv/bin/python bench/run.py $(ARGS)

load: .venv/.ready-dev .venv-studio/.ready ## a large installation at 50 requests/s, on SQLite and PostgreSQL (ARGS="--minutes 1 --size small" for a short try)
	@$(UV) sync --frozen --group bench --inexact --quiet
	@PYTHONPATH=bench .venv/bin/python -m load $(ARGS)

curves: .venv/.ready-dev ## draw the cost of pages over environments, libraries and events into the docs
	.venv/bin/python bench/curves.py $(ARGS)

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Assay needs Python 3.11 or newer; found: $$($(PYTHON) --version)"; exit 1; }
	@echo "Making the environment of the approval desk (once) …"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/.ready: uv.lock pyproject.toml | .venv/bin/uv
	@$(UV) sync --frozen --no-dev --inexact
	@touch $@

.venv/.ready-dev: uv.lock pyproject.toml | .venv/bin/uv
	@$(UV) sync --frozen
	@touch $@ .venv/.ready

.venv-studio/.ready: uv.lock pyproject.toml | .venv/bin/uv
	@echo "Making the environment of Studio (once) …"
	@UV_PROJECT_ENVIRONMENT=.venv-studio $(UV) sync --frozen --only-group studio --python .venv/bin/python
	@touch $@

clean:
	rm -rf .venv .venv-studio .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

docs: .venv/.ready-dev ## build the documentation site, strictly
	@$(UV) sync --frozen --group docs --inexact --quiet
	.venv/bin/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

pictures: .venv/.ready-dev .venv-studio/.ready ## take every picture of the docs from a demo
	.venv/bin/python docs/pictures.py $(ARGS)
