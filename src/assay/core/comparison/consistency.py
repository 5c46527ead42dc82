"""The versions of one library in use across environments: spread, outliers, conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.comparison.diff import Step, newest_first, release_line, step_of
from assay.core.comparison.similarity import fits


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A requirement of some environments that excludes a version which others have installed."""

    line: str
    required_by: tuple[str, ...]
    version: str
    held_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """The reasons why environments cannot share one version of a library.

    `majors` maps each release line (epoch and first segment, PEP 440) to the environments with it, when there
    are several; `exclusions` are requirements that exclude versions which other environments have.
    """

    majors: Mapping[str, tuple[str, ...]]
    exclusions: tuple[Exclusion, ...]

    def __bool__(self) -> bool:
        return bool(self.majors or self.exclusions)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One library: which environments have which version, newest version first.

    `common` is the most frequent version, the newest on a tie; `outliers` are the environments with another one;
    `step` is the distance from the oldest to the newest, None when all are equal.
    """

    name: str
    versions: Mapping[str, tuple[str, ...]]
    common: str
    outliers: tuple[str, ...]
    step: Step | None
    conflict: Conflict

    @property
    def holders(self) -> int:
        """The number of environments with the library."""
        return sum(map(len, self.versions.values()))


def spread(name: str, holders: Mapping[str, Sequence[str]], requirements: Iterable[tuple[str, str]] = ()) -> Spread:
    """Return the spread of a library with at least one holder.

    `requirements` are pairs of a line that requires it and the environment whose spec has that line.
    """
    order = newest_first(holders)
    versions = {version: tuple(holders[version]) for version in order}
    common = max(order, key=lambda version: len(versions[version]))
    return Spread(
        name=name,
        versions=versions,
        common=common,
        outliers=tuple(one for version in order if version != common for one in versions[version]),
        step=step_of(order[-1], order[0]),
        conflict=Conflict(majors=_majors(versions), exclusions=_exclusions(versions, requirements)),
    )


def diverges(counts: Mapping[str, int]) -> bool:
    """Return whether a library is in use in several versions; `counts` maps each version to its holders."""
    return len(counts) > 1


def _majors(versions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for version, holders in versions.items():
        line = release_line(version)
        found[line] = (*found.get(line, ()), *holders)
    return found if len(found) > 1 else {}


def _exclusions(
    versions: Mapping[str, tuple[str, ...]], requirements: Iterable[tuple[str, str]]
) -> tuple[Exclusion, ...]:
    required_by: dict[str, list[str]] = {}
    for line, key in requirements:
        required_by.setdefault(line, []).append(key)
    return tuple(
        Exclusion(line=line, required_by=tuple(keys), version=version, held_by=holders)
        for line, keys in sorted(required_by.items())
        for version, holders in versions.items()
        if not fits(line, version)
    )
