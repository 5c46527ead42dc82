"""Waves: which environments follow a newer version of their base, in which order, and the states of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Target(StrEnum):
    """The state of one environment in a wave."""

    QUEUED = "queued"
    BUILDING = "building"
    BUILT = "built"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    FAILED = "failed"
    STOPPED = "stopped"


# A failed target is queued again by *Retry failed*; the others follow what a person does to its draft.
NEXT_STATES: dict[Target, frozenset[Target]] = {
    Target.QUEUED: frozenset({Target.BUILDING, Target.PUBLISHED, Target.FAILED, Target.STOPPED}),
    Target.BUILDING: frozenset({Target.BUILT, Target.SUBMITTED, Target.PUBLISHED, Target.FAILED, Target.STOPPED}),
    Target.BUILT: frozenset({Target.SUBMITTED, Target.PUBLISHED, Target.FAILED, Target.STOPPED}),
    Target.SUBMITTED: frozenset({Target.PUBLISHED, Target.FAILED}),
    Target.PUBLISHED: frozenset(),
    Target.FAILED: frozenset({Target.QUEUED, Target.SUBMITTED, Target.PUBLISHED}),
    Target.STOPPED: frozenset(),
}
OPEN = frozenset({Target.QUEUED, Target.BUILDING, Target.BUILT})  # the wave has something to do


def target_may_move(source: Target, target: Target) -> bool:
    """Return whether a target may change from one state to another."""
    return target in NEXT_STATES[source]


class SkipReason(StrEnum):
    """Why an environment that builds on the base is no target."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    DRAFT = "draft"
    IN_WAVE = "in-wave"
    BASE = "base"


@dataclass(frozen=True, kw_only=True)
class Derived:
    """An environment whose active version builds on version `base_number` of the environment `base`.

    `drafting`: a draft or submission newer than the active version exists; `wave` is the wave it is in, if any.
    """

    environment: str
    number: int
    base: str
    base_number: int
    owner: str = ""
    deprecated: bool = False
    drafting: bool = False
    wave: int | None = None

    @property
    def reference(self) -> str:
        """The active version, e.g. `geo@3`."""
        return f"{self.environment}@{self.number}"

    @property
    def base_reference(self) -> str:
        """The version that it builds on, e.g. `ds@1`."""
        return f"{self.base}@{self.base_number}"


@dataclass(frozen=True, kw_only=True)
class PlannedTarget:
    """An environment to update. `waits_for` is the target of a lower level that it builds on, '' for none."""

    derived: Derived
    level: int
    waits_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An environment that builds on the base and is no target, and why. `blocker` is the base for `BASE`."""

    derived: Derived
    level: int
    reason: SkipReason
    blocker: str = ""

    @property
    def may_include(self) -> bool:
        """Whether it becomes a target when somebody names it: a draft in progress is no obstacle, only a hint."""
        return self.reason is SkipReason.DRAFT

    @property
    def words(self) -> str:
        """The reason in words."""
        one = self.derived
        return {
            SkipReason.CURRENT: f"It builds on {one.base}@{one.base_number} already.",
            SkipReason.DEPRECATED: f"{one.reference} is deprecated.",
            SkipReason.DRAFT: "A newer version of it is in progress.",
            SkipReason.IN_WAVE: f"It is in wave {one.wave} already.",
            SkipReason.BASE: f"Its base {self.blocker} is not updated.",
        }[self.reason]


@dataclass(frozen=True, kw_only=True)
class WavePlan:
    """The targets of a wave and what it skips, both by level, then by name."""

    targets: tuple[PlannedTarget, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, kw_only=True)
class _Base:
    """What the environments built on `name` do: move to version `number`, wait for a target, or stay (`skipped`)."""

    name: str
    level: int
    number: int | None = None
    skipped: bool = False


def plan_wave(base: str, number: int, derived: Iterable[Derived], chosen: Collection[str] | None = None) -> WavePlan:
    """Return what a wave on version `number` of the environment `base` updates and skips.

    Environments that build on a target are targets of the next level; one whose base is skipped is skipped too.
    `chosen` limits the plan to these environments; None takes all. An environment is visited once, so bases
    that build on each other end.
    """
    built_on: Mapping[str, list[Derived]] = _by_base(derived)
    targets: list[PlannedTarget] = []
    skipped: list[Skipped] = []
    seen, bases = {base}, [_Base(name=base, level=0, number=number)]
    while bases:
        one = bases.pop(0)
        for found in built_on.get(one.name, ()):
            if found.environment in seen:
                continue
            seen.add(found.environment)
            following = _place(found, one, chosen, targets, skipped)
            bases.append(following)
    return WavePlan(
        targets=tuple(sorted(targets, key=lambda target: (target.level, target.derived.environment))),
        skipped=tuple(sorted(skipped, key=lambda skip: (skip.level, skip.derived.environment))),
    )


def _by_base(derived: Iterable[Derived]) -> dict[str, list[Derived]]:
    found: dict[str, list[Derived]] = defaultdict(list)
    for one in sorted(derived, key=lambda each: each.environment):
        found[one.base].append(one)
    return found


def _place(
    found: Derived, base: _Base, chosen: Collection[str] | None, targets: list[PlannedTarget], skipped: list[Skipped]
) -> _Base:
    """Add an environment to the targets or to what is skipped; return what it is to those that build on it."""
    name, level = found.environment, base.level + 1
    wanted = chosen is None or name in chosen
    reason = _skip_reason(found, base, named=chosen is not None and wanted)
    if reason is not None and wanted:
        blocker = base.name if reason is SkipReason.BASE else ""
        skipped.append(Skipped(derived=found, level=level, reason=reason, blocker=blocker))
    if reason is SkipReason.CURRENT:
        return _Base(name=name, level=base.level, number=found.number)
    if reason is not None or not wanted:
        return _Base(name=name, level=level, skipped=True)
    targets.append(PlannedTarget(derived=found, level=level, waits_for=base.name if base.number is None else ""))
    return _Base(name=name, level=level)


def _skip_reason(found: Derived, base: _Base, *, named: bool) -> SkipReason | None:
    if base.skipped:
        return SkipReason.BASE
    if base.number is not None and found.base_number >= base.number:
        return SkipReason.CURRENT
    if found.wave is not None:
        return SkipReason.IN_WAVE
    if found.deprecated:
        return SkipReason.DEPRECATED
    return SkipReason.DRAFT if found.drafting and not named else None


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return the counts of targets by state in one phrase: `3 submitted, 1 failed`; '' without targets."""
    order: Sequence[Target] = (
        Target.PUBLISHED,
        Target.SUBMITTED,
        Target.FAILED,
        Target.STOPPED,
        Target.BUILT,
        Target.BUILDING,
        Target.QUEUED,
    )
    return ", ".join(f"{counts[state]:,} {state}" for state in order if counts.get(state))
