"""`setup.py`, which is never run: the lists of its `setup()` call, and reasons for what only running tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Document, Entry
from assay.sources.intake.choices import choices_of
from assay.sources.intake.formats import PASTE, shown
from assay.sources.intake.pip.lines import entry_of
from assay.sources.intake.projects.literals import Literals, Text, Unknown, Value
from assay.sources.intake.projects.pyproject import BUILD
from assay.sources.intake.python_source import parse_source

LISTS = (("install_requires", ""), ("requires", ""), ("setup_requires", BUILD), ("tests_require", "extra tests"))
NAMES_NONE = "names no libraries; import setup.cfg, pyproject.toml or requirements.txt if one does"
ONLY_RUN = "is known only when setup.py runs, which is not done; add its libraries by name"


def read_setup_py(text: str) -> Document:
    """Read a `setup.py`; extras, test and build requirements are choices. Raises InvalidInputError."""
    tree = parse_source(text)
    if tree is None:
        raise InvalidInputError("The setup.py is no Python 3 source.", hint=PASTE, path="libraries")
    try:
        found = list(_calls(tree))
    except RecursionError as error:
        raise InvalidInputError("The setup.py is nested too deep.", hint=PASTE, path="libraries") from error
    entries: list[Entry] = []
    python = ""
    for line, arguments in found:
        new = [entry for key, choice in LISTS if key in arguments for entry in _entries(arguments[key], choice, line)]
        new += list(_extras(arguments.get("extras_require"), line))
        if "pbr" in arguments and "install_requires" not in arguments:
            new.append(Entry(line=line, text="pbr", include="requirements.txt"))
        entries += new or [Entry(line=line, text="setup(…)", reason=NAMES_NONE)]
        wanted = arguments.get("python_requires")
        python = python or (wanted.value if isinstance(wanted, Text) else "")
    return Document(kind="setup-py", entries=tuple(entries), choices=choices_of(entries), requires_python=python)


def _calls(tree: ast.Module) -> Iterator[tuple[int, dict[str, Value]]]:
    """Yield the line and the keyword arguments of each call of `setup`."""
    literals = Literals()
    literals.run(tree.body)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        if any(_is_setup(node) for node in ast.walk(function)):
            literals.run(function.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_setup(node):
            arguments: dict[str, Value] = {}
            for one in node.keywords:
                value = literals.value(one.value)
                if one.arg is not None:
                    arguments[one.arg] = value
                elif isinstance(value, dict):
                    arguments |= value
                else:
                    arguments["install_requires"] = value
            yield node.lineno, arguments


def _is_setup(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return (isinstance(node.func, ast.Name) and node.func.id == "setup") or (
        isinstance(node.func, ast.Attribute) and node.func.attr == "setup" and isinstance(node.func.value, ast.Name)
    )


def _extras(value: Value | None, line: int) -> Iterator[Entry]:
    if isinstance(value, Unknown):
        yield from _entries(value, "extras", line)
    for key, lines in value.items() if isinstance(value, dict) else ():
        extra, _, marker = key.partition(":")
        yield from _entries(lines, f"extra {extra}" if extra else "", line, marker)


def _entries(value: Value, choice: str, line: int, marker: str = "", *, within: bool = False) -> Iterator[Entry]:
    """Yield the entries of a list, of a text with lines, or of what cannot be told without running it."""
    if isinstance(value, Text):
        for number, one in enumerate(value.value.split("\n"), value.line):
            bare = one.split(" #")[0].strip()
            if bare and not bare.startswith("#"):
                yield _entry(replace(value, value=bare, line=number), choice, marker)
    elif isinstance(value, list) and not within:
        for item in value:
            yield from _entries(item, choice, line, marker, within=True)
    elif isinstance(value, Unknown) and value.files:
        for file in value.files:
            yield Entry(line=value.line, text=shown(value.source), include=file, choice=choice)
    else:
        source = value.source if isinstance(value, Unknown) else "a table" if isinstance(value, dict) else "a list"
        number = value.line if isinstance(value, Unknown) else line
        yield Entry(line=number, text=shown(source), reason=ONLY_RUN, choice=choice)


def _entry(text: Text, choice: str, marker: str) -> Entry:
    if text.condition and not text.marker:
        reason = f"is needed only if {text.condition}; add it by name if you need it"
        return Entry(line=text.line, text=shown(text.value), reason=reason, choice=choice)
    markers = [one for one in (marker.strip(), text.marker) if one]
    line = text.value.strip()
    if markers:
        try:
            own = Requirement(line).marker
        except InvalidRequirement:
            own = None
        markers += [str(own)] if own else []
        joined = " and ".join(f"({one})" for one in markers) if len(markers) > 1 else markers[0]
        line = f"{line.split(';')[0].strip()} ; {joined}"
    return entry_of(line, text.line, choice=choice)
