"""`/compare`: two to five versions, aligned by library."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.core.advisories.exposure import expose
from assay.core.comparison.diff import compare as compare_sides
from assay.core.comparison.view import document
from assay.core.errors import InvalidInputError
from assay.core.roles import Right
from assay.flow.access import find_reference
from assay.store.reads.advisories import current_feed
from assay.store.reads.compared_versions import compared_version

router = Router(tags=["Comparison"])


@router.get("/compare", response=dict[str, Any])
@needs(Right.SEE)
def compare(request: Caller, workspace: str, versions: str) -> dict[str, Any]:
    """Compare two to five versions, library by library.

    A change is the difference between the first and the last version. Effects and advisories are included.
    """
    names = [one.strip() for one in versions.split(",") if one.strip()]
    if len(names) < 2:  # noqa: PLR2004 - a comparison needs two versions
        raise InvalidInputError("Name at least two versions.", hint="Write versions=geo@3,geo@4.", path="versions")
    found = compare_sides([compared_version(find_reference(request.actor, name, path="versions")) for name in names])
    feed = current_feed()
    return document(found, expose(found, feed.index) if feed else None)
