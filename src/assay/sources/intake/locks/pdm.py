"""`pdm.lock`: groups as choices, markers as they are written or along the paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.core.intake.lock_graph import Edge, conditions, marker_of, unasked
from assay.sources.intake.formats import array, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
    PATH,
    REPOSITORY,
    choices,
    local_notes,
    lock_toml,
    locked_entry,
    packages_in,
    required_names,
)

SOURCES = {"git": REPOSITORY, "hg": REPOSITORY, "svn": REPOSITORY, "url": ADDRESS, "path": PATH}
DEFAULT = "default"
NO_GROUPS = "The file does not say which libraries belong to a group: those of groups are taken too."


def read_pdm(text: str) -> Document:
    """Read a lock file. Groups are choices; none of them is selected."""
    document = lock_toml(text)
    packages = packages_in(document, "package")
    edges = _edges(packages)
    grouped = any("groups" in one for one in packages)
    keys = [f"{number}" for number in range(len(packages))]
    along = {} if grouped else conditions(edges, unasked(edges, keys))
    markers = [
        text_of(one.get("marker")) or (marker_of(along[key]) if key in along else "")
        for key, one in zip(keys, packages, strict=True)
    ]
    entries = [entry for one, marker in zip(packages, markers, strict=True) for entry in _entries(one, marker)]
    metadata = table(document, "metadata")
    targets = [text_of(table({"": one}, "").get("requires_python")) for one in array(metadata.get("targets"))]
    return Document(
        kind="pdm-lock",
        entries=tuple(entries),
        choices=choices(entries),
        requires_python=next((one for one in targets if one), "") or text_of(metadata.get("requires_python")),
        locked=True,
        requires=_requires(packages, edges),
        notes=(*(() if grouped or not packages else (NO_GROUPS,)), *local_notes(entries)),
    )


def _entries(package: dict[str, Any], marker: str) -> Iterator[Entry]:
    groups = [str(one) for one in array(package.get("groups"))] or [DEFAULT]
    for group in [DEFAULT] if DEFAULT in groups else groups:
        yield locked_entry(
            text_of(package.get("name")),
            text_of(package.get("version")),
            marker=marker,
            choice="" if group == DEFAULT else f"group {group}",
            reason=next((SOURCES[key] for key in SOURCES if key in package), ""),
            extras=[str(one) for one in array(package.get("extras"))],
        )


def _edges(packages: list[dict[str, Any]]) -> dict[str, list[Edge]]:
    """Return the edges by package; a library with extras has an entry of its own beside the one without."""
    by_name: dict[str, list[int]] = {}
    for number, one in enumerate(packages):
        by_name.setdefault(canonicalize_name(text_of(one.get("name"))), []).append(number)
    found: dict[str, list[Edge]] = {}
    for number, one in enumerate(packages):
        edges = found.setdefault(f"{number}", [])
        for line in array(one.get("dependencies")):
            try:
                needed = Requirement(str(line))
            except InvalidRequirement:
                continue
            edges += [
                Edge(target=f"{target}", marker=str(needed.marker or ""))
                for target in by_name.get(canonicalize_name(needed.name), ())
                if target != number
            ]
    return found


def _requires(packages: list[dict[str, Any]], edges: dict[str, list[Edge]]) -> dict[str, tuple[str, ...]]:
    names = [text_of(one.get("name")) for one in packages]
    found: dict[str, list[str]] = {}
    for key, targets in edges.items():
        needed = (names[int(one.target)] for one in targets)
        found.setdefault(names[int(key)], []).extend(one for one in needed if one != names[int(key)])
    return required_names(found)
