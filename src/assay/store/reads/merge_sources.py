"""Versions as sources of a merge: what they ask for, what is imported from them, and who uses them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from assay.core.lock import Lock
from assay.core.maintenance.merge_plan import Source
from assay.store.models import Launch, Runtime, Version
from assay.store.reads.imports import imports_of
from assay.store.reads.libraries import lines_of


def merge_sources(versions: Sequence[Version], *, base: Version | None, since: datetime) -> list[Source]:
    """Return built versions as sources, with imports and people since a time: two queries.

    `base` is the base that stays: its lines are not part of the sources then.
    """
    keys = [one.pk for one in versions]
    imports, people = imports_of(keys, since=since.date()), people_by_version(versions, since)
    found = []
    for version in versions:
        lock = Lock.from_dict(version.lock.content if version.lock else {})
        seen = imports[version.pk]
        lines = version.parsed_spec.libraries
        found.append(
            Source(
                reference=version.reference,
                python=version.python,
                base=base.reference if base else "",
                lines=lines if base else lines_of(lines, version.base),
                versions={one.name: one.version for one in lock.libraries},
                dependencies={one.name: one.dependencies for one in lock.libraries},
                imported=frozenset(seen.libraries) if seen.sessions else None,
                people=people.get(version.pk, 0),
            )
        )
    return found


def people_by_version(versions: Sequence[Version], since: datetime) -> dict[int, int]:
    """Return how many people launched each version since a time: one query."""
    counted = (
        Launch.objects.filter(
            environment__in={one.environment_id for one in versions},
            version__in=[one.pk for one in versions],
            started_at__gte=since,
        )
        .values_list("version")
        .annotate(people=Count("person", distinct=True))
    )
    return dict(counted)


def names_by_version(versions: Sequence[Version], since: datetime) -> dict[int, tuple[str, ...]]:
    """Return the names of the people who launched each version since a time: one query."""
    rows = (
        Launch.objects.filter(
            environment__in={one.environment_id for one in versions},
            version__in=[one.pk for one in versions],
            started_at__gte=since,
        )
        .order_by("person__username")
        .values_list("version", "person__username")
        .distinct()
    )
    found: dict[int, list[str]] = {one.pk: [] for one in versions}
    for pk, name in rows:
        found[pk].append(name)
    return {pk: tuple(names) for pk, names in found.items()}


def projects_by_version(versions: Sequence[Version]) -> dict[int, tuple[str, ...]]:
    """Return the slugs of the projects that run in each version, by its reference or by its name: one query."""
    named: dict[str, int] = {}
    for one in versions:
        named[one.reference] = one.pk
        if one.environment.active_id == one.pk:
            named[one.environment.slug] = one.pk
    found: dict[int, list[str]] = {one.pk: [] for one in versions}
    workspaces = {one.environment.workspace_id for one in versions}
    rows = Runtime.objects.filter(workspace__in=workspaces, environment__in=named).order_by("slug")
    for slug, environment in rows.values_list("slug", "environment"):
        found[named[environment]].append(slug)
    return {pk: tuple(slugs) for pk, slugs in found.items()}


def sources_of(version: Version) -> list[Version]:
    """Return the versions that a merged version replaces, by reference, none of one that is no merge: one query."""
    if getattr(version, "merge", None) is None:
        return []
    found = Version.objects.filter(merged_into__version=version).select_related(
        "environment__owner", "lock", "base__environment", "base__base"
    )
    return list(found.defer("lock__text").order_by("environment__slug", "number"))
