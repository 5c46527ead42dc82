"""`/compare`: two to five versions, aligned by library."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from ninja import Router

from assay.api.access import Caller, needs
from assay.api.answers import document_bytes, ready_response
from assay.core.advisories.exposure import expose
from assay.core.comparison.diff import compare as compare_sides
from assay.core.comparison.view import document
from assay.core.errors import InvalidInputError
from assay.core.roles import Actor, Right
from assay.core.spec import REFERENCE
from assay.flow.access import find_reference
from assay.flow.ready_documents import comparison_key, find_identity, ready
from assay.store.models import Version
from assay.store.reads.advisories import current_feed
from assay.store.reads.compared_versions import compared_version
from assay.store.reads.version_identity import VersionIdentity

router = Router(tags=["Comparison"])


@router.get("/compare", response={200: dict[str, Any], 304: None})
@needs(Right.SEE)
def compare(request: Caller, workspace: str, versions: str) -> HttpResponse:
    """Compare two to five versions, library by library.

    A change is the difference between the first and the last version. Effects and advisories are included. 304 when
    your `If-None-Match` is its ETag.
    """
    names = [one.strip() for one in versions.split(",") if one.strip()]
    if len(names) < 2:  # noqa: PLR2004 - a comparison needs two versions
        raise InvalidInputError("Name at least two versions.", hint="Write versions=geo@3,geo@4.", path="versions")

    def make() -> bytes:
        found = [find_reference(request.actor, name, path="versions") for name in names]
        return document_bytes(comparison_document(found))

    return ready_response(request, ready(lambda: comparison_key(_identities(request.actor, names)), make))


def comparison_document(versions: list[Version]) -> dict[str, Any]:
    """Return the comparison of versions with the advisories that it fixes and introduces."""
    found = compare_sides([compared_version(one) for one in versions])
    feed = current_feed()
    return document(found, expose(found, feed.index) if feed else None)


def _identities(actor: Actor, names: list[str]) -> list[VersionIdentity]:
    """Return the versions of references. A name without a number means what it means to the actor now."""
    return [find_identity(actor, *_numbered(actor, name)) for name in names]


def _numbered(actor: Actor, name: str) -> tuple[str, int]:
    exact = REFERENCE.fullmatch(name)
    if exact:
        return exact[1], int(exact[2])
    found = find_reference(actor, name, path="versions")
    return found.environment.slug, found.number
