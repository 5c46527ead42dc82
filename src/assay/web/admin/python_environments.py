"""Admin → Python Environments: what waits for a decision, and what was decided."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from assay.core.roles import Right
from assay.store.reads.audit_log import trail
from assay.store.reads.reviews import TABS, counts, queue
from assay.web.access import Visit, page

PAGE = 50


@page(Right.REVIEW)
def admin_environments(request: Visit) -> HttpResponse:
    """List versions by where they stand, pending ones oldest first."""
    tab = request.GET.get("tab", "pending")
    tab = tab if tab in TABS else "pending"
    given = request.GET.get("from", "0")
    start = int(given) if given.isdigit() else 0
    rows = queue(request.actor, tab, limit=PAGE + 1, offset=start)
    return render(
        request,
        "admin/python_environments.html",
        {
            "tab": tab,
            "tabs": list(counts(request.actor).items()),
            "rows": rows[:PAGE],
            "more": start + PAGE if len(rows) > PAGE else None,
        },
    )


@page(Right.SEE)
def audit(request: Visit) -> HttpResponse:
    """Show the trail: all of it to administrators, else one's own part and what is public."""
    given = request.GET.get("before", "")
    rows = trail(
        request.actor,
        limit=PAGE + 1,
        before=int(given) if given.isdigit() else None,
        environment=request.GET.get("environment", "").strip()[:32],
    )
    more = rows[PAGE - 1].sequence if len(rows) > PAGE else None
    return render(
        request,
        "admin/audit.html",
        {"rows": rows[:PAGE], "more": more, "environment": request.GET.get("environment", "")},
    )
