"""The review queue and the rounds of a version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.utils import timezone

from assay.core.lifecycle import Status
from assay.core.policy.findings import Effect
from assay.core.review.requested_change import RequestedChange, is_done
from assay.core.roles import Actor
from assay.store.models import Decision, Renewal, Submission, Version
from assay.store.reads.counting import bounded_counts
from assay.store.reads.keyset import Page, read_page_by_ids
from assay.store.reads.ordering import Columns, Order
from assay.store.reads.waivers import live_keys
from assay.store.statements import Parameter, Statement

TABS = ("pending", "published", "rejected", "deprecated")
ORDERS: Columns = {
    "environment": Lower("environment__title"),
    "author": F("author__username"),
    "base": F("base__environment__slug"),
    "libraries": F("lock__libraries_count"),
    "size": F("lock__size"),
}
SINCE = {"pending": F("submitted_at"), "rejected": F("updated_at")}


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """One version in Admin → Python Environments. `changes` has the keys `against` and `summary`.

    `blocking` and `warnings` count the findings of the newest verdict that are not waived; `assessed` is whether
    the verdict used an advisory feed.
    """

    slug: str
    title: str
    version: int
    reference: str
    status: str
    base: str | None
    python: str
    author: str
    libraries: int
    size: int
    changes: dict[str, Any]
    checks_failed: int
    since: datetime | None
    digest: str
    feedback: str = ""
    blocking: int = 0
    warnings: int = 0
    assessed: bool = False


@dataclass(frozen=True, kw_only=True)
class Round:
    """One submission and its decisions."""

    number: int
    by: str
    at: datetime
    note: str
    outcome: str
    digest: str
    ended_at: datetime | None
    decisions: tuple[Decision, ...]
    automatic: bool
    rollout: dict[str, Any]


def queue(actor: Actor, tab: str, *, limit: int = 50, cursor: str = "", order: Order | None = None) -> Page[QueueRow]:
    """Return a page of a tab in the given order, by default pending ones oldest first: five queries."""
    columns: Columns = {**ORDERS, "since": SINCE.get(tab, F("published_at"))}
    by = (order or Order()).within(columns, "since" if tab == "pending" else "-since")
    page = read_page_by_ids(_tab(actor, tab), _shown(), columns, by, limit=limit, cursor=cursor)
    versions: Sequence[Version] = page.rows
    submissions = Submission.objects.filter(version__in=[one.pk for one in versions]).prefetch_related("decisions")
    latest = {one.version_id: one for one in submissions.order_by("round")}
    waived = live_keys(actor.workspace_id, timezone.now(), [one.environment_id for one in versions])
    rows = [
        _queue_row(version, latest.get(version.pk), waived.get(version.environment_id, frozenset()))
        for version in versions
    ]
    return page.with_rows(rows)


def counts(actor: Actor) -> dict[str, int]:
    """Return the number of versions in each tab, up to `counting.MOST`: one query."""
    found: dict[str, int] = TAB_COUNTS.first(workspace=actor.workspace_id) or dict.fromkeys(TABS, 0)
    return found


def submissions_for(actor: Actor) -> QuerySet[Version]:
    """Select the submissions that wait for this reviewer."""
    return _tab(actor, "pending").exclude(author_id=actor.id)


TAB_COUNTS: Statement[Any] = Statement(
    lambda: bounded_counts({tab: _in_tab(Parameter("workspace"), tab) for tab in TABS})
)


def _tab(actor: Actor, tab: str) -> QuerySet[Version]:
    return _in_tab(actor.workspace_id, tab)


def _in_tab(workspace: Any, tab: str) -> QuerySet[Version]:  # noqa: ANN401 - an id or a parameter
    versions = Version.objects.filter(environment__workspace_id=workspace)
    if tab == "pending":
        return versions.filter(status=Status.PENDING)
    if tab == "rejected":  # only data of the round is shown: the draft itself belongs to its author
        rejected = Submission.objects.filter(outcome="rejected").values("version")
        return versions.filter(status=Status.DRAFT, pk__in=rejected)
    return versions.filter(status=tab)


def _shown() -> QuerySet[Version]:
    """Select versions with what a row shows of each; of the report only its checks."""
    return (
        Version.objects.select_related("environment", "author", "lock", "base__environment", "assessment")
        .annotate(checks=KeyTextTransform("checks", "lock__report"))
        .defer("spec", "environment__description", "lock__text", "lock__content", "lock__report", "base__spec")
    )


def _queue_row(version: Version, submission: Submission | None, waived: frozenset[str]) -> QueueRow:
    lock, verdict = version.lock, getattr(version, "assessment", None)
    checks = json.loads(version.checks or "[]")  # type: ignore[attr-defined]  # annotated
    effects = [one["effect"] for one in verdict.findings if one["key"] not in waived] if verdict else []
    decisions = list(submission.decisions.all()) if submission else []
    return QueueRow(
        slug=version.environment.slug,
        title=version.environment.title,
        version=version.number,
        reference=version.reference,
        status=version.status,
        base=version.base.reference if version.base else None,
        python=version.python,
        author=version.author.get_username(),
        libraries=lock.libraries_count if lock else 0,
        size=lock.size if lock else 0,
        changes=submission.changes if submission else {},
        checks_failed=sum(check["state"] == "failed" for check in checks),
        since=version.submitted_at if version.status == Status.PENDING else version.published_at,
        digest=version.digest,
        blocking=effects.count(Effect.BLOCK),
        warnings=effects.count(Effect.WARN),
        assessed=verdict is not None and verdict.feed_id is not None,
        feedback=decisions[-1].comment if decisions and submission and submission.outcome == "rejected" else "",
    )


def requested_changes_of(version: Version) -> list[tuple[RequestedChange, bool]]:
    """Return the changes requested in the last round, each with whether the spec has it by now."""
    last = version.submissions.order_by("-round").prefetch_related("decisions").first()
    if last is None or last.outcome != "rejected":
        return []
    requested_changes = [
        RequestedChange.from_dict(one) for decision in last.decisions.all() for one in decision.libraries
    ]
    return [(ask, is_done(version.parsed_spec, ask)) for ask in requested_changes]


def viewed_by(actor: Actor, version: Version) -> dict[str, str]:
    """Map each library that the actor marked as viewed to the mark of the file that they saw."""
    return dict(version.viewed_libraries.filter(person_id=actor.id).values_list("library", "fingerprint"))


def rounds(version: Version) -> list[Round]:
    """Return the rounds of a version, newest first: two queries."""
    decisions = Prefetch("decisions", Decision.objects.select_related("by"))
    submissions = version.submissions.select_related("by").defer("spec").prefetch_related(decisions)
    return [
        Round(
            number=one.round,
            by=one.by.get_username(),
            at=one.at,
            note=one.note,
            outcome=one.outcome,
            digest=one.digest,
            ended_at=one.ended_at,
            decisions=tuple(one.decisions.all()),
            automatic=one.automatic,
            rollout=one.rollout,
        )
        for one in submissions.order_by("-round")
    ]


def renewals_of(version: Version) -> list[Renewal]:
    """Return the renewals of a version's approval, newest first: one query."""
    return list(version.renewals.select_related("by").order_by("-at"))
