"""Looking at a finished directory: is it the lock, does everything lie inside, and what is in it."""

from __future__ import annotations

import csv
import os
import stat
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from assay.core.errors import BuildError
from assay.core.lock import Lock
from assay.core.report import LibraryFacts
from assay.engine import uv
from assay.engine.layout import site_packages, walk
from assay.engine.modules import top_modules
from assay.engine.resolve import marker_variables

SHARED_WITH_OTHERS = 3  # links: the cache's, ours, and at least one environment more


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One installed distribution, as its metadata and RECORD tell it. `files` are relative to site-packages."""

    name: str
    version: str
    licence: str
    summary: str
    requires: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What verification saw. Sizes are bytes; `new_size` is not shared with an earlier environment."""

    lock: Lock
    libraries: tuple[LibraryFacts, ...]
    size: int
    new_size: int
    files: int
    start_up_files: tuple[str, ...]


def verify(lock: Lock, prefix: Path, asked: tuple[str, ...], *, cache: str) -> Found:
    """Check the directory against its lock and read its facts. Raises BuildError naming what differs."""
    tree = dict(walk(prefix))
    _check_links(prefix, tree)
    installed = read_distributions(site_packages(prefix, lock.python))
    _check_set(lock, installed)
    _check_records(prefix, lock.python, tree, installed)
    _check_requirements(prefix, cache)
    with_edges = add_edges(lock, installed, asked)
    base = f"lib/python{lock.python}/site-packages"
    return Found(
        lock=with_edges,
        libraries=tuple(_facts(one, tree, base) for one in installed),
        size=sum(found.st_size for found in tree.values()),
        new_size=sum(found.st_size for found in tree.values() if found.st_nlink < SHARED_WITH_OTHERS),
        files=len(tree),
        start_up_files=tuple(
            sorted(path for path in tree if path.endswith(".pth") and not path.endswith("/_virtualenv.pth"))
        ),
    )


def read_distributions(folder: Path) -> list[Distribution]:
    """Read every `*.dist-info` of a site-packages directory, by name."""
    found = [_read(path) for path in folder.glob("*.dist-info")]
    return sorted(found, key=lambda one: one.name)


def _read(path: Path) -> Distribution:
    text = (path / "METADATA").read_text(encoding="utf-8", errors="replace")
    headers = HeaderParser().parsestr(text.partition("\n\n")[0])
    record = path / "RECORD"
    with record.open(encoding="utf-8", errors="replace", newline="") as file:
        files = tuple(row[0] for row in csv.reader(file) if row)
    return Distribution(
        name=canonicalize_name(headers.get("Name", path.name.split("-")[0])),
        version=headers.get("Version", ""),
        licence=_licence(headers.get("License-Expression"), headers.get_all("Classifier"), headers.get("License")),
        summary=(headers.get("Summary") or "")[:300],
        requires=tuple(headers.get_all("Requires-Dist") or ()),
        files=files,
    )


def _licence(expression: str | None, classifiers: list[str] | None, plain: str | None) -> str:
    """Return the licence: PEP 639's expression, else classifiers, else a short License field, else ''."""
    if expression:
        return expression
    named = [one.rsplit("::", 1)[-1].strip() for one in classifiers or () if one.startswith("License ::")]
    named = [one for one in named if one != "OSI Approved"]
    if named:
        return " OR ".join(dict.fromkeys(named))
    first = (plain or "").strip().splitlines()[:1]
    return first[0] if first and len(first[0]) <= 80 and first[0] != "UNKNOWN" else ""  # noqa: PLR2004 - longer ones are licence texts


def _check_set(lock: Lock, installed: list[Distribution]) -> None:
    wanted = {(one.name, one.version) for one in lock.libraries}
    there = {(one.name, one.version) for one in installed}
    if wanted != there:
        missing = ", ".join(f"{name} {version}" for name, version in sorted(wanted - there)) or "nothing"
        extra = ", ".join(f"{name} {version}" for name, version in sorted(there - wanted)) or "nothing"
        raise BuildError(
            f"What is installed is not what was locked: missing {missing}; not asked for {extra}.",
            hint="A package announces another name or version than its file. Leave it out, or report it.",
        )


def _check_links(prefix: Path, tree: dict[str, os.stat_result]) -> None:
    """Raise BuildError for a link that leads out of the tree (but the interpreter's), or a special file."""
    root = prefix.resolve()
    for path, found in tree.items():
        if stat.S_ISLNK(found.st_mode):
            inside = (prefix / path).resolve().is_relative_to(root)
            if not inside and not path.startswith("bin/python"):
                raise BuildError(f"{path} is a link out of the environment.", hint="Leave its library out.")
        elif not stat.S_ISREG(found.st_mode):
            raise BuildError(f"{path} is neither a file nor a link.", hint="Leave its library out.")


def _check_records(prefix: Path, python: str, tree: dict[str, os.stat_result], installed: list[Distribution]) -> None:
    """Raise BuildError when a RECORD names a file that is not there or not inside."""
    base = f"lib/python{python}/site-packages"
    for one in installed:
        for name in one.files:
            path = os.path.normpath(f"{base}/{name}")
            if path not in tree and not name.endswith((".pyc", "/")):
                raise BuildError(
                    f"{one.name} {one.version} lists {name[:200]!r}, which is not in {prefix.name[:12]}.",
                    hint="Its RECORD does not tell the truth. Leave it out, or report it to its authors.",
                )


def _check_requirements(prefix: Path, cache: str) -> None:
    checked = uv.run(
        ["pip", "check", "--python", str(prefix / "bin" / "python")], cache=cache, cwd=str(prefix.parent)
    )
    if checked.code:
        raise BuildError(
            f"The installed libraries do not fit together.\n{checked.text[-2000:]}",
            hint="A library's file asks for more than the index announced. Name the missing one yourself.",
        )


def add_edges(lock: Lock, installed: list[Distribution], asked: tuple[str, ...]) -> Lock:
    """Return the lock with dependency edges, extras included. The digest does not change by that."""
    variables = marker_variables(lock.python)
    requires = {one.name: _parsed(one.requires) for one in installed}
    extras: dict[str, set[str]] = {name: set() for name in requires}
    for line in asked:
        wanted = Requirement(line)
        extras.setdefault(canonicalize_name(wanted.name), set()).update(wanted.extras)
    edges: dict[str, set[str]] = {name: set() for name in requires}
    changed = True
    while changed:
        changed = False
        for name, requirements in requires.items():
            for one in requirements:
                target = canonicalize_name(one.name)
                if target not in requires or not _applies(one, extras[name], variables):
                    continue
                grown = not (target in edges[name] and one.extras <= extras[target])
                changed = changed or grown
                edges[name].add(target)
                extras[target] |= one.extras
    libraries = tuple(replace(one, dependencies=tuple(sorted(edges.get(one.name, ())))) for one in lock.libraries)
    return replace(lock, libraries=libraries)


def _parsed(lines: tuple[str, ...]) -> list[Requirement]:
    found = []
    for line in lines:
        try:
            found.append(Requirement(line))
        except InvalidRequirement:
            continue  # old metadata; uv has read it its own way, only the "via" of a page is lost
    return found


def _applies(one: Requirement, extras: set[str], variables: dict[str, str]) -> bool:
    if one.marker is None:
        return True
    return any(one.marker.evaluate({**variables, "extra": extra}) for extra in ("", *extras))


def _facts(one: Distribution, tree: dict[str, os.stat_result], base: str) -> LibraryFacts:
    paths = {os.path.normpath(f"{base}/{name}") for name in one.files}
    return LibraryFacts(
        name=one.name,
        version=one.version,
        size=sum(tree[path].st_size for path in paths if path in tree),
        licence=one.licence,
        summary=one.summary,
        modules=top_modules(one.files),
    )
