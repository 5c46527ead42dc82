"""The catalogue of environments, loaded with a fixed number of queries."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower

from assay.core.lifecycle import NOT_ASSESSED, Health, Status, shown_health
from assay.core.maintenance.rollout import RolloutState
from assay.core.roles import Actor, Right, Role
from assay.store.models import Environment, Version
from assay.store.reads.behind import is_behind, newer_number
from assay.store.reads.counting import bounded_counts
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order
from assay.store.reads.rollouts import pilots_of
from assay.store.reads.usage import Use, recent_use
from assay.store.statements import Parameter, Parameters, Statement, Values


@dataclass(frozen=True, kw_only=True, eq=False)  # equal to itself only: what is made of a row is kept under the row
class CatalogueRow:
    """One environment with its active version, else the latest one that the actor may see. `size` is in bytes.

    The same values of the database make the same object (`_row`).

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


UNUSED = Use()
KEPT = 4096  # rows in memory, about 2 KB each
CHOICES = ("status", "health", "behind", "template")  # filters with few values, which change what is asked


def catalogue(actor: Actor, filters: Filters, *, limit: int, after: str = "") -> list[CatalogueRow]:
    """Return at most `limit` rows ordered by short name after `after`: three queries, and two more for pilots."""
    given, shape = _given(filters)
    statement = _by_slug(actor.role, actor.scope, shape)
    rows = statement.rows(limit=limit, actor=actor.id, workspace=actor.workspace_id, after=after, **given)
    return _rows(actor, rows)


def _given(filters: Filters) -> tuple[dict[str, Any], Filters]:
    """Return the values of the filters that become parameters, and the filters without them: what is asked."""
    given: dict[str, Any] = {name: value for name, value in vars(filters).items() if value and name not in CHOICES}
    return given, replace(filters, **dict.fromkeys(given, "given"))  # type: ignore[arg-type]  # the texts among them


def _open(role: Role, scope: Right | None, shape: Filters) -> tuple[Actor, Filters]:
    """Return an actor and filters whose values are parameters of a statement."""
    places: Any = {name: Parameter(name) for name, value in vars(shape).items() if value and name not in CHOICES}
    person: Any = Parameter("actor")
    workspace: Any = Parameter("workspace")
    return Actor(id=person, name="", role=role, workspace_id=workspace, scope=scope), replace(shape, **places)


@lru_cache(maxsize=64)  # combinations of filters
def _by_slug(role: Role, scope: Right | None, shape: Filters) -> Statement[Values]:
    """Return the statement of the catalogue ordered by short name; filters that are set become parameters."""
    actor, filters = _open(role, scope, shape)
    return Statement(
        lambda: _filtered(actor, filters).filter(slug__gt=Parameter("after")).order_by("slug").values_list(*COLUMNS)
    )


def catalogue_page(actor: Actor, filters: Filters, order: Order, limit: int, cursor: str = "") -> Page[CatalogueRow]:
    """Return a page of rows sorted by a column: four queries, and two more for pilots.

    People are sorted by the sums that the worker keeps up, and shown as they are now.
    """
    by = order.within(ORDERS, "environment")
    page = read_page(_filtered(actor, filters).values("pk"), ORDERS, by, limit=limit, cursor=cursor)
    ids = [row["pk"] for row in page.rows]
    found = {row[PK]: row for row in BY_ID.rows(ids=ids)}
    return page.with_rows(_rows(actor, [found[pk] for pk in ids if pk in found]))


ORDERS: Columns = {
    "environment": Lower("title"),
    "owner": F("owner_name"),
    "version": F("shown_number"),
    "python": F("shown_python"),
    "libraries": F("shown_libraries"),
    "size": F("shown_size"),
    "health": F("shown_health"),
    "published": F("shown_published_at"),
    "users": F("recent_people"),
}


def counts(actor: Actor, filters: Filters, statuses: Collection[str]) -> dict[str, int]:
    """Return how many environments match the filters in each status, up to `counting.MOST`: one query."""
    given, shape = _given(replace(filters, status=""))
    statement = _by_status(actor.role, actor.scope, shape, tuple(statuses))
    found: Mapping[str, int] = statement.first(actor=actor.id, workspace=actor.workspace_id, **given) or {}
    return {name: found.get(name, 0) for name in statuses}


@lru_cache(maxsize=64)  # combinations of filters
def _by_status(role: Role, scope: Right | None, shape: Filters, statuses: tuple[str, ...]) -> Statement[Any]:
    """Return the statement that counts the rows of each status; filters that are set become parameters."""
    actor, filters = _open(role, scope, shape)
    return Statement(
        lambda: bounded_counts({name: _filtered(actor, replace(filters, status=name)) for name in statuses})
    )


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


# The columns of an environment. With those of its version and its use, they are all that its row is made of. Times
# and lists are read as text: a row that is kept does not need their values.
COLUMNS: tuple[Any, ...] = (
    "pk",
    "active_id",
    "latest_id",
    "rollout__state",
    "slug",
    "title",
    "description",
    "owner__username",
    "rollout__version__number",
    Cast("template", IntegerField()),
    Cast("updated_at", TextField()),
    Cast("tags", TextField()),
)
PK, ACTIVE, LATEST, ROLLOUT = range(4)
BY_ID = Statement(lambda: Environment.objects.filter(pk__in=Parameters("ids")).values_list(*COLUMNS))
# What a row shows of its active version, or else of the latest one.
VERSION_COLUMNS: tuple[Any, ...] = (
    "pk",
    "status",
    "number",
    "health",
    "python",
    "lock__libraries_count",
    "lock__size",
    "build__state",
    "assessment__feed",
    "base__environment__slug",
    "base__number",
    newer_number(),
    Cast("published_at", TextField()),
)
SHOWN = Statement(lambda: Version.objects.filter(pk__in=Parameters("versions")).values_list(*VERSION_COLUMNS))


def _rows(actor: Actor, rows: Sequence[Values]) -> list[CatalogueRow]:
    """Return the rows of environments from their `COLUMNS`."""
    pilots = pilots_of(actor) if any(row[ROLLOUT] == RolloutState.PILOT for row in rows) else {}
    use = recent_use([row[PK] for row in rows])
    versions = SHOWN.rows(versions=[row[ACTIVE] or row[LATEST] for row in rows])
    shown = {one[PK]: one for one in versions}
    return [_row(row, shown[row[ACTIVE] or row[LATEST]], use.get(row[PK], UNUSED), row[PK] in pilots) for row in rows]


@lru_cache(maxsize=KEPT)
def _row(found: Values, version: Values, use: Use, is_pilot: bool) -> CatalogueRow:  # noqa: FBT001 - a key has no names
    """Return a row from the columns of an environment and of the version that it shows.

    It is kept under these values, which are read anew at each request.
    """
    _, _, _, rollout, slug, title, description, owner, pilot, template, updated, tags = found
    _, status, number, health, python, libraries, size, building, feed, base, base_number, newer, published = version
    return CatalogueRow(
        slug=slug,
        title=title,
        description=description,
        status=status,
        version=number,
        health=shown_health(health, assessed=feed is not None),
        python=python,
        base=f"{base}@{base_number}" if base else None,
        owner=owner,
        libraries=libraries or 0,
        size=size or 0,
        updated=_time(updated),
        published=_time(published) if published else None,
        people_30d=use.people,
        runtimes_30d=use.runtimes,
        tags=tuple(json.loads(tags)),
        template=bool(template),
        pilot=pilot if is_pilot else None,
        rollout=rollout or "",
        behind=f"{base}@{newer}" if newer else None,
        building=building or "" if status == Status.DRAFT else "",
    )


def _time(text: str) -> datetime:
    """Return a time that the database wrote as text; SQLite does not say that it is in UTC."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
