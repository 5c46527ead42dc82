"""Environment markers (PEP 508) against the Pythons that an installation offers: on all, on some, on none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

TOKEN = re.compile(r"""[()]|"[^"]*"|'[^']*'|[^\s()"']+""")
EXTRA = re.compile(
    r"""extra\s*(?P<operator>==|!=)\s*["'](?P<name>[^"']*)["']|["'](?P<other>[^"']*)["']\s*(?P<turned>==|!=)\s*extra"""
    r"""|["'](?P<member>[^"']*)["']\s*(?P<negated>not\s+)?in\s*(?P<set>extras|dependency_groups)"""
)
Variables = Mapping[str, str]  # the variables of PEP 508 for one Python on this platform


class Truth(Enum):
    """On which Pythons a marker holds: on all, on some, on none."""

    ALWAYS = auto()
    SOMETIMES = auto()
    NEVER = auto()


def holds(marker: Marker, variables: Variables) -> bool:
    """Return whether a marker holds; one that cannot be evaluated does not."""
    try:
        return marker.evaluate({**variables, "extra": variables.get("extra", "")})
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError):
        return False


def truth(marker: Marker, pythons: Sequence[Variables]) -> Truth:
    """Return on which of the Pythons a marker holds."""
    found = {holds(marker, one) for one in pythons}
    return Truth.ALWAYS if found == {True} else Truth.SOMETIMES if True in found else Truth.NEVER


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A comparison of a marker that names an extra or a dependency group."""

    name: str
    negated: bool
    group: bool


def membership(comparison: str) -> Membership | None:
    """Return which extra or group a comparison names, None if it is about something else."""
    found = EXTRA.fullmatch(comparison)
    if found is None:
        return None
    return Membership(
        name=found["name"] or found["other"] or found["member"] or "",
        negated="!=" in {found["operator"], found["turned"]} or bool(found["negated"]),
        group=found["set"] == "dependency_groups",
    )


def memberships(marker: str) -> tuple[Membership, ...]:
    """Return the extras and groups that a marker names, in its order."""
    return tuple(one for one in map(membership, _comparisons(TOKEN.findall(marker))) if one)


def reduced(marker: str, known: Callable[[str], bool | None]) -> str | bool:
    """Return a marker without the comparisons whose truth is known; True or False if nothing else decides.

    A text that is no marker is returned as it is.
    """
    try:
        Marker(marker)
        return _Reduction(TOKEN.findall(marker), known).alternatives()
    except (InvalidMarker, RecursionError):
        return marker


def for_members(marker: str, extras: frozenset[str], groups: frozenset[str] = frozenset()) -> str | bool:
    """Return a marker where exactly these extras and groups are asked for."""

    def known(comparison: str) -> bool | None:
        found = membership(comparison)
        return None if found is None else (found.name in (groups if found.group else extras)) is not found.negated

    return reduced(marker, known)


def _comparisons(tokens: Sequence[str]) -> Iterator[str]:
    words: list[str] = []
    for token in (*tokens, "and"):
        if token in {"and", "or", "(", ")"}:
            if words:
                yield " ".join(words)
            words = []
        else:
            words.append(token)


class _Reduction:
    """A marker's tokens, read by recursive descent: alternatives of conditions of comparisons."""

    def __init__(self, tokens: Sequence[str], known: Callable[[str], bool | None]) -> None:
        self._tokens, self._known, self._next = [*tokens, ""], known, 0

    def alternatives(self) -> str | bool:
        parts = [self._conditions()]
        while self._take("or"):
            parts.append(self._conditions())
        texts = [one for one in parts if isinstance(one, str)]
        return True if True in parts else " or ".join(texts) if texts else False

    def _conditions(self) -> str | bool:
        parts = [self._comparison()]
        while self._take("and"):
            parts.append(self._comparison())
        texts = [one for one in parts if isinstance(one, str)]
        if False in parts or not texts:
            return False not in parts
        return " and ".join(f"({one})" if " or " in one and len(texts) > 1 else one for one in texts)

    def _comparison(self) -> str | bool:
        if self._take("("):
            inside = self.alternatives()
            self._take(")")
            return inside
        words: list[str] = []
        while self._tokens[self._next] not in {"and", "or", "(", ")", ""}:
            words.append(self._tokens[self._next])
            self._next += 1
        text = " ".join(words)
        known = self._known(text)
        return text if known is None else known

    def _take(self, token: str) -> bool:
        taken = self._tokens[self._next] == token
        self._next += taken
        return taken
