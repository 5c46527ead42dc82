"""Notebooks: the libraries that their cells install and import, and the Python of their kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Document, Entry
from assay.sources.intake.code.imports import Imports, imported
from assay.sources.intake.formats import array, parse_json, shown, table, text_of
from assay.sources.intake.pip.install_commands import Installs

MAGIC = re.compile(
    r"(?P<indent>\s*+)(?:(?:!!?|%(?=\s*(?:pip|conda|mamba|micromamba|uv)\b)|%s(?:x|ystem)\b)(?P<command>.*)"
    r"|[%?].*|[^?]*+\?{1,2}\s*+)"
)
ASSIGNED = re.compile(r"(?P<before>\s*[\w.,\[\]]+\s*=\s*)[!%](?P<command>.*)")
CELL = re.compile(r"\s*%%(?P<name>\w+!?|!)\s*(?P<rest>.*)")
SHELL_CELLS = frozenset({"bash", "sh", "cmd", "system", "sx", "!"})
PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "local"})
VERSION = re.compile(r"(3\.\d{1,2})(\.|$)")


def read_notebook(text: str) -> Document:
    """Read a notebook; what its commands install counts before what it imports. Raises InvalidInputError."""
    notebook = table({"x": parse_json(text)}, "x")
    cells = [one for one in _cells(notebook) if one[1].strip()]
    info = table(notebook, "metadata", "language_info")
    _check_language(info, table(notebook, "metadata", "kernelspec"))
    installs = Installs()
    sources: list[tuple[int, str]] = []
    for number, source in cells:
        before = len(installs.entries)
        sources.append((number, _python_of(source, installs)))
        installs.entries[before:] = [_placed(one, number) for one in installs.entries[before:]]
    imports = Imports(installs.entries)
    found = [
        imports.entry(module, 0, f"cell {number}: ") for number, source in sources for _, module in imported(source)
    ]
    version = VERSION.match(text_of(info.get("version")))
    return Document(
        kind="notebook",
        entries=(*installs.entries, *(one for one in found if one)),
        python=version[1] if version else installs.python,
    )


def _cells(notebook: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield (number, source) of each code cell, also of the notebooks of nbformat 3, which have worksheets."""
    sheets = [table({"x": one}, "x") for one in array(notebook.get("worksheets"))]
    cells = [cell for sheet in [notebook, *sheets] for cell in array(sheet.get("cells"))]
    for number, one in enumerate(cells, 1):
        cell = table({"x": one}, "x")
        source = cell.get("source", cell.get("input"))
        if cell.get("cell_type") == "code":
            yield number, source if isinstance(source, str) else "".join(text_of(line) for line in array(source))


def _check_language(info: dict[str, Any], kernel: dict[str, Any]) -> None:
    language = text_of(info.get("name")) or text_of(kernel.get("language"))
    if language and "python" not in language.lower():
        raise InvalidInputError(
            f"The notebook is written in {language[:40]}, not in Python.",
            hint="Import a notebook with a Python kernel, or a requirements file.",
            path="libraries",
        )


def _python_of(source: str, installs: Installs) -> str:
    """Return the Python of a cell, '' for cells in other languages; read the commands in it."""
    first, _, rest = source.strip("\n").partition("\n")
    cell = CELL.match(first)
    if cell:
        words = cell["rest"].split()
        script = cell["name"] == "script" and words[:1] in (["bash"], ["sh"])
        if cell["name"] in SHELL_CELLS or script:
            installs.read(rest)
        return _python_of(rest, installs) if cell["name"] in PYTHON_CELLS else ""
    kept: list[str] = []
    lines = iter(source.split("\n"))
    for line in lines:
        assigned, magic = ASSIGNED.fullmatch(line), MAGIC.fullmatch(line)
        if not assigned and not magic:
            kept.append(line)
            continue
        command = assigned["command"] if assigned else (magic["command"] if magic else None) or ""
        while command.rstrip().endswith("\\"):
            command = command.rstrip()[:-1] + " " + next(lines, "")
            kept.append("")
        installs.read(command.strip())
        kept.append(f"{assigned['before']}None" if assigned else f"{magic['indent'] if magic else ''}pass")
    return "\n".join(kept)


def _placed(entry: Entry, cell: int) -> Entry:
    """Return an entry with its cell: lines within the file mean nothing to people."""
    return replace(entry, line=0, text=shown(f"cell {cell}: {entry.text}"))
