"""The libraries of a version with all that is known of each: what, why, whence, how old, how slow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.core.report import Report, missing_for
from assay.flow.assess.report import provenance_rows
from assay.sources.licences import normalise
from assay.store.models import Version
from assay.store.reads.libraries import LibraryRow, library_rows

SHOWN = 12  # parts that a row names


@dataclass(frozen=True, kw_only=True)
class LibraryLine:
    """One library. `licence` is an SPDX expression or '' when unknown; `seconds` its slowest import, None for none.

    `provenance` is what the index tells (see flow.report); `failures` are (module, what it wants) of imports
    that failed; `bundled` None when nobody looked or its wheel embeds no list.
    """

    row: LibraryRow
    licence: str
    provenance: dict[str, Any]
    seconds: float | None
    failures: tuple[tuple[str, str], ...]
    bundled: tuple[str, ...] | None
    scripts: tuple[str, ...]

    @property
    def named_parts(self) -> tuple[str, ...]:
        """The parts that a row has room for."""
        return (self.bundled or ())[:SHOWN]


def library_lines(version: Version) -> list[LibraryLine]:
    """Return one line for each library, direct ones first; empty when nothing is built: two queries."""
    if version.lock is None:
        return []
    report = Report.from_dict(version.lock.report)
    facts = {one.name: one for one in report.libraries}
    told = {one["library"]: one for one in provenance_rows(version)}
    seconds: dict[str, float] = {}
    failures: dict[str, list[tuple[str, str]]] = {}
    for one in report.imports:
        if one.error:
            wants = missing_for(one.error)
            failures.setdefault(one.library, []).append(
                (one.module, f"needs {wants}" if wants else _short(one.error))
            )
        else:
            seconds[one.library] = max(one.seconds, seconds.get(one.library, 0.0))
    return [
        LibraryLine(
            row=row,
            licence=normalise(row.licence),
            provenance=told.get(row.name, {}),
            seconds=seconds.get(row.name),
            failures=tuple(failures.get(row.name, ())),
            bundled=facts[row.name].bundled if row.name in facts else None,
            scripts=facts[row.name].scripts if row.name in facts else (),
        )
        for row in library_rows(version)
    ]


def _short(error: str) -> str:
    """Return an error without the path that it ends with: where a build stood aside says nothing to anybody."""
    return error.partition(" (/")[0][:160]
