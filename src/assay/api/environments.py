"""`/environments`: the catalogue and composing."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from django.db.models import F
from django.http import HttpResponse
from ninja import Query, Router, Status
from pydantic_core import to_json

from assay.api.access import Caller, needs, raises
from assay.api.answers import moment, page_response
from assay.api.documents import environment_document, nearest_document, version_document, version_row
from assay.api.pagination import Cursor, Limit, page_of
from assay.api.schemas import Body, CatalogueQuery, EnvironmentIn, EnvironmentPage, SpecIn, example
from assay.core.errors import ConflictError, ResolutionError, UnavailableError
from assay.core.roles import Right
from assay.flow.access import find_environment, find_version, visible_versions
from assay.flow.assess.assess import preview_findings
from assay.flow.compose.conflict_fixes import explain_conflict
from assay.flow.compose.draft import SpecInput, create_environment, new_version
from assay.flow.compose.resolve import preview
from assay.flow.compose.templates import set_template
from assay.flow.compose.update_old import update_old
from assay.store.reads.catalogue import KEPT, CatalogueRow, catalogue
from assay.store.reads.keyset import decode_cursor, read_page
from assay.store.reads.nearest import is_complete, nearest
from assay.store.reads.ordering import Columns, Order

router = Router(tags=["Environments"])
NEWEST: Columns = {"number": F("number")}


class TemplateIn(Body):
    """Whether an environment is a template."""

    model_config = example({"template": True})

    template: bool


@router.get("/environments", response={200: EnvironmentPage, 304: None})
@needs(Right.SEE)
def list_environments(
    request: Caller,
    workspace: str,
    filters: Query[CatalogueQuery],
    limit: Limit = 100,
    cursor: Cursor = "",
) -> HttpResponse:
    """List environments.

    The rows are sorted by name. Drafts of other people are not among them. 304 when your `If-None-Match` is the ETag
    of the page.
    """
    rows = catalogue(request.actor, filters.read(), limit=limit + 1, after=decode_cursor(cursor))
    shown, following = page_of(rows, limit, lambda row: row.slug)
    return page_response(request, map(_written, shown), following)


@lru_cache(maxsize=KEPT)
def _written(row: CatalogueRow) -> bytes:
    """Return a row as JSON. It is kept under the row, which the same values of the database make only once."""
    return to_json(vars(row) | {"updated": moment(row.updated), "published": moment(row.published)})


@router.post("/environments", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def create(request: Caller, workspace: str, body: EnvironmentIn) -> Status[dict[str, Any]]:
    """Create an environment.

    Version 1 is a draft.
    """
    version = create_environment(
        request.actor,
        slug=body.slug,
        title=body.title,
        description=body.description,
        spec_input=spec_input_of(body),
    )
    return Status(201, version_document(find_version(request.actor, body.slug, version.number)))


@router.get("/environments/{slug}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show an environment with its last 100 versions.

    `…/versions` lists all.
    """
    environment = find_environment(request.actor, slug)
    return environment_document(environment, visible_versions(request.actor, environment))


@router.put("/environments/{slug}/template", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def mark_template(request: Caller, workspace: str, slug: str, body: TemplateIn) -> dict[str, Any]:
    """Mark an environment as template, or remove it from the templates.

    The page for new environments offers templates first. 409 for an environment without a published version.
    """
    environment = set_template(request.actor, slug, template=body.template)
    return environment_document(environment, visible_versions(request.actor, environment))


@router.get("/environments/{slug}/versions", response=dict[str, Any])
@needs(Right.SEE)
def versions(request: Caller, workspace: str, slug: str, limit: Limit = 100, cursor: Cursor = "") -> dict[str, Any]:
    """List the versions of an environment, newest first."""
    found = visible_versions(request.actor, find_environment(request.actor, slug))
    page = read_page(found, NEWEST, Order(name="number", descending=True), limit=limit, cursor=cursor)
    return {"items": [version_row(one) for one in page.rows], "next": page.next or None}


@router.post("/environments/{slug}/versions", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def next_version(request: Caller, workspace: str, slug: str) -> Status[dict[str, Any]]:
    """Create a draft from the active version."""
    version = new_version(request.actor, slug)
    return Status(201, version_document(find_version(request.actor, slug, version.number)))


@router.post("/resolve", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def resolve(request: Caller, workspace: str, body: SpecIn) -> dict[str, Any]:
    """Resolve a spec.

    Returns the libraries that would be installed, what moves, the nearest published versions and the findings.
    Nothing is stored.
    """
    found = preview(request.actor, spec_input_of(body), turn=f"api-{id(request)}")
    direct = set(found.direct)
    return {
        "digest": found.lock.digest,
        "libraries": [
            {
                "name": one.name,
                "version": one.version,
                "direct": one.name in direct,
                "size": one.file.size,
                "index": one.index,
            }
            for one in found.lock.libraries
        ],
        "count": len(found.lock.libraries),
        "download_size": found.lock.download_size,
        "added_to_base": found.added,
        "new_bytes": found.new_bytes,
        "kept": found.kept or None,
        "moved": [{"name": one.name, "from": one.before, "to": one.after} for one in found.moved],
        "corrections": [asdict(one) for one in found.corrections],
        "from_source": [{**asdict(one), "words": one.words} for one in found.from_source],
        "nearest": nearest_document(
            nearest(request.actor, found.need), complete=is_complete(request.actor.workspace_id)
        ),
        "findings": [
            {"effect": str(one.effect), "library": one.library, "words": one.words, "advice": one.advice}
            for one in preview_findings(
                request.actor.workspace_id,
                found.lock,
                direct=found.direct,
                environment=body.keep.partition("@")[0] if body.keep else "",
                base=body.base or "",
            )
        ],
    }


@router.post("/resolve/fixes", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def fixes(request: Caller, workspace: str, body: SpecIn) -> dict[str, Any]:
    """Explain a conflict and find small changes that solve it.

    Every returned fix was resolved successfully; the best one comes first, and `moves` and `effect` say what it would
    change. `detail` is null where the spec resolves.
    """
    conflict = explain_conflict(request.actor, spec_input_of(body))
    if conflict is None:
        return {"detail": None, "chain": [], "asks": [], "fixes": []}
    return {
        "detail": conflict.error.detail,
        "chain": [one.text for one in conflict.chain],
        "asks": [asdict(one) for one in conflict.dependencies],
        "fixes": [{**asdict(fix), "effect": fix.effect} for fix in conflict.fixes],
    }


@router.post("/resolve/update", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def update(request: Caller, workspace: str, body: SpecIn) -> dict[str, Any]:
    """Update a whole old list.

    Returns the newest set of what is asked for that resolves: its lines, the old and the new version of each library,
    and the lines that were left out or renamed, with reasons. `python` is another Python on which the old list
    resolves as it is. Nothing is stored. Takes up to a minute.
    """
    found = asdict(update_old(request.actor, spec_input_of(body)))
    rows = [{**one, "step": str(one["step"]) if one["step"] else None} for one in found["rows"]]
    return {**found, "rows": rows}


def spec_input_of(body: SpecIn) -> SpecInput:
    """Return the spec of a body, not yet checked."""
    return SpecInput(
        base=body.base,
        python=body.python,
        libraries=tuple(body.libraries),
        only_binary=body.only_binary,
        keep=body.keep,
        constraints=None if body.constraints is None else tuple(body.constraints),
    )


__all__ = ["router", "spec_input_of"]
