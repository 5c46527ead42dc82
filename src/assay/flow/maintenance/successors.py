"""Versions that could replace one: a newer one of its environment, then those nearest to what its people use."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.comparison.similarity import Profile
from assay.core.lifecycle import Status
from assay.core.maintenance.rollout import HELD_BACK
from assay.core.maintenance.successor import Coverage, coverage
from assay.flow.maintenance.redirects import open_to_all
from assay.store.models import Version
from assay.store.reads.impact import first_day
from assay.store.reads.imports import Imports, imports_of
from assay.store.reads.nearest import environment_of, index_in, need_of
from assay.store.reads.people_use import people_since

SEARCHED = 24  # nearest environments from which the best are chosen


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A version that could replace another one, and how well. `newer`: it is of the same environment.

    `people` launched it in the last 90 days.
    """

    version: Version
    coverage: Coverage
    newer: bool
    people: int

    @property
    def reference(self) -> str:
        """Its name, e.g. `geo@4`."""
        return self.version.reference


def propose_successors(version: Version, limit: int = 3) -> list[Proposal]:
    """Return the versions that could replace one, best first; each is published and everyone can launch it.

    A newer version of the same environment comes first, then the active versions of other environments: those that
    cover more of what people use, then those that move less, then those that more people use. One that has nothing
    of it is not proposed, nor is a version of which only a pilot group gets new starts.
    """
    if version.lock is None:
        return []
    seen = imports_of([version.pk], since=first_day())[version.pk]
    imported = frozenset(seen.libraries) if seen.sessions else None
    source = need_of(version)
    pairs = [*((one, need_of(one)) for one in _newer(version)), *_nearest(version, _need(source, seen))]
    people = people_since([one.pk for one, _ in pairs], first_day())
    found = [
        Proposal(
            version=one,
            coverage=coverage(source, profile, imported),
            newer=one.environment_id == version.environment_id,
            people=people[one.pk],
        )
        for one, profile in pairs
    ]
    useful = [one for one in found if one.newer or one.coverage.covers or not one.coverage.total]
    return sorted(useful, key=_rank)[:limit]


def _rank(one: Proposal) -> tuple[bool, int, int, int, bool, int]:
    covered = one.coverage
    return not one.newer, -covered.covers, covered.major, len(covered.moved), not covered.same_python, -one.people


def _newer(version: Version) -> list[Version]:
    """Return the version that people of the environment get now, else its newest one, if newer: one query."""
    rows = version.environment.versions.filter(number__gt=version.number, status=Status.PUBLISHED)
    rows = rows.exclude(rollout__state__in=HELD_BACK).select_related("environment", "lock", "base__base")
    usable = [one for one in rows.defer("lock__text", "lock__report").order_by("-number") if open_to_all(one)]
    active = [one for one in usable if one.pk == version.environment.active_id]
    return (active or usable)[:1]


def _nearest(version: Version, need: Profile) -> list[tuple[Version, Profile]]:
    """Return the active versions of the environments that are nearest to a need, with their profiles: two queries."""
    own, workspace_id = version.environment.slug, version.environment.workspace_id
    with index_in(workspace_id) as index:
        near = index.nearest(need, limit=SEARCHED, exclude=version.reference)
        slugs = [slug for one in near if (slug := environment_of(one.key)) != own]
        rows = Version.objects.filter(
            environment__workspace_id=workspace_id, active_of__slug__in=slugs, status=Status.PUBLISHED
        )
        rows = rows.exclude(pk=version.pk).select_related("environment", "lock")
        found = [one for one in rows.defer("lock__text", "lock__report", "lock__content") if open_to_all(one)]
        known = set(index.keys)
        profiled = {one.reference: (one, index.profile(one.reference)) for one in found if one.reference in known}
    order = {slug: rank for rank, slug in enumerate(slugs)}
    return sorted(profiled.values(), key=lambda pair: order[pair[0].environment.slug])


def _need(source: Profile, seen: Imports) -> Profile:
    """Return what people need of a version: its imported libraries where these are known, else all of it."""
    imported = sorted(seen.libraries.keys() & source.versions.keys())
    if not imported:
        return source
    return Profile(
        python=source.python,
        lines=tuple(imported),
        versions={name: source.versions[name] for name in imported},
        digest=source.digest,
    )
