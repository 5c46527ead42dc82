"""Findings: facts that need a decision, each with the rule that it violates and advice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """The effect of a rule: block an approval, warn, or only inform."""

    NOTE = "note"
    WARN = "warn"
    BLOCK = "block"


EFFECT_RANK = {effect: rank for rank, effect in enumerate(Effect)}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One observation. `key` changes when the fact does, which ends a waiver.

    `fixed` is the lowest version of the library without the problem, '' when none is known. `at_most` is the
    strongest effect that a rule may give it.
    """

    key: str
    words: str
    advice: str = ""
    at_most: Effect = Effect.BLOCK
    library: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    assessed: bool = True
    fixed: str = ""


def weaker(one: Effect, other: Effect) -> Effect:
    """Return the weaker of two effects."""
    return min(one, other, key=EFFECT_RANK.__getitem__)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fact with its rule. `waived_by` is the lowest role that may waive it, `stop_after` its term in days or 0."""

    key: str
    kind: str
    effect: Effect
    words: str
    advice: str
    rule: str
    library: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    waived_by: str = "reviewer"
    stop_after: int = 0
    assessed: bool = True
    fixed: str = ""

    @property
    def id(self) -> str:
        """A short identifier for URLs: the first 16 hex digits of the key's SHA-256."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Finding.from_dict` reads them back."""
        return {**vars(self), "effect": str(self.effect), "names": list(self.names)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Finding:
        """Read what `to_dict` wrote."""
        return cls(**{**stored, "effect": Effect(stored["effect"]), "names": tuple(stored["names"])})


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """An accepted exception: for which fact, why, by whom, and until when (None: no expiry)."""

    key: str
    reason: str
    by: str
    at: datetime
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Return whether it has not expired."""
        return self.until is None or now < self.until


def stops_at(findings: list[Finding], since: datetime) -> datetime | None:
    """Return when a published version, with these findings since `since`, takes no new launches; None for never."""
    terms = [one.stop_after for one in findings if one.stop_after and one.effect is not Effect.NOTE]
    return since + timedelta(days=min(terms)) if terms else None


def strongest(findings: list[Finding]) -> list[Finding]:
    """Return one finding per fact, the one with the strongest effect; strongest first, then by library."""
    best: dict[str, Finding] = {}
    for one in findings:
        known = best.get(one.key)
        if known is None or EFFECT_RANK[one.effect] > EFFECT_RANK[known.effect]:
            best[one.key] = one
    return sorted(best.values(), key=lambda one: (-EFFECT_RANK[one.effect], one.library, one.key))


def open_blocks(findings: list[Finding], waivers: list[Waiver], now: datetime) -> list[Finding]:
    """Return the blocking findings without a waiver in force: these prevent an approval."""
    accepted = {one.key for one in waivers if one.holds(now)}
    return [one for one in findings if one.effect is Effect.BLOCK and one.key not in accepted]
