"""`/merge`: one draft that covers two to five versions, and the plan of it."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import merges_document, version_document
from assay.api.schemas import MergeIn
from assay.core.errors import ConflictError, UnavailableError
from assay.core.maintenance.merge_plan import By, Choices, parse_choices
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.maintenance.merge import create_merge, plan_merge
from assay.flow.maintenance.merge_resolution import Fix, Merged, MergePreview, SourceEffect
from assay.store.reads.merge_sources import sources_of

router = Router(tags=["Merge"])
Names = Annotated[list[str], Query(default_factory=list, description="Names of libraries; repeat it for more.")]
Takes = Annotated[list[str], Query(default_factory=list, description="`library:name@number`; repeat it for more.")]


@router.get("/merge/plan", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError, UnavailableError)
def show_plan(
    request: Caller,
    workspace: str,
    versions: str,
    leave: Names,
    take: Takes,
    by: By = By.ASKED,
    python: str = "",
) -> dict[str, Any]:
    """Plan a merge of two to five published versions, and resolve it.

    `versions` are such as `geo@3,tiles@1`. Nothing is stored. `merged` is null when it does not resolve. Then decide
    about `exclusions` with `leave` and `take`, or use one of the `fixes`, each of which resolves.
    """
    names = [one.strip() for one in versions.split(",") if one.strip()]
    return plan_document(plan_merge(request.actor, names, by, parse_choices(leave, take, python)))


@router.post("/merge", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError, UnavailableError)
def create(request: Caller, workspace: str, body: MergeIn) -> Status[dict[str, Any]]:
    """Create the draft of a merge.

    It is a new environment, or the next version of the source with that short name. It asks for the union and
    installs exactly what was resolved. Publishing it deprecates its sources, with it as their successor.
    """
    choices = Choices(python=body.python, leave=frozenset(body.leave), take=body.take)
    made = create_merge(request.actor, body.versions, body.by, slug=body.slug, title=body.title, choices=choices)
    found = find_version(request.actor, made.environment.slug, made.number)
    return Status(201, version_document(found) | {"merges": merges_document(sources_of(found))})


def plan_document(preview: MergePreview) -> dict[str, Any]:
    """Return a planned merge."""
    plan = preview.plan
    return {
        "versions": list(plan.sources),
        "by": str(plan.by),
        "base": preview.base.reference if preview.base else None,
        "python": preview.python,
        "libraries": [{"name": one.name, "line": one.line, "versions": list(one.sources)} for one in plan.lines],
        "exclusions": [
            {"name": one.name, "wanted": [{"version": it.reference, "line": it.line} for it in one.wanted]}
            for one in plan.exclusions
        ],
        "unmet": [
            {"version": one.reference, "name": one.name, "line": one.line, "reason": str(one.reason)}
            for one in plan.unmet
        ],
        "unrecorded": list(plan.unrecorded),
        "error": {"detail": preview.error.detail, "hint": preview.error.hint} if preview.error else None,
        "fixes": [_fix(one) for one in preview.fixes],
        "merged": _merged(preview.merged) if preview.merged else None,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    """Return a decision as the parameters that make it."""
    return {"take": {fix.library: fix.take}} if fix.take else {"leave": [fix.library]}


def _merged(merged: Merged) -> dict[str, Any]:
    return {
        "libraries": [{"name": one.name, "version": one.version} for one in merged.lock.libraries],
        "size": merged.lock.download_size,
        "new_bytes": merged.new_bytes,
        "version_changes": merged.moved,
        "findings": [
            {"effect": str(one.effect), "kind": one.kind, "library": one.library, "words": one.words}
            for one in merged.findings
        ],
        "sources": [source_document(one) for one in merged.effects],
    }


def source_document(source: SourceEffect) -> dict[str, Any]:
    """Return what the people of one source gain, lose and move."""
    effect = source.effect
    return {
        "environment": source.version.reference,
        "people": source.people,
        "projects": list(source.projects),
        "gain": list(effect.gained),
        "lose": list(effect.lost),
        "change": [
            {"name": row.name, "versions": list(row.versions), "change": str(row.change), "step": row.step}
            for row in effect.altered
        ],
        "unserved": list(effect.unserved),
        "recorded": source.recorded,
        "lost_imports": list(source.lost_imports),
    }
