"""The libraries of a version with all facts about each: licence, provenance, import time, bundled libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.core.licences.names import normalise
from assay.core.maintenance.unused import needed_by_kernels
from assay.core.report import Report, missing_for
from assay.flow.assess.report import provenance_rows
from assay.store.models import Version
from assay.store.reads.imports import LibraryImports
from assay.store.reads.libraries import LibraryRow, library_rows
from assay.store.reads.unused import UnusedLibraries

SHOWN = 12  # bundled libraries that a row names


@dataclass(frozen=True, kw_only=True)
class LibraryLine:
    """One library. `licence` is an SPDX expression, '' when unknown; `seconds` its slowest import, None for none.

    `provenance` are the facts from the index (see flow.assess.report); `failures` are (module, missing requirement or
    error) of failed imports; `bundled` is None when it was not checked or the wheel embeds no SBOM. `unused`: never
    imported, and needed by nothing that was.
    """

    row: LibraryRow
    licence: str
    provenance: dict[str, Any]
    seconds: float | None
    failures: tuple[tuple[str, str], ...]
    bundled: tuple[str, ...] | None
    scripts: tuple[str, ...]
    modules: tuple[str, ...]
    imported: LibraryImports
    unused: bool

    @property
    def kept_because(self) -> str:
        """Why a library that was never imported counts as used."""
        if self.row.origin == "base":
            return "the base brings it"
        if needed_by_kernels(self.row.name):
            return "kernels need it"
        return "others need it" if self.modules else "it has no modules"

    @property
    def named_parts(self) -> tuple[str, ...]:
        """The bundled libraries that a row shows."""
        return (self.bundled or ())[:SHOWN]


def library_lines(version: Version, use: UnusedLibraries) -> list[LibraryLine]:
    """Return one line for each library, direct ones first; empty before the build. Runs two queries."""
    if version.lock is None:
        return []
    report = Report.from_dict(version.lock.report)
    facts = {one.name: one for one in report.libraries}
    provenance = {one["library"]: one for one in provenance_rows(version)}
    seconds: dict[str, float] = {}
    failures: dict[str, list[tuple[str, str]]] = {}
    for one in report.imports:
        if one.error:
            missing = missing_for(one.error)
            failures.setdefault(one.library, []).append(
                (one.module, f"needs {missing}" if missing else _short(one.error))
            )
        else:
            seconds[one.library] = max(one.seconds, seconds.get(one.library, 0.0))
    return [
        LibraryLine(
            row=row,
            licence=normalise(row.licence),
            provenance=provenance.get(row.name, {}),
            seconds=seconds.get(row.name),
            failures=tuple(failures.get(row.name, ())),
            bundled=facts[row.name].bundled if row.name in facts else None,
            scripts=facts[row.name].scripts if row.name in facts else (),
            modules=facts[row.name].modules if row.name in facts else (),
            imported=use.imports.libraries[row.name],
            unused=row.name in use.unused.libraries,
        )
        for row in library_rows(version)
    ]


def _short(error: str) -> str:
    """Return an error without the path at its end: the path of a temporary build directory is not useful."""
    return error.partition(" (/")[0][:160]
