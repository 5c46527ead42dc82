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
# These take longer: they run beside the tests and tell at the end what they found.
told=$(mktemp)
{ "$PYTHON" -m mypy && .venv/bin/lint-imports && "$PYTHON" -m djlint --lint --quiet src/assay/web/templates; } \
    >"$told" 2>&1 &
checks=$!
trap 'kill $checks 2>/dev/null || true; rm -f "$told"' EXIT
trap 'exit 130' INT TERM
# Collecting them once writes the bytecode of a new clone, which each worker would make for itself.
"$PYTHON" -m pytest --collect-only -q "$@" >/dev/null 2>&1 || true
# The tests of core and flow must reach every line and branch of both, if all run.
[ $# != 0 ] || export ASSAY_COVERAGE=1
# One worker more than cores, since many tests wait; a file stays with one worker, since its tests share servers.
workers=${ASSAY_TEST_WORKERS:-$(($(getconf _NPROCESSORS_ONLN) + 1))}
failed=0
"$PYTHON" -m pytest -n "$workers" --dist loadfile --no-loadscope-reorder "$@" || failed=1
wait $checks || failed=1
cat "$told"
exit $failed
