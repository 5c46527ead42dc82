"""The input of a policy: facts about a built version and its libraries, and the context of the evaluation.

Unknown is represented as such: without an advisory feed `advisories` is None, not an empty index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from assay.core.advisories.advisory import AdvisoryIndex


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


@dataclass(frozen=True, kw_only=True)
class Project:
    """The current state of a project at its index.

    `status` is that of PEP 792, or `unknown` when the index does not have the project; `yanked` maps versions
    to reasons; `attested` are the versions whose every file has a provenance (PEP 740).
    """

    name: str
    newest: str = ""
    newest_at: date | None = None
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
class VersionFacts:
    """The facts of a built version. `size` is installed bytes; `base` is `name@number` or ''."""

    reference: str
    digest: str
    python: str
    size: int
    libraries: tuple[LibraryFact, ...]
    tags: frozenset[str] = frozenset()
    base: str = ""
    base_behind: int = 0  # published versions of the base's environment that are newer than the base
    near: tuple[SimilarVersion, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The normalised names of its libraries."""
        return frozenset(one.name for one in self.libraries)


@dataclass(frozen=True, kw_only=True)
class Context:
    """The context of an evaluation: the date, the advisory feed, index data, the workspace's other versions.

    `advisories` is None without a feed. `projects` contains only those already fetched from the index. `in_use`
    maps a library to its versions in published environments.
    """

    today: date
    advisories: AdvisoryIndex | None = None
    projects: Mapping[str, Project] = field(default_factory=dict)
    in_use: Mapping[str, frozenset[str]] = field(default_factory=dict)
