"""Active and expired waivers, and open health entries of published versions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from assay.core.policy.findings import Waiver as WaiverValue
from assay.store.models import HealthIssue, Waiver
from assay.store.reads.ordering import Columns

SOON = timedelta(days=14)
WAIVER_ORDERS: Columns = {
    "version": F("version__environment__slug"),
    "by": F("by__username"),
    "since": F("at"),
    "until": F("until"),
}
ENTRY_ORDERS: Columns = {
    "version": F("version__environment__slug"),
    "health": F("version__health"),
    "since": F("opened_at"),
}


def waivers_in(environment_id: int) -> list[WaiverValue]:
    """Return every waiver of an environment, newest first, including expired ones."""
    rows = Waiver.objects.filter(environment_id=environment_id).select_related("by").order_by("-at")
    return [
        WaiverValue(key=one.key, reason=one.reason, by=one.by.get_username(), at=one.at, until=one.until)
        for one in rows
    ]


def live_keys(
    workspace_id: int, now: datetime, environments: Collection[int] | None = None
) -> dict[int, frozenset[str]]:
    """Return the keys of the findings that are waived now, by environment id: of all, or of these."""
    found: dict[int, set[str]] = {}
    rows = Waiver.objects.filter(_live(now), environment__workspace_id=workspace_id)
    if environments is not None:
        rows = rows.filter(environment__in=environments)
    for environment, key in rows.values_list("environment_id", "key"):
        found.setdefault(environment, set()).add(key)
    return {environment: frozenset(keys) for environment, keys in found.items()}


def expired_keys(workspace_id: int, now: datetime) -> dict[int, frozenset[str]]:
    """Return the keys of findings whose waivers have all expired, by environment id."""
    live, found = live_keys(workspace_id, now), dict[int, set[str]]()
    rows = Waiver.objects.filter(until__lte=now, environment__workspace_id=workspace_id)
    for environment, key in rows.values_list("environment_id", "key"):
        if key not in live.get(environment, ()):
            found.setdefault(environment, set()).add(key)
    return {environment: frozenset(keys) for environment, keys in found.items()}


def _live(now: datetime) -> Q:
    return Q(until=None) | Q(until__gt=now)


def waiver_rows(workspace_id: int) -> QuerySet[Waiver]:
    """Return all waivers of a workspace, ordered by expiry."""
    rows = Waiver.objects.filter(environment__workspace_id=workspace_id)
    return rows.select_related("environment", "version__environment", "by").order_by("until", "pk")


def waivers_with(rows: QuerySet[Waiver], text: str) -> QuerySet[Waiver]:
    """Return the waivers whose environment, finding, reason or author contains a text; all for ''."""
    if not text:
        return rows
    facts = rows.annotate(fact=Cast("finding", TextField()))
    fields = ("environment__slug", "environment__title", "fact", "reason", "by__username")
    wanted = Q()
    for field in fields:
        wanted |= Q(**{f"{field}__icontains": text})
    return facts.filter(wanted)


def waivers_by_state(rows: QuerySet[Waiver], now: datetime, *, ended: bool) -> QuerySet[Waiver]:
    """Return the active waivers, or with `ended` the expired ones."""
    return rows.filter(until__lte=now) if ended else rows.filter(_live(now))


def state_of(waiver: Waiver, now: datetime) -> str:
    """Return `expired`, `expires soon` or `holds`."""
    if waiver.until is None:
        return "holds"
    if waiver.until <= now:
        return "expired"
    return "expires soon" if waiver.until - now < SOON else "holds"


def open_entries(workspace_id: int) -> QuerySet[HealthIssue]:
    """Return the open health entries of a workspace, oldest first."""
    rows = HealthIssue.objects.filter(closed_at=None, version__environment__workspace_id=workspace_id)
    return rows.select_related("version__environment").order_by("opened_at", "pk")


def entries_with(rows: QuerySet[HealthIssue], text: str) -> QuerySet[HealthIssue]:
    """Return the entries whose environment or findings contain a text; all for ''."""
    if not text:
        return rows
    named = Q(version__environment__slug__icontains=text) | Q(version__environment__title__icontains=text)
    facts = rows.annotate(facts=Cast("findings", TextField()))
    return facts.filter(named | Q(facts__icontains=text))
