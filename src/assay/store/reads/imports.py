"""Which libraries of a version were really imported: sessions per library since a day, counts without people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Max, Sum

from assay.store.models import LibraryUse, Version

SESSIONS = ""  # the `library` of the rows that count the sessions themselves


@dataclass(frozen=True, kw_only=True)
class Imported:
    """In how many sessions a library was imported, and the day on which the last of them began."""

    sessions: int
    last: date


@dataclass(frozen=True, kw_only=True)
class Imports:
    """The recorded sessions of a version, and its imported libraries by normalised name.

    Without any session nothing is known: a library that is missing then is not "never imported".
    """

    sessions: int = 0
    libraries: dict[str, Imported] = field(default_factory=dict)


def imports_of(versions: Iterable[int], *, since: date) -> dict[int, Imports]:
    """Return the imports of each version in sessions that began on or after a day: one query."""
    wanted = list(versions)
    rows = (
        LibraryUse.objects.filter(version__in=wanted, day__gte=since, sessions__gt=0)
        .values_list("version", "library")
        .annotate(total=Sum("sessions"), last=Max("day"))
    )
    sessions = dict.fromkeys(wanted, 0)
    libraries: dict[int, dict[str, Imported]] = {pk: {} for pk in wanted}
    for pk, library, total, last in rows:
        if library == SESSIONS:
            sessions[pk] = total
        else:
            libraries[pk][library] = Imported(sessions=total, last=last)
    return {pk: Imports(sessions=sessions[pk], libraries=libraries[pk]) for pk in wanted}


@dataclass(frozen=True, kw_only=True)
class LibraryImports:
    """In how many of how many sessions a library was imported; `last`: the day on which the last of them began."""

    sessions: int
    of: int
    last: date | None


@dataclass(frozen=True, kw_only=True)
class EnvironmentImports:
    """The recorded sessions of an environment, and what they imported of the libraries of one version, by name.

    A library counts in the sessions of those versions that have it, so that a new one is not called unused.
    """

    sessions: int
    libraries: dict[str, LibraryImports]


def library_imports(version: Version, *, since: date) -> EnvironmentImports:
    """Return the imports of each library of a built version, in sessions of its environment since a day: two queries.

    Sessions of the other versions of the environment count, for the libraries that they have too.
    """
    used = LibraryUse.objects.filter(version__environment=version.environment_id, day__gte=since).values("version")
    held = {
        pk: {one["name"] for one in libraries}
        for pk, libraries in Version.objects.filter(pk__in=used).values_list("pk", "lock__content__libraries")
        if libraries
    }
    found = imports_of(held, since=since)
    mine = version.lock.content["libraries"] if version.lock else []
    return EnvironmentImports(
        sessions=sum(one.sessions for one in found.values()),
        libraries={name: _sum(name, [found[pk] for pk in held if name in held[pk]]) for name in _names(mine)},
    )


def _names(libraries: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in libraries]


def _sum(name: str, imports: list[Imports]) -> LibraryImports:
    seen = [one.libraries[name] for one in imports if name in one.libraries]
    return LibraryImports(
        sessions=sum(one.sessions for one in seen),
        of=sum(one.sessions for one in imports),
        last=max((one.last for one in seen), default=None),
    )
