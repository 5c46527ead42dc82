"""Parsing Python source without running it."""

from __future__ import annotations

import ast
import warnings


def parse_source(source: str) -> ast.Module | None:
    """Return the syntax tree of Python source, None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes and comparisons that Python warns of
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
