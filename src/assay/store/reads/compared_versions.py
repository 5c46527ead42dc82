"""Versions in the form that comparisons use, and the versions that a page offers to compare with."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils import timezone

from assay.core.comparison.diff import ComparedVersion, Comparison, compare
from assay.core.licences.names import normalise
from assay.core.lifecycle import Status
from assay.core.lock import Lock
from assay.core.roles import Actor
from assay.core.spec import name_of
from assay.store.models import Environment, Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.libraries import direct_of, lines_of
from assay.store.statements import Parameter, Statement


def compared_version(version: Version) -> ComparedVersion:
    """Return a version for a comparison; one without a lock has no libraries."""
    empty = Lock(python=version.python, platform="")
    facts = version.lock.report["libraries"] if version.lock else ()
    return ComparedVersion(
        label=version.reference,
        lock=Lock.from_dict(version.lock.content) if version.lock else empty,
        direct=direct_of(version),
        settings={
            "Python": version.python,
            "Base": version.base.reference if version.base else "none",
            "Direct libraries": ", ".join(version.parsed_spec.libraries) or "none beyond the base",
        },
        licences={one["name"]: normalise(one["licence"]) for one in facts},
        requirements=_requirements(version),
        installed={one["name"]: one["size"] for one in facts},
    )


def _requirements(version: Version) -> dict[str, str]:
    """Map each library to the lines that require it, the spec's before those of its bases."""
    found: dict[str, str] = {}
    for line in lines_of(version.parsed_spec.libraries, version.base):
        name = name_of(line)
        found[name] = f"{found[name]}, {line}" if name in found else line
    return found


EARLIER = Statement(
    lambda: (
        Version.objects.filter(
            environment=Parameter("environment"),
            status__in=[Status.PUBLISHED, Status.DEPRECATED],
            number__lt=Parameter("number"),
        )
        .select_related("environment", "lock", "base__environment", "base__base")
        .defer("lock__text")
        .order_by("-number")
    )
)


def predecessor(version: Version) -> Version | None:
    """Return the version to compare with by default: the last published one before it, else its base.

    A merge into a new environment without a base is compared with its most used source.
    """
    earlier = EARLIER.first(environment=version.environment_id, number=version.number)
    return earlier or version.base or _most_used_source(version)


def _most_used_source(version: Version) -> Version | None:
    """Return the source of a merge that most people launched in 90 days, None for other versions: one query."""
    recent = Q(launches__started_at__gte=timezone.now() - PERIOD)
    return (
        Version.objects.filter(merged_into=version.pk)
        .annotate(people=Count("launches__person", filter=recent, distinct=True))
        .select_related("environment", "lock", "base__environment", "base__base")
        .defer("lock__text")
        .order_by("-people", "environment__slug")
        .first()
    )


def changes_against(version: Version, other: Version | None) -> Comparison:
    """Compare a version with another one, or with an empty one for None."""
    nothing = ComparedVersion(label="nothing", lock=Lock(python=version.python, platform=""))
    return compare([compared_version(other) if other else nothing, compared_version(version)])


def published_references(actor: Actor, *, limit: int = 300) -> list[tuple[str, str]]:
    """Return (reference, title) of the newest published version of each environment."""
    newest = (
        Environment.objects.filter(workspace_id=actor.workspace_id, active__isnull=False)
        .order_by("slug")
        .values_list("slug", "active__number", "title")[:limit]
    )
    return [(f"{slug}@{number}", title) for slug, number, title in newest]


def own_references(actor: Actor, *, limit: int = 100) -> list[tuple[str, str]]:
    """Return (reference, title) of the actor's built drafts and pending versions, last updated first."""
    own = (
        Version.objects.filter(
            environment__workspace_id=actor.workspace_id,
            author_id=actor.id,
            status__in=[Status.DRAFT, Status.PENDING],
            lock__isnull=False,
        )
        .order_by("-updated_at")
        .values_list("environment__slug", "number", "environment__title")[:limit]
    )
    return [(f"{slug}@{number}", title) for slug, number, title in own]
