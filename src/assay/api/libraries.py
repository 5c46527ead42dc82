"""`/libraries`: search for libraries by name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from ninja import Query, Router

from assay.api.access import Caller, needs
from assay.core.roles import Right
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
