"""The libraries that Python source imports: modules that are no part of Python, with the libraries that have them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from assay.core.intake.document import Entry
from assay.sources.intake.code.import_names import elsewhere, is_standard_library, libraries_of
from assay.sources.intake.formats import PROJECT_ITSELF, shown
from assay.sources.intake.python_source import parse_source

STANDARD = "is part of Python's standard library"
UNKNOWN = "is a module of no known library; add its library by name, if it is not part of the project"
LINE = re.compile(
    r"\s*(?:import\s+(?P<names>\w[\w.]*(?:\s+as\s+\w+)?(?:\s*,\s*\w[\w.]*(?:\s+as\s+\w+)?)*)"
    r"|from\s+(?P<module>\.*\w[\w.]*|\.+)\s+import\s+(?P<what>[^#]*))"
)


def imported(source: str) -> list[tuple[int, str]]:
    """Return (line, dotted name) of each import; relative ones begin with a dot. Broken source is read by lines."""
    tree = parse_source(source)
    if tree is None:
        return [(number, name) for number, line in enumerate(source.split("\n"), 1) for name in _of_line(line)]
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, one.name) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [(node.lineno, _joined(module, one.name)) for one in node.names]
    return sorted(found, key=lambda one: one[0])


def _joined(module: str, name: str) -> str:
    return module if name == "*" or module.startswith(".") else f"{module}.{name}"


def _of_line(line: str) -> Iterator[str]:
    found = LINE.match(line)
    if found and found["names"]:
        yield from (one.split()[0] for one in found["names"].split(",") if one.strip())
    elif found:
        names = re.findall(r"(?:^|,)\s*\(?\s*(\w+|\*)", found["what"]) or ["*"]
        yield from (_joined(found["module"], one) for one in names)


class Imports:
    """The entries of the modules that were imported so far; each library has one.

    `installed` are libraries that commands install, which count before the most used one that has a module.
    """

    def __init__(self, installed: list[Entry]) -> None:
        self._installed = {_name(one.library) for one in installed if one.library}
        self._seen: set[str] = set()

    def entry(self, module: str, line: int, place: str = "") -> Entry | None:
        """Return the entry of a module, None where another one stands for it already."""
        if module.startswith("."):
            return self._once(".", line, place, f"from {module} import …", reason=PROJECT_ITSELF)
        top = module.partition(".")[0]
        away = elsewhere(module)
        part, libraries = libraries_of(module)
        if is_standard_library(module):
            return self._once(top, line, place, f"import {top}", reason=STANDARD)
        if away or not libraries:
            name = module if away else top
            return self._once(f"{top} {away}", line, place, f"import {name}", reason=away or UNKNOWN)
        chosen = next((one for one in libraries if one in self._installed), libraries[0])
        return self._once(chosen, line, place, f"import {part}", library=chosen)

    def _once(
        self, key: str, line: int, place: str, text: str, *, library: str = "", reason: str = ""
    ) -> Entry | None:
        if key in self._seen:
            return None
        self._seen.add(key)
        return Entry(line=line, text=shown(f"{place}{text}"), library=library, reason=reason)


def _name(library: str) -> str:
    try:
        return canonicalize_name(Requirement(library).name)
    except InvalidRequirement:
        return ""
