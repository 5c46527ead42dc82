"""Admin → Usage: people, launches, runs and hours per day; use, disk space and cost of each environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from assay.core.formatting import format_bytes, format_money
from assay.core.prices import Prices
from assay.core.roles import Right
from assay.core.usage import DEFAULT_PERIOD, day_of
from assay.flow.access import find_environment
from assay.flow.usage.prices import current_prices
from assay.store.models import Environment, UsageSummary
from assay.store.reads.daily_use import Day, days_of_environment, days_of_workspace
from assay.store.reads.keyset import Page
from assay.store.reads.ordering import Order
from assay.store.reads.usage_table import (
    BY,
    SHOW,
    UsageFilters,
    UsageRow,
    UsageTotals,
    usage_rows,
    usage_totals,
    workspace_usage,
)
from assay.web.access import Visit, page
from assay.web.charts import Chart, amount_text, bar_chart, change_since
from assay.web.exports import FORMATS, export
from assay.web.tables import Column, QueryTable

PAGE = 50
SHOWN_PERIODS = (30, 90, 365)
LABELS = {"environment": "Environment", "version": "Version", "group": "Team group", "owner": "Owner"}
SHOW_LABELS = {"all": "All", "used": "Used", "unused": "Not used"}
OWN = "Bytes that retiring would free: no other environment uses them"
OWN_OF_VERSION = "Bytes that retiring would free: no other version uses them"
OWN_OF_OWNER = "Sum of the bytes that retiring each environment alone would free"
SIZE_OF_OWNER = "Sum of the environments; files that they share count several times"
COST = "Hours and own bytes in this period, at the prices of the settings"
IMPORTED = "Libraries imported in recorded sessions of this period, of all libraries"
LAST = "Day of the last launch, also before this period"
DAYS = ("day", "people", "launches", "runs", "hours")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A figure about the list; `unused` leads to the environments without use."""

    figure: str
    label: str
    hint: str = ""
    unused: bool = False


def _named(by: str) -> tuple[Column[UsageRow], ...]:
    """Return the columns that say what a row is about."""
    if by in {"owner", "group"}:
        name: Column[UsageRow] = Column(name="name", label=LABELS[by], value=lambda row: row.name)
        return (
            name,
            Column(name="environments", label="Environments", value=lambda row: row.environments, number=True),
        )
    return (
        Column(name="environment", label="Environment", value=lambda row: row.slug),
        Column(name="version", label="Version", value=lambda row: row.version, shown=False, sorts=False),
        Column(name="status", label="Status", value=lambda row: row.status, shown=False, sorts=False),
        Column(name="owner", label="Owner", value=lambda row: row.owner),
    )


def _columns(by: str, *, costs: bool) -> tuple[Column[UsageRow], ...]:
    own = {"version": OWN_OF_VERSION, "environment": OWN}.get(by, OWN_OF_OWNER)
    size = SIZE_OF_OWNER if by in {"owner", "group"} else ""
    cost: Column[UsageRow] = Column(
        name="cost", label="Cost", value=lambda row: round(row.cost, 4), number=True, hint=COST
    )
    imports: tuple[Column[UsageRow], ...] = (
        Column(
            name="imported",
            label="Imported",
            value=lambda row: row.imported,
            shown=by == "version",
            sorts=False,
            number=True,
            hint=IMPORTED,
        ),
        Column(name="libraries", label="Libraries", value=lambda row: row.libraries, shown=False, sorts=False),
    )
    return (
        *_named(by),
        Column(name="people", label="People", value=lambda row: row.people, number=True),
        Column(name="launches", label="Launches", value=lambda row: row.launches, number=True),
        Column(name="runs", label="Runs", value=lambda row: row.runs, number=True, hint="Launches by projects"),
        Column(name="hours", label="Hours", value=lambda row: round(row.hours, 2), number=True),
        Column(name="last_used", label="Last used", value=lambda row: row.last_day, hint=LAST),
        Column(name="size", label="Size", value=lambda row: row.size, number=True, hint=size),
        Column(name="own_size", label="Own", value=lambda row: row.own_size, number=True, hint=own),
        *((cost,) if costs else ()),
        *(imports if by in {"environment", "version"} else ()),
    )


def read_filters(request: Visit) -> UsageFilters:
    """Return the filters of the address; what is not known is left out."""
    given = {name: request.GET.get(name, "").strip()[:200] for name in ("text", "environment", "owner", "group")}
    days = request.GET.get("days", "")
    by, show = request.GET.get("by", ""), request.GET.get("show", "")
    return UsageFilters(
        days=int(days) if days in map(str, SHOWN_PERIODS) else DEFAULT_PERIOD,
        by=by if by in BY else BY[0],
        show=show if show in SHOW else SHOW[0],
        **given,
    )


@page(Right.REVIEW)
def usage(request: Visit) -> HttpResponseBase:
    """Show the use of the workspace or of one environment, and a table of what is used, takes space and costs."""
    filters, prices = read_filters(request), current_prices()
    workspace, today = request.actor.workspace_id, day_of(timezone.now())
    environment = find_environment(request.actor, filters.environment) if filters.environment else None

    def reads(order: Order, limit: int, cursor: str) -> Page[UsageRow]:
        return usage_rows(workspace, filters, order, limit, cursor)

    columns = _columns(filters.by, costs=prices.known)
    table = QueryTable(
        request, columns, name="usage", default="-cost" if prices.known else "-launches", size=PAGE, reads=reads
    )
    if table.exported:
        return table.export()
    both = _days(workspace, environment, 2 * filters.days, today)
    before, days = both[: filters.days], both[filters.days :]
    daily = request.GET.get("daily", "")
    if daily in FORMATS:
        rows = ({name: getattr(one, name) for name in DAYS} | {"hours": round(one.hours, 2)} for one in days)
        return export(daily, "usage-by-day", DAYS, rows)
    people, size = workspace_usage(workspace, filters.days)
    if environment:
        people = _people(environment, filters.days)
    context = {
        "table": table,
        "filters": filters,
        "environment": environment,
        "charts": _charts(days, before, people),
        "facts": _facts(usage_totals(workspace, filters), size, filters, prices),
        "prices": prices,
        "periods": [(one, table.url(days=str(one))) for one in SHOWN_PERIODS],
        "by": list(LABELS.items()),
        "shows": list(SHOW_LABELS.items()),
        "unused_url": table.url(show="unused"),
        "daily": [(name.upper(), table.url(daily=name)) for name in FORMATS],
        "grouped": filters.by in {"owner", "group"},
    }
    return render(request, "admin/usage.html", context)


def _days(workspace: int, environment: Environment | None, days: int, today: date) -> list[Day]:
    if environment:
        return days_of_environment(environment.pk, days, today)
    return days_of_workspace(workspace, days, today)


def _people(environment: Environment, days: int) -> int:
    rows = UsageSummary.objects.filter(environment=environment, days=days)
    return rows.values_list("people", flat=True).first() or 0


def _charts(days: Sequence[Day], before: Sequence[Day], people: int) -> list[Chart]:
    """Return a chart for each figure. People are counted once in the period, so bars do not add up to the total."""
    found = [bar_chart("People", days, lambda one: one.people, total=f"{people:,}", mean=True)]
    for label, name in (("Launches", "launches"), ("Runs", "runs"), ("Hours", "hours")):
        total, earlier = (sum(getattr(one, name) for one in part) for part in (days, before))
        change = change_since(total, earlier, len(days))
        found.append(bar_chart(label, days, attrgetter(name), total=amount_text(total), change=change))
    return found


def _facts(totals: UsageTotals, size: int, filters: UsageFilters, prices: Prices) -> list[Fact]:
    """Return what this list takes and costs, and what retiring the unused ones would save."""

    def monthly(count: int) -> str:
        return f", {format_money(prices.per_month(count), prices.currency)} a month" if prices.storage else ""

    noun = "environment" if totals.environments == 1 else "environments"
    facts = [Fact(figure=f"{totals.environments:,}", label=f"{noun} in this list")]
    if prices.known:
        cost = format_money(totals.cost, prices.currency)
        facts.append(Fact(figure=cost, label=f"cost of this list in {filters.days} days", hint=COST))
    unused = f"unused in {filters.days} days"
    if totals.unused:
        freed = monthly(totals.unused_own_size)
        unused = f"not used in {filters.days} days; retiring these {totals.unused:,} frees that{freed}"
    return [
        *facts,
        Fact(figure=format_bytes(totals.own_size), label="own bytes of this list", hint=OWN),
        Fact(
            figure=format_bytes(totals.unused_own_size),
            label=unused,
            hint="Own bytes of the environments without any launch in this period",
            unused=bool(totals.unused),
        ),
        Fact(
            figure=format_bytes(size),
            label=f"all files of the workspace{monthly(size)}",
            hint="Files that several versions share count once",
        ),
    ]
