"""Import of dependency files into the editor: what was read of each file, and the list of libraries."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.intake.combine import ReadFile
from assay.core.roles import Right
from assay.flow.compose.intake import MAX_TOTAL, Intake, read_files, reduce_to_intent
from assay.flow.paths import interpreters
from assay.sources.intake.kinds import KINDS
from assay.web.access import Visit, page

PASTED = "pasted text"
BETWEEN = "\x1f"  # between the file and the choice in the value of a tick box; in no file name
LABELS = {one.name: one.label for one in KINDS}


@require_POST
@page(Right.COMPOSE)
def intake(request: Visit) -> HttpResponse:
    """Read the selected files and the pasted text, and show what would be imported."""
    files = [(one.name or "file", one.read(MAX_TOTAL + 1)) for one in request.FILES.getlist("files")]
    pasted = request.POST.get("source", "")
    if pasted.strip():
        files.append((PASTED, pasted.encode()))
    names = [name for name, _ in files]
    # Choices count for the files that were shown with them, not for others that were selected since.
    chosen = _chosen(request) if request.POST.getlist("read") == names else None
    try:
        found = read_files(request.actor, files, selected=chosen)
    except AssayError as error:
        return render(request, "components/imported.html", {"error": error})
    return render(request, "components/imported.html", _context(request, found, chosen))


def _chosen(request: Visit) -> list[tuple[str, str]]:
    pairs = (one.partition(BETWEEN) for one in request.POST.getlist("choice"))
    return [(file, choice) for file, _, choice in pairs]


def _context(request: Visit, found: Intake, chosen: list[tuple[str, str]] | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "found": found,
        "files": [_file(one, chosen) for one in found.combined.files],
        "libraries": found.combined.libraries,
        "constraints": found.combined.constraints,
        "hold": request.POST.get("hold") == "yes" or "hold-shown" not in request.POST,
        "offered": list(interpreters()),
    }
    if not found.reducible or request.POST.get("mode") != "intent":
        return shown
    try:
        reduced = reduce_to_intent(request.actor, found, found.python or shown["offered"][0])
    except AssayError as error:
        return {**shown, "not_reduced": error}
    held = reduced.constraints if shown["hold"] else ()
    return {
        **shown,
        "reduced": reduced,
        "libraries": reduced.libraries,
        "constraints": (*shown["constraints"], *held),
    }


def _file(one: ReadFile, chosen: list[tuple[str, str]] | None) -> dict[str, Any]:
    document = one.document
    choices = document.choices if document else ()
    return {
        "name": one.name,
        "label": LABELS.get(document.kind, document.kind) if document else "",
        "read": one,
        "choices": [
            {
                "value": f"{one.name}{BETWEEN}{choice.name}",
                "label": choice.label,
                "selected": choice.selected if chosen is None else (one.name, choice.name) in chosen,
                "count": sum(row.entry.choice == choice.name for row in one.results),
            }
            for choice in choices
        ],
        # What belongs to a choice that is not selected is seen beside its tick box.
        "changed": [row for row in one.taken if row.reason],
        "left_out": [row for row in one.left_out if not row.unselected],
    }
