"""`poetry.lock` of Poetry 1 and 2: groups and extras as choices, markers as they are written or along the paths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.core.intake.lock_graph import Condition, Edge, conditions, marker_of, unasked
from assay.core.intake.markers import for_members, membership, memberships, reduced
from assay.sources.intake.formats import array, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
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
from assay.sources.intake.projects.poetry_versions import python_specifier

SOURCES = {"git": REPOSITORY, "url": ADDRESS, "file": PATH, "directory": PATH}
MAIN = "main"
NO_GROUPS = "The file does not say which libraries belong to a group: those of groups are taken too."
OPTIONAL = "optional"  # the choice of what belongs to an extra that the file does not name


def read_poetry(text: str) -> Document:
    """Read a lock file. Groups and extras are choices; none of them is selected."""
    document = lock_toml(text)
    packages = packages_in(document, "package")
    lock = _Lock(packages, table(document, "extras"))
    entries = [entry for number in range(len(packages)) for entry in lock.entries(number)]
    tells = not packages or any("groups" in one or "category" in one for one in packages)
    return Document(
        kind="poetry-lock",
        entries=tuple(entries),
        choices=choices(entries),
        requires_python=python_specifier(text_of(table(document, "metadata").get("python-versions"))),
        locked=True,
        requires=lock.requires(),
        notes=(
            *(() if tells else (NO_GROUPS,)),
            *index_notes(
                table(one, "source").get("url") for one in packages if table(one, "source").get("type") == "legacy"
            ),
            *local_notes(entries),
        ),
    )


class _Lock:
    def __init__(self, packages: list[dict[str, Any]], extras: dict[str, Any]) -> None:
        self._packages = packages
        self._by_name: dict[str, list[int]] = {}
        for number in range(len(packages)):
            self._by_name.setdefault(self._name(number), []).append(number)
        self._edges = {f"{number}": list(self._edges_of(number)) for number in range(len(packages))}
        keys = [f"{number}" for number in range(len(packages))]
        # Poetry 2 writes the complete marker of each library; before, there are only those of requirements.
        complete = any("markers" in one or "groups" in one for one in packages)
        self._conditions = {} if complete else conditions(self._edges, unasked(self._edges, keys), _any_extra)
        self._extras = self._extras_by_package(extras)

    def entries(self, number: int) -> Iterator[Entry]:
        """Yield the entry of a package for each choice that it belongs to."""
        package = self._packages[number]
        groups = [str(one) for one in array(package.get("groups"))] or [text_of(package.get("category")) or MAIN]
        main = self._marker(number, MAIN)
        optional = bool(package.get("optional")) or bool(memberships(main))
        if MAIN in groups and optional:
            yield from self._optional(number, main)
        elif MAIN in groups:
            yield self._entry(number, "", marker=main)
        for group in (one for one in groups if one != MAIN):
            marker = self._marker(number, group)
            if MAIN not in groups or optional or main not in {"", marker}:
                yield self._entry(number, f"group {group}", marker=marker)

    def requires(self) -> dict[str, tuple[str, ...]]:
        """Return the names that each name requires."""
        found: dict[str, list[str]] = {}
        for key, edges in self._edges.items():
            found.setdefault(self._name(int(key)), []).extend(self._name(int(one.target)) for one in edges)
        return required_names(found)

    def _name(self, number: int) -> str:
        return canonicalize_name(text_of(self._packages[number].get("name")))

    def _edges_of(self, number: int) -> Iterator[Edge]:
        for name, wanted in table(self._packages[number], "dependencies").items():
            for one in wanted if isinstance(wanted, list) else [wanted]:
                marker = text_of(table({"": one}, "").get("markers"))
                for target in self._by_name.get(canonicalize_name(name), ()):
                    yield Edge(target=f"{target}", marker=marker)

    def _extras_by_package(self, extras: dict[str, Any]) -> dict[int, dict[str, Condition]]:
        """Return the extras of the project that require each package, with the conditions of the paths."""
        found: dict[int, dict[str, Condition]] = {}
        for extra, names in extras.items():
            wanted = (canonicalize_name(str(one).partition(" ")[0].partition("[")[0]) for one in array(names))
            roots = [Edge(target=f"{number}") for name in wanted for number in self._by_name.get(name, ())]
            for key, condition in conditions(self._edges, roots, _any_extra).items():
                found.setdefault(int(key), {})[extra] = condition
        return found

    def _marker(self, number: int, group: str) -> str:
        """Return the marker of a package for a group."""
        if number_condition := self._conditions.get(f"{number}"):
            return marker_of(number_condition)
        markers = self._packages[number].get("markers")
        return text_of(markers.get(group)) if isinstance(markers, dict) else text_of(markers)

    def _optional(self, number: int, marker: str) -> Iterator[Entry]:
        """Yield an entry for each extra that brings a package: named by its marker, else by the paths."""
        named = dict.fromkeys(one.name for one in memberships(marker) if not one.negated)
        if named and (always := for_members(marker, frozenset())) is not False:
            yield self._entry(number, "", marker=always)
        for extra in named:
            yield self._entry(number, f"extra {extra}", marker=for_members(marker, frozenset({extra})))
        if not named:
            extras = self._extras.get(number, {})
            for extra, condition in extras.items():
                yield self._entry(number, f"extra {extra}", marker=marker or marker_of(condition) or True)
            if not extras:
                yield self._entry(number, OPTIONAL, marker=marker or True)

    def _entry(self, number: int, choice: str, *, marker: str | bool) -> Entry:
        package = self._packages[number]
        source = text_of(table(package, "source").get("type"))
        reason = SOURCES.get(source, "") or ("is not required by this choice" if marker is False else "")
        return locked_entry(
            text_of(package.get("name")),
            text_of(package.get("version")),
            marker=marker,
            choice=choice,
            reason=reason,
        )


_any_extra = partial(reduced, known=lambda comparison: True if membership(comparison) else None)
