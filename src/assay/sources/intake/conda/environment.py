"""`environment.yml` of conda: its entries translated to those of the Python index, and its pip entries."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Document, Entry
from assay.sources.intake.conda.names import channel_notes, conda_entry, python_of, python_range, spec_entry
from assay.sources.intake.conda.specs import parse_spec
from assay.sources.intake.formats import array, check_count, parse_yaml, table
from assay.sources.intake.locks.conda import lock_document
from assay.sources.intake.pip.requirements import entry_of, logical_lines

ITEM = re.compile(r"\s*-\s+(?P<value>[^#]*?)\s*(?P<comment>#.*)?")
SELECTOR = re.compile(r"#\s*\[\s*(?P<negated>not\s+)?(?P<system>win|osx|linux|unix)(32|64)?\s*\]")
EXPORTED = frozenset(
    {"_libgcc_mutex", "ca-certificates", "libcxx", "libffi", "libgcc-ng", "ncurses", "openssl", "vc"}
)
EXACT = re.compile(r"=[^=*|,]+")
MARKERS = {
    ("win", False): 'sys_platform == "win32"',
    ("win", True): 'sys_platform != "win32"',
    ("unix", False): 'sys_platform != "win32"',
    ("unix", True): 'sys_platform == "win32"',
    ("osx", False): 'sys_platform == "darwin"',
    ("osx", True): 'sys_platform != "darwin"',
    ("linux", False): 'sys_platform == "linux"',
    ("linux", True): 'sys_platform != "linux"',
}


class _Lines:
    """The list items of a YAML text with their numbers and selectors, given away in their order."""

    def __init__(self, text: str) -> None:
        self._items: dict[str, deque[tuple[int, str]]] = {}
        for number, line in enumerate(text.split("\n"), 1):
            item = ITEM.fullmatch(line)
            if item:
                places = self._items.setdefault(item["value"].strip("\"'"), deque())
                places.append((number, item["comment"] or ""))

    def find(self, value: str) -> tuple[int, str]:
        """Return (number, marker of the selector) of the next item with a value, (0, '') where there is none."""
        places = self._items.get(value)
        if not places:
            return 0, ""
        number, comment = places.popleft()
        selector = SELECTOR.search(comment)
        return number, MARKERS[selector["system"], bool(selector["negated"])] if selector else ""


def read_environment(text: str) -> Document:
    """Read an environment file. A conda entry gives way to a pip entry of the same name."""
    document = table(parse_yaml(text))
    if "dependencies" not in document and "package" in document:  # a lock file with a name of its own
        return lock_document(document, kind="conda-lock")
    if "dependencies" not in document:
        raise InvalidInputError(
            "The YAML file has no `dependencies`: it is no conda environment.",
            hint="Choose an environment.yml, or paste the lines.",
            path="libraries",
        )
    items = _items(document["dependencies"])
    check_count(len(items))
    conda = [str(one) for one in items if not isinstance(one, dict)]
    exported = _is_exported(conda)
    entries: list[Entry] = []
    lines = _Lines(text)
    for one in items:
        if isinstance(one, dict):
            entries += list(_mapping(one, lines))
        else:
            entries.append(_entry(str(one), lines, exported=exported))
    exact = [one.library for one in entries if one.library]
    return Document(
        kind="conda-environment",
        entries=tuple(entries),
        python=next((found for found in map(python_of, conda) if found), None),
        requires_python=next((found for found in map(python_range, conda) if found), ""),
        locked=exported or (len(exact) > 1 and all("==" in one and "*" not in one for one in exact)),
        notes=_notes(document, conda),
    )


def _is_exported(conda: list[str]) -> bool:
    """Return whether entries are those of `conda env export`: with libraries that nobody asks for by name."""
    return any(spec.name in EXPORTED for spec in map(parse_spec, conda) if spec)


def _entry(text: str, lines: _Lines, *, exported: bool) -> Entry:
    """Return the entry of a specification; an export without builds names exact versions with one `=`."""
    number, marker = lines.find(text)
    spec = parse_spec(text)
    if spec and exported and EXACT.fullmatch(spec.version):
        return spec_entry(replace(spec, version=f"={spec.version}"), text=text, line=number, marker=marker)
    return conda_entry(text, line=number, marker=marker)


def _items(value: object) -> list[Any]:
    if isinstance(value, str):
        return value.split("\n")
    return [one for one in array(value) if one is not None]


def _mapping(item: dict[Any, object], lines: _Lines) -> Iterator[Entry]:
    """Yield the entries of `pip:`, which may be a list, a text with lines, or nothing; anything else has a reason."""
    for key, value in item.items():
        if key != "pip":
            text = f"{key}: {value}"[:200]
            yield Entry(text=text, reason="is not an entry of a conda environment; write name=version")
        elif value is None:
            yield conda_entry("pip", line=lines.find("pip:")[0])
        else:
            for one in _items(value):
                number, marker = lines.find(str(one).strip())
                for _, line in logical_lines(str(one).replace("-r file:", "-r ")):
                    yield entry_of(f"{line} ; {marker}" if marker and ";" not in line else line, number)


def _notes(document: dict[str, Any], conda: list[str]) -> tuple[str, ...]:
    specs = [one for one in map(parse_spec, conda) if one]
    channels = [str(one) for one in array(document.get("channels"))] + [one.channel for one in specs]
    notes = channel_notes(channels, builds=any(one.build for one in specs))
    variables = ", ".join(str(one)[:40] for one in list(table(document, "variables"))[:10])
    return notes + ((f"Variables of the environment are not set here: {variables}.",) if variables else ())
