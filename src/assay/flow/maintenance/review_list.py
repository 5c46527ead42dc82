"""The review list: which published versions the rules select, computed every day and soon after a change.

A day has many versions in the list that nothing has happened to, so the worker computes all of them once a day and,
in between, those of the environments that the audit log names. It computes one batch per step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from time import monotonic

from django.db.models import F
from django.utils import timezone

from assay.core.events import EventName
from assay.core.maintenance.approval_validity import ApprovalValidity, validity_of
from assay.core.maintenance.review_reasons import reasons_of
from assay.core.maintenance.review_rules import ReasonKind, ReviewRules, read_rules
from assay.core.maintenance.review_steps import proposal_of
from assay.store.models import Environment, ReviewItem, Workspace
from assay.store.reads.duplicates import NearDuplicate, near_duplicates
from assay.store.reads.events_since import events_since
from assay.store.reads.nearest import is_complete
from assay.store.reads.review_facts import Measured, ended_projects, in_batches, measured_versions

OF_ALL = (EventName.WORKSPACE_SET, EventName.MEMBER_SET)  # events that concern every environment
OF_ONE = ("version.", "environment.", "rollout.")  # beginnings of events that concern the environment they name
MOST_CHANGED = 500  # environments; when more have changed, all are computed
SHARE = 20  # a process computes the near-duplicates of a workspace in at most one of so many seconds
SHORT = 0.1  # seconds; what takes less is computed after every change
STALE = 50  # versions that a page computes again before it shows the list


@dataclass
class _Progress:
    """What the worker still has to compute of a workspace, and what it has seen."""

    day: date
    position: tuple[int, str]
    similar: Mapping[str, NearDuplicate]
    late: bool = False  # whether the near-duplicates have to be computed again
    batches: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Similar:
    """Near-duplicates, and when (`time.monotonic`) they may be computed again."""

    found: Mapping[str, NearDuplicate]
    again: float


_progress: dict[int, _Progress] = {}
_similar: dict[int, _Similar] = {}


def forget() -> None:
    """Compute everything at the next step."""
    _progress.clear()
    _similar.clear()


def _near_duplicates(workspace_id: int) -> tuple[Mapping[str, NearDuplicate], bool]:
    """Return the near-duplicates of a workspace, and whether they are late: those of before the last changes.

    In a large workspace they take seconds and change with every version, so they are computed only as often as
    `SHARE` allows.
    """
    known, began = _similar.get(workspace_id), monotonic()
    if known is not None and began < known.again:
        return known.found, True
    found = near_duplicates(workspace_id)
    took = monotonic() - began
    pause = SHARE * took if took >= SHORT else 0.0
    _similar[workspace_id] = _Similar(found=found, again=began + took + pause)
    return found, False


def advance() -> bool:
    """Compute at most one batch for each workspace. Return whether there is more to do."""
    left = [_advance_in(workspace) for workspace in Workspace.objects.all()]
    return any(left)


def _advance_in(workspace: Workspace) -> bool:
    now = timezone.now()
    position, known = (workspace.event_count, workspace.event_head), _progress.get(workspace.pk)
    changed = _changed(workspace.pk, known) if known and known.day == now.date() else None
    similar, late = (known.similar, known.late) if known else ({}, False)
    if changed is None or changed or late:
        if not is_complete(workspace.pk):
            return False  # until the index of the published versions is written
        similar, late = _near_duplicates(workspace.pk)
    if known is None or changed is None:
        known = _Progress(day=now.date(), position=position, similar=similar, batches=in_batches(workspace.pk))
        _progress[workspace.pk] = known
    elif changed or known.late:
        before, known.similar = known.similar, similar
        changed |= _named(workspace.pk, _different(before, known.similar))
        known.batches += in_batches(workspace.pk, changed)
    known.position, known.late = position, late
    if not known.batches:
        return False
    _compute(_Inputs.of(workspace, now, known.similar), known.batches.pop(0))
    return bool(known.batches)


def _changed(workspace_id: int, known: _Progress) -> set[int] | None:
    """Return the environments that events name since the position; None when all must be computed."""
    events = events_since(workspace_id, known.position)
    if events is None or any(name in OF_ALL for name, _ in events):
        return None
    slugs = {environment for name, environment in events if environment and name.startswith(OF_ONE)}
    return None if len(slugs) > MOST_CHANGED else _named(workspace_id, slugs)


def _different(before: Mapping[str, NearDuplicate], now: Mapping[str, NearDuplicate]) -> set[str]:
    """Return the short names of the environments whose near-duplicate is another one now."""
    if before is now:
        return set()
    changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    return {key.partition("@")[0] for key in changed}


def _named(workspace_id: int, slugs: set[str]) -> set[int]:
    found = Environment.objects.filter(workspace_id=workspace_id, slug__in=slugs) if slugs else ()
    return {one.pk for one in found}


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What the computation of every batch needs, read once."""

    workspace_id: int
    rules: ReviewRules
    validity: ApprovalValidity
    now: datetime
    similar: Mapping[str, NearDuplicate]
    ended: Mapping[str, str]

    @classmethod
    def of(cls, workspace: Workspace, now: datetime, similar: Mapping[str, NearDuplicate]) -> _Inputs:
        """Read the inputs: one query."""
        return cls(
            workspace_id=workspace.pk,
            rules=read_rules(workspace.review_rules),
            validity=validity_of(workspace.approval_validity),
            now=now,
            similar=similar,
            ended=ended_projects(),
        )


def refresh(workspace_id: int, environments: Collection[int] | None = None) -> int:
    """Compute the rows of environments now, of all of them for None; return how many versions were looked at."""
    workspace = Workspace.objects.get(pk=workspace_id)
    inputs = _Inputs.of(workspace, timezone.now(), _near_duplicates(workspace_id)[0])
    return sum(_compute(inputs, batch) for batch in in_batches(workspace_id, environments))


def refresh_stale(workspace_id: int) -> None:
    """Compute the rows of versions that were changed since their row was computed, at most `STALE` of them."""
    stale = ReviewItem.objects.filter(workspace_id=workspace_id, version__updated_at__gt=F("computed_at"))
    environments = set(stale.values_list("version__environment_id", flat=True)[:STALE])
    if environments:
        refresh(workspace_id, environments)


def _compute(inputs: _Inputs, environments: list[int]) -> int:
    measured = _measure(inputs, environments)
    items = [item for one in measured if (item := _item(inputs, one))]
    listed = ReviewItem.objects.filter(version__environment__in=environments)
    listed.exclude(version__in=[one.version_id for one in items]).delete()
    ReviewItem.objects.bulk_create(
        items,
        update_conflicts=True,
        unique_fields=["version"],
        update_fields=["reasons", "since", "people", "projects", "derived", "frees", "proposal", "computed_at"],
    )
    return len(measured)


def _measure(inputs: _Inputs, environments: list[int], *, sizes: bool = True) -> list[Measured]:
    return measured_versions(
        inputs.workspace_id,
        environments,
        inputs.now.date(),
        ended=inputs.ended,
        similar=inputs.similar,
        sizes=sizes,
    )


def _item(inputs: _Inputs, one: Measured) -> ReviewItem | None:
    """Return the row of a version, None when no rule selects it."""
    reasons = reasons_of(one.facts, inputs.rules, inputs.validity, inputs.now.date())
    if not reasons:
        return None
    return ReviewItem(
        version_id=one.pk,
        workspace_id=inputs.workspace_id,
        reasons=[reason.to_dict() for reason in reasons],
        since=min(reason.since for reason in reasons),
        people=one.facts.people,
        projects=one.facts.projects,
        derived=one.facts.derived,
        frees=one.frees,
        proposal=proposal_of(one.facts, reasons).to_dict(),
        computed_at=inputs.now,
    )


@dataclass(frozen=True, kw_only=True)
class RulesPreview:
    """What rules would list: versions in total and by kind of reason, and how many versions there are."""

    versions: int
    listed: int
    by_kind: Mapping[ReasonKind, int]


def preview_rules(workspace_id: int, rules: ReviewRules) -> RulesPreview:
    """Return what other rules would list, without storing anything. Kept versions count, too."""
    workspace = Workspace.objects.get(pk=workspace_id)
    current = _Inputs.of(workspace, timezone.now(), _near_duplicates(workspace_id)[0])
    versions, listed, by_kind = 0, 0, Counter[ReasonKind]()
    for batch in in_batches(workspace_id):
        for one in _measure(current, batch, sizes=False):
            reasons = reasons_of(one.facts, rules, current.validity, current.now.date())
            versions, listed = versions + 1, listed + bool(reasons)
            by_kind.update(reason.kind for reason in reasons)
    return RulesPreview(versions=versions, listed=listed, by_kind=by_kind)
