"""The libraries of a built version, one row each: version, reason, size, origin."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.lock import Lock
from assay.core.report import LibraryFacts, Report
from assay.store.models import Version


@dataclass(frozen=True, kw_only=True)
class LibraryRow:
    """One installed library. `via` is the chain from a direct one; `size` is installed bytes."""

    name: str
    version: str
    direct: bool
    via: tuple[str, ...]
    size: int
    licence: str
    summary: str
    index: str
    hash: str
    uploaded: str
    origin: str  # 'asked': in this spec, 'base': in the base's lock, 'needed': required by another library


def direct_names(names: tuple[str, ...], base: Version | None) -> tuple[str, ...]:
    """Return the names of direct libraries, of a spec and then of its bases, nearest first."""
    found = list(names)
    while base is not None:
        found += base.parsed_spec.names
        base = base.base
    return tuple(dict.fromkeys(found))


def lines_of(lines: tuple[str, ...], base: Version | None) -> tuple[str, ...]:
    """Return the lines of a spec and then of its bases, nearest first."""
    found = list(lines)
    while base is not None:
        found += base.parsed_spec.libraries
        base = base.base
    return tuple(dict.fromkeys(found))


def direct_of(version: Version) -> tuple[str, ...]:
    """Return the direct libraries of a version's spec and of its bases."""
    return direct_names(version.parsed_spec.names, version.base)


def library_rows(version: Version) -> list[LibraryRow]:
    """Return the rows, direct ones first, each group by name; empty for a version that is not built."""
    if version.lock is None:
        return []
    lock = Lock.from_dict(version.lock.content)
    report = Report.from_dict(version.lock.report)
    facts = {one.name: one for one in report.libraries}
    asked = frozenset(version.parsed_spec.names)
    based = frozenset(_names_in_base(version))
    chains = lock.why(direct_of(version))
    rows = [
        LibraryRow(
            name=one.name,
            version=one.version,
            direct=chains.get(one.name) == (),
            via=chains.get(one.name, ()),
            size=_fact(facts, one.name).size,
            licence=_fact(facts, one.name).licence,
            summary=_fact(facts, one.name).summary,
            index=one.index,
            hash=f"sha256:{one.file.sha256}",
            uploaded=one.file.uploaded,
            origin="asked" if one.name in asked else "base" if one.name in based else "needed",
        )
        for one in lock.libraries
    ]
    return sorted(rows, key=lambda row: (not row.direct, row.name))


def _fact(facts: dict[str, LibraryFacts], name: str) -> LibraryFacts:
    return facts.get(name) or LibraryFacts(name=name, version="", size=0)


def _names_in_base(version: Version) -> list[str]:
    if version.base is None or version.base.lock is None:
        return []
    return [one["name"] for one in version.base.lock.content["libraries"]]
