"""`setup.cfg`: what setuptools reads as the project's requirements, its extras, and files that hold them."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import replace

from assay.core.intake.document import Document, Entry
from assay.sources.intake.choices import choices_of
from assay.sources.intake.formats import PROJECT_ITSELF, unreadable
from assay.sources.intake.pip.lines import entry_of
from assay.sources.intake.pip.requirements import COMMENT
from assay.sources.intake.positions import Positions
from assay.sources.intake.projects.pyproject import BUILD

FILE = re.compile(r"file:\s*(?P<files>.+)", re.DOTALL)
OTHER_OPTION = re.compile(r"%\((?P<name>[\w.-]+)\)s")
EXTRAS = "options.extras_require"
MAX_DEPTH = 3  # of extras that include others
OPTIONS = (("install_requires", ""), ("setup_requires", BUILD), ("tests_require", "extra tests"))


def read_setup_cfg(text: str) -> Document:
    """Read a `setup.cfg`; extras, test and build requirements are choices."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise unreadable("setup.cfg", error) from error
    options = dict(parser["options"]) if parser.has_section("options") else {}
    extras = dict(parser[EXTRAS]) if parser.has_section(EXTRAS) else {}
    name = parser.get("metadata", "name", fallback="")
    reader = _Options(Positions(text), name)
    entries = [entry for key, choice in OPTIONS for entry in reader.entries(key, choice, "options", options)]
    for extra in extras:
        entries += reader.entries(extra, f"extra {extra}", EXTRAS, extras)
    return Document(
        kind="setup-cfg",
        entries=tuple(entries),
        choices=choices_of(entries),
        requires_python=options.get("python_requires", "").strip(),
    )


class _Options:
    def __init__(self, positions: Positions, name: str) -> None:
        self._positions, self._name = positions, name.strip()

    def entries(
        self, key: str, choice: str, section: str, options: dict[str, str], depth: int = 0
    ) -> Iterator[Entry]:
        """Yield the entries of an option: a list, a list in one line, or the names of files."""
        value = options.get(key, "")
        begins = self._positions.key(key, section) if value and not depth else 0
        found = FILE.match(value.strip())
        if found:
            for file in (one.strip() for one in re.split(r"[,\n]", found["files"])):
                if file:
                    line = self._positions.string(file, section) or begins
                    yield Entry(line=line, text=file, include=file, choice=choice)
            return
        for written in value.split("\n") if "\n" in value else value.split(";"):
            bare = COMMENT.sub("", written).strip()
            if bare:
                line = self._positions.string(written, section) or begins
                yield from self._line(bare, line, choice, section, options, depth)

    def _line(
        self, line: str, number: int, choice: str, section: str, options: dict[str, str], depth: int
    ) -> Iterator[Entry]:
        other = OTHER_OPTION.fullmatch(line)
        own = re.fullmatch(rf"{re.escape(self._name)}\[([\w., -]+)\]", line) if self._name else None
        names = [other["name"]] if other else own[1].split(",") if own else []
        if not names:
            itself = Entry(line=number, text=line, reason=PROJECT_ITSELF, choice=choice)
            yield itself if self._name and line == self._name else entry_of(line, number, choice=choice)
        for one in (name.strip().lower() for name in names):
            if one in options and depth < MAX_DEPTH:
                yield from (
                    replace(entry, line=number) for entry in self.entries(one, choice, section, options, depth + 1)
                )
            else:
                reason = "includes itself" if one in options else "is not in this file"
                yield Entry(line=number, text=line, reason=reason, choice=choice)
