"""Deprecate a published version, or change its deprecation: the impact, proposed successors, message and last day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from assay.core.errors import AssayError, ConflictError
from assay.core.lifecycle import Status
from assay.core.roles import Right
from assay.flow import retire as lifecycle
from assay.flow.access import find_version
from assay.flow.maintenance.impact import Impact, impact, show_impact
from assay.flow.maintenance.successors import Proposal, propose_successors
from assay.store.models import Version
from assay.store.reads.compared_versions import published_references
from assay.web.access import Visit, page
from assay.web.admin.impact import impact_context, impact_tables
from assay.web.dates import end_of
from assay.web.undo import success_with_undo

OTHER = "other"  # the choice of a version that is not proposed
MOVES = 40  # moved libraries listed; the comparison lists all


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the form contains: the chosen successor ('' for none), the one typed as another, message and last day."""

    choice: str
    other: str
    message: str
    ends: str

    @property
    def successor(self) -> str:
        """The reference of the chosen successor, '' for none."""
        return self.other if self.choice == OTHER else self.choice


@page(Right.REVIEW)
def deprecate(request: Visit, slug: str, number: int) -> HttpResponseBase:
    """Show what deprecating a version affects; deprecate it, or save the changed deprecation, when confirmed.

    `?successor=` names the successor whose coverage is shown. A sent form with `show` only shows the page anew, with
    what was typed.
    """
    version = find_version(request.actor, slug, number)
    if version.status not in {Status.PUBLISHED, Status.DEPRECATED}:
        raise ConflictError(
            f"To deprecate it must be published; it is {version.status}.", hint="Load its page again."
        )
    proposals = propose_successors(version)
    form = _form(request, version, proposals)
    error: AssayError | None = None
    if request.method == "POST" and "show" not in request.POST:
        try:
            return _save(request, version, form)
        except AssayError as refused:
            error = refused
    return _show(request, version, proposals, form, error)


def _form(request: Visit, version: Version, proposals: list[Proposal]) -> Form:
    """Read the form that was sent, else start with the version's own values and the named or best successor."""
    if request.method == "POST":
        given = {name: request.POST.get(name, "").strip() for name in ("successor", "other", "message", "ends")}
        return Form(choice=given["successor"], other=given["other"], message=given["message"], ends=given["ends"])
    named = request.GET.get("successor")
    if named is None:
        best = version.status == Status.PUBLISHED and proposals
        named = proposals[0].reference if best else version.successor
    listed = named in {"", *(one.reference for one in proposals)}
    return Form(
        choice=named if listed else OTHER,
        other="" if listed else named,
        message=version.reason,
        ends=f"{version.ends_at:%Y-%m-%d}" if version.ends_at else "",
    )


def _save(request: Visit, version: Version, form: Form) -> HttpResponse:
    """Deprecate the version, or change its deprecation. Raises AssayError."""
    slug, number = version.environment.slug, version.number
    first = version.status == Status.PUBLISHED
    act = lifecycle.deprecate if first else lifecycle.change_deprecation
    act(
        request.actor,
        slug,
        number,
        reason=form.message,
        successor=form.successor,
        ends_at=_end(version, form.ends),
        impact=request.POST.get("impact", ""),
    )
    if first:
        success_with_undo(request, f"{version.reference} is deprecated.", reverse("restore", args=[slug, number]))
    else:
        messages.success(request, f"The deprecation of {version.reference} is saved.")
    return redirect("version", slug=slug, number=number)


def _end(version: Version, text: str) -> datetime | None:
    """Return the end of the chosen day; the version's own end when that is on this day."""
    ends = end_of(text, "ends")
    return version.ends_at if ends and version.ends_at and version.ends_at.date() == ends.date() else ends


def _show(
    request: Visit, version: Version, proposals: list[Proposal], form: Form, error: AssayError | None
) -> HttpResponseBase:
    query = request.GET.copy()  # the links of the tables keep the successor
    query["successor"] = form.successor
    request.GET = query  # type: ignore[assignment]  # Django's stubs want an immutable one
    found, refused = _impact(request, version, form.successor)
    tables = impact_tables(request, found)
    for table in tables.values():
        if table.exported:
            return table.export()
    error = error or refused
    context: dict[str, Any] = {
        "version": version,
        "first": version.status == Status.PUBLISHED,
        "proposals": proposals,
        "form": form,
        "other": OTHER,
        "references": published_references(request.actor),
        "moves": found.coverage.moved[:MOVES] if found.coverage else (),
        "more_moves": max(0, len(found.coverage.moved) - MOVES) if found.coverage else 0,
        **impact_context(found, tables, error),
    }
    return render(request, "admin/deprecate.html", context, status=error.status if error else 200)


def _impact(request: Visit, version: Version, successor: str) -> tuple[Impact, AssayError | None]:
    """Return the impact with a successor; without one, and why, when it cannot be the successor."""
    slug, number = version.environment.slug, version.number
    try:
        return show_impact(request.actor, slug, number, successor), None
    except AssayError as error:
        return impact(version), error
