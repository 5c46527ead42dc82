"""How well another version replaces one: which libraries in use it lacks, and which have another version there.

The libraries in use are those that people import, where that is known, else the direct ones.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from assay.core.comparison.diff import Change, Step, newest_first, step_of
from assay.core.comparison.similarity import Profile, applies, extras_of
from assay.core.maintenance.merge_plan import By
from assay.core.spec import name_of, requirement

SEVERITY = {step: rank for rank, step in enumerate(Step)}


@dataclass(frozen=True, kw_only=True)
class Move:
    """A library in use that has another version in the successor."""

    name: str
    before: str
    after: str
    change: Change
    step: Step


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What people keep, lose and move by using the successor.

    `total` counts the libraries in use, chosen `by` import or by request. `lost` are names; with the missing extras
    in brackets where only these are missing. `moved` has major changes first. `pythons` are the two Python versions.
    """

    by: By
    total: int
    lost: tuple[str, ...]
    moved: tuple[Move, ...]
    pythons: tuple[str, str]

    @property
    def covers(self) -> int:
        """The share of the libraries in use that the successor has, in percent; 100 only if none is lost."""
        return 100 * (self.total - len(self.lost)) // self.total if self.total else 100

    @property
    def same_python(self) -> bool:
        """Whether both are on the same Python."""
        return self.pythons[0] == self.pythons[1]

    @property
    def major(self) -> int:
        """The number of moves to another major version."""
        return sum(one.step is Step.MAJOR for one in self.moved)


def coverage(source: Profile, target: Profile, imported: Collection[str] | None) -> Coverage:
    """Return how well `target` replaces `source` for those who use it.

    `imported` are the normalised names of imported libraries, None where no session was recorded. Without an
    installed one among them, what the spec asks for counts.
    """
    names = sorted(set(imported or ()) & source.versions.keys())
    by = By.IMPORTED if names else By.ASKED
    used = dict.fromkeys(names, "") if names else _asked(source)
    lost = [
        f"{name}{_missing(name, extras, target)}" for name, extras in used.items() if _lacks(name, extras, target)
    ]
    kept = [name for name in used if name in target.versions]
    moves = [_move(name, source.versions[name], target.versions[name]) for name in kept]
    return Coverage(
        by=by,
        total=len(used),
        lost=tuple(lost),
        moved=tuple(sorted((one for one in moves if one is not None), key=_order)),
        pythons=(source.python, target.python),
    )


def _asked(source: Profile) -> dict[str, str]:
    """Return the installed direct libraries in order, each with its extras, separated by commas."""
    names = {name_of(line) for line in source.lines if applies(line, source.python)} & source.versions.keys()
    extras = {
        name: {one for line in source.lines if name_of(line) == name for one in requirement(line).extras}
        for name in names
    }
    return {name: ",".join(sorted(extras[name])) for name in sorted(names)}


def _lacks(name: str, extras: str, target: Profile) -> bool:
    return name not in target.versions or bool(_missing(name, extras, target))


def _missing(name: str, extras: str, target: Profile) -> str:
    """Return the extras that the target does not ask for, in brackets; '' without any, or without the library."""
    if not extras or name not in target.versions:
        return ""
    missing = set(extras.split(",")) - extras_of(target.lines, name)
    return f"[{','.join(sorted(missing))}]" if missing else ""


@lru_cache(maxsize=16_384)
def _move(name: str, before: str, after: str) -> Move | None:
    """Return how a library moves, None if both versions are the same (PEP 440)."""
    step = step_of(before, after)
    if step is None:
        return None
    up = newest_first([before, after])[0] == after
    return Move(name=name, before=before, after=after, step=step, change=Change.UPGRADED if up else Change.DOWNGRADED)


def _order(move: Move) -> tuple[int, bool, str]:
    return SEVERITY[move.step], move.change is Change.UPGRADED, move.name
