"""Rules that check projects at their index, and rules that check a version as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from assay.core.formatting import plural
from assay.core.policy.facts import Context, LibraryFact, VersionFacts
from assay.core.policy.findings import Fact
from assay.core.policy.library_rules import Rule, in_range, join_or


@dataclass(frozen=True, kw_only=True)
class ProjectRule(Rule):
    """The base of rules that need index data, which may not be fetched yet."""

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield the number of libraries whose project was not fetched from the index yet."""
        missing = len(version.names.difference(context.projects))
        if missing:
            among = f"{missing} of {len(version.libraries)} libraries"
            yield Fact(
                key="projects/not-assessed",
                words=f"{among} not checked at the index yet: yanked, status and age are not assessed",
                advice="The worker checks every project once a day.",
                assessed=False,
            )


@dataclass(frozen=True, kw_only=True)
class Yanked(ProjectRule):
    """Releases that their authors yanked (PEP 592)."""

    kind: ClassVar[str] = "yanked"

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return "yanked releases"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library whose release was yanked."""
        project = context.projects.get(library.name)
        if project and library.version in project.yanked:
            why = project.yanked[library.version]
            yield Fact(
                key=f"yanked/{library.name}/{library.version}",
                words=f"{library.pin} was yanked by its authors" + (f": {why}" if why else ""),
                advice=f"Update to {project.newest}." if project.newest else "Choose another release.",
                library=library.name,
                version=library.version,
            )


@dataclass(frozen=True, kw_only=True)
class ProjectStatus(ProjectRule):
    """Projects with a status of PEP 792: archived, deprecated, quarantined."""

    kind: ClassVar[str] = "project-status"
    statuses: tuple[str, ...] = ("archived", "deprecated", "quarantined")

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"projects that are {join_or(self.statuses)}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library whose project has such a status."""
        project = context.projects.get(library.name)
        if project and project.status in self.statuses:
            why = f": {project.status_reason}" if project.status_reason else ""
            yield Fact(
                key=f"project-status/{library.name}/{project.status}",
                words=f"The project {library.name} is {project.status}{why}",
                advice="Replace it with a maintained library.",
                library=library.name,
                version=library.version,
            )


@dataclass(frozen=True, kw_only=True)
class MaximumAge(ProjectRule):
    """Releases more than `days` days older than the newest one of their project."""

    kind: ClassVar[str] = "maximum-age"
    days: int = 730

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"releases more than {self.days} days behind the newest of their project"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library that is too far behind."""
        project = context.projects.get(library.name)
        if project is None or project.newest_at is None or library.uploaded is None:
            return
        behind = (project.newest_at - library.uploaded).days
        if behind > self.days:
            yield Fact(
                key=f"maximum-age/{library.name}/{library.version}",
                words=f"{library.pin} is {behind} days behind {project.newest}",
                advice=f"Update to {project.newest}.",
                library=library.name,
                version=library.version,
            )


@dataclass(frozen=True, kw_only=True)
class Require(Rule):
    """A library that every environment must contain, in a range of versions."""

    kind: ClassVar[str] = "require"
    library: str
    versions: str = ""

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"environments without {self.library} {self.versions}".rstrip()

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that the library is missing or not in the range."""
        del context
        found = next((one for one in version.libraries if one.name == self.library), None)
        if found is None or not in_range(found.version, self.versions):
            wanted = f"{self.library} {self.versions}".rstrip()
            there = f"{found.pin} is too old or too new" if found else f"{self.library} is missing"
            yield Fact(
                key=f"require/{self.library}/{found.version if found else 'missing'}",
                words=f"{there}; {wanted} is required",
                advice=f"Add {self.library}{self.versions} to the libraries.",
                library=self.library,
                version=found.version if found else "",
            )


@dataclass(frozen=True, kw_only=True)
class PythonVersions(Rule):
    """The Python versions that may be used, e.g. `3.11`."""

    kind: ClassVar[str] = "python"
    allowed: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"Python versions other than {join_or(self.allowed)}"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield a Python version that is not allowed."""
        del context
        if version.python not in self.allowed:
            words = f"Python {version.python} is not among {join_or(self.allowed)}"
            yield Fact(key=f"python/{version.python}", words=words, advice=f"Choose Python {join_or(self.allowed)}.")


@dataclass(frozen=True, kw_only=True)
class Size(Rule):
    """Environments larger than a limit in megabytes (10^6 bytes)."""

    kind: ClassVar[str] = "size"
    megabytes: int = 5000

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"environments larger than {self.megabytes} MB"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that the version is larger."""
        del context
        if version.size > self.megabytes * 1_000_000:
            words = f"{version.size // 1_000_000} MB; at most {self.megabytes} MB are allowed"
            yield Fact(key=f"size/{version.size // 100_000_000}", words=words, advice="Remove the largest libraries.")


@dataclass(frozen=True, kw_only=True)
class Count(Rule):
    """Environments with more than a number of libraries."""

    kind: ClassVar[str] = "count"
    libraries: int = 400

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"environments with more than {self.libraries} libraries"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that the version has more libraries."""
        del context
        count = len(version.libraries)
        if count > self.libraries:
            words = f"{plural(count, 'library')}; at most {self.libraries} are allowed"
            yield Fact(key=f"count/{count}", words=words, advice="Split it, or build on a base.")


@dataclass(frozen=True, kw_only=True)
class Spread(Rule):
    """Libraries with more than a number of versions in use across the workspace."""

    kind: ClassVar[str] = "spread"
    settled: ClassVar[bool] = True
    versions: int = 3

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"libraries in more than {self.versions} versions across the workspace"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library that adds one version too many."""
        used = context.in_use.get(library.name, frozenset())
        if library.version not in used and len(used) >= self.versions:
            yield Fact(
                key=f"spread/{library.name}/{library.version}",
                words=f"{library.pin} would be version {len(used) + 1} of it in use here",
                advice=f"Use a version that is in use already: {', '.join(sorted(used))}.",
                library=library.name,
                version=library.version,
            )


@dataclass(frozen=True, kw_only=True)
class NearDuplicate(Rule):
    """Environments that share at least a percentage of their pins with a published one."""

    kind: ClassVar[str] = "near-duplicate"
    settled: ClassVar[bool] = True
    percent: int = 90

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"environments that are {self.percent} % or more the same as a published one"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield each published version that shares so many pins."""
        del context
        for near in version.near:
            if near.shared * 100 >= self.percent:
                words = f"{near.shared:.0%} of its pins are those of {near.reference}"
                yield Fact(key=f"near-duplicate/{near.reference}", words=words, advice=f"Build on {near.reference}.")


@dataclass(frozen=True, kw_only=True)
class Drift(Rule):
    """Environments whose base is more than a number of published versions behind its newest."""

    kind: ClassVar[str] = "drift"
    behind: int = 1

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"environments whose base is more than {self.behind} published versions behind"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that the base is too far behind."""
        del context
        if version.base_behind > self.behind:
            words = f"{version.base} is {version.base_behind} published versions behind its newest"
            yield Fact(
                key=f"drift/{version.base}/{version.base_behind}",
                words=words,
                advice="Rebase on the newest version of the base.",
            )
