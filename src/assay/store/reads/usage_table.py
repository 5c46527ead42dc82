"""Rows of the usage page and the API: by environment, version, owner or team group, and the totals of a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.db.models import Count, F, Model, Q, QuerySet, Sum
from django.db.models.functions import Lower

from assay.core.usage import DEFAULT_PERIOD
from assay.store.models import GroupUsage, Membership, UsageSummary, VersionUsage, WorkspaceUsage
from assay.store.reads.facts import in_parts
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order

M = TypeVar("M", bound=Model)
BY = ("environment", "version", "group", "owner")
SHOW = ("all", "used", "unused")
USED = Q(launches__gt=0) | Q(seconds__gt=0)
PRESENT = USED | Q(size__gt=0)
SUMS = ("people", "launches", "runs", "seconds", "last_day", "size", "own_size", "cost")
SORTS: Columns = {
    "hours": F("seconds"),
    "last_used": F("last_day"),
    **{name: F(name) for name in ("people", "launches", "runs", "size", "own_size", "cost", "environments")},
}


@dataclass(frozen=True, kw_only=True)
class UsageFilters:
    """Which rows are wanted. '' is no filter; `text` is part of a short name or title, `group` one of the owner."""

    days: int = DEFAULT_PERIOD
    by: str = "environment"
    show: str = "all"
    text: str = ""
    environment: str = ""
    owner: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """The use of one environment, version, owner or team group in a period.

    `version` is that of the row, or the active one of an environment; `imported` is how many of its `libraries` were
    imported, None when no session was recorded. `last_day` may lie before the period. `environments` counts those of
    an owner or a group; `slug`, `title` and `version` are empty then, and `name` is the owner's or the group's.
    """

    name: str = ""
    slug: str = ""
    title: str = ""
    owner: str = ""
    version: int | None = None
    status: str = ""
    environments: int = 1
    people: int
    launches: int
    runs: int
    seconds: float
    last_day: date | None
    size: int
    own_size: int
    cost: float
    libraries: int | None = None
    imported: int | None = None

    @property
    def hours(self) -> float:
        """The time that launches ran, in hours."""
        return self.seconds / 3600


@dataclass(frozen=True, kw_only=True)
class UsageTotals:
    """The sums of a list of environments; `unused` are those without any use in the period."""

    environments: int
    launches: int
    runs: int
    seconds: float
    cost: float
    own_size: int
    unused: int
    unused_own_size: int


def usage_rows(
    workspace_id: int, filters: UsageFilters, order: Order, limit: int, cursor: str = ""
) -> Page[UsageRow]:
    """Return a page of rows sorted by a column: two queries, one more for a group and for imports."""
    if filters.by == "version":
        return _version_rows(workspace_id, filters, order, limit, cursor)
    if filters.by in {"owner", "group"}:
        return _group_rows(workspace_id, filters, order, limit, cursor)
    return _environment_rows(workspace_id, filters, order, limit, cursor)


def usage_totals(workspace_id: int, filters: UsageFilters) -> UsageTotals:
    """Return the sums of the environments that match the filters: one query, one more for a group."""
    unused = Q(launches=0, seconds__lte=0)
    found = _environments(workspace_id, filters).aggregate(
        environments=Count("pk"),
        unused=Count("pk", filter=unused),
        unused_own_size=Sum("own_size", filter=unused, default=0),
        **{f"sum_{name}": Sum(name, default=0) for name in ("launches", "runs", "seconds", "cost", "own_size")},
    )
    return UsageTotals(**{name.removeprefix("sum_"): value for name, value in found.items()})


def workspace_usage(workspace_id: int, days: int) -> tuple[int, int]:
    """Return the people of a workspace in a period, and the bytes of all its files, each once: one query."""
    rows = WorkspaceUsage.objects.filter(workspace=workspace_id, days=days)
    return rows.values_list("people", "size").first() or (0, 0)


def _environments(workspace_id: int, filters: UsageFilters) -> QuerySet[UsageSummary]:
    """Return the summaries of environments that take space on disk, or were used in the period."""
    rows = UsageSummary.objects.filter(PRESENT, workspace=workspace_id, days=filters.days)
    return _filtered(rows, workspace_id, filters, "environment")


def _environment_rows(
    workspace_id: int, filters: UsageFilters, order: Order, limit: int, cursor: str
) -> Page[UsageRow]:
    sorts = {"environment": Lower("environment__title"), "owner": F("environment__owner__username"), **SORTS}
    active = "environment__active__"
    columns = {
        "slug": "environment__slug",
        "title": "environment__title",
        "owner": "environment__owner__username",
        "version": f"{active}number",
        "status": f"{active}status",
        "libraries": f"{active}lock__libraries_count",
        "active": "environment__active_id",
    }
    page = _page(_environments(workspace_id, filters), order, sorts, columns, limit, cursor)
    imports = VersionUsage.objects.filter(version__in=[row["active"] for row in page.rows], days=filters.days)
    imported = dict(imports.values_list("version_id", "imported"))
    return page.with_rows(_rows(row | {"imported": imported.get(row.pop("active"))} for row in page.rows))


def _version_rows(workspace_id: int, filters: UsageFilters, order: Order, limit: int, cursor: str) -> Page[UsageRow]:
    """Return rows of versions that take space on disk, or were used in the period."""
    rows = VersionUsage.objects.filter(PRESENT, workspace=workspace_id, days=filters.days)
    rows = _filtered(rows, workspace_id, filters, "version__environment")
    sorts = {
        "environment": Lower("version__environment__title"),
        "owner": F("version__environment__owner__username"),
        "version": F("version__number"),
        **SORTS,
    }
    columns = {
        "slug": "version__environment__slug",
        "title": "version__environment__title",
        "owner": "version__environment__owner__username",
        "version": "version__number",
        "status": "version__status",
        "libraries": "version__lock__libraries_count",
        "imported": "imported",
    }
    page = _page(rows, order, sorts, columns, limit, cursor)
    return page.with_rows(_rows(page.rows))


def _group_rows(workspace_id: int, filters: UsageFilters, order: Order, limit: int, cursor: str) -> Page[UsageRow]:
    rows = GroupUsage.objects.filter(workspace=workspace_id, days=filters.days, by=filters.by)
    if filters.text:
        rows = rows.filter(name__icontains=filters.text)
    if filters.show != "all":
        rows = _by_use(rows, filters.show)
    sorts = {"name": Lower("name"), **SORTS}
    columns = {"name": "name", "environments": "environments"}
    page = _page(rows, order, sorts, columns, limit, cursor)
    return page.with_rows(_rows(page.rows))


def _filtered(rows: QuerySet[M], workspace_id: int, filters: UsageFilters, path: str) -> QuerySet[M]:
    if filters.text:
        named = {f"{path}__slug__icontains": filters.text}, {f"{path}__title__icontains": filters.text}
        rows = rows.filter(Q(**named[0]) | Q(**named[1]))
    if filters.environment:
        rows = rows.filter(**{f"{path}__slug": filters.environment})
    if filters.owner:
        rows = rows.filter(**{f"{path}__owner__username": filters.owner})
    if filters.group:
        rows = rows.filter(**{f"{path}__owner__in": _members(workspace_id, filters.group)})
    return rows if filters.show == "all" else _by_use(rows, filters.show)


def _by_use(rows: QuerySet[M], show: str) -> QuerySet[M]:
    return rows.filter(USED if show == "used" else ~USED)


def _members(workspace_id: int, group: str) -> list[int]:
    """Return the people of a team group: one query."""
    rows = Membership.objects.filter(workspace_id=workspace_id).values_list("person_id", "groups")
    return [person for person, groups in rows if group in groups]


def _page(
    rows: QuerySet[Any], order: Order, sorts: Columns, columns: Mapping[str, str], limit: int, cursor: str
) -> Page[dict[str, Any]]:
    """Return the columns of one page: two queries, so that only the rows of the page are joined with others."""
    page = read_page(rows.values("pk"), sorts, order.within(sorts, "-launches"), limit=limit, cursor=cursor)
    wanted = [row["pk"] for row in page.rows]
    paths = {name: name for name in SUMS} | dict(columns)
    found = {}
    for part in in_parts(wanted):
        found.update({row["pk"]: row for row in rows.order_by().filter(pk__in=part).values("pk", *paths.values())})
    return page.with_rows([{name: found[pk][path] for name, path in paths.items()} for pk in wanted if pk in found])


def _rows(found: Iterable[dict[str, Any]]) -> list[UsageRow]:
    return [UsageRow(**row | {"status": row.get("status") or ""}) for row in found]
