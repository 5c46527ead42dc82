"""`/usage`: people, launches, hours, bytes and costs of versions, environments, owners and groups; and per day."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query, Router, Schema

from assay.api.access import Caller, needs
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Items
from assay.core.errors import InvalidInputError
from assay.core.prices import Prices
from assay.core.roles import Right
from assay.core.usage import DEFAULT_PERIOD, PERIODS, day_of
from assay.flow.access import find_environment
from assay.flow.usage.prices import current_prices
from assay.store.reads.daily_use import Day, days_of_environment, days_of_workspace
from assay.store.reads.ordering import Order
from assay.store.reads.usage_table import UsageFilters, UsageRow, usage_rows

router = Router(tags=["Usage"])
Days = Annotated[int, Query(ge=1, le=max(PERIODS), description=f"Days up to today, 1 to {max(PERIODS)}.")]
Sort = Literal["people", "launches", "runs", "hours", "last_used", "size", "own_size", "cost"]
By = Literal["version", "environment", "owner", "group"]


class UsageIn(Schema):
    """The period, what a row is, which rows, and their order."""

    days: int = DEFAULT_PERIOD
    by: By = "version"
    show: Literal["all", "used", "unused"] = "all"
    environment: str = ""
    owner: str = ""
    group: str = ""
    sort: Sort = "launches"


@router.get("/usage", response=Items)
@needs(Right.REVIEW)
def usage(
    request: Caller,
    workspace: str,
    given: Query[UsageIn],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List versions by their use in the last 7, 30, 90 or 365 `days`, most first.

    `last_used` is a day, also before the period. `own_size` are the bytes that retiring would free. `cost` is null
    while no prices are set; `imported`, of `libraries`, is null while no session was recorded. `by` groups otherwise:
    rows of owners and team groups have a `name` and count `environments`.
    """
    if given.days not in PERIODS:
        known = ", ".join(map(str, PERIODS))
        raise InvalidInputError(
            f"There are no sums of {given.days} days.", hint=f"Choose one of {known}.", path="days"
        )
    filters = UsageFilters(**given.dict(exclude={"sort"}))
    prices = current_prices()
    order = Order(name=given.sort, descending=True)
    page = usage_rows(request.actor.workspace_id, filters, order, limit, cursor)
    return {"items": [_document(one, filters, prices) for one in page.rows], "next": page.next or None}


def _document(row: UsageRow, filters: UsageFilters, prices: Prices) -> dict[str, Any]:
    grouped = filters.by in {"owner", "group"}
    what: dict[str, Any] = (
        {"name": row.name, "environments": row.environments}
        if grouped
        else {"environment": row.slug, "version": row.version, "status": row.status, "owner": row.owner}
    )
    found = what | {
        "people": row.people,
        "launches": row.launches,
        "runs": row.runs,
        "hours": round(row.hours, 2),
        "last_used": row.last_day,
        "size": row.size,
        "own_size": row.own_size,
        "cost": round(row.cost, 4) if prices.known else None,
        "currency": prices.currency if prices.known else None,
    }
    return found if grouped else found | {"imported": row.imported, "libraries": row.libraries}


@router.get("/usage/daily", response=Items)
@needs(Right.REVIEW)
def daily(
    request: Caller,
    workspace: str,
    environment: str = "",
    days: Days = DEFAULT_PERIOD,
) -> dict[str, Any]:
    """List the use of each of the last days (UTC), oldest first.

    It is that of an environment, or of the whole workspace. Hours ran on that day; launches
    started on it. Days without use are listed, too.
    """
    today = day_of(timezone.now())
    if environment:
        rows = days_of_environment(find_environment(request.actor, environment).pk, days, today)
    else:
        rows = days_of_workspace(request.actor.workspace_id, days, today)
    return {"items": [_day(one) for one in rows], "next": None}


def _day(one: Day) -> dict[str, Any]:
    return {
        "day": one.day,
        "people": one.people,
        "launches": one.launches,
        "runs": one.runs,
        "hours": round(one.hours, 2),
    }
