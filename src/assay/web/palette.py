"""The command palette: searches environments, pages and actions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from assay.core.roles import Actor, Right
from assay.store.reads.catalogue import Filters, catalogue
from assay.web.access import Visit, page
from assay.web.navigation import matching

SHOWN = 8  # environments
READ = 40  # environments read, sorted with matches in the name first


@dataclass(frozen=True, kw_only=True)
class Option:
    """One line of the palette."""

    group: str
    label: str
    note: str
    url: str


@page(Right.SEE)
def palette(request: Visit) -> HttpResponse:
    """Return the options that match the typed text."""
    text = request.GET.get("q", "").strip()[:100]
    options = [*_environments(request.actor, text), *_destinations(request.actor, text)]
    groups = [(title, list(found)) for title, found in groupby(options, key=lambda one: one.group)]
    return render(request, "components/palette_options.html", {"groups": groups, "text": text})


def _environments(actor: Actor, text: str) -> list[Option]:
    if not text:
        return []
    found = catalogue(actor, Filters(text=text), limit=READ)
    named = sorted(found, key=lambda row: text.casefold() not in f"{row.slug} {row.title}".casefold())
    return [
        Option(group="Environments", label=row.title, note=row.slug, url=reverse("environment", args=[row.slug]))
        for row in named[:SHOWN]
    ]


def _destinations(actor: Actor, text: str) -> list[Option]:
    found = [
        Option(
            group="Actions" if one.area == "Actions" else "Pages",
            label=one.label,
            note="" if one.area == "Actions" else one.area,
            url=one.url,
        )
        for one in matching(actor, text)
    ]
    return sorted(found, key=lambda one: one.group == "Actions")
