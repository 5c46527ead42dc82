"""Runs in the sandbox, in the Python of an environment: compiles sources, and sends the compiled files back.

Standard library only, Python 3.9 and newer. Reads one line of JSON per source from standard input, `[path, name in
tracebacks]`. Answers each with the length of the compiled file (8 bytes, little-endian) and its content; nothing for
a source that does not compile. It writes no file.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import sys
import warnings
from importlib._bootstrap_external import _code_to_hash_pyc  # type: ignore[attr-defined]  # as `py_compile` does
from importlib.machinery import SourceFileLoader
from importlib.util import source_hash


def compiled(path: str, name: str) -> bytes:
    """Return a compiled file that does not depend on modification times (PEP 552), b'' where there is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - in a loop over thousands
            source = file.read()
        code = SourceFileLoader("<py_compile>", path).source_to_code(source, name)
        return bytes(_code_to_hash_pyc(code, source_hash(source), checked=False))
    except Exception:  # noqa: BLE001 - a source that does not compile stays as it is
        return b""


def main() -> None:
    """Compile until standard input ends."""
    warnings.simplefilter("ignore")
    gc.disable()  # compiling makes no reference cycles worth a search
    with os.fdopen(os.dup(1), "wb") as out:
        for line in sys.stdin:
            content = compiled(*json.loads(line))
            out.write(struct.pack("<Q", len(content)) + content)
            out.flush()


if __name__ == "__main__":
    main()
