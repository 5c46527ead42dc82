"""The files of a library for which uv found no wheel: its source distribution, and its wheels for other Pythons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from assay.core.lock import File
from assay.engine.interface import ResolveRequest
from assay.engine.resolving.compatibility import tag_ranks


@dataclass(frozen=True, kw_only=True)
class Sdist:
    """A source distribution on an index."""

    name: str
    version: str
    file: File


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The allowed versions of a library. `version` is the newest with a file, '' for none.

    `has_wheel`: a wheel fits this Python, so the lack of one is not the reason of a conflict. `tags` are those of the
    wheels of `version`; `offered` are the other Pythons of the request for which an allowed version has a wheel.
    """

    name: str
    version: str = ""
    sdist: Sdist | None = None
    has_wheel: bool = False
    tags: frozenset[Tag] = frozenset()
    offered: tuple[str, ...] = ()


def candidates_in(name: str, listing: list[dict[str, Any]], request: ResolveRequest, detail: str) -> Candidates:
    """Return the candidates of a library among the files of its index; `detail` is uv's explanation."""
    wheels, sdists = _by_version(name, listing, request)
    versions = _allowed(name, request, detail, [*wheels, *sdists])
    if not versions:
        return Candidates(name=name)
    fitting = tag_ranks(request.python).keys()
    others = {python: tag_ranks(python).keys() for python in request.offered if python != request.python}
    built = [one for one in versions if one in sdists and _fits(sdists[one], request.python)]
    kept = [one for one in built if f"{name}=={one}" in request.preferred]
    chosen = max(kept or built, default=None)
    newest = chosen if chosen is not None else max(versions)
    return Candidates(
        name=name,
        version=str(newest),
        sdist=_sdist(name, chosen, sdists[chosen]) if chosen is not None else None,
        has_wheel=any(
            not fitting.isdisjoint(tags) and _fits(entry, request.python)
            for one in versions
            for tags, entry in wheels.get(one, ())
        ),
        tags=frozenset().union(*(tags for tags, _ in wheels.get(newest, ()))),
        offered=tuple(
            python
            for python, known in others.items()
            if any(not known.isdisjoint(tags) and _fits(entry, python) for tags, entry in wheels.get(newest, ()))
        ),
    )


Wheels = dict[Version, list[tuple[frozenset[Tag], dict[str, Any]]]]


def _by_version(
    name: str, listing: list[dict[str, Any]], request: ResolveRequest
) -> tuple[Wheels, dict[Version, dict[str, Any]]]:
    """Return wheels and sdists by version, without what is yanked, too new, or has no SHA-256."""
    wheels: Wheels = {}
    sdists: dict[Version, dict[str, Any]] = {}
    latest = datetime.now(UTC) - timedelta(days=request.cool_down_days)
    for entry in listing:
        if entry.get("yanked") or "sha256" not in entry.get("hashes", {}):
            continue
        if request.cool_down_days and not _uploaded_before(entry, latest):
            continue
        try:
            project, version, _, tags = parse_wheel_filename(entry["filename"])
        except InvalidWheelFilename:
            try:
                project, version = parse_sdist_filename(entry["filename"])
            except InvalidSdistFilename:
                continue
            tags = frozenset()
        if project != name:
            continue
        if tags:
            wheels.setdefault(version, []).append((tags, entry))
        elif version not in sdists or entry["filename"].endswith(".tar.gz"):  # of two archives, the usual one
            sdists[version] = entry
    return wheels, sdists


def _uploaded_before(entry: dict[str, Any], latest: datetime) -> bool:
    """Return whether a file was uploaded before a time; not if its index does not say (as uv does)."""
    try:
        return datetime.fromisoformat(str(entry.get("upload-time"))) <= latest
    except (ValueError, TypeError):
        return False


def _allowed(name: str, request: ResolveRequest, detail: str, versions: list[Version]) -> list[Version]:
    """Return the versions that the request, and the dependencies that the explanation names, allow."""
    specifiers = SpecifierSet()
    for one in _specifiers(name, request, detail):
        specifiers &= one
    return list(specifiers.filter(sorted(set(versions))))


def _specifiers(name: str, request: ResolveRequest, detail: str) -> Iterator[SpecifierSet]:
    for line in request.libraries + request.pins + request.constraints:
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) == name:
            yield requirement.specifier
    named = rf"depends? on {re.escape(name)}(?:\[[^\]\s]*\])?(?:\{{[^}}]*\}})?([<>=!~][^\s]*)"
    for found in re.finditer(named, detail, re.IGNORECASE):
        try:
            yield SpecifierSet(found[1].rstrip(".,"))
        except InvalidSpecifier:
            continue


def _fits(entry: dict[str, Any], python: str) -> bool:
    try:
        return SpecifierSet(entry.get("requires-python") or "").contains(f"{python}.99")
    except InvalidSpecifier:
        return True


def _sdist(name: str, version: Version, entry: dict[str, Any]) -> Sdist:
    file = File(
        name=entry["filename"],
        url=entry["url"],
        size=entry.get("size") or 0,
        sha256=entry["hashes"]["sha256"],
        uploaded=entry.get("upload-time") or "",
    )
    return Sdist(name=name, version=str(version), file=file)
