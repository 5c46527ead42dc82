"""Names that are widely used: whether words that stand together are libraries, and what a module belongs to."""

from __future__ import annotations

import sys
from functools import lru_cache

from assay.sources.name_lists import MOST_USED, read_names


@lru_cache(maxsize=1)
def most_used() -> frozenset[str]:
    """Return the shipped names of the most used libraries."""
    return frozenset(read_names(MOST_USED))


def is_standard_library(module: str) -> bool:
    """Return whether a module is part of Python itself."""
    return module in sys.stdlib_module_names
