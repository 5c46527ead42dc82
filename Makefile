# Two commands are all one needs: `make run` and `make test`.
PYTHON ?= $(shell command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' >/dev/null 2>&1 && echo python3.11 || echo python3)
UV := .venv/bin/uv --no-config
# A fresh machine may have no C locale for UTF-8 names.
export LANG ?= C.UTF-8

.PHONY: run test lint check bench clean

run: .venv/.ready .venv-studio/.ready
	@exec .venv/bin/assay up $(ARGS)

test: .venv/.ready-dev .venv-studio/.ready
	@PYTHON=.venv/bin/python sh tests/run.sh

lint: .venv/.ready-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet src/assay/web/templates

bench: .venv/.ready-dev .venv-studio/.ready
	.venv/bin/python bench/run.py

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
