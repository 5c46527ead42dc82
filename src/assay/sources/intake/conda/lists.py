"""What `conda list` prints, as a table and with `--export`, and `@EXPLICIT` files of package addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Document, Entry
from assay.sources.intake.conda.names import channel_notes, python_of, spec_entry
from assay.sources.intake.conda.specs import MatchSpec
from assay.sources.intake.formats import array, check_count, parse_json
from assay.sources.intake.pip.requirements import entry_of

EXPORTED = re.compile(r"(?P<name>[A-Za-z0-9_][\w.-]*)=(?P<version>[^=\s]+)=(?P<build>[^=\s]+)")
ROW = re.compile(
    r"(?P<name>[A-Za-z0-9_][\w.-]*)\s+(?P<version>[\w.!+-]+)(\s+(?P<build>\S+))?(\s+(?P<channel>\S+))?(\s.*)?"
)
HEADING = re.compile(r"(#\s*)?(name|package)\s+version\b.*", re.IGNORECASE)
RULE = re.compile(r"[\s─━═=-]+")
PACKAGE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(conda|tar\.bz2)")
PLATFORM = re.compile(r"(linux|osx|win)-\w+|noarch")
MAX_CACHED = 10_000  # addresses; environments of one lock file share most of theirs
FROM_INDEX = ("pypi", "<pip>")


def read_conda_list(text: str) -> Document:
    """Read the output of `conda list`: a table, an export or JSON. Libraries that pip installed are marked `pypi`."""
    if text.lstrip().startswith("["):
        text = "\n".join(_exported(one) for one in array(parse_json(text)) if isinstance(one, dict))
    check_count(text.count("\n"))
    entries, specs = [], list[MatchSpec]()
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#") or HEADING.fullmatch(line) or RULE.fullmatch(line):
            continue
        found = EXPORTED.fullmatch(line) or ROW.fullmatch(line)
        if found is None or line.startswith("-"):
            entries.append(entry_of(line, number))
            continue
        groups = found.groupdict()
        build, channel = groups["build"] or "", groups.get("channel") or ""
        name, version = groups["name"], groups["version"]
        if build.startswith(FROM_INDEX) or channel.startswith(FROM_INDEX):
            entries.append(Entry(line=number, text=line, library=f"{name}=={version}"))
        else:
            specs.append(MatchSpec(name=name.lower(), version=f"=={version}", build=build, channel=channel))
            entries.append(spec_entry(specs[-1], text=f"{name} {version}", line=number))
    return _document("conda-list", entries, specs)


def _exported(package: dict[str, Any]) -> str:
    """Return a package of the JSON as a line of `conda list --export`."""
    build = "pypi_0" if package.get("channel") == "pypi" else package.get("build_string")
    return f"{package.get('name')}={package.get('version')}={build}"


def read_explicit(text: str) -> Document:
    """Read an `@EXPLICIT` file: the addresses of packages, which name name, version and build."""
    check_count(text.count("\n"))
    entries, specs, platforms = [], list[MatchSpec](), set[str]()
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.partition("#")[0].strip()
        if not line or line == "@EXPLICIT":
            continue
        found = package_of(line)
        if found is None:
            entries.append(Entry(line=number, text=line[:200], reason="is not the address of a conda package"))
            continue
        platforms.update(one for one in line.split("/") if PLATFORM.fullmatch(one))
        specs.append(found)
        entries.append(spec_entry(found, text=f"{found.name} {found.version[2:]}", line=number))
    others = sorted(one for one in platforms if not one.startswith(("linux", "noarch")))
    note = (f"The file is for {', '.join(others)}: not all of its libraries may be needed here.",) if others else ()
    return _document("conda-explicit", entries, specs, note)


@lru_cache(maxsize=MAX_CACHED)
def package_of(address: str) -> MatchSpec | None:
    """Return name, version, build and channel of a package's address, None if it is no package of conda."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return None
    parts = [one for one in path.split("/") if one]
    found = PACKAGE.fullmatch(parts[-1]) if parts else None
    if found is None:
        return None
    channel = "/".join(one for one in parts[:-1] if not PLATFORM.fullmatch(one))
    return MatchSpec(
        name=found["name"].lower(), version=f"=={found['version']}", build=found["build"], channel=channel
    )


def refuse_recipe(_text: str) -> Document:
    """Refuse the recipe of a conda package: it builds a package and has templates in it."""
    raise InvalidInputError(
        "A recipe of a conda package (meta.yaml, recipe.yaml) is not read: it describes how a package is built.",
        hint="Choose the environment.yml, pyproject.toml or requirements file of the project.",
        path="libraries",
    )


def _document(kind: str, entries: list[Entry], specs: list[MatchSpec], notes: Iterable[str] = ()) -> Document:
    pythons: Iterator[str | None] = (python_of(f"python{one.version}") for one in specs if one.name == "python")
    return Document(
        kind=kind,
        entries=tuple(entries),
        python=next(pythons, None),
        locked=True,
        notes=(*channel_notes((one.channel for one in specs), builds=bool(specs)), *notes),
    )
