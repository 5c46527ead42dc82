"""The kinds of rules about what a version changes: against the one before it, and against the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from packaging.version import InvalidVersion, Version

from assay.core.formatting import format_bytes
from assay.core.licences.names import differ
from assay.core.policy.build_rules import shorten
from assay.core.policy.facts import Context, VersionFacts
from assay.core.policy.findings import Effect, Fact
from assay.core.policy.library_rules import Rule


@dataclass(frozen=True, kw_only=True)
class ChangeRule(Rule):
    """A rule about what publishing changes: it is settled by it."""

    settled: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class NewLibrary(ChangeRule):
    """Libraries that were never published in this workspace, those that others need included."""

    kind: ClassVar[str] = "new-library"
    effect: Effect = Effect.NOTE

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "libraries that are new to the workspace"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield each new library."""
        if version.names <= context.approved:
            return
        for one in version.libraries:
            if one.name not in context.approved:
                yield Fact(
                    key=f"new-library/{one.name}",
                    words=f"{one.pin} is new to this workspace",
                    advice="Look at its project before you approve it.",
                    library=one.name,
                    version=one.version,
                )


@dataclass(frozen=True, kw_only=True)
class Downgrade(ChangeRule):
    """Libraries that move to an older version against the version before."""

    kind: ClassVar[str] = "downgrade"
    effect: Effect = Effect.WARN

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "libraries that move to an older version"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield each library that is older than before (PEP 440)."""
        del context
        for now, before in version.moved:
            if _is_older(now.version, before.version):
                yield Fact(
                    key=f"downgrade/{now.name}/{before.version}/{now.version}",
                    words=f"{now.name} {now.version} is older than {before.version}, which was published before",
                    advice=f"Ask for {now.name}>={before.version}, or find out what holds it back.",
                    library=now.name,
                    version=now.version,
                )


@lru_cache(maxsize=65_536)  # many versions of environments make the same step
def _is_older(version: str, other: str) -> bool:
    try:
        return Version(version) < Version(other)
    except InvalidVersion:
        return False


@dataclass(frozen=True, kw_only=True)
class LicenceChange(ChangeRule):
    """Libraries whose licence is another than in the version before."""

    kind: ClassVar[str] = "licence-change"
    effect: Effect = Effect.WARN

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "libraries whose licence changed"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield each library with another licence; an unknown one on either side is no change."""
        del context
        for now, before in version.moved:
            if differ(before.licence, now.licence):
                yield Fact(
                    key=f"licence-change/{now.name}/{before.licence}/{now.licence}",
                    words=f"{now.pin} is under {now.licence}; {before.version} was under {before.licence}",
                    advice="Check that the new licence suits its use here.",
                    library=now.name,
                    version=now.version,
                )


@dataclass(frozen=True, kw_only=True)
class OtherIndex(ChangeRule):
    """Libraries from another index than the default one. One that moved between indexes is not only a note."""

    kind: ClassVar[str] = "other-index"
    effect: Effect = Effect.WARN

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "libraries that moved to another index"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield each index beside the default one, as a note, and each library whose index is another than before."""
        yield from self._others(version, context.default_index)
        for now, before in version.moved:
            if now.index.rstrip("/") != before.index.rstrip("/"):
                yield Fact(
                    key=f"other-index/{now.name}/{before.index}/{now.index}",
                    words=f"{now.pin} comes from {now.index or 'an unknown index'}; "
                    f"{before.version} came from {before.index or 'an unknown index'}",
                    advice="Check why it moved: the same name on another index can be another project.",
                    library=now.name,
                    version=now.version,
                )

    def _others(self, version: VersionFacts, default: str) -> Iterator[Fact]:
        names: dict[str, list[str]] = {}
        others = {one for one in version.derived.indexes if one.rstrip("/") != default} if default else set()
        for one in version.libraries if others else ():
            if one.index in others:
                names.setdefault(one.index, []).append(one.name)
        for index, found in names.items():
            verb = "comes" if len(found) == 1 else "come"
            yield Fact(
                key=f"other-index/{index}",
                words=f"{shorten(found)} {verb} from {index or 'an unknown index'}",
                advice="Check that this index is meant for them.",
                at_most=Effect.NOTE,
            )


@dataclass(frozen=True, kw_only=True)
class Growth(ChangeRule):
    """Environments that grow by more than so many percent or megabytes (10^6 bytes) against the version before.

    From `warn_megabytes` on it is not only a note.
    """

    kind: ClassVar[str] = "growth"
    effect: Effect = Effect.WARN
    percent: int = 25
    megabytes: int = 250
    warn_megabytes: int = 1000

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        grown = f"environments that grow by more than {self.warn_megabytes:,} MB"
        return f"{grown} (noted from {self.percent} % or {self.megabytes:,} MB on)"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that it grew by more than one of the limits."""
        del context
        if version.before is None or not version.before.size or not version.size:
            return
        grown = version.size - version.before.size
        if grown * 100 <= version.before.size * self.percent and grown <= self.megabytes * 1_000_000:
            return
        share = f"{grown / version.before.size:.0%}"
        yield Fact(
            key=f"growth/{version.before.reference}/{version.size // 10_000_000}",
            words=f"The environment grows by {format_bytes(grown)} ({share}) against {version.before.reference}",
            advice="Look at the largest of the new libraries.",
            at_most=Effect.BLOCK if grown > self.warn_megabytes * 1_000_000 else Effect.NOTE,
        )
