"""Import of requirements.txt, pyproject.toml, pylock.toml and environment.yml.

Every imported line passes the same check as a typed line. Everything else is listed with the reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import yaml

from assay.core.errors import InvalidInputError
from assay.core.spec import SINGLE_EQUALS, parse_library
from assay.sources.conda_names import python_of, translate

MAX_TEXT = 1_000_000  # characters; lock files of a thousand libraries stay below
MAX_LINES = 10_000
HASH = re.compile(r"\s+--hash=\S+")


@dataclass(frozen=True, kw_only=True)
class NotTaken:
    """An entry that is left out. `line` counts from 1 and is 0 where it is unknown."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Intake:
    """An imported file. `kind`: requirements, pyproject, pylock or conda; `python` is a version such as `3.11`."""

    kind: str
    libraries: tuple[str, ...]
    python: str | None
    not_taken: tuple[NotTaken, ...]


Entry = tuple[int, str]


def read(text: str, filename: str = "") -> Intake:
    """Read the text of a file. Raises InvalidInputError when it is too large or malformed."""
    if len(text) > MAX_TEXT or text.count("\n") > MAX_LINES:
        raise InvalidInputError(
            f"The file is too large: at most {MAX_TEXT} characters and {MAX_LINES} lines.",
            hint="Paste the list of libraries alone.",
            path="libraries",
        )
    kind = _kind(text, PurePath(filename).name.lower())
    return READERS[kind](text)


def _kind(text: str, name: str) -> str:
    if name.startswith("pylock.") or re.search(r"^lock-version\s*=", text, re.MULTILINE):
        return "pylock"
    if name == "pyproject.toml" or re.search(r"^\[(project|build-system|tool\.)", text, re.MULTILINE):
        return "pyproject"
    if name.endswith((".yml", ".yaml")) or re.search(r"^dependencies:\s*$", text, re.MULTILINE):
        return "conda"
    return "requirements"


def _checked(kind: str, entries: Iterator[Entry], python: str | None, refused: list[NotTaken]) -> Intake:
    """Return the lines that pass the check of a typed line, and the others with the reason."""
    taken: list[str] = []
    for line, text in entries:
        single = SINGLE_EQUALS.fullmatch(text)
        try:
            requirement = parse_library(f"{single[1]}=={single[2]}" if single else text)
        except InvalidInputError as error:
            reason = error.detail.removeprefix("Line 1: ")
            refused.append(NotTaken(line=line, text=text[:200], reason=reason))
            continue
        if str(requirement) not in taken:
            taken.append(str(requirement))
    return Intake(kind=kind, libraries=tuple(taken), python=python, not_taken=tuple(refused))


def _requirements(text: str) -> Intake:
    def entries() -> Iterator[Entry]:
        joined, start = "", 0
        for number, raw in enumerate(text.splitlines(), 1):
            start = start or number
            if raw.endswith("\\"):
                joined += raw[:-1] + " "
                continue
            line = HASH.sub("", re.sub(r"(^|\s)#.*$", "", joined + raw)).strip().rstrip(",")
            if line:
                yield start, line.strip("\"'")
            joined, start = "", 0

    return _checked("requirements", entries(), None, [])


def _pyproject(text: str) -> Intake:
    document = _toml(text)
    project = _table(document, "project")
    entries: list[Entry] = [(0, str(one)) for one in _list(project.get("dependencies"))]
    refused: list[NotTaken] = []
    poetry = _table(_table(_table(document, "tool"), "poetry"), "dependencies")
    for name, wanted in poetry.items():
        if name.lower() == "python":
            continue
        if isinstance(wanted, str):
            entries.append((0, name + _poetry(wanted)))
        else:
            refused.append(NotTaken(line=0, text=name, reason="Only plain Poetry versions can be imported."))
    python = str(project.get("requires-python") or poetry.get("python") or "")
    return _checked("pyproject", iter(entries), _lowest(python), refused)


def _poetry(wanted: str) -> str:
    """Translate Poetry's caret and tilde into PEP 440."""
    shape = re.fullmatch(r"([\^~])(\d+)(?:\.(\d+))?([\w.]*)", wanted.strip())
    if shape is None:
        return "" if wanted.strip() == "*" else wanted if wanted[:1] in "<>=!~" else f"=={wanted}"
    kind, major, minor, rest = shape[1], int(shape[2]), int(shape[3] or 0), shape[4]
    low = f">={major}.{minor}{rest}"
    if kind == "^" and major > 0:
        return f"{low},<{major + 1}"
    return f"{low},<{major}.{minor + 1}"


def _pylock(text: str) -> Intake:
    document = _toml(text)
    packages = [one for one in _list(document.get("packages")) if isinstance(one, dict)]
    entries = (
        (0, f"{one.get('name', '')}=={one['version']}" if "version" in one else str(one.get("name", "")))
        for one in packages
    )
    return _checked("pylock", entries, _lowest(str(document.get("requires-python", ""))), [])


def _conda(text: str) -> Intake:
    document = _yaml(text)
    python, refused = None, list[NotTaken]()
    entries: list[Entry] = []
    for one in _list(document.get("dependencies") if isinstance(document, dict) else None):
        if isinstance(one, dict):
            entries += [(0, str(line)) for line in _list(one.get("pip"))]
            continue
        python = python_of(str(one)) or python
        line, reason = translate(str(one))
        if reason:
            refused.append(NotTaken(line=0, text=str(one)[:200], reason=reason))
        elif line:
            entries.append((0, line))
    return _checked("conda", iter(entries), python, refused)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInputError(
            f"The TOML cannot be read: {error}",
            hint="Correct that place, or paste the lines.",
            path="libraries",
        ) from error


def _yaml(text: str) -> Any:  # noqa: ANN401 - any YAML value
    try:
        if any(isinstance(token, (yaml.AnchorToken, yaml.AliasToken)) for token in yaml.scan(text)):
            raise InvalidInputError("The YAML uses anchors.", hint="Write the entries in full.", path="libraries")
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        place = str(error).splitlines()[0][:200] if str(error) else "it is broken"
        raise InvalidInputError(
            f"The YAML cannot be read: {place}", hint="Correct it, or paste the lines.", path="libraries"
        ) from error


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _lowest(requirement: str) -> str | None:
    found = re.search(r"3\.(\d{1,2})", requirement)
    return f"3.{found[1]}" if found else None


READERS: dict[str, Callable[[str], Intake]] = {
    "requirements": _requirements,
    "pyproject": _pyproject,
    "pylock": _pylock,
    "conda": _conda,
}
