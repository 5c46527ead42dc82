"""What a page offers to compare a version with: what it came from, what it stands on, what is nearest to it."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.roles import Actor
from assay.store.models import Version
from assay.store.reads.nearest import nearest, need_of
from assay.store.reads.sides import predecessor

MOST_NEAREST = 3


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One version and why it is offered. `origin` says that the other version came from it."""

    reference: str
    why: str
    origin: bool = False


def offers(actor: Actor, version: Version) -> list[Offer]:
    """Return each version once: last published, base, then the nearest of other environments, best first."""
    found: list[Offer] = []
    earlier = predecessor(version)
    if earlier and earlier.environment_id == version.environment_id:
        found.append(Offer(reference=earlier.reference, why="last published", origin=True))
    if version.base:
        found.append(Offer(reference=version.base.reference, why="base", origin=True))
    for one in nearest(actor, need_of(version), limit=MOST_NEAREST, but=version.reference):
        if one.key not in {other.reference for other in found}:
            why = "identical" if one.identical else f"nearest, {one.score:.0%} alike"
            found.append(Offer(reference=one.key, why=why))
    return found
