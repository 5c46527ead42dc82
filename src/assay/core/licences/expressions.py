"""SPDX licence expressions: which licences are alternatives, and which apply together.

The grammar is that of SPDX 2.3, annex D: `WITH` binds tighter than `AND`, `AND` tighter than `OR`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from assay.core.licences.families import is_member

TOKEN = re.compile(r"\(|\)|[^\s()]+")
OPERATORS = {"(", ")", "OR", "AND", "WITH"}


@lru_cache(maxsize=4096)
def choices(expression: str) -> tuple[frozenset[str], ...]:
    """Return the ways to satisfy an expression: each a set of licences that apply together.

    `MIT OR (GPL-2.0-only AND ISC)` gives {MIT} and {GPL-2.0-only, ISC}. Raises ValueError on invalid syntax.
    """
    tokens = TOKEN.findall(expression)
    found, left = _alternatives(tokens)
    if left:
        raise ValueError(f"{expression!r} is not a licence expression.")
    return found


def _alternatives(tokens: list[str]) -> tuple[tuple[frozenset[str], ...], list[str]]:
    found, tokens = _together(tokens)
    while tokens and tokens[0].upper() == "OR":
        more, tokens = _together(tokens[1:])
        found += more
    return found, tokens


def _together(tokens: list[str]) -> tuple[tuple[frozenset[str], ...], list[str]]:
    found, tokens = _single(tokens)
    while tokens and tokens[0].upper() == "AND":
        more, tokens = _single(tokens[1:])
        found = tuple(one | other for one in found for other in more)
    return found, tokens


def _single(tokens: list[str]) -> tuple[tuple[frozenset[str], ...], list[str]]:
    if not tokens or tokens[0].upper() in {"OR", "AND", "WITH", ")"}:
        raise ValueError("A licence is missing.")
    if tokens[0] == "(":
        found, tokens = _alternatives(tokens[1:])
        if not tokens or tokens[0] != ")":
            raise ValueError("A parenthesis is not closed.")
        return found, tokens[1:]
    if len(tokens) > 2 and tokens[1].upper() == "WITH":  # noqa: PLR2004 - licence WITH exception
        return (frozenset({f"{tokens[0]} WITH {tokens[2]}"}),), tokens[3:]
    return (frozenset({tokens[0]}),), tokens[1:]


def licences_in(expression: str) -> frozenset[str]:
    """Return all licences and exceptions that an expression names."""
    return frozenset(TOKEN.findall(expression)) - OPERATORS


@lru_cache(maxsize=16_384)
def satisfied_by(expression: str, allowed: frozenset[str]) -> bool:
    """Return whether the expression can be satisfied with allowed licences only (case is ignored)."""
    return any(all(_is_in(name, allowed) for name in together) for together in choices(expression))


@lru_cache(maxsize=16_384)
def avoids(expression: str, denied: frozenset[str]) -> bool:
    """Return whether the expression can be satisfied without a denied licence (case is ignored)."""
    return any(not any(_is_in(name, denied) for name in together) for together in choices(expression))


def _is_in(name: str, names: frozenset[str]) -> bool:
    """Return whether a licence, without its exception or its family is among the names."""
    alone = name.partition(" WITH ")[0]
    known = {one.lower() for one in names}
    return name.lower() in known or alone.lower() in known or any(is_member(alone, one) for one in known)
