"""Suggestions in the editor: libraries for what is typed, what is known of one, and its versions that fit."""

from __future__ import annotations

from datetime import UTC, datetime, time

from django.http import HttpResponse
from django.shortcuts import render

from assay.core.errors import AssayError
from assay.core.library_search import Match
from assay.core.releases import newest_of_lines
from assay.core.roles import Right
from assay.flow.compose.library_details import library_details, library_versions
from assay.flow.compose.library_search import search
from assay.web.access import Visit, page
from assay.web.admin.findings import expected_findings

SHOWN = 12  # names at once; typing on narrows them
LINES = 4  # release lines that "at least" offers
MOST_VERSIONS = 100  # the newest; typing narrows among all


@page(Right.COMPOSE)
def suggestions(request: Visit) -> HttpResponse:
    """Show libraries for a typed text."""
    text = request.GET.get("q", "")
    found = search(request.actor, text, SHOWN)
    named = [one for one in found if one.match is not Match.SIMILAR]
    groups = [("Matching names", named), ("Similar names", [one for one in found if one.match is Match.SIMILAR])]
    return render(
        request,
        "components/library_options.html",
        {"groups": [one for one in groups if one[1]], "text": text, "count": len(found)},
    )


@page(Right.COMPOSE)
def details(request: Visit) -> HttpResponse:
    """Show what is known of one library."""
    given = request.GET
    try:
        found = library_details(
            request.actor,
            given.get("name", ""),
            python=given.get("python", ""),
            base=given.get("base", ""),
            environment=given.get("slug", ""),
        )
    except AssayError as error:
        return render(request, "components/library_details.html", {"error": error})
    day = found.newest.file.uploaded if found.newest else None
    context = {
        "found": found,
        "released": datetime.combine(day, time(12), UTC) if day else None,
        "expected": expected_findings(list(found.findings)),
    }
    return render(request, "components/library_details.html", context)


@page(Right.COMPOSE)
def versions(request: Visit) -> HttpResponse:
    """Show the versions of one library that fit, as ranges and exactly."""
    given = request.GET
    try:
        found = library_versions(
            request.actor, given.get("name", ""), python=given.get("python", ""), base=given.get("base", "")
        )
    except AssayError as error:
        return render(request, "components/library_versions.html", {"error": error})
    typed = given.get("q", "").strip().lstrip("<>=!~ ")
    fit = [one for one in found.releases if str(one.version).startswith(typed)]
    context = {
        "found": found,
        "typed": typed,
        "lines": newest_of_lines(fit, LINES),
        "releases": fit[:MOST_VERSIONS],
        "more": max(0, len(fit) - MOST_VERSIONS),
        "count": len(fit),
    }
    return render(request, "components/library_versions.html", context)
