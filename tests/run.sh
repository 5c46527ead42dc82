#!/bin/sh
# All checks and tests. A browser comes from Debian's packages; without one, say how to get it.
set -eu
unset PYTHONDONTWRITEBYTECODE  # each of our processes would take a second longer to start
if ! command -v "${ASSAY_CHROMIUM:-chromium}" >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing chromium and bubblewrap for the tests …"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium bubblewrap >/dev/null
    else
        echo "The browser tests need Chromium: install your system's chromium package," >&2
        echo "or set ASSAY_CHROMIUM to a Chromium or Chrome binary." >&2
        exit 1
    fi
fi
"$PYTHON" -m ruff check .
"$PYTHON" -m ruff format --check .
"$PYTHON" -m mypy
.venv/bin/lint-imports
"$PYTHON" -m djlint --lint --quiet src/assay/web/templates
# One worker for each core; a file stays with one worker,
# since its tests share servers.
run() {
    "$PYTHON" -m pytest -n "${ASSAY_TEST_WORKERS:-auto}" --dist loadfile --no-loadscope-reorder "$@"
}
if [ $# = 0 ]; then
    # These must reach every line and branch of core and flow.
    ASSAY_COVERAGE=1 run tests/core tests/flow
    set -- --ignore=tests/core --ignore=tests/flow
fi
run "$@"
