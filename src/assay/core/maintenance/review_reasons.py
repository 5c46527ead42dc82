"""Why the periodic review lists a version: its facts, and the reasons that the rules find in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from assay.core.formatting import plural
from assay.core.lifecycle import Status
from assay.core.maintenance.approval_validity import ApprovalValidity, expiry_words
from assay.core.maintenance.review_rules import ReasonKind, ReviewRules
from assay.core.python_support import support_ends

NAMED = 3  # libraries that a reason names


@dataclass(frozen=True, kw_only=True)
class SimilarEnvironment:
    """The version to keep of a group of near-duplicates, and what people of this one gain, lose and move.

    `unserved` are direct libraries of this one whose requirement the kept one does not satisfy.
    """

    kept: str
    gained: int
    lost: int
    altered: int
    unserved: tuple[str, ...]
    since: date


@dataclass(frozen=True, kw_only=True)
class EndedLibrary:
    """A library of the spec whose project has ended, with the status at its index (PEP 792)."""

    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class ReviewedVersion:
    """The facts of a published or deprecated version that the rules look at.

    `approved` is the day of its publication or its last renewal, `last_used` None for never. `newer` is the newest
    published version of its environment when that is not this one, `newer_since` the day on which the first newer
    one was published. `active` is whether the environment's name stands for this version. `seen` are the days
    since which reasons without a date of their own are known.
    """

    reference: str
    status: Status
    published: date
    approved: date
    python: str
    active: bool
    tags: tuple[str, ...] = ()
    last_used: date | None = None
    people: int = 0
    projects: int = 0
    derived: int = 0
    newer: str = ""
    newer_since: date | None = None
    similar: SimilarEnvironment | None = None
    ended: tuple[EndedLibrary, ...] = ()
    attention_since: date | None = None
    owner: str = ""
    owner_left: bool = False
    deprecated: date | None = None
    ends: date | None = None
    seen: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a version is listed, since when, and a sentence with the figures."""

    kind: ReasonKind
    since: date
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as a document."""
        return {"kind": str(self.kind), "since": self.since.isoformat(), "words": self.words}


def reasons_of(
    version: ReviewedVersion, rules: ReviewRules, validity: ApprovalValidity, today: date
) -> tuple[Reason, ...]:
    """Return why a version is listed on a day, in the order of the rules; () when it is not.

    A deprecated version with an end date has been decided on, so only its owner can be a reason.
    """
    found = (
        _unused(version, rules, today),
        _superseded(version, rules, today),
        _similar(version),
        _python(version, today),
        _libraries(version, today),
        _attention(version, rules, today),
        _approval(version, rules, validity, today),
        _owner(version, today),
        _no_end(version, rules, today),
    )
    kinds = _kinds(version)
    return tuple(one for one in found if one and one.kind in kinds and rules.of(one.kind).on)


def _kinds(version: ReviewedVersion) -> frozenset[ReasonKind]:
    """Return the reasons that a version can have in its status."""
    if version.status is Status.PUBLISHED:
        return frozenset(ReasonKind) - {ReasonKind.NO_END}
    if version.ends is not None:
        return frozenset({ReasonKind.OWNER_LEFT})
    return frozenset({ReasonKind.OWNER_LEFT, ReasonKind.NO_END, ReasonKind.UNUSED})


def _passed(since: date, days: int, today: date) -> bool:
    return since + timedelta(days=days) <= today


def _unused(version: ReviewedVersion, rules: ReviewRules, today: date) -> Reason | None:
    """Say for how long nobody has used a version; one that others build on is in use."""
    since = max(version.published, version.last_used or version.published)
    if version.derived or not _passed(since, rules.days(ReasonKind.UNUSED), today):
        return None
    for_days = plural((today - since).days, "day")
    used = version.last_used is not None and version.last_used >= version.published
    words = f"Not used for {for_days}." if used else f"Never used since it was published {for_days} ago."
    return Reason(kind=ReasonKind.UNUSED, since=since, words=words)


def _superseded(version: ReviewedVersion, rules: ReviewRules, today: date) -> Reason | None:
    """Say which newer version there is; what the name stands for is not superseded by one that a few try."""
    since = version.newer_since
    if since is None or version.active or not _passed(since, rules.days(ReasonKind.SUPERSEDED), today):
        return None
    ago = plural((today - since).days, "day")
    words = f"A newer version was published {ago} ago; the newest is {version.newer}."
    return Reason(kind=ReasonKind.SUPERSEDED, since=since, words=words)


def _similar(version: ReviewedVersion) -> Reason | None:
    one = version.similar
    if one is None:
        return None
    moves = [f"{word} {count:,}" for word, count in (("gains", one.gained), ("loses", one.lost)) if count]
    moves += [f"changes {one.altered:,}"] if one.altered else []
    effect = f"moving to it {', '.join(moves)}" if moves else "both have the same libraries"
    if one.unserved:
        more = f" and {len(one.unserved) - NAMED:,} more" if len(one.unserved) > NAMED else ""
        effect += f"; it lacks {', '.join(one.unserved[:NAMED])}{more}"
    return Reason(
        kind=ReasonKind.DUPLICATE, since=one.since, words=f"Nearly the same libraries as {one.kept}: {effect}."
    )


def _python(version: ReviewedVersion, today: date) -> Reason | None:
    end = support_ends(version.python)
    if end is None or end >= today:
        return None
    since = end + timedelta(days=1)
    minor = ".".join(version.python.split(".")[:2])
    words = f"Python {minor} has had no security fixes since {since.day} {since:%B %Y}."
    return Reason(kind=ReasonKind.PYTHON_ENDED, since=since, words=words)


def _libraries(version: ReviewedVersion, today: date) -> Reason | None:
    if not version.ended:
        return None
    named = ", ".join(f"{one.name} ({one.status})" for one in version.ended[:NAMED])
    more = f" and {len(version.ended) - NAMED:,} more" if len(version.ended) > NAMED else ""
    verb = "is no longer developed" if len(version.ended) == 1 else "are no longer developed"
    kind = ReasonKind.LIBRARY_ENDED
    return Reason(kind=kind, since=version.seen.get(kind, today), words=f"{named}{more} {verb}.")


def _attention(version: ReviewedVersion, rules: ReviewRules, today: date) -> Reason | None:
    since = version.attention_since
    if since is None or not _passed(since, rules.days(ReasonKind.ATTENTION), today):
        return None
    words = f"It has had open findings for {plural((today - since).days, 'day')}."
    return Reason(kind=ReasonKind.ATTENTION, since=since, words=words)


def _approval(version: ReviewedVersion, rules: ReviewRules, validity: ApprovalValidity, today: date) -> Reason | None:
    ends = validity.ends(version.approved, version.tags)
    if ends is None or ends - timedelta(days=rules.days(ReasonKind.APPROVAL)) > today:
        return None
    good = plural(validity.days_for(version.tags), "day")
    words = f"{expiry_words(ends, today).capitalize()}; it is good for {good}."
    since = min(ends, max(today, version.approved))
    return Reason(kind=ReasonKind.APPROVAL, since=since, words=words)


def _owner(version: ReviewedVersion, today: date) -> Reason | None:
    """Say that the environment's owner left, for the version that its name stands for."""
    if not (version.owner_left and version.active):
        return None
    kind = ReasonKind.OWNER_LEFT
    words = f"The owner {version.owner} is no longer a member."
    return Reason(kind=kind, since=version.seen.get(kind, today), words=words)


def _no_end(version: ReviewedVersion, rules: ReviewRules, today: date) -> Reason | None:
    since = version.deprecated
    if since is None or not _passed(since, rules.days(ReasonKind.NO_END), today):
        return None
    words = f"Deprecated {plural((today - since).days, 'day')} ago, without an end date."
    return Reason(kind=ReasonKind.NO_END, since=since, words=words)
