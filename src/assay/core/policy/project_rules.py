"""The kinds of rules about who is behind a name: look-alike names, young projects, the Python version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from assay.core.policy.facts import Context, LibraryFact, Project, VersionFacts
from assay.core.policy.findings import Effect, Fact
from assay.core.policy.library_rules import Rule
from assay.core.policy.version_rules import ProjectRule
from assay.core.python_support import support_ends

YEAR = 365  # days
OLD = 3 * YEAR  # days after which a project with a single release is not young but finished
# A project that has been released so often for so long is one of its own: indexes remove look-alikes within days.
ESTABLISHED_DAYS, ESTABLISHED_RELEASES = 90, 10


@dataclass(frozen=True, kw_only=True)
class SimilarName(Rule):
    """Look-alike names. Only one edit, in a name that is published nowhere here yet, is more than a warning.

    That of an established project is a note.
    """

    kind: ClassVar[str] = "similar-name"
    settled: ClassVar[bool] = True
    effect: Effect = Effect.BLOCK

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        others = self.or_warn("names resemble each other otherwise")
        return f"new libraries one edit away from a widely used name{others}"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library whose name can be mistaken for another."""
        found = context.names.find(library.name) if context.names else None
        if found is None:
            return
        effect = Effect.WARN
        if is_established(context.projects.get(library.name), context.today):
            effect = Effect.NOTE
        elif found.difference.one_edit and library.name not in context.known:
            effect = Effect.BLOCK
        yield Fact(
            key=f"similar-name/{library.name}/{found.name}",
            words=f"{library.name} differs from {found.name} {found.difference.words}",
            advice=f"If {found.name} is meant, ask for it. Otherwise check who publishes {library.name}.",
            library=library.name,
            version=library.version,
            at_most=effect,
        )


def is_established(project: Project | None, today: date) -> bool:
    """Return whether a project has had many releases for months: its name is no imitation. False when unknown."""
    if project is None or project.first_at is None:
        return False
    return (today - project.first_at).days >= ESTABLISHED_DAYS and project.releases >= ESTABLISHED_RELEASES


@dataclass(frozen=True, kw_only=True)
class YoungProject(ProjectRule):
    """Projects whose first release is younger than so many days, or that have a single release."""

    kind: ClassVar[str] = "young-project"
    settled: ClassVar[bool] = True
    effect: Effect = Effect.WARN
    days: int = 90

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return f"projects younger than {self.days} days or with a single release"

    def check_library(self, library: LibraryFact, context: Context) -> Iterator[Fact]:
        """Yield a library of a young project; without upload times nothing is known."""
        project = context.projects.get(library.name)
        if project is None or project.first_at is None:
            return
        age = (context.today - project.first_at).days
        single = project.releases == 1 and age < OLD
        if age >= self.days and not single:
            return
        words = f"The first release of {library.name} is of {project.first_at}"
        words += f", {age} days ago" if age < self.days else ""
        words += ", and there is no other" if project.releases == 1 else ""
        yield Fact(
            key=f"young-project/{library.name}",
            words=words,
            advice="Check who publishes it and whether it will be maintained.",
            library=library.name,
            version=library.version,
        )


@dataclass(frozen=True, kw_only=True)
class PythonEndOfLife(Rule):
    """Python versions whose security fixes ended or end within so many days."""

    kind: ClassVar[str] = "python-end-of-life"
    effect: Effect = Effect.WARN
    days: int = 90

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return f"Python versions without security fixes, or with less than {self.days} days of them left"

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield that the support ended or ends soon (see `core.python_support` for the source of the dates)."""
        end = support_ends(version.python)
        if end is None or (end - context.today).days >= self.days:
            return
        ended = end < context.today
        yield Fact(
            key=f"python-end-of-life/{version.python}/{'ended' if ended else 'soon'}",
            words=f"Security fixes for Python {version.python} {'ended' if ended else 'end'} on {end:%-d %B %Y}",
            advice="Move to a newer Python version.",
        )
