"""Environments: the catalogue."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render

from assay.core.lifecycle import NOT_ASSESSED, Health, Status
from assay.core.roles import Right
from assay.flow.paths import interpreters
from assay.store.reads.catalogue import Filters, catalogue, count
from assay.web.access import Visit, page

PAGE = 50
FIELDS = ("text", "library", "python", "base", "owner", "health")
TABS = (
    ("published", "Published"),
    ("draft", "My drafts"),
    ("pending", "Pending"),
    ("deprecated", "Deprecated"),
)


@page(Right.SEE)
def environments(request: Visit) -> HttpResponse:
    """List what may be launched, and one's own drafts; every filter is in the address."""
    status = request.GET.get("status", Status.PUBLISHED)
    given = {name: request.GET.get(name, "").strip()[:100] for name in FIELDS}
    given["text"] = given["text"] or request.GET.get("q", "").strip()[:100]
    filters = Filters(**given, status=status)
    rows = catalogue(request.actor, filters, limit=PAGE + 1, after=request.GET.get("after", "")[:32])
    more = rows[PAGE - 1].slug if len(rows) > PAGE else ""
    kept = {name: value for name, value in given.items() if value}
    return render(
        request,
        "studio/environments.html",
        {
            "rows": rows[:PAGE],
            "filters": given,
            "filtered": bool(kept),
            "status": status,
            "tabs": _tabs(request, status, filters, kept),
            "more": f"?{urlencode({**kept, 'status': status, 'after': more})}" if more else "",
            "pythons": list(interpreters()),
            "healths": [*Health, NOT_ASSESSED],
        },
    )


def _tabs(request: Visit, status: str, filters: Filters, kept: dict[str, str]) -> list[dict[str, object]]:
    return [
        {
            "label": label,
            "url": f"?{urlencode({**kept, 'status': name})}",
            "count": count(request.actor, replace(filters, status=name)),
            "current": name == status,
        }
        for name, label in TABS
        if name != "draft" or request.actor.has(Right.COMPOSE)
    ]
