"""The versions that a merged version replaces: shown at its review, and deprecated when it is published."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from assay.core.comparison.merge import MergeEffect, merge_effect
from assay.core.lifecycle import Status
from assay.core.roles import Actor
from assay.flow.retire import deprecate
from assay.store.models import Version
from assay.store.reads.compared_versions import compared_version
from assay.store.reads.impact import PERIOD
from assay.store.reads.merge_sources import names_by_version, projects_by_version, sources_of
from assay.store.reads.nearest import need_of


@dataclass(frozen=True, kw_only=True)
class ReplacedSource:
    """A source of a merge: the effect on its users, who launched it in 90 days, and its projects.

    `remains` is why it is not deprecated with the others, '' when it is: its status has changed meanwhile.
    """

    version: Version
    effect: MergeEffect
    people: tuple[str, ...]
    projects: tuple[str, ...]
    remains: str


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """What a reviewer confirms: the message to users of the sources, their end, and the sources that were shown.

    `seen` None means all of them. A source that was not shown stays as it is.
    """

    message: str = ""
    ends_at: datetime | None = None
    seen: Collection[str] | None = None


def replaced_sources(version: Version) -> tuple[ReplacedSource, ...]:
    """Return the sources of a merge, none for any other version: four queries."""
    versions = sources_of(version)
    if not versions:
        return ()
    people = names_by_version(versions, timezone.now() - PERIOD)
    projects = projects_by_version(versions)
    to, kept = compared_version(version), need_of(version)
    return tuple(
        ReplacedSource(
            version=one,
            effect=merge_effect(compared_version(one), to, need_of(one), kept),
            people=people[one.pk],
            projects=projects[one.pk],
            remains=_remains(one, version),
        )
        for one in versions
    )


def _remains(source: Version, version: Version) -> str:
    """Return why a source is left as it is, '' when it is to be deprecated or is deprecated for this version."""
    if source.status == Status.PUBLISHED or source.successor == version.reference:
        return ""
    return f"it is {source.status} already"


def is_merge(version: Version) -> bool:
    """Return whether publishing a version deprecates others."""
    return getattr(version, "merge", None) is not None


def deprecate_sources(actor: Actor, version: Version, replacement: Replacement) -> tuple[str, ...]:
    """Deprecate the published sources of a merge, with it as their successor, and return their references.

    A source with another status meanwhile is left as it is. Raises InvalidInputError for an end that is over.
    """
    done = []
    for one in sources_of(version):
        shown = replacement.seen is None or one.reference in replacement.seen
        if one.status == Status.PUBLISHED and shown:
            deprecate(
                actor,
                one.environment.slug,
                one.number,
                reason=replacement.message.strip() or f"It is merged into {version.reference}.",
                successor=version.reference,
                ends_at=replacement.ends_at,
            )
            done.append(one.reference)
    return tuple(done)
