"""Import of dependency files into the editor: what was read of each file, and the list of libraries."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.compose.intake import MAX_TOTAL, read_files
from assay.web.access import Visit, page

PASTED = "pasted text"
BETWEEN = "\x1f"  # between the file and the choice in the value of a tick box; in no file name


@require_POST
@page(Right.COMPOSE)
def intake(request: Visit) -> HttpResponse:
    """Read the selected files and the pasted text, and show what would be imported."""
    files = [(one.name or "file", one.read(MAX_TOTAL + 1)) for one in request.FILES.getlist("files")]
    pasted = request.POST.get("source", "")
    if pasted.strip():
        files.append((request.POST.get("source-name") or PASTED, pasted.encode()))
    chosen = None
    if "chosen" in request.POST:
        pairs = (one.partition(BETWEEN) for one in request.POST.getlist("choice"))
        chosen = [(file, choice) for file, _, choice in pairs]
    try:
        found = read_files(request.actor, files, selected=chosen)
    except AssayError as error:
        return render(request, "components/imported.html", {"error": error})
    return render(request, "components/imported.html", {"found": found, "selected": chosen})
