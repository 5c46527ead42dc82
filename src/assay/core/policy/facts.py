"""The input of a policy: facts about a built version and its libraries, and the context of the evaluation.

Unknown is represented as such: without an advisory feed `advisories` is None, not an empty index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from assay.core.advisories.advisory import AdvisoryIndex
from assay.core.observations import Observations
from assay.core.similar_names import NameIndex, Resemblance, find_resemblance


@dataclass(frozen=True, kw_only=True)
class LibraryFact:
    """One locked library. `licence` is SPDX or '' when unknown; `uploaded` None when the index has no date.

    `key` identifies the file: equal keys are equal facts.
    """

    key: str
    name: str
    version: str
    index: str = ""
    wheel: bool = True
    licence: str = ""
    uploaded: date | None = None

    @property
    def pin(self) -> str:
        """`name version`, for display."""
        return f"{self.name} {self.version}"


class Libraries(tuple[LibraryFact, ...]):  # noqa: SLOT001 - what is derived is kept in its __dict__
    """The libraries of a lock. What is derived from them is computed once for all versions that share the value."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """Their keys."""
        return frozenset([one.key for one in self])

    @cached_property
    def by_name(self) -> dict[str, LibraryFact]:
        """The libraries by normalised name."""
        return {one.name: one for one in self}

    @cached_property
    def names(self) -> frozenset[str]:
        """Their normalised names."""
        return frozenset(self.by_name)

    @cached_property
    def indexes(self) -> frozenset[str]:
        """The indexes that they come from."""
        return frozenset([one.index for one in self])

    @classmethod
    def of(cls, libraries: tuple[LibraryFact, ...]) -> Libraries:
        """Return these libraries as such a value."""
        return libraries if isinstance(libraries, cls) else cls(libraries)


@dataclass(frozen=True, kw_only=True)
class Project:
    """The current state of a project at its index.

    `first_at` is the day of its first release, None when the index does not give times; `releases` counts its
    versions. `status` is that of PEP 792, or `unknown` when the index does not have the project; `yanked` maps
    versions to reasons; `attested` are the versions whose every file has a provenance (PEP 740).
    """

    name: str
    newest: str = ""
    newest_at: date | None = None
    first_at: date | None = None
    releases: int = 0
    status: str = "active"
    status_reason: str = ""
    yanked: Mapping[str, str] = field(default_factory=dict)
    attested: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class SimilarVersion:
    """A published version with nearly the same libraries. `shared` is the fraction (0 to 1) of equal pins."""

    reference: str
    shared: float


@dataclass(frozen=True, kw_only=True)
class EarlierVersion:
    """The version that another one is compared with: the last published one before it, else its base.

    `size` is installed bytes. `startup` holds library, path and SHA-256 of each file that runs at startup.
    """

    reference: str
    size: int
    libraries: tuple[LibraryFact, ...]
    startup: frozenset[tuple[str, str, str]] = frozenset()

    @cached_property
    def derived(self) -> Libraries:
        """Its libraries with what is derived from them."""
        return Libraries.of(self.libraries)


@dataclass(frozen=True, kw_only=True)
class VersionFacts:
    """The facts of a version with a lock. `size` is installed bytes, 0 when unknown; `base` is `name@number` or ''.

    `direct` are the normalised names that its spec and its bases require. `build` is None until it is built.
    """

    reference: str
    digest: str
    python: str
    size: int
    libraries: tuple[LibraryFact, ...]
    tags: frozenset[str] = frozenset()
    base: str = ""
    base_behind: int = 0  # published versions of the base's environment that are newer than the base
    near: tuple[SimilarVersion, ...] = ()
    direct: frozenset[str] = frozenset()
    build: Observations | None = None
    before: EarlierVersion | None = None

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions of its libraries by normalised name."""
        return {one.name: one.version for one in self.libraries}

    @cached_property
    def moved(self) -> tuple[tuple[LibraryFact, LibraryFact], ...]:
        """The libraries that come from another file than in the version before: now and before."""
        if self.before is None:
            return ()
        new, earlier = self.derived.keys - self.before.derived.keys, self.before.derived.by_name
        return tuple((one, earlier[one.name]) for one in self.libraries if one.key in new and one.name in earlier)

    @cached_property
    def derived(self) -> Libraries:
        """Its libraries with what is derived from them."""
        return Libraries.of(self.libraries)

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of its libraries."""
        return self.derived.names


@dataclass(frozen=True, kw_only=True)
class NamesInUse:
    """The names that a look-alike can be mistaken for; see `core.similar_names`."""

    most_used: NameIndex
    in_use: NameIndex
    long_history: frozenset[str] = frozenset()

    def find(self, name: str) -> Resemblance | None:
        """Return the name that a normalised name can be mistaken for, None when there is none."""
        return find_resemblance(name, in_use=self.in_use, most_used=self.most_used, long_history=self.long_history)


@dataclass(frozen=True, kw_only=True)
class Context:
    """The context of an evaluation: the date, the advisory feed, index data, the workspace's other versions.

    `advisories` is None without a feed. `projects` contains only those already fetched from the index. `in_use`
    maps a library to its versions in published environments. `approved` are the names that were ever published
    in the workspace, `known` those in any workspace. `default_index` is the URL of its default package index
    without a slash at the end, '' when unknown. `names` is None when look-alike names are not checked.
    """

    today: date
    advisories: AdvisoryIndex | None = None
    projects: Mapping[str, Project] = field(default_factory=dict)
    in_use: Mapping[str, frozenset[str]] = field(default_factory=dict)
    approved: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    default_index: str = ""
    names: NamesInUse | None = None
