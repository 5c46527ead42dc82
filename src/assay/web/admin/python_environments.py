"""Admin → Python Environments and Admin → Audit log: submissions with their decisions, and all events."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render

from assay.core.roles import Right, check_right
from assay.store.reads.audit_log import EventFilters, EventRow, event_rows
from assay.store.reads.reviews import TABS, QueueRow, counts, queue
from assay.web.access import Visit, page
from assay.web.tables import Column, QueryTable

PAGE = 50


EVENTS: tuple[Column[EventRow], ...] = (
    Column(name="sequence", label="No.", value=lambda row: row.sequence, number=True),
    Column(name="at", label="Time", value=lambda row: row.at),
    Column(name="actor", label="Actor", value=lambda row: row.actor),
    Column(name="name", label="Event", value=lambda row: row.name),
    Column(name="environment", label="Environment", value=lambda row: row.environment),
    Column(name="version", label="Version", value=lambda row: row.version, shown=False, sorts=False),
    Column(name="hash", label="Hash", value=lambda row: row.hash, sorts=False),
)


def submission_columns(tab: str) -> tuple[Column[QueueRow], ...]:
    """Return the columns of a tab."""
    return (
        Column(name="environment", label="Environment", value=lambda row: row.reference),
        Column(name="author", label="Author", value=lambda row: row.author),
        Column(name="base", label="Base", value=lambda row: row.base or row.python),
        Column(name="changes", label="Changes", value=lambda row: row.changes.get("summary", ""), sorts=False),
        Column(name="libraries", label="Libraries", value=lambda row: row.libraries, number=True),
        Column(name="size", label="Size", value=lambda row: row.size, number=True),
        Column(name="blocking", label="Findings", value=lambda row: row.blocking, sorts=False),
        Column(name="warnings", label="Warnings", value=lambda row: row.warnings, shown=False, sorts=False),
        Column(name="checks_failed", label="Checks", value=lambda row: row.checks_failed, sorts=False),
        Column(name="since", label="Submitted" if tab == "pending" else "Updated", value=lambda row: row.since),
    )


@page(Right.REVIEW)
def admin_environments(request: Visit) -> HttpResponseBase:
    """List versions by status, pending ones oldest first."""
    tab = request.GET.get("tab", "pending")
    tab = tab if tab in TABS else "pending"
    table = QueryTable(
        request,
        submission_columns(tab),
        name="submissions",
        default="since" if tab == "pending" else "-since",
        size=PAGE,
        reads=lambda order, limit, cursor: queue(request.actor, tab, limit=limit, cursor=cursor, order=order),
    )
    if table.exported:
        return table.export()
    context = {"tab": tab, "tabs": list(counts(request.actor).items()), "table": table}
    return render(request, "admin/python_environments.html", context)


@page(Right.SEE)
def audit(request: Visit) -> HttpResponseBase:
    """Show the audit log: all events to administrators; to others, public events and their own."""
    given = {name: request.GET.get(name, "").strip()[:64] for name in ("environment", "actor", "name")}
    filters = EventFilters(**given)
    table = QueryTable(
        request,
        EVENTS,
        name="events",
        default="-sequence",
        size=PAGE,
        reads=lambda order, limit, cursor: event_rows(request.actor, filters, order, limit, cursor),
    )
    if table.exported:
        check_right(request.actor, Right.ADMINISTER)
        return table.export()
    context = {"table": table, "filters": given, "may_export": request.actor.has(Right.ADMINISTER)}
    return render(request, "admin/audit.html", context)
