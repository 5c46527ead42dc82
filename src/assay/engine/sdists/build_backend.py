"""Calls a hook of a build backend (PEP 517) in a build environment, inside the sandbox.

`python build_backend.py requires|wheel BACKEND BACKEND_PATH OUTPUT`, in the folder of the sdist. Standard library
only, Python 3.9 and newer. Writes the result of the hook as one JSON line to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def main() -> None:
    """Load the backend and call the hook."""
    action, name, path, output = sys.argv[1:5]
    results = os.dup(1)
    os.dup2(2, 1)  # so that the output of the backend does not mix with the result
    sys.path.pop(0)
    sys.path[:0] = [part for part in path.split(os.pathsep) if part]
    module, _, attributes = name.partition(":")
    backend = importlib.import_module(module)
    for part in filter(None, attributes.split(".")):
        backend = getattr(backend, part)
    if action == "requires":
        result = list(getattr(backend, "get_requires_for_build_wheel", lambda _: [])(None))
    else:
        result = backend.build_wheel(output, None)
    os.write(results, (json.dumps({"result": result}) + "\n").encode())


if __name__ == "__main__":
    main()
