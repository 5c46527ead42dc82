"""`/environments/{slug}/versions/{number}`: one version, its actions and its documents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.answers import document_bytes, ready_response
from assay.api.documents import merges_document, nearest_document, notice_document, version_document
from assay.api.environments import spec_input_of
from assay.api.library_rows import LibraryList, LibraryRowOut
from assay.api.openapi import returns_ready_file
from assay.api.pagination import Limit
from assay.api.schemas import Approve, AskIn, Reject, SpecIn, Submit
from assay.core.errors import ConflictError, DriftError
from assay.core.roles import Actor, Right
from assay.flow.access import find_version
from assay.flow.compose import draft
from assay.flow.downloads import LOCK_TYPE, file_headers, lock_by_digest, lock_name
from assay.flow.launch.launch import record_pull
from assay.flow.maintenance.merged_sources import Replacement
from assay.flow.ready_documents import find_built, libraries_key, lock_key, ready
from assay.flow.review import review
from assay.store.models import Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.libraries import library_rows
from assay.store.reads.merge_sources import sources_of
from assay.store.reads.nearest import is_complete, nearest, need_of
from assay.store.reads.pending_libraries import shared_new_libraries
from assay.store.reads.unused import unused_libraries

router = Router(tags=["Versions"])
ONE = "/environments/{slug}/versions/{int:number}"


def shown(actor: Actor, slug: str, number: int) -> dict[str, Any]:
    """Return the current state of a version."""
    return version_document(find_version(actor, slug, number))


@router.get(ONE, response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """Show a version.

    `notice` is what its users read, `instead` the version to use instead of a deprecated or retired one.
    """
    version = find_version(request.actor, slug, number)
    return version_document(version) | notice_document(request.actor, version)


@router.put(f"{ONE}/spec", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def edit(request: Caller, workspace: str, slug: str, number: int, body: SpecIn) -> dict[str, Any]:
    """Edit the spec of a draft.

    A changed spec removes lock, build and report. `corrections` lists the lines that were corrected.
    """
    _, corrections = draft.edit_spec(request.actor, slug, number, spec_input_of(body))
    return shown(request.actor, slug, number) | {"corrections": [asdict(one) for one in corrections]}


@router.post(f"{ONE}/apply", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def apply(request: Caller, workspace: str, slug: str, number: int, body: AskIn) -> dict[str, Any]:
    """Apply a reviewer's requested change to a draft."""
    draft.apply_requested_change(request.actor, slug, number, body.read())
    return shown(request.actor, slug, number)


@router.delete(ONE, response={204: None})
@needs(Right.COMPOSE)
@raises(ConflictError)
def delete(request: Caller, workspace: str, slug: str, number: int) -> Status[None]:
    """Delete a draft."""
    draft.delete_draft(request.actor, slug, number)
    return Status(204, None)


@router.post(f"{ONE}/submit", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def submit(request: Caller, workspace: str, slug: str, number: int, body: Submit) -> dict[str, Any]:
    """Submit a built draft for review."""
    plan = body.rollout.read() if body.rollout else None
    review.submit(request.actor, slug, number, body.note, rollout=plan)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/withdraw", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def withdraw(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """Withdraw a submission.

    The version is a draft again.
    """
    review.withdraw(request.actor, slug, number)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/approve", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError, DriftError)
def approve(request: Caller, workspace: str, slug: str, number: int, body: Approve) -> dict[str, Any]:
    """Approve a submission.

    `digest` is the one you reviewed; 409 when the version has another one. The last approval publishes the version.
    Publishing a merge deprecates its sources: `merges` lists them with their status after it.
    """
    seen = None if body.sources is None else frozenset(body.sources)
    replacement = Replacement(message=body.message, ends_at=body.ends, seen=seen)
    version = review.approve(request.actor, slug, number, digest=body.digest, note=body.note, replacement=replacement)
    return shown(request.actor, slug, number) | {"merges": merges_document(sources_of(version))}


@router.post(f"{ONE}/reject", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def reject(request: Caller, workspace: str, slug: str, number: int, body: Reject) -> dict[str, Any]:
    """Reject a submission with feedback.

    The version is a draft again.
    """
    requested_changes = tuple(one.read() for one in body.libraries)
    version = review.reject(request.actor, slug, number, feedback=body.feedback, libraries=requested_changes)
    return version_document(version)


@router.get(f"{ONE}/libraries", response={200: LibraryList, 304: None})
@needs(Right.SEE)
def libraries(request: Caller, workspace: str, slug: str, number: int) -> HttpResponse:
    """List the installed libraries of a version, direct ones first.

    `imported` counts the sessions of 90 days in all versions of the environment that have the library. With `of` 0
    nothing is known of it. 304 when your `If-None-Match` is its ETag.
    """

    def make() -> bytes:
        return document_bytes(libraries_document(find_version(request.actor, slug, number)))

    return ready_response(request, ready(lambda: libraries_key(find_built(request.actor, slug, number)), make))


def libraries_document(version: Version) -> dict[str, Any]:
    """Return the installed libraries of a version with their imports."""
    found = unused_libraries(version, since=(timezone.now() - PERIOD).date())
    imported, unused = found.imports.libraries, frozenset(found.unused.libraries)
    items = [
        asdict(row) | {"imported": asdict(imported[row.name]), "unused": row.name in unused}
        for row in library_rows(version)
    ]
    return {"items": [LibraryRowOut(**one).model_dump() for one in items]}


@router.get(f"{ONE}/nearest", response=dict[str, Any])
@needs(Right.SEE)
def nearest_published(request: Caller, workspace: str, slug: str, number: int, limit: Limit = 10) -> dict[str, Any]:
    """List the published versions nearest to a version, best first.

    Before the build, its spec is compared. `complete` is false for some seconds after an upgrade of a large
    installation, while the index is being prepared: then only the newest published versions were compared.
    """
    version = find_version(request.actor, slug, number)
    found = nearest(request.actor, need_of(version), limit=limit, exclude=version.reference)
    return nearest_document(found, complete=is_complete(request.actor.workspace_id))


@router.get(f"{ONE}/waiting", response=dict[str, Any])
@needs(Right.SEE)
def waiting(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """List the new libraries of a version that other submissions bring too."""
    found = shared_new_libraries(request.actor, find_version(request.actor, slug, number))
    return {
        "items": [
            {
                "library": one.library,
                "version": one.version,
                "direct": one.direct,
                "also": [{"environment": reference, "version": held} for reference, held in one.others],
            }
            for one in found
        ]
    }


@router.get(f"{ONE}/lock", openapi_extra=returns_ready_file(LOCK_TYPE))
@needs(Right.SEE)
def lock(request: Caller, workspace: str, slug: str, number: int) -> HttpResponse:
    """Download the lock of a version as `pylock.toml` (PEP 751).

    304 when your `If-None-Match` is its ETag.
    """
    found = find_built(request.actor, slug, number)
    record_pull(request.actor, found)

    def make() -> bytes:
        return lock_by_digest(found.digest).text.encode()

    document = ready(lambda: lock_key(found), make)
    return ready_response(request, document, file_headers(lock_name(slug, number), LOCK_TYPE))
