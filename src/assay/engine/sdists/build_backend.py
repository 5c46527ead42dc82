"""Runs in a build environment, confined: asks a source's build backend (PEP 517) for its needs, or for a wheel.

`python source_hook.py needs|wheel BACKEND BACKEND_PATH OUTPUT`, in the source's own folder. Standard library
only, Python 3.9 and newer. Writes its answer as one JSON line to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main() -> None:
    """Load the backend and ask it."""
    action, named, path, output = sys.argv[1:5]
    answer = os.dup(1)
    os.dup2(2, 1)  # what the backend prints is no answer
    sys.path.pop(0)
    sys.path[:0] = [part for part in path.split(os.pathsep) if part]
    module, _, inner = named.partition(":")
    backend = importlib.import_module(module)
    for part in filter(None, inner.split(".")):
        backend = getattr(backend, part)
    if action == "needs":
        told = list(getattr(backend, "get_requires_for_build_wheel", lambda _: [])(None))
    else:
        told = backend.build_wheel(output, None)
    os.write(answer, (json.dumps({"answer": told}) + "\n").encode())


if __name__ == "__main__":
    main()
