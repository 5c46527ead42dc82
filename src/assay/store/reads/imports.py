"""Which libraries of a version were really imported: sessions per library since a day, counts without people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Max, Sum

from assay.store.models import LibraryUse

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
