"""The catalogue: environments as rows, by the same few queries whatever the size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right
from assay.store.models import Environment, Launch, Version

RECENT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class CatalogueRow:
    """One environment with its newest version that the actor may see. `size` is installed bytes."""

    slug: str
    title: str
    description: str
    status: str
    version: int
    health: str
    python: str
    base: str | None
    owner: str
    libraries: int
    size: int
    updated: datetime
    published: datetime | None
    people_30d: int
    tags: tuple[str, ...]
    building: str


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What narrows the catalogue; '' leaves a question open."""

    text: str = ""
    library: str = ""
    python: str = ""
    base: str = ""
    owner: str = ""
    status: str = ""
    health: str = ""
    tag: str = ""


def catalogue(actor: Actor, filters: Filters, *, limit: int, after: str = "") -> list[CatalogueRow]:
    """Return at most `limit` rows by short name, those after the short name `after`: two queries."""
    rows = list(_filtered(actor, filters).filter(slug__gt=after)[:limit])
    people = people_lately([row.pk for row in rows])
    return [_row(actor, environment, people.get(environment.pk, 0)) for environment in rows]


def count(actor: Actor, filters: Filters) -> int:
    """Return how many environments fit: one query."""
    return _filtered(actor, filters).order_by().count()


def people_lately(environments: list[int]) -> dict[int, int]:
    """Return how many different people launched each environment in the last 30 days: one query."""
    counted = (
        Launch.objects.filter(environment__in=environments, started_at__gte=timezone.now() - RECENT)
        .values_list("environment")
        .annotate(people=Count("person", distinct=True))
    )
    return dict(counted)


def _visible(actor: Actor) -> Q:
    seen = Q(newest__isnull=False) | Q(owner_id=actor.id)
    return seen | Q(latest__status=Status.PENDING) if actor.has(Right.REVIEW) else seen


def _filtered(actor: Actor, filters: Filters) -> QuerySet[Environment]:
    found = (
        Environment.objects.filter(_visible(actor), workspace_id=actor.workspace_id)
        .select_related(
            "owner",
            "newest__lock",
            "newest__base__environment",
            "latest__lock",
            "latest__build",
            "latest__base__environment",
        )
        .defer(
            "newest__lock__text",
            "newest__lock__content",
            "newest__lock__report",
            "latest__lock__text",
            "latest__lock__content",
            "latest__lock__report",
        )
        .order_by("slug")
    )
    if filters.status == Status.DRAFT:
        found = found.filter(latest__status=Status.DRAFT, latest__author_id=actor.id)
    elif filters.status == Status.PENDING:
        found = found.filter(latest__status=Status.PENDING)
    elif filters.status:
        found = found.filter(newest__status=filters.status)
    words = Q(slug__icontains=filters.text) | Q(title__icontains=filters.text)
    if filters.text:
        found = found.filter(words | Q(description__icontains=filters.text))
    if filters.library:
        found = found.filter(newest__lock__locked__name=filters.library)
    exact = {"newest__python": filters.python, "newest__health": filters.health}
    exact |= {"newest__base__environment__slug": filters.base, "owner__username": filters.owner}
    return found.filter(**{column: wanted for column, wanted in exact.items() if wanted})


def _row(actor: Actor, environment: Environment, people: int) -> CatalogueRow:
    version = _shown(actor, environment)
    lock = version.lock
    return CatalogueRow(
        slug=environment.slug,
        title=environment.title,
        description=environment.description,
        status=version.status,
        version=version.number,
        health=version.health,
        python=version.python,
        base=version.base.reference if version.base else None,
        owner=environment.owner.get_username(),
        libraries=lock.libraries_count if lock else 0,
        size=lock.size if lock else 0,
        updated=environment.updated_at,
        published=version.published_at,
        people_30d=people,
        tags=tuple(environment.tags),
        building=version.build.state if version.status == Status.DRAFT and version.build else "",
    )


def _shown(actor: Actor, environment: Environment) -> Version:
    """Return the version a row speaks of: the newest published one, else the latest one."""
    version = environment.newest or environment.latest
    if version is None:  # the filter above asks for one of the two
        raise LookupError(f"{environment.slug} has no version.")
    del actor
    return version
