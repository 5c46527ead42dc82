"""`/libraries`: search for libraries by name, and the versions of one that fit a Python."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from ninja import Query, Router

from assay.api.access import Caller, needs, raises
from assay.core.errors import UnavailableError
from assay.core.releases import Release
from assay.core.roles import Right
from assay.flow.compose.library_details import library_details
from assay.flow.compose.library_search import MAX_LIMIT, FoundLibrary, search

router = Router(tags=["Libraries"])
Text = Annotated[str, Query(description="What is typed: the name, its beginning, or nearly it.")]
Most = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"Libraries in the answer, 1 to {MAX_LIMIT}.")]


def library_document(found: FoundLibrary) -> dict[str, Any]:
    """Return a found library."""
    return {
        "name": found.name,
        "match": found.match.name.lower(),
        "index": found.index,
        "summary": found.summary,
        "newest": found.newest or None,
        "live": [asdict(one) for one in found.live],
        "environments": found.environments,
        "people_30d": found.people,
        "widely_used": found.widely_used,
    }


@router.get("/libraries", response=dict[str, Any])
@needs(Right.COMPOSE)
def libraries(request: Caller, workspace: str, q: Text = "", limit: Most = 20) -> dict[str, Any]:
    """Search for libraries by name.

    Exact names and those that begin with the text come first, then similar ones; in each group those in use in the
    workspace, with the versions and environments that have them. `newest` is null until the index was asked about it.
    """
    return {"items": [library_document(one) for one in search(request.actor, q, limit)], "next": None}


def release_document(release: Release) -> dict[str, Any]:
    """Return a release that fits, with the file that would be installed."""
    file = release.file
    return {
        "version": str(release.version),
        "file": file.name,
        "wheel": file.is_wheel,
        "size": file.size,
        "uploaded": file.uploaded,
    }


@router.get("/libraries/{name}", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(UnavailableError)
def library(
    request: Caller, workspace: str, name: str, python: str = "", base: str = "", limit: Most = 20
) -> dict[str, Any]:
    """Show a library, and the versions that fit a Python.

    Without `python`, the newest Python on the server counts; with `base`, that of the base. `versions` have a wheel
    for the server's platform, or else a source distribution where the workspace allows it (`wheel` is false); yanked
    ones are left out. Summary, licence and findings are those of the first.
    """
    found = library_details(request.actor, name, python=python, base=base)
    return {
        "name": found.name,
        "index": found.index,
        "python": found.python,
        "summary": found.summary,
        "licence": found.licence,
        "newest": found.project.newest or None,
        "status": found.project.status,
        "versions": [release_document(one) for one in found.releases[:limit]],
        "count": len(found.releases),
        "in_base": found.in_base or None,
        "live": [asdict(one) for one in found.live],
        "findings": [
            {"effect": str(one.effect), "words": one.words, "advice": one.advice, "assessed": one.assessed}
            for one in found.findings
        ],
    }
