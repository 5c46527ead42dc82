"""The unused libraries of a version: never imported in its environment's sessions, nor needed by the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from assay.core.lock import Lock
from assay.core.maintenance.unused import Unused, find_unused
from assay.core.report import Report
from assay.store.models import Version
from assay.store.reads.imports import EnvironmentImports, library_imports


@dataclass(frozen=True, kw_only=True)
class UnusedLibraries:
    """What is known of the imports of a version, what it can do without, and the installed bytes of each library."""

    imports: EnvironmentImports
    unused: Unused
    sizes: Mapping[str, int]

    @property
    def size(self) -> int:
        """The bytes that leaving the unused libraries out saves."""
        return sum(self.sizes.get(name, 0) for name in self.unused.libraries)


def unused_libraries(version: Version, *, since: date, keep: Collection[str] = ()) -> UnusedLibraries:
    """Return the unused libraries of a built version, besides direct ones to `keep`: two queries.

    Nothing is unused without a session. What no import can show (a library without modules, or without a session that
    had it) and what the base brings count as used.
    """
    lock = Lock.from_dict(version.lock.content if version.lock else {})
    report = Report.from_dict(version.lock.report) if version.lock else None
    facts = {one.name: one for one in report.libraries} if report else {}
    found = library_imports(version, since=since)
    base = version.base.lock.content["libraries"] if version.base and version.base.lock else []
    seen = found.libraries
    unknown = {name for name, one in seen.items() if not one.of or name not in facts or not facts[name].modules}
    unused = find_unused(
        version.parsed_spec.libraries,
        {one.name: one.dependencies for one in lock.libraries},
        imported={name for name, one in seen.items() if one.sessions or not found.sessions},
        unknown=unknown | set(keep),
        keep={one["name"] for one in base},
    )
    return UnusedLibraries(imports=found, unused=unused, sizes={name: one.size for name, one in facts.items()})
