"""Templates of a workspace, as the page for new environments shows them."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.store.models import Environment

MOST = 12  # on one page; the catalogue lists all


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template by its active version. `libraries` counts those of its spec, `installed` those of its lock."""

    reference: str
    title: str
    description: str
    python: str
    base: str
    libraries: int
    installed: int


def templates(actor: Actor) -> list[Template]:
    """Return the templates by title, one more than `MOST` where there are more: one query."""
    rows = Environment.objects.filter(
        workspace_id=actor.workspace_id, template=True, active__status=Status.PUBLISHED
    ).exclude(active__health=Health.QUARANTINED)
    columns = ("slug", "title", "description", "active__number", "active__python", "active__spec")
    found = rows.order_by("title", "pk").values_list(*columns, "active__lock__libraries_count")[: MOST + 1]
    return [
        Template(
            reference=f"{slug}@{number}",
            title=title,
            description=description,
            python=python,
            base=spec.get("base") or "",
            libraries=len(spec.get("libraries", ())),
            installed=installed or 0,
        )
        for slug, title, description, number, python, spec, installed in found
    ]
