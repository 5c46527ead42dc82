"""The catalogue of environments."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render

from assay.core.lifecycle import NOT_ASSESSED, Health, Status
from assay.core.roles import Right
from assay.flow.paths import interpreters
from assay.store.reads.catalogue import CatalogueRow, Filters, catalogue_page, counts
from assay.web.access import Visit, page
from assay.web.tables import Column, QueryTable

PAGE = 50
FIELDS = ("text", "library", "python", "base", "owner", "health")
BEHIND = "behind"  # shows only what is behind its base
TEMPLATE = "template"  # shows only templates
TABS = (
    ("published", "Published"),
    ("draft", "My drafts"),
    ("pending", "Pending"),
    ("deprecated", "Deprecated"),
)

USERS = "Users and runtimes that ran it in the last 30 days"
COLUMNS: tuple[Column[CatalogueRow], ...] = (
    Column(name="environment", label="Environment", value=lambda row: row.title),
    Column(name="slug", label="Short name", value=lambda row: row.slug, shown=False, sorts=False),
    Column(name="version", label="Version", value=lambda row: row.version),
    Column(name="status", label="Status", value=lambda row: row.status, shown=False, sorts=False),
    Column(name="python", label="Python", value=lambda row: row.python),
    Column(name="base", label="Base", value=lambda row: row.base, sorts=False),
    Column(name="behind", label="Behind base", value=lambda row: row.behind, shown=False, sorts=False),
    Column(name="template", label="Template", value=lambda row: row.template, shown=False, sorts=False),
    Column(name="owner", label="Owner", value=lambda row: row.owner, shown=False),
    Column(name="libraries", label="Libraries", value=lambda row: row.libraries, number=True),
    Column(name="size", label="Size", value=lambda row: row.size, number=True),
    Column(name="health", label="Health", value=lambda row: row.health),
    Column(name="users", label="Users", value=lambda row: row.people_30d, number=True, hint=USERS),
    Column(name="published", label="Published", value=lambda row: row.published),
)


@page(Right.SEE)
def environments(request: Visit) -> HttpResponseBase:
    """List the environments that may be launched, and the visitor's drafts; all filters are in the query string."""
    status = request.GET.get("status", Status.PUBLISHED)
    given = {name: request.GET.get(name, "").strip()[:100] for name in FIELDS}
    given["text"] = given["text"] or request.GET.get("q", "").strip()[:100]
    behind = request.GET.get(BEHIND) == "yes"
    template = request.GET.get(TEMPLATE) == "yes"
    filters = Filters(**given, status=status, behind=behind, template=template)
    table = QueryTable(
        request,
        COLUMNS,
        name="catalogue",
        default="environment",
        size=PAGE,
        reads=lambda order, limit, cursor: catalogue_page(request.actor, filters, order, limit, cursor),
    )
    if table.exported:
        return table.export()
    marks = {BEHIND: "yes" if behind else "", TEMPLATE: "yes" if template else ""}
    kept = {name: value for name, value in {**given, **marks}.items() if value}
    return render(
        request,
        "studio/environments.html",
        {
            "table": table,
            "filters": given,
            "behind": behind,
            "template": template,
            "filtered": bool(kept),
            "status": status,
            "tabs": _tabs(request, status, filters, kept),
            "pythons": list(interpreters()),
            "healths": [*Health, NOT_ASSESSED],
        },
    )


def _tabs(request: Visit, status: str, filters: Filters, kept: dict[str, str]) -> list[dict[str, object]]:
    shown = {name: label for name, label in TABS if name != "draft" or request.actor.has(Right.COMPOSE)}
    found = counts(request.actor, filters, tuple(shown))
    return [
        {
            "label": label,
            "url": f"?{urlencode({**kept, 'status': name})}",
            "count": found[name],
            "current": name == status,
        }
        for name, label in shown.items()
    ]
