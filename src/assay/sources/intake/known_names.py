"""The names of the most used libraries, read once."""

from __future__ import annotations

from functools import lru_cache

from assay.sources.name_lists import MOST_USED, read_names


@lru_cache(maxsize=1)
def most_used() -> frozenset[str]:
    """Return the shipped names of the most used libraries."""
    return frozenset(read_names(MOST_USED))
