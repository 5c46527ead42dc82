"""The catalogue of environments, loaded with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from assay.core.lifecycle import NOT_ASSESSED, Health, Status, shown_health
from assay.core.maintenance.rollout import RolloutState
from assay.core.roles import Actor, Right
from assay.store.models import Environment, Launch
from assay.store.reads.behind import COLUMNS as BEHIND
from assay.store.reads.behind import is_behind, newer_base
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order
from assay.store.reads.rollouts import pilots_of
from assay.store.reads.usage import RECENT, Use, recent_use


@dataclass(frozen=True, kw_only=True)
class CatalogueRow:
    """One environment with its active version, else the latest one that the actor may see. `size` is in bytes.

    `pilot` is the version that its name means to the actor as a member of a pilot group; `rollout` is the state of
    the roll-out in progress, '' without one. `behind` is the newer version of its base, if there is one.
    """

    slug: str
    title: str
    description: str
    status: str
    version: int
    health: str
    python: str
    base: str | None
    owner: str
    libraries: int
    size: int
    updated: datetime
    published: datetime | None
    people_30d: int
    runtimes_30d: int
    tags: tuple[str, ...]
    building: str
    pilot: int | None
    rollout: str
    behind: str | None
    template: bool


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Filters of the catalogue; '' is no filter."""

    text: str = ""
    library: str = ""
    python: str = ""
    base: str = ""
    owner: str = ""
    status: str = ""
    health: str = ""
    behind: bool = False
    template: bool = False


def catalogue(actor: Actor, filters: Filters, *, limit: int, after: str = "") -> list[CatalogueRow]:
    """Return at most `limit` rows ordered by short name after `after`: two queries, and two more for pilots."""
    found = _filtered(actor, filters).filter(slug__gt=after).order_by("slug")
    return _rows(actor, list(found.values(*_columns())[:limit]))


def catalogue_page(actor: Actor, filters: Filters, order: Order, limit: int, cursor: str = "") -> Page[CatalogueRow]:
    """Return a page of rows sorted by a column: two queries, and two more for pilots."""
    columns, found = _orders(), _filtered(actor, filters).values(*_columns())
    page = read_page(found, columns, order.within(columns, "environment"), limit=limit, cursor=cursor)
    return page.with_rows(_rows(actor, page.rows))


def _orders() -> Columns:
    """Return the sort expression of each column, for the active version or else the latest one."""
    fields = {"version": "number", "python": "python", "libraries": "lock__libraries_count", "size": "lock__size"}
    fields |= {"health": "health", "published": "published_at"}
    recent = Launch.objects.filter(environment=OuterRef("pk"), started_at__gte=timezone.now() - RECENT)
    people = recent.order_by().values("environment").annotate(people=Count("person", distinct=True))
    return {
        "environment": Lower("title"),
        "owner": F("owner__username"),
        "users": Coalesce(Subquery(people.values("people")), 0),
        **{name: Coalesce(f"active__{field}", f"latest__{field}") for name, field in fields.items()},
    }


def _rows(actor: Actor, rows: Sequence[dict[str, Any]]) -> list[CatalogueRow]:
    pilots = pilots_of(actor) if any(row["rollout__state"] == RolloutState.PILOT for row in rows) else {}
    use = recent_use([row["pk"] for row in rows])
    return [_row(row, use.get(row["pk"], Use()), pilot=row["pk"] in pilots) for row in rows]


def count(actor: Actor, filters: Filters) -> int:
    """Return how many environments match the filters: one query."""
    return _filtered(actor, filters).count()


def _visible(actor: Actor) -> Q:
    seen = Q(active__isnull=False) | Q(owner_id=actor.id)
    return seen | Q(latest__status=Status.PENDING) if actor.has(Right.REVIEW) else seen


def _filtered(actor: Actor, filters: Filters) -> QuerySet[Environment]:
    found = Environment.objects.filter(_visible(actor), workspace_id=actor.workspace_id)
    if filters.status == Status.DRAFT:
        found = found.filter(latest__status=Status.DRAFT, latest__author_id=actor.id)
    elif filters.status == Status.PENDING:
        found = found.filter(latest__status=Status.PENDING)
    elif filters.status:
        found = found.filter(active__status=filters.status)
    words = Q(slug__icontains=filters.text) | Q(title__icontains=filters.text)
    if filters.text:
        found = found.filter(words | Q(description__icontains=filters.text))
    if filters.library:
        found = found.filter(active__lock__locked_libraries__name=filters.library)
    if filters.health in {NOT_ASSESSED, Health.OK}:
        found = found.filter(active__assessment__feed__isnull=filters.health == NOT_ASSESSED)
    health = Health.OK if filters.health == NOT_ASSESSED else filters.health
    if filters.behind:
        found = found.filter(is_behind("active__"))
    if filters.template:
        found = found.filter(template=True)
    exact = {"active__python": filters.python, "active__health": health}
    exact |= {"active__base__environment__slug": filters.base, "owner__username": filters.owner}
    return found.filter(**{column: wanted for column, wanted in exact.items() if wanted})


def _columns() -> tuple[str, ...]:
    """Return the columns of a row: of the environment, its newest and its latest version."""
    own = (
        "pk",
        "slug",
        "title",
        "description",
        "owner__username",
        "updated_at",
        "tags",
        "template",
        "active_id",
        "latest_id",
    )
    pilot = ("rollout__state", "rollout__version__number")
    of_version = (
        "status",
        "number",
        "health",
        "python",
        "published_at",
        "base__number",
        "base__environment__slug",
        "lock__libraries_count",
        "lock__size",
        "build__state",
        "assessment__feed",
        *(name for name in BEHIND if name not in {"base__number", "base__environment__slug"}),
    )
    return own + pilot + tuple(f"{which}__{column}" for which in ("active", "latest") for column in of_version)


def _row(found: dict[str, Any], use: Use, *, pilot: bool) -> CatalogueRow:
    """Return a row from its columns, for the active version or else the latest one."""
    which = "active" if found["active_id"] else "latest"

    def of(column: str) -> Any:  # noqa: ANN401 - a column's value
        return found[f"{which}__{column}"]

    base = of("base__environment__slug")
    return CatalogueRow(
        slug=found["slug"],
        title=found["title"],
        description=found["description"],
        status=of("status"),
        version=of("number"),
        health=shown_health(of("health"), assessed=of("assessment__feed") is not None),
        python=of("python"),
        base=f"{base}@{of('base__number')}" if base else None,
        owner=found["owner__username"],
        libraries=of("lock__libraries_count") or 0,
        size=of("lock__size") or 0,
        updated=found["updated_at"],
        published=of("published_at"),
        people_30d=use.people,
        runtimes_30d=use.runtimes,
        tags=tuple(found["tags"]),
        template=found["template"],
        pilot=found["rollout__version__number"] if pilot else None,
        rollout=found["rollout__state"] or "",
        behind=newer_base(found, f"{which}__") if base else None,
        building=of("build__state") or "" if of("status") == Status.DRAFT else "",
    )
