"""`Pipfile.lock` of Pipenv: `develop` and further categories are choices."""

from __future__ import annotations

from typing import Any

from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.sources.intake.formats import PROJECT_ITSELF, array, parse_json, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
    HERE,
    PATH,
    REPOSITORY,
    choices,
    index_notes,
    local_notes,
    locked_entry,
)

SOURCES = {"git": REPOSITORY, "hg": REPOSITORY, "svn": REPOSITORY, "url": ADDRESS, "path": PATH, "file": PATH}
GROUPS = {"default": "", "develop": "group dev"}


def read_pipfile_lock(text: str) -> Document:
    """Read a lock file. Libraries that Pipenv gave its first index are those of the Pipfile."""
    document = table({"": parse_json(text)}, "")
    meta = table(document, "_meta")
    categories = [one for one in GROUPS if one in document] + [
        one for one in document if one not in GROUPS and one != "_meta" and isinstance(document[one], dict)
    ]
    locked = [
        (
            name,
            package if isinstance(package, dict) else {"version": text_of(package)},
            GROUPS.get(one, f"group {one}"),
        )
        for one in categories
        for name, package in table(document, one).items()
    ]
    entries = [_entry(name, package, choice) for name, package, choice in locked]
    sources = [one for one in array(meta.get("sources")) if isinstance(one, dict)]
    requires = table(meta, "requires")
    python = text_of(requires.get("python_version")) or text_of(requires.get("python_full_version"))
    return Document(
        kind="pipfile-lock",
        entries=tuple(entries),
        choices=choices(entries),
        python=".".join(python.split(".")[:2]) or None,
        locked=True,
        direct=_direct([(name, package) for name, package, _ in locked], sources),
        notes=(*index_notes(one.get("url") for one in sources), *local_notes(entries)),
    )


def _entry(name: str, package: dict[str, Any], choice: str) -> Entry:
    version = text_of(package.get("version"))
    reason = next((SOURCES[key] for key in SOURCES if key in package), "")
    if package.get("path") in HERE or package.get("file") in HERE:
        reason = PROJECT_ITSELF
    return locked_entry(
        name,
        "" if version == "*" else version.lstrip("="),
        marker=text_of(package.get("markers")),
        choice=choice,
        reason=reason,
        extras=[str(one) for one in array(package.get("extras"))],
    )


def _direct(locked: list[tuple[str, dict[str, Any]]], sources: list[dict[str, Any]]) -> frozenset[str] | None:
    """Return the names of the Pipfile: Pipenv notes the index of these, and only of these."""
    named = [(name, text_of(package.get("index"))) for name, package in locked if package.get("index")]
    first = text_of(sources[0].get("name")) if sources else ""
    if len(named) == len(locked) or not any(index == first for _, index in named):
        return None
    return frozenset(canonicalize_name(name) for name, _ in named)
