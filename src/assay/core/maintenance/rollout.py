"""Roll-outs: who gets a new version first, when everyone gets it, and when it halts; what a name then stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from assay.core.errors import InvalidInputError
from assay.core.formatting import plural
from assay.core.lifecycle import Status
from assay.core.review.approval import check_groups

MOST_PEOPLE = 100
MOST_STARTS = 10_000
MOST_DAYS = 90
FEWEST_FAILURES = 2  # one failure is chance
FEWEST_STARTS = 3
COMPARED = timedelta(days=30)  # before the pilot began: starts of the version before that count for comparison


class RolloutState(StrEnum):
    """The state of a roll-out."""

    PILOT = "pilot"
    COMPLETED = "completed"
    HALTED = "halted"
    STOPPED = "stopped"


OPEN = (RolloutState.PILOT, RolloutState.HALTED)
HELD_BACK = (*OPEN, RolloutState.STOPPED)  # no name stands for a version in such a roll-out


class RolloutAction(StrEnum):
    """What a reviewer may do with a roll-out."""

    COMPLETE = "complete"
    STOP = "stop"
    RESUME = "resume"


ALLOWED_FROM: Mapping[RolloutAction, tuple[RolloutState, ...]] = {
    RolloutAction.COMPLETE: OPEN,
    RolloutAction.STOP: OPEN,
    RolloutAction.RESUME: (RolloutState.HALTED,),
}


@dataclass(frozen=True, kw_only=True)
class RolloutPlan:
    """The pilot group: people by name, and groups of members. 0 starts or days: not used."""

    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    starts: int = 0
    days: int = 0

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> RolloutPlan:
        """Read a stored plan; {} is everyone at once."""
        return cls(
            people=tuple(stored.get("people", ())),
            groups=tuple(stored.get("groups", ())),
            starts=stored.get("starts", 0),
            days=stored.get("days", 0),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, {} for everyone at once."""
        if self.everyone:
            return {}
        return {"people": list(self.people), "groups": list(self.groups), "starts": self.starts, "days": self.days}

    @property
    def everyone(self) -> bool:
        """Whether everyone gets the version at once: the plan names nobody."""
        return not self.people and not self.groups

    @property
    def until(self) -> str:
        """When everyone gets the version, e.g. `20 successful starts or 7 days without failure`."""
        parts = [plural(self.starts, "successful start")] if self.starts else []
        parts += [f"{plural(self.days, 'day')} without failure"] if self.days else []
        return " or ".join(parts)

    @property
    def who(self) -> str:
        """Who gets the version first, e.g. `group geo and ana`."""
        parts = [f"group{'' if len(self.groups) == 1 else 's'} {', '.join(self.groups)}"] if self.groups else []
        parts += [", ".join(self.people)] if self.people else []
        return " and ".join(parts)

    @property
    def words(self) -> str:
        """The whole plan, e.g. `group geo first, everyone after 20 successful starts`."""
        return "everyone at once" if self.everyone else f"{self.who} first, everyone after {self.until}"

    def includes(self, name: str, groups: Collection[str]) -> bool:
        """Return whether a person with these groups belongs to the pilot group."""
        return name in self.people or bool(set(self.groups) & set(groups))


def check_plan(plan: RolloutPlan, *, members: Collection[str], groups: Collection[str]) -> RolloutPlan:
    """Return a plan without duplicates. `members` and `groups` are those of the workspace. Raises InvalidInputError.

    A plan that names nobody is everyone at once: its figures are dropped.
    """
    named, people = check_groups(plan.groups), tuple(dict.fromkeys(plan.people))
    if len(people) > MOST_PEOPLE:
        raise InvalidInputError(
            f"{len(people)} people.", hint=f"Name at most {MOST_PEOPLE}, or a group.", path="people"
        )
    for wanted, known, path in ((people, members, "people"), (named, groups, "groups")):
        missing = [one for one in wanted if one not in known]
        if missing:
            what = "a member of this workspace" if path == "people" else "a group of any member"
            raise InvalidInputError(f"{missing[0][:40]!r} is not {what}.", hint="Check the name.", path=path)
    if not people and not named:
        return RolloutPlan()
    _check_until(plan)
    return RolloutPlan(people=people, groups=named, starts=plan.starts, days=plan.days)


def _check_until(plan: RolloutPlan) -> None:
    for name, value, most in (("starts", plan.starts, MOST_STARTS), ("days", plan.days, MOST_DAYS)):
        if not 0 <= value <= most:
            raise InvalidInputError(f"{value} {name}.", hint=f"Choose 1 to {most:,}, or 0 for none.", path=name)
    if not plan.starts and not plan.days:
        raise InvalidInputError(
            "The pilot has no end.",
            hint="Say after how many successful starts or days everyone gets the version.",
            path="starts",
        )


@dataclass(frozen=True, kw_only=True)
class Starts:
    """Starts of one kind in one version that went well or failed. `last_failure` is None without one."""

    good: int = 0
    failed: int = 0
    last_failure: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Starts and how many of them failed: in the new version, and in the version before."""

    starts: int = 0
    failures: int = 0
    starts_before: int = 0
    failures_before: int = 0
    last_failure: datetime | None = None

    @property
    def good(self) -> int:
        """Successful starts of the new version."""
        return self.starts - self.failures

    @property
    def share(self) -> float:
        """The share of failed starts in the new version, 0 without starts."""
        return self.failures / self.starts if self.starts else 0.0

    @property
    def share_before(self) -> float:
        """The share of failed starts in the version before, 0 without starts."""
        return self.failures_before / self.starts_before if self.starts_before else 0.0

    @property
    def words(self) -> str:
        """Both shares, e.g. `3 of 10 starts failed (30 %); in the version before 1 of 50 (2 %)`."""
        new = f"{self.failures:,} of {plural(self.starts, 'start')} failed ({self.share:.0%})"
        before = f"{self.failures_before:,} of {self.starts_before:,} ({self.share_before:.0%})"
        return f"{new}; in the version before {before}".replace("%", " %")


def figures_of(new: Mapping[str, Starts], before: Mapping[str, Starts]) -> Figures:
    """Sum up starts by kind. Of the version before only kinds count that the new one has: like with like."""
    kinds = [kind for kind, one in new.items() if one.good + one.failed]
    old = [before[kind] for kind in kinds if kind in before]
    return Figures(
        starts=sum(new[kind].good + new[kind].failed for kind in kinds),
        failures=sum(new[kind].failed for kind in kinds),
        starts_before=sum(one.good + one.failed for one in old),
        failures_before=sum(one.failed for one in old),
        last_failure=max((one.last_failure for one in new.values() if one.last_failure), default=None),
    )


class Verdict(StrEnum):
    """What happens next with a pilot."""

    CONTINUE = "continue"
    COMPLETE = "complete"
    HALT = "halt"


def verdict(plan: RolloutPlan, figures: Figures, *, started: datetime, now: datetime) -> Verdict:
    """Return whether a pilot goes on, ends well or halts. Halting comes first.

    It halts with at least two failures among at least three starts, when a larger share of them failed than in the
    version before. Days count from the start of the pilot or from the last failure.
    """
    enough = figures.failures >= FEWEST_FAILURES and figures.starts >= FEWEST_STARTS
    if enough and figures.share > figures.share_before:
        return Verdict.HALT
    if plan.starts and figures.good >= plan.starts:
        return Verdict.COMPLETE
    if plan.days and _without_failure(figures, started, now) >= timedelta(days=plan.days):
        return Verdict.COMPLETE
    return Verdict.CONTINUE


def _without_failure(figures: Figures, started: datetime, now: datetime) -> timedelta:
    return now - max(started, figures.last_failure or started)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a pilot is towards one of its ends: in words, and as a share from 0 to 1."""

    words: str
    share: float


def progress(plan: RolloutPlan, figures: Figures, *, started: datetime, now: datetime) -> tuple[Progress, ...]:
    """Return how far a pilot is by starts and by days, whichever its plan uses; as `verdict` counts them."""
    found = []
    if plan.starts:
        words = f"{figures.good:,} of {plan.starts:,} successful starts"
        found.append(Progress(words=words, share=min(1.0, figures.good / plan.starts)))
    if plan.days:
        days = min(plan.days, max(0, _without_failure(figures, started, now).days))
        found.append(Progress(words=f"{days} of {plan.days} days without failure", share=days / plan.days))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A version that a name could stand for. `held_back`: its roll-out is in its pilot, halted or stopped.

    `sound`: it is neither quarantined nor drifted.
    """

    number: int
    status: Status
    held_back: bool = False
    sound: bool = True


def fall_back(candidates: Iterable[Candidate]) -> int | None:
    """Return the number that a name stands for when its version ended: the newest published, else deprecated one.

    Sound versions come first. None when all are retired or held back.
    """
    order = (Status.DEPRECATED, Status.PUBLISHED)
    found = [one for one in candidates if not one.held_back and one.status in order]
    best = max(found, key=lambda one: (order.index(one.status), one.sound, one.number), default=None)
    return best.number if best else None


def takes_over(number: int, *, active: int | None, pilot: int | None) -> bool:
    """Return whether a newly published version takes part: not one that is older than the active or the pilot one."""
    return number > max(active or 0, pilot or 0)
