"""Redirects: the version that people get instead of a retired one, along the successors that were named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Target:
    """A version on the way: whether it can be launched, and which reference follows it, '' for none."""

    launchable: bool
    follows: str = ""


def final_target(start: str, find: Callable[[str], Target | None]) -> str:
    """Return the first launchable reference from `start` on, '' when there is none.

    `find` returns the version of a reference, None for an unknown one. Each reference is visited once, so that
    successors that name each other end the search.
    """
    seen: set[str] = set()
    reference = start
    while reference and reference not in seen:
        seen.add(reference)
        target = find(reference)
        if target is None:
            return ""
        if target.launchable:
            return reference
        reference = target.follows
    return ""
