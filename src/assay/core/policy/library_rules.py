"""Rules that check one library at a time: typed fields, a sentence made from them, the facts that they yield.

Rules about a version as a whole are in `version_rules.py`; both kinds are listed in `policy.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import ClassVar

from packaging.specifiers import SpecifierSet

from assay.core.advisories.advisory import SEVERITY_RANK, Match, Severity, public_version
from assay.core.licences.expressions import avoids, satisfied_by
from assay.core.policy.facts import Context, LibraryFact, VersionFacts
from assay.core.policy.findings import Effect, Fact
from assay.core.roles import Role


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """The base of all rules: an effect, a scope (tags and bases; none means everywhere), who may waive.

    `stop_after` is the term in days after which a published version with such a finding, new since its
    approval, takes no new launches any more; 0 means never. `settled` kinds matter before publishing only.
    """

    kind: ClassVar[str] = ""
    settled: ClassVar[bool] = False
    effect: Effect = Effect.WARN
    tags: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    waived_by: Role = Role.REVIEWER
    stop_after: int = 0

    @property
    @abstractmethod
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""

    def or_warn(self, others: str) -> str:
        """Return the part of a sentence that says when a blocking rule only warns."""
        return f", and warn when {others}" if self.effect is Effect.BLOCK else ""

    @cached_property
    def sentence(self) -> str:
        """The rule as a sentence."""
        verb = {Effect.BLOCK: "Block", Effect.WARN: "Warn about", Effect.NOTE: "Note"}[self.effect]
        where = f" in environments tagged {join_or(self.tags)}" if self.tags else ""
        where += f" built on {join_or(self.bases)}" if self.bases else ""
        who = "" if self.effect is Effect.NOTE else f" {'An' if self.waived_by is Role.ADMIN else 'A'} "
        waive = f"{who}{self.waived_by} may waive it." if who else ""
        return f"{verb} {self.what}{where}.{waive}{self._term}"

    @property
    def _term(self) -> str:
        if not self.stop_after:
            return ""
        days = f"{self.stop_after} day{'' if self.stop_after == 1 else 's'}"
        return f" Published versions cannot be launched after {days}; what runs in them stops a day later."

    def covers(self, version: VersionFacts) -> bool:
        """Return whether the version is in the rule's scope."""
        if self.tags and not version.tags.intersection(self.tags):
            return False
        return not self.bases or version.base in self.bases or version.base.partition("@")[0] in self.bases

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield the facts that violate the rule in one library."""
        del library, context
        yield from ()

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield the facts that violate the rule in the version as a whole."""
        del version, context
        yield from ()


def join_or(names: tuple[str, ...]) -> str:
    """Join names for a sentence: a, b or c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}" if names else "none"


def in_range(version: str, specifier: str) -> bool:
    """Return whether a version is in a PEP 440 range ('' is every version); pre-releases are included."""
    public = public_version(version)
    return not specifier or (public is not None and SpecifierSet(specifier).contains(public, prereleases=True))


def _of(library: LibraryFact, key: str, words: str, advice: str, names: tuple[str, ...] = ()) -> Fact:
    return Fact(key=key, words=words, advice=advice, library=library.name, version=library.version, names=names)


@dataclass(frozen=True, kw_only=True)
class Deny(Rule):
    """A library, or a range of its versions, that is denied."""

    kind: ClassVar[str] = "deny"
    library: str
    versions: str = ""
    reason: str = ""
    replacement: str = ""

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"{self.library} {self.versions}".strip() + (f" ({self.reason})" if self.reason else "")

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield the library when it is denied."""
        del context
        if library.name == self.library and in_range(library.version, self.versions):
            why = f": {self.reason}" if self.reason else ""
            advice = (
                f"Use {self.replacement} instead." if self.replacement else "Remove it, or choose another version."
            )
            yield _of(
                library,
                f"deny/{library.name}/{library.version}",
                f"{library.pin} is denied by the policy{why}",
                advice,
            )


@dataclass(frozen=True, kw_only=True)
class AllowOnly(Rule):
    """The only libraries that an environment may contain; `*` matches any part of a name."""

    kind: ClassVar[str] = "allow-only"
    libraries: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"libraries other than {join_or(self.libraries)}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library that is not listed."""
        del context
        if not any(fnmatchcase(library.name, pattern) for pattern in self.libraries):
            key = f"allow-only/{library.name}"
            yield _of(library, key, f"{library.name} is not an allowed library", "Ask an administrator to add it.")


@dataclass(frozen=True, kw_only=True)
class LicencesAllowed(Rule):
    """The licences that may be used; where a library offers a choice, one of them is enough."""

    kind: ClassVar[str] = "licences-allowed"
    licences: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"licences other than {join_or(self.licences)}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library under another licence, or whose licence is unknown."""
        del context
        if not library.licence:
            yield _unknown_licence(library)
        elif not satisfied_by(library.licence, frozenset(self.licences)):
            key = f"licence/{library.name}/{library.licence}"
            yield _of(
                library,
                key,
                f"{library.pin} is under {library.licence}",
                "Choose another library, or ask for the licence.",
            )


@dataclass(frozen=True, kw_only=True)
class LicencesDenied(Rule):
    """Licences that may not be used unless the library offers another one."""

    kind: ClassVar[str] = "licences-denied"
    licences: tuple[str, ...]

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"libraries under {join_or(self.licences)}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library that offers no other licence."""
        del context
        if library.licence and not avoids(library.licence, frozenset(self.licences)):
            key = f"licence/{library.name}/{library.licence}"
            yield _of(library, key, f"{library.pin} is under {library.licence}", "Choose another library.")


@dataclass(frozen=True, kw_only=True)
class LicenceUnknown(Rule):
    """Libraries without a recognised licence."""

    kind: ClassVar[str] = "licence-unknown"

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return "libraries whose licence is not known"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library without a known licence."""
        del context
        if not library.licence:
            yield _unknown_licence(library)


def _unknown_licence(library: LibraryFact) -> Fact:
    words = f"The licence of {library.pin} is not known"
    return _of(
        library,
        f"licence/{library.name}/unknown",
        words,
        "Look up the licence in the project, then waive this finding.",
    )


class Fix(StrEnum):
    """Which vulnerabilities a rule covers: all, those with a fixed version, or those without."""

    ANY = "any"
    WITH = "with"
    WITHOUT = "without"


@dataclass(frozen=True, kw_only=True)
class Vulnerability(Rule):
    """Known vulnerabilities of a minimum severity.

    A record without a severity counts as `unknown_as`, since it may be serious.
    """

    kind: ClassVar[str] = "vulnerability"
    severity: Severity = Severity.HIGH
    fix: Fix = Fix.ANY
    unknown_as: Severity = Severity.HIGH

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        fix = {Fix.ANY: "", Fix.WITH: ", when a fixed version exists", Fix.WITHOUT: ", when no fixed version exists"}[
            self.fix
        ]
        return f"libraries with a known vulnerability of severity {self.severity} or worse{fix}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield each vulnerability that the rule covers."""
        if context.advisories is None:
            return
        for match in context.advisories.matches(library.name, library.version):
            if not match.malware and self._covers_match(match):
                yield _known_problem(library, match)

    def _covers_match(self, match: Match) -> bool:
        severity = self.unknown_as if match.severity is Severity.UNKNOWN else match.severity
        if SEVERITY_RANK[severity] < SEVERITY_RANK[self.severity]:
            return False
        return self.fix is Fix.ANY or (self.fix is Fix.WITH) == bool(match.fixed)

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that advisories are not assessed when no feed is loaded."""
        del version
        if context.advisories is None:
            yield _no_feed()


def _known_problem(library: LibraryFact, match: Match) -> Fact:
    severity = "" if match.severity is Severity.UNKNOWN else f" ({match.severity})"
    known = f", also {', '.join(match.aliases)}" if match.aliases else ""
    words = f"{library.pin} has {match.id}{severity}{known}: {match.summary}"
    advice = f"Update {library.name} to {match.fixed} or newer." if match.fixed else "No fixed version is known."
    key = f"vulnerability/{library.name}/{library.version}/{match.id}/{match.severity}/{match.fixed or 'no fix'}"
    return replace(_of(library, key, words, advice, (match.id, *match.aliases)), fixed=match.fixed)


def _no_feed() -> Fact:
    return Fact(
        key="advisories/not-assessed",
        words="Advisories are not assessed: no advisory feed is loaded",
        advice="An administrator loads one: assay admin advisories load PATH-OR-ADDRESS.",
        assessed=False,
    )


@dataclass(frozen=True, kw_only=True)
class Malware(Rule):
    """Known malware. `quarantine` also stops published versions at once."""

    kind: ClassVar[str] = "malware"
    quarantine: bool = True

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        then = ", and quarantine published versions that contain it" if self.quarantine else ""
        return f"libraries that are known malware{then}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield each record of malware."""
        if context.advisories is None:
            return
        for match in context.advisories.matches(library.name, library.version):
            if match.malware:
                key = f"malware/{library.name}/{library.version}/{match.id}"
                words = f"{library.pin} is known malware ({match.id}): {match.summary}"
                yield _of(
                    library,
                    key,
                    words,
                    "Remove it, and rotate every credential that its users' machines held.",
                    (match.id, *match.aliases),
                )

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that advisories are not assessed when no feed is loaded."""
        del version
        if context.advisories is None:
            yield _no_feed()


@dataclass(frozen=True, kw_only=True)
class MinimumAge(Rule):
    """A cool-down: releases younger than so many days."""

    kind: ClassVar[str] = "minimum-age"
    days: int = 7

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        return f"releases younger than {self.days} days"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library that is too new; nothing when the index has no upload time."""
        if library.uploaded and (context.today - library.uploaded).days < self.days:
            key = f"minimum-age/{library.name}/{library.version}"
            words = f"{library.pin} was released on {library.uploaded}, less than {self.days} days ago"
            yield _of(library, key, words, "Wait, or use an earlier release.")


@dataclass(frozen=True, kw_only=True)
class Sources(Rule):
    """The allowed origin of files: `indexes` by URL (none: any), and whether source distributions are allowed."""

    kind: ClassVar[str] = "sources"
    indexes: tuple[str, ...] = ()
    sdists: bool = False

    @property
    def what(self) -> str:
        """Return what the rule checks."""
        found = [f"files from other indexes than {join_or(self.indexes)}"] if self.indexes else []
        return " and ".join([*found, *([] if self.sdists else ["libraries built from source"])]) or "no source at all"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library from another index, or built from source."""
        del context
        if self.indexes and library.index.rstrip("/") not in {one.rstrip("/") for one in self.indexes}:
            key = f"sources/{library.name}/{library.index}"
            yield _of(
                library,
                key,
                f"{library.pin} comes from {library.index or 'an unknown index'}",
                "Install it from an allowed index.",
            )
        if not self.sdists and not library.wheel:
            key = f"sources/{library.name}/{library.version}/sdist"
            yield _of(
                library,
                key,
                f"{library.pin} was built from source, which runs its code",
                "Choose a version with a wheel.",
            )
