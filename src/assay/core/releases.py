"""Releases of a project that fit a Python on a platform: the one file of each that would be installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

AFTER_WHEELS = 1_000_000  # the rank of a source distribution


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """One file as its index lists it. `size` is bytes, 0 when unknown; `uploaded` None when the index has no times.

    `metadata` is the SHA-256 of its metadata file (PEP 714), '' when the index has none.
    """

    name: str
    url: str
    sha256: str = ""
    size: int = 0
    uploaded: date | None = None
    requires_python: str = ""
    yanked: bool = False
    metadata: str = ""

    @property
    def is_wheel(self) -> bool:
        """Return whether nothing has to be built."""
        return self.name.endswith(".whl")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version that fits, and the file that would be installed."""

    version: Version
    file: ProjectFile


def version_of(filename: str) -> Version | None:
    """Return the version that a file is of, None when its name is no valid one."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def fitting(
    files: Iterable[ProjectFile], *, python: str, ranks: Mapping[Tag, int], sources: bool, until: date | None = None
) -> tuple[Release, ...]:
    """Return the releases for a Python (`3.11.7`), the newest first, each with its best file.

    `ranks` are the wheel tags of the platform, 0 the best. Yanked files are left out, and those that were uploaded
    after `until`; pre-releases too unless there is nothing else. With `sources`, a release without a fitting wheel
    counts by its source distribution.
    """
    best: dict[Version, tuple[int, ProjectFile]] = {}
    for file in files:
        version = version_of(file.name)
        if version is None or not _may_be_installed(file, python, until):
            continue
        rank = _rank(file, ranks, sources=sources)
        if rank is not None and (version not in best or rank < best[version][0]):
            best[version] = (rank, file)
    final = [version for version in best if not version.is_prerelease]
    return tuple(Release(version=version, file=best[version][1]) for version in sorted(final or best, reverse=True))


def _may_be_installed(file: ProjectFile, python: str, until: date | None) -> bool:
    if file.yanked or (until is not None and file.uploaded is not None and file.uploaded > until):
        return False
    try:
        return SpecifierSet(file.requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True  # as installers do: an invalid limit is none


def _rank(file: ProjectFile, ranks: Mapping[Tag, int], *, sources: bool) -> int | None:
    """Return how well a file fits, 0 best; source distributions are after all wheels; None for not at all."""
    if not file.is_wheel:
        return AFTER_WHEELS if sources else None
    found = [ranks[tag] for tag in parse_wheel_filename(file.name)[3] if tag in ranks]
    return min(found, default=None)


def newest_of_lines(releases: Iterable[Release], limit: int) -> list[Release]:
    """Return the newest release of each of the newest release lines (`2.3`, `2.2`)."""
    found: dict[tuple[int, ...], Release] = {}
    for one in releases:
        found.setdefault((one.version.epoch, *one.version.release[:2]), one)
        if len(found) == limit:
            break
    return list(found.values())
