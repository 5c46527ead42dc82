"""`pylock.toml` (PEP 751): locked versions with their markers, extras and dependency groups.

`packaging.pylock` is not used: it reads the names of all files, which takes seconds for a thousand libraries, refuses
a file whole for one wrong entry, and selects for one Python where several are offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.core.intake.document import Document, Entry
from assay.core.intake.markers import for_members
from assay.sources.intake.formats import PROJECT_ITSELF, array, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
    HERE,
    PATH,
    REPOSITORY,
    choices,
    index_notes,
    local_notes,
    lock_toml,
    locked_entry,
    packages_in,
    required_names,
)

SOURCES = {"vcs": REPOSITORY, "directory": PATH, "archive": ADDRESS}


def read_pylock(text: str) -> Document:
    """Read a lock file. Extras and groups are choices; those that the file installs by default are selected."""
    document = lock_toml(text)
    packages = packages_in(document, "packages")
    extras = [str(one) for one in array(document.get("extras"))]
    groups = [str(one) for one in array(document.get("dependency-groups"))]
    entries = [entry for one in packages for entry in _entries(one, extras, groups)]
    defaults = [f"group {one}" for one in array(document.get("default-groups"))]
    return Document(
        kind="pylock",
        entries=tuple(entries),
        choices=choices(entries, selected=defaults),
        requires_python=text_of(document.get("requires-python")),
        locked=True,
        requires=_requires(packages),
        notes=(*index_notes(one.get("index") for one in packages), *local_notes(entries)),
    )


def _entries(package: dict[str, Any], extras: list[str], groups: list[str]) -> Iterator[Entry]:
    """Yield the entry of a package, or one for each extra and group without which it is not installed."""
    marker = text_of(package.get("marker"))
    always = for_members(marker, frozenset()) if marker else True
    if always is not False:
        yield _entry(package, marker=always)
        return
    brought = [(f"extra {one}", for_members(marker, frozenset({one}))) for one in extras]
    brought += [(f"group {one}", for_members(marker, frozenset(), frozenset({one}))) for one in groups]
    found = [(choice, when) for choice, when in brought if when is not False]
    for choice, when in found:
        yield _entry(package, marker=when, choice=choice)
    if not found:
        yield _entry(package, reason=f"is needed by several extras or groups together: {marker}")


def _entry(package: dict[str, Any], *, marker: str | bool = "", choice: str = "", reason: str = "") -> Entry:
    return locked_entry(
        text_of(package.get("name")),
        text_of(package.get("version")),
        marker=marker,
        choice=choice,
        reason=_source(package) or reason,
    )


def _source(package: dict[str, Any]) -> str:
    """Return why a package is not from an index, '' if it is."""
    if table(package, "directory").get("path") in HERE:
        return PROJECT_ITSELF
    return next((SOURCES[one] for one in SOURCES if one in package), "")


def _requires(packages: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one in packages:
        needed = (text_of(table({"": dependency}, "").get("name")) for dependency in array(one.get("dependencies")))
        found.setdefault(text_of(one.get("name")), []).extend(name for name in needed if name)
    return required_names(found)
