"""`uv.lock`: what the project, its extras and its groups require, with markers combined along the paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.core.intake.lock_graph import Condition, Edge, by_choice, marker_of, unasked
from assay.core.intake.markers import for_members
from assay.sources.intake.formats import PROJECT_ITSELF, array, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
    PATH,
    REPOSITORY,
    UNREACHED,
    choices,
    index_notes,
    local_notes,
    lock_toml,
    locked_entry,
    packages_in,
    required_names,
)

SOURCES = {"git": REPOSITORY, "url": ADDRESS, "path": PATH, "directory": PATH, "editable": PATH, "virtual": PATH}
CONFLICT = re.compile(r"\b(extra|group|project)-\d+-")


def read_uv(text: str) -> Document:
    """Read a lock file. Extras, groups and further members of the project are choices; none of them is selected."""
    return _Lock(lock_toml(text)).document()


@dataclass
class _Roots:
    """What is asked for: the edges by choice, and the extras and groups that a choice brings for uv's markers."""

    edges: dict[str, list[Edge]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    extras: dict[str, set[str]] = field(default_factory=dict)  # of libraries, that are asked for directly


class _Lock:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._packages = packages_in(document, "package")
        self._by_name: dict[str, list[int]] = {}
        for number in range(len(self._packages)):
            self._by_name.setdefault(self._name(number), []).append(number)
        self._manifest = table(document, "manifest")
        self._members = self._find_members()
        self._edges = {key: edges for number in range(len(self._packages)) for key, edges in self._edges_of(number)}
        self._roots = self._find_roots()

    def document(self) -> Document:
        asked = by_choice(
            self._edges,
            self._roots.edges,
            {
                choice: partial(for_members, extras=self._roots.members.get(choice, frozenset()))
                for choice in ("", *self._roots.edges)
            },
        )
        entries = list(self._entries(asked))
        return Document(
            kind="uv-lock",
            entries=tuple(entries),
            choices=choices(entries, selected=self._preselected()),
            requires_python=text_of(self._document.get("requires-python")),
            locked=True,
            direct=frozenset(
                self._name(_number(edge.target)) for edges in self._roots.edges.values() for edge in edges
            ),
            requires=required_names(self._requires()),
            notes=(
                *index_notes(table(one, "source").get("registry") for one in self._packages),
                *local_notes(entries),
            ),
        )

    def _name(self, number: int) -> str:
        return canonicalize_name(text_of(self._packages[number].get("name")))

    def _find_members(self) -> list[int]:
        """Return the packages that are the project itself, the root of a workspace first."""
        named = {canonicalize_name(str(one)) for one in array(self._manifest.get("members"))}
        local = [
            (table(one, "source").get("editable") or table(one, "source").get("virtual"), number)
            for number, one in enumerate(self._packages)
        ]
        root = [number for path, number in local if path == "."]
        return root + [number for path, number in local if path and path != "." and self._name(number) in named]

    def _edges_of(self, number: int) -> Iterator[tuple[str, list[Edge]]]:
        package = self._packages[number]
        yield f"{number}", self._targets(package.get("dependencies"))
        for extra, needed in table(package, "optional-dependencies").items():
            yield f"{number}[{canonicalize_name(extra)}]", self._targets(needed)

    def _targets(self, needed: object) -> list[Edge]:
        """Return the edges of a list of requirements: to a package, and to each of its extras."""
        edges = []
        for one in array(needed):
            marker, extras = text_of(table(one).get("marker")), array(table(one).get("extra"))
            for number in self._candidates(table(one)):
                edges.append(Edge(target=f"{number}", marker=marker))
                edges += [
                    Edge(target=f"{number}[{canonicalize_name(str(extra))}]", marker=marker) for extra in extras
                ]
        return edges

    def _candidates(self, needed: dict[str, Any]) -> list[int]:
        """Return the packages that a requirement means: by name and, of several, by version and source."""
        found = self._by_name.get(canonicalize_name(text_of(needed.get("name"))), [])
        for key in ("version", "source"):
            if len(found) > 1 and key in needed:
                found = [one for one in found if self._packages[one].get(key) == needed[key]] or found
        return found

    def _find_roots(self) -> _Roots:
        """Return what the project asks for; the whole lock where it names no project."""
        roots = _Roots()
        single = len(self._members) == 1 or (self._members and self._is_root(self._members[0]))
        for position, number in enumerate(self._members):
            of = "" if position == 0 and single else f" of {self._name(number)}"
            base = f"package {self._name(number)}" if of else ""
            self._add(roots, base, number, self._packages[number].get("dependencies"), ())
            for kind, key in (("extra", "optional-dependencies"), ("group", "dev-dependencies")):
                for name, needed in table(self._packages[number], key).items():
                    self._add(roots, f"{kind} {name}{of}", number, needed, (kind, name))
        self._add(roots, "", None, self._manifest.get("requirements"), ())
        for name, needed in table(self._manifest, "dependency-groups").items():
            self._add(roots, f"group {name}", None, needed, ())
        if not any(roots.edges.values()) and not self._members:
            roots.edges[""] = unasked(self._edges, [str(one) for one in range(len(self._packages))])
        return roots

    def _add(self, roots: _Roots, choice: str, member: int | None, needed: object, brings: tuple[str, ...]) -> None:
        edges = self._targets(needed)
        roots.edges.setdefault(choice, []).extend(edges)
        for one in edges:
            if "[" in one.target:
                key, _, extra = one.target.rstrip("]").partition("[")
                roots.extras.setdefault(key, set()).add(extra)
        if member is not None and brings:
            kind, name = brings
            project = self._name(member)
            roots.members[choice] = frozenset({f"{kind}-{len(project)}-{project}-{canonicalize_name(name)}"})

    def _is_root(self, number: int) -> bool:
        source = table(self._packages[number], "source")
        return "." in (source.get("editable"), source.get("virtual"))

    def _preselected(self) -> list[str]:
        """Return the members that are selected: all where no project around them requires something."""
        return [] if self._roots.edges.get("") else [one for one in self._roots.edges if one.startswith("package ")]

    def _entries(self, asked: dict[str, dict[str, Condition]]) -> Iterator[Entry]:
        """Yield an entry for each package and each choice that requires it; none is lost."""
        reached: set[int] = set()
        for choice, required in asked.items():
            for number in sorted(_number(key) for key in required if "[" not in key):
                reached.add(number)
                if number not in self._members:
                    yield self._entry(number, choice, required[f"{number}"])
        for number in range(len(self._packages)):
            if number in self._members or number not in reached:
                reason = PROJECT_ITSELF if number in self._members else UNREACHED
                yield self._reasoned(number, reason)

    def _entry(self, number: int, choice: str, condition: Condition) -> Entry:
        package = self._packages[number]
        reason = next((SOURCES[one] for one in table(package, "source") if one in SOURCES), "")
        marker = marker_of(condition)
        if not marker and len(self._by_name[self._name(number)]) > 1:
            marker = " or ".join(f"({one})" for one in array(package.get("resolution-markers")))
        return locked_entry(
            text_of(package.get("name")),
            text_of(package.get("version")),
            marker=marker,
            choice=choice,
            reason=reason,
            extras=self._roots.extras.get(f"{number}", ()),
        )

    def _reasoned(self, number: int, reason: str) -> Entry:
        package = self._packages[number]
        return locked_entry(text_of(package.get("name")), text_of(package.get("version")), reason=reason)

    def _requires(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key, edges in self._edges.items():
            if _number(key) not in self._members:
                needed = [self._name(_number(one.target)) for one in edges]
                found.setdefault(self._name(_number(key)), []).extend(needed)
        return found


def _number(key: str) -> int:
    return int(key.partition("[")[0])
