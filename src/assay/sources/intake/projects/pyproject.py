"""`pyproject.toml`: the standard's dependencies, extras and groups, and those of Poetry, PDM, uv, Hatch and Flit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.sources.intake.choices import choices_of
from assay.sources.intake.conda.pixi import manifest
from assay.sources.intake.formats import PROJECT_ITSELF, array, shown, table, text_of, toml
from assay.sources.intake.pip.direct_references import ONLY_INDEXES
from assay.sources.intake.pip.lines import entry_of
from assay.sources.intake.pip.options import OWN_INDEX
from assay.sources.intake.positions import Positions
from assay.sources.intake.projects.poetry import poetry_entries
from assay.sources.intake.projects.poetry_versions import python_specifier

BUILD = "build requirements"
SECTION = re.compile(r"^[ \t]*\[[^\]\n]+\]", re.MULTILINE)
MAX_DEPTH = 20  # of extras and groups that include others
NONE_LISTED = "lists no libraries that the project needs; import requirements.txt, setup.cfg or setup.py if one does"
ELSEWHERE = "are listed in another file; import requirements.txt, setup.cfg or setup.py too"


def read_pyproject(text: str) -> Document:
    """Read a project file; extras, groups, environments and build requirements are choices, none is selected."""
    return _Project(text).document()


class _Project:
    def __init__(self, text: str) -> None:
        self._text, self._whole, self._positions = text, toml(text), Positions(text)
        self._project = table(self._whole, "project")
        poetry = table(self._whole, "tool", "poetry")
        self._poetry = poetry
        self._name = canonicalize_name(text_of(self._project.get("name")) or text_of(poetry.get("name")) or "-")
        extras, groups = table(self._project, "optional-dependencies"), table(self._whole, "dependency-groups")
        self._extras = {canonicalize_name(name): (name, array(lines)) for name, lines in extras.items()}
        self._groups = {canonicalize_name(name): (name, array(lines)) for name, lines in groups.items()}

    def document(self) -> Document:
        """Return what the file says."""
        pixi = manifest(table(self._whole, "tool", "pixi"), self._positions, within="tool.pixi.")
        entries = [self._with_source(one) for one in (*self._standard(), *self._tools())] + [*pixi.entries]
        if not entries:
            found = SECTION.search(self._text)
            if found:
                line = self._text.count("\n", 0, found.start()) + 1
                entries.append(Entry(text=found[0].strip(), line=line, reason=NONE_LISTED))
        entries += self._lines(array(table(self._whole, "build-system").get("requires")), BUILD, "build-system")
        flit = table(self._whole, "tool", "flit", "metadata")
        python = (
            text_of(self._project.get("requires-python"))
            or text_of(table(self._poetry, "dependencies").get("python"))
            or text_of(flit.get("requires-python"))
        )
        return Document(
            kind="pyproject",
            entries=tuple(entries),
            choices=tuple({one.name: one for one in (*choices_of(entries), *pixi.choices)}.values()),
            python=None if python else pixi.python,
            requires_python=python_specifier(python) or pixi.requires_python,
            notes=pixi.notes,
        )

    def _standard(self) -> Iterator[Entry]:
        yield from self._lines(array(self._project.get("dependencies")), "", "project")
        for name, lines in self._extras.values():
            yield from self._lines(lines, f"extra {name}", "project.optional-dependencies")
        for name, lines in self._groups.values():
            yield from self._lines(lines, f"group {name}", "dependency-groups")
        yield from self._dynamic()

    def _tools(self) -> Iterator[Entry]:
        tool = table(self._whole, "tool")
        yield from poetry_entries(self._poetry, self._positions)
        for name, lines in table(tool, "pdm", "dev-dependencies").items():
            yield from self._lines(array(lines), f"group {name}", "tool.pdm")
        for one in ("uv", "rye"):
            yield from self._lines(array(table(tool, one).get("dev-dependencies")), "group dev", f"tool.{one}")
        for key in ("constraint-dependencies", "override-dependencies"):
            limits = self._lines(array(table(tool, "uv").get(key)), "", "tool.uv")
            yield from (replace(one, limits=True) for one in limits)
        for name in table(tool, "hatch", "envs"):
            found = table(tool, "hatch", "envs", name)
            for key in ("dependencies", "extra-dependencies"):
                yield from self._lines(array(found.get(key)), f"environment {name}", f"tool.hatch.envs.{name}")
        flit = table(tool, "flit", "metadata")
        yield from self._lines(array(flit.get("requires")), "", "tool.flit.metadata")
        yield from self._lines(array(flit.get("dev-requires")), "group dev", "tool.flit.metadata")
        for name, lines in table(flit, "requires-extra").items():
            yield from self._lines(array(lines), f"extra {name}", "tool.flit.metadata.requires-extra")
        for name, key in (("uv", "index"), ("uv", "index-url"), ("uv", "extra-index-url"), ("pdm", "source")):
            yield from self._indexes(table(tool, name).get(key), f"tool.{name}")

    def _indexes(self, value: object, section: str) -> Iterator[Entry]:
        for one in value if isinstance(value, list) else [value]:
            address = text_of(one) or text_of(table({"x": one}, "x").get("url"))
            if address:
                yield Entry(line=self._positions.string(address, section), text=shown(address), reason=OWN_INDEX)

    def _lines(self, lines: list[Any], choice: str, section: str) -> list[Entry]:
        """Return the entries of a list; what it includes of the same file has its own line."""
        found: list[Entry] = []
        for one in lines:
            text = text_of(one).strip()
            if text:
                number = self._positions.string(text, section)
            else:
                number = self._positions.string(_included(one), section)
            found += self._entries(one, number, choice, ())
        return found

    def _entries(self, wanted: object, number: int, choice: str, within: tuple[str, ...]) -> list[Entry]:
        """Return the entries of a line: of a library, or of the extras and groups of the project that it names."""
        text = text_of(wanted).strip()
        name = _included(wanted)
        if name:
            return self._expanded(
                f"group {name}", self._groups.get(canonicalize_name(name), ("", None))[1], number, choice, within
            )
        if not text:
            return [Entry(line=number, text=shown(str(wanted)), reason="is no requirement", choice=choice)]
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return [entry_of(text, number, choice=choice)]
        if canonicalize_name(requirement.name) != self._name:
            return [entry_of(text, number, choice=choice)]
        if not requirement.extras:
            return [Entry(line=number, text=text, reason=PROJECT_ITSELF, choice=choice)]
        found: list[Entry] = []
        for extra in sorted(requirement.extras):
            lines = self._extras.get(canonicalize_name(extra), ("", None))[1]
            found += self._expanded(f"extra {extra}", lines, number, choice, within)
        return found

    def _expanded(
        self, name: str, lines: list[Any] | None, number: int, choice: str, within: tuple[str, ...]
    ) -> list[Entry]:
        if lines is None or name in within or len(within) > MAX_DEPTH:
            reason = "includes itself" if lines is not None else "is not in this file"
            return [Entry(line=number, text=name, reason=reason, choice=choice)]
        found = [entry for one in lines for entry in self._entries(one, number, choice, (*within, name))]
        return [replace(one, text=shown(f"{name}: {one.text}")) for one in found] or [
            Entry(line=number, text=name, reason="is empty", choice=choice)
        ]

    def _dynamic(self) -> Iterator[Entry]:
        """Yield the files that hold what the project file declares as dynamic."""
        dynamic = [
            one
            for one in array(self._project.get("dynamic"))
            if text_of(one) in {"dependencies", "optional-dependencies"}
        ]
        setuptools = table(self._whole, "tool", "setuptools", "dynamic")
        for name in dynamic:
            found = list(self._dynamic_files(name, setuptools))
            known = name == "dependencies" and table(self._poetry, "dependencies")
            known = known or (name != "dependencies" and table(self._poetry, "extras"))
            if not found and not known:
                line = self._positions.string(name, "project")
                found = [Entry(line=line, text=f"dynamic {name}", reason=ELSEWHERE)]
            yield from found

    def _dynamic_files(self, name: str, setuptools: dict[str, Any]) -> Iterator[Entry]:
        section = "tool.setuptools.dynamic"
        if name == "dependencies":
            files = table(setuptools, name).get("file")
            hook = table(self._whole, "tool", "hatch", "metadata", "hooks", "requirements_txt")
            yield from self._files(files, "", section)
            yield from self._files(hook.get("files") or hook.get("filename"), "", "tool.hatch")
            return
        for extra in table(setuptools, name):
            yield from self._files(table(setuptools, name, extra).get("file"), f"extra {extra}", section)
        hook = table(self._whole, "tool", "hatch", "metadata", "hooks", "requirements_txt", "optional-dependencies")
        for extra, files in hook.items():
            yield from self._files(files, f"extra {extra}", "tool.hatch")

    def _files(self, files: object, choice: str, section: str) -> Iterator[Entry]:
        for one in files if isinstance(files, list) else [files]:
            if text_of(one):
                yield Entry(
                    line=self._positions.string(str(one), section),
                    text=shown(str(one)),
                    include=str(one),
                    choice=choice,
                )

    def _with_source(self, entry: Entry) -> Entry:
        """Return an entry with what `[tool.uv.sources]` says of its library."""
        sources = table(self._whole, "tool", "uv", "sources")
        if not entry.library or not sources:
            return entry
        try:
            name = canonicalize_name(Requirement(entry.library).name)
        except InvalidRequirement:
            return entry
        given = next((value for key, value in sources.items() if canonicalize_name(key) == name), None)
        each = [table({"x": one}, "x") for one in (given if isinstance(given, list) else [given])]
        keys = {key for one in each for key in ("git", "path", "url", "workspace", "index") if key in one}
        if not keys:
            return entry
        if "index" in keys:
            return replace(
                entry, note="is taken from the workspace's package indexes, not from the index in [tool.uv.sources]"
            )
        what = "a repository" if "git" in keys else "a URL" if "url" in keys else "a folder of the project"
        return replace(
            entry, library="", reason=f"comes from {what}, {ONLY_INDEXES}; add {name} by name if an index has it"
        )


def _included(wanted: object) -> str:
    return text_of(wanted.get("include-group")) if isinstance(wanted, dict) else ""
