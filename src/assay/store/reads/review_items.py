"""Rows of the review list and of the versions that are kept: filtered, sorted, paged, and their totals."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from assay.core.maintenance.review_rules import ReasonKind
from assay.core.roles import Actor
from assay.store.models import ReviewItem, Version
from assay.store.reads.health import LIVE
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order

MAX_DIGITS = 9  # of a version's number
ORDERS: Columns = {
    "version": F("environment__slug"),
    "since": F("review_item__since"),
    "owner": F("environment__owner__username"),
    "people": F("review_item__people"),
    "projects": F("review_item__projects"),
    "derived": F("review_item__derived"),
    "frees": F("review_item__frees"),
    "until": F("kept__until"),
    "by": F("kept__by__username"),
}
KINDS = Cast("review_item__reasons", TextField())  # the reasons as text, searched for their kinds
NOTHING = {"action": "", "successor": "", "words": ""}  # of a kept version that no rule selects


@dataclass(frozen=True, kw_only=True)
class ReviewFilters:
    """Filters of the review list; '' is no filter. `kept` lists the versions that are kept instead."""

    reason: str = ""
    owner: str = ""
    text: str = ""
    kept: bool = False


@dataclass(frozen=True, kw_only=True)
class KeptUntil:
    """Until when a version is kept, why, and who said so."""

    until: date
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """One version of the review list. `proposal` is {action, successor, words}, `frees` are bytes.

    `people` launched it in 90 days, `projects` name it, `derived` versions build on it. A kept version that no rule
    selects has no reason, and no figures.
    """

    pk: int
    environment: str
    version: int
    title: str
    status: str
    owner: str
    reasons: tuple[dict[str, str], ...]
    since: date | None
    people: int
    projects: int
    derived: int
    frees: int
    proposal: dict[str, str]
    revision: int
    kept: KeptUntil | None = None

    @property
    def reference(self) -> str:
        """The version's name, e.g. `geo@3`."""
        return f"{self.environment}@{self.version}"

    @property
    def words(self) -> tuple[str, ...]:
        """The reasons as sentences."""
        return tuple(one["words"] for one in self.reasons)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """How many versions match, and the bytes that retiring them would free at least."""

    versions: int
    frees: int


def review_items(actor: Actor, filters: ReviewFilters) -> QuerySet[Version]:
    """Select the versions that match; one that is kept today is in the list of kept ones only."""
    today = timezone.now().date()
    kept = Q(kept__until__gt=today)
    if filters.kept:
        rows = Version.objects.filter(kept, environment__workspace_id=actor.workspace_id, status__in=LIVE)
    else:
        rows = Version.objects.filter(review_item__workspace_id=actor.workspace_id).exclude(kept)
    if filters.reason:
        rows = rows.annotate(kinds=KINDS).filter(kinds__contains=f'"kind": "{filters.reason}"')
    if filters.owner:
        rows = rows.filter(environment__owner__username=filters.owner)
    return _named(rows, filters.text) if filters.text else rows


def _named(rows: QuerySet[Version], text: str) -> QuerySet[Version]:
    """Select by a part of the short name or the title, or by `name@number`."""
    name, _, number = text.partition("@")
    if number and not (number.isdecimal() and len(number) <= MAX_DIGITS):
        return rows.none()
    rows = rows.filter(number=int(number)) if number else rows
    return rows.filter(Q(environment__slug__icontains=name) | Q(environment__title__icontains=name))


def review_rows(actor: Actor, filters: ReviewFilters, order: Order, limit: int, cursor: str = "") -> Page[ReviewRow]:
    """Return a page of rows sorted by a column: one query.

    By default the oldest reason is first, among kept versions the one that is reviewed again first.
    """
    by = order.within(ORDERS, "until" if filters.kept else "since")
    page = read_page(_loaded(review_items(actor, filters)), ORDERS, by, limit=limit, cursor=cursor)
    return page.with_rows([_row(one) for one in page.rows])


def references_listed(actor: Actor, filters: ReviewFilters, *, limit: int) -> list[str]:
    """Return the references of at most `limit` versions that match, oldest reason first: one query."""
    rows = review_items(actor, filters).order_by("review_item__since", "pk")
    return [f"{slug}@{number}" for slug, number in rows.values_list("environment__slug", "number")[:limit]]


def rows_named(actor: Actor, references: Collection[str]) -> dict[str, ReviewRow]:
    """Return the rows of these versions by reference, kept ones, too: one query."""
    rows = Version.objects.filter(review_item__workspace_id=actor.workspace_id).annotate(
        name=Concat("environment__slug", Value("@"), Cast("number", CharField()), output_field=CharField())
    )
    slugs = {one.partition("@")[0] for one in references}
    found = _loaded(rows.filter(environment__slug__in=slugs, name__in=list(references)))
    return {row.reference: row for row in map(_row, found)}


def totals(actor: Actor, filters: ReviewFilters) -> Totals:
    """Return the totals of all rows that match: one query."""
    found = review_items(actor, filters).order_by().aggregate(versions=Count("pk"), frees=Sum("review_item__frees"))
    return Totals(versions=found["versions"], frees=found["frees"] or 0)


def counts_by_reason(actor: Actor, filters: ReviewFilters) -> dict[str, int]:
    """Return how many rows match with each reason, whichever reason the filters name: one query."""
    rows = review_items(actor, replace(filters, reason="")).order_by().annotate(kinds=KINDS)
    columns = {str(kind): str(kind).replace("-", "_") for kind in ReasonKind}
    counted = {column: Count("pk", filter=Q(kinds__contains=f'"kind": "{kind}"')) for kind, column in columns.items()}
    found: dict[str, int] = rows.aggregate(**counted)
    return {kind: found[column] for kind, column in columns.items()}


def owners_listed(actor: Actor, *, limit: int = 200) -> list[str]:
    """Return the owners of the environments in the list: one query."""
    rows = ReviewItem.objects.filter(workspace_id=actor.workspace_id)
    name = "version__environment__owner__username"
    return list(rows.order_by(name).values_list(name, flat=True).distinct()[:limit])


def row_document(row: ReviewRow) -> dict[str, Any]:
    """Return a row as the API shows it."""
    found = asdict(row)
    return {name: value for name, value in found.items() if name not in {"pk", "revision"}} | {
        "reference": row.reference
    }


def _loaded(rows: QuerySet[Version]) -> QuerySet[Version]:
    return rows.select_related("environment__owner", "kept__by", "review_item").defer("spec")


def _row(version: Version) -> ReviewRow:
    item, kept = getattr(version, "review_item", None), getattr(version, "kept", None)
    return ReviewRow(
        pk=version.pk,
        environment=version.environment.slug,
        version=version.number,
        title=version.environment.title,
        status=version.status,
        owner=version.environment.owner.get_username(),
        reasons=tuple(item.reasons) if item else (),
        since=item.since if item else None,
        people=item.people if item else 0,
        projects=item.projects if item else 0,
        derived=item.derived if item else 0,
        frees=item.frees if item else 0,
        proposal=item.proposal if item else NOTHING,
        revision=version.revision,
        kept=KeptUntil(until=kept.until, reason=kept.reason, by=kept.by.get_username(), at=kept.at) if kept else None,
    )
