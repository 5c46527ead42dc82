"""Related versions: the predecessor and base of a version, the most similar ones, and ones that cover a draft."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.comparison.similarity import Nearness, Profile
from assay.core.roles import Actor
from assay.store.models import Version
from assay.store.reads.compared_versions import predecessor
from assay.store.reads.nearest import nearest, need_of

MOST_NEAREST = 3
MOST_COVERS = 2
MOST_MISSING = 2  # libraries that it may lack; a version that lacks more is not suggested


@dataclass(frozen=True, kw_only=True)
class Cover:
    """A published version that covers a need, fully or nearly; `words` are the text after its name."""

    key: str
    slug: str
    number: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A related version and why it is suggested."""

    reference: str
    why: str


def offers(actor: Actor, version: Version) -> list[Offer]:
    """Return related versions, each once: last published, base, then the most similar ones, best first."""
    found: list[Offer] = []
    earlier = predecessor(version)
    if earlier and earlier.environment_id == version.environment_id:
        found.append(Offer(reference=earlier.reference, why="last published"))
    if version.base:
        found.append(Offer(reference=version.base.reference, why="base"))
    for one in nearest(actor, need_of(version), limit=MOST_NEAREST, exclude=version.reference):
        if one.key not in {other.reference for other in found}:
            why = "identical" if one.identical else f"nearest, {one.score:.0%} alike"
            found.append(Offer(reference=one.key, why=why))
    return found


def covers(actor: Actor, need: Profile, *, exclude: set[str]) -> list[Cover]:
    """Return published versions that cover a need, else those that lack few libraries; `exclude` are slugs."""
    near = [one for one in nearest(actor, need, limit=2 * MOST_NEAREST) if one.key.partition("@")[0] not in exclude]
    covering = [one for one in near if one.covers]
    nearly = [one for one in near if one.words and len(one.missing) <= min(MOST_MISSING, (len(need.direct) - 1) // 2)]
    return [_cover(one) for one in (covering or nearly)[:MOST_COVERS]]


def _cover(one: Nearness) -> Cover:
    slug, _, number = one.key.partition("@")
    return Cover(key=one.key, slug=slug, number=int(number), words=_words(one))


def _words(one: Nearness) -> str:
    if one.identical:
        return "is identical"
    if one.covers:
        return "covers this"
    return f"and {', '.join(one.missing)} cover this"
