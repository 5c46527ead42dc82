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
    """One version and why it is offered."""

    reference: str
    why: str


def offers(actor: Actor, version: Version) -> list[Offer]:
    """Return each version once: last published, base, then the nearest of other environments, best first."""
    found: dict[str, str] = {}
    earlier = predecessor(version)
    if earlier and earlier.environment_id == version.environment_id:
        found[earlier.reference] = "last published"
    if version.base:
        found.setdefault(version.base.reference, "base")
    for one in nearest(actor, need_of(version), limit=MOST_NEAREST, but=version.reference):
        found.setdefault(one.key, "identical" if one.identical else f"nearest, {one.score:.0%} alike")
    return [Offer(reference=reference, why=why) for reference, why in found.items()]
