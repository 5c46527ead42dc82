"""What a policy looks at: the facts of a built version, of its libraries, and of the world around it.

What is not known is told as such: an index that was never asked is None, not "nothing found".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from assay.core.advisories.advisory import AdvisoryIndex


@dataclass(frozen=True, kw_only=True)
class LibraryFact:
    """One locked library. `licence` is SPDX or '' when unknown; `uploaded` None when the index did not say.

    `key` names the file it comes from: equal keys are equal facts.
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
        """`name version`, as people read it."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the index tells of a project now.

    `status` is PEP 792's word, or `unknown` when the index does not have the project; `yanked` maps versions
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
    """A published version with nearly the same libraries. `shared` is the part (0 to 1) of equal pins."""

    reference: str
    shared: float


@dataclass(frozen=True, kw_only=True)
class VersionFacts:
    """A built version. `size` is installed bytes; `base` is `name@number` or ''."""

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
    """What verdicts rest on beside the version: the day, the feed, the index, the workspace's other versions.

    `advisories` is None without a feed. `projects` holds only those the index was asked about. `in_use` maps
    a library to the versions of it that published environments hold.
    """

    today: date
    advisories: AdvisoryIndex | None = None
    projects: Mapping[str, Project] = field(default_factory=dict)
    in_use: Mapping[str, frozenset[str]] = field(default_factory=dict)
