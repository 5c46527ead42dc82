"""`/compare`: two to five versions, aligned by library."""

from __future__ import annotations

from typing import Any

from ninja import Router

from assay.api.access import Caller, needs
from assay.core.diff import Comparison, Row
from assay.core.diff import compare as compare_sides
from assay.core.errors import InvalidInputError
from assay.core.roles import Right
from assay.flow.access import find_reference
from assay.store.reads.sides import side

router = Router(tags=["compare"])


@router.get("/compare", response=dict[str, Any])
@needs(Right.SEE)
def compare(request: Caller, workspace: str, versions: str) -> dict[str, Any]:
    """Compare versions that the caller may see; a change is told of the first against the last."""
    names = [one.strip() for one in versions.split(",") if one.strip()]
    if len(names) < 2:  # noqa: PLR2004 - one version has nothing to differ from
        raise InvalidInputError("Name at least two versions.", hint="Write versions=geo@3,geo@4.", path="versions")
    found = compare_sides([side(find_reference(request.actor, name, path="versions")) for name in names])
    return comparison_document(found)


def comparison_document(found: Comparison) -> dict[str, Any]:
    """All sides in the order in which they were named; every size is in bytes."""
    return {
        "versions": list(found.labels),
        "summary": found.summary,
        "settings": [{"name": one.name, "values": list(one.values)} for one in found.settings],
        "libraries": [_row(row) for row in found.rows],
        "effects": _effects(found),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "versions": list(row.versions),
        "change": row.change,
        "step": row.step,
        "direct": row.direct,
        "via": list(row.via),
        "sizes": list(row.sizes),
        "installed": list(row.installed),
        "licences": list(row.licences),
        "requirements": list(row.requirements),
    }


def _effects(found: Comparison) -> dict[str, Any]:
    """Tell what moving from the first version to the last does."""
    effects = found.effects
    return {
        "counts": {str(change): count for change, count in found.counts.items()},
        "size": {"before": effects.before, "after": effects.after},
        "libraries": [{"name": row.name, "growth": row.growth} for row in effects.growth],
        "licences": [
            {"name": row.name, "before": row.licences[0], "after": row.licences[-1]} for row in effects.relicensed
        ],
        "requirements": [
            {"name": row.name, "before": row.requirements[0], "after": row.requirements[-1]}
            for row in effects.asked_anew
        ],
    }
