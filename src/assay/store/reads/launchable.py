"""Versions that a person may launch: recently used ones first, then published ones by name, then own drafts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from packaging.utils import canonicalize_name

from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.store.models import Environment, Launch, LockedLibrary, Version
from assay.store.reads.rollouts import pilots_of

MOST_WORDS = 8  # per search
MOST = 200  # choices that a list offers; a search finds the others
LAST_LAUNCHES = 500  # of a person, in which recently used environments are looked for
OF_ENVIRONMENT = ("pk", "slug", "title", "description")
OF_VERSION = ("number", "python", "status", "reason", "successor", "ends_at", "lock__size", "lock__libraries_count")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One version that can be launched. `environment` is the id of its environment, `size` is in bytes.

    `pilot`: the actor belongs to the pilot group of its roll-out.
    """

    environment: int
    reference: str
    slug: str
    number: int
    title: str
    description: str
    python: str
    size: int
    count: int
    personal: bool
    pilot: bool
    status: str
    reason: str
    successor: str
    ends_at: datetime | None
    used_at: datetime | None


def launch_choices(actor: Actor, words: str = "", *, limit: int = MOST, published: bool = False) -> list[Choice]:
    """Return what each environment's name stands for, and the actor's own built drafts: at most `limit`, six queries.

    That is the active version, or the one in its pilot for a person of the pilot group. Each of the words is part of
    the name, title or description, or the name of a library. `published`: neither deprecated ones nor drafts.
    """
    used, pilots = _last_used(actor), pilots_of(actor)
    active = Environment.objects.filter(workspace_id=actor.workspace_id, active__isnull=False)
    active = active.exclude(active__health=Health.QUARANTINED).exclude(pk__in=pilots)
    own = Version.objects.filter(environment__workspace_id=actor.workspace_id).exclude(health=Health.QUARANTINED)
    drafts = own.filter(author_id=actor.id, status__in=[Status.DRAFT, Status.PENDING], lock__isnull=False)
    tested = own.filter(pk__in=pilots.values())
    if published:
        active, drafts = active.filter(active__status=Status.PUBLISHED), drafts.none()

    def rows(found: QuerySet[Any], version: str, environment: str, *, recent: bool) -> list[Choice]:
        of_person = Q(**{f"{environment}pk__in": list(used)})
        found = _matching(found.filter(of_person if recent else ~of_person), version, environment, words)
        names = (*(f"{environment}{one}" for one in OF_ENVIRONMENT), *(f"{version}{one}" for one in OF_VERSION))
        values = found.order_by(f"{environment}slug", f"{version}number").values_list(*names)[:limit]
        return [_choice(row, used, pilots) for row in values]

    recent = rows(active, "active__", "", recent=True) if used else []
    tests = rows(tested, "", "environment__", recent=False) if pilots else []
    if used:
        recent += rows(drafts, "", "environment__", recent=True)
        recent += rows(tested, "", "environment__", recent=True) if pilots else []
        recent.sort(key=lambda one: used[one.environment], reverse=True)
    found = recent[:limit]
    if len(found) < limit:
        others = [*tests, *rows(active, "active__", "", recent=False)]
        found += sorted(others, key=lambda one: one.slug)[: limit - len(found)]
    if len(found) < limit:
        found += rows(drafts, "", "environment__", recent=False)[: limit - len(found)]
    return found


def _last_used(actor: Actor) -> dict[int, datetime]:
    """Return when the actor last launched an environment, among their last launches: one query."""
    rows = Launch.objects.filter(person_id=actor.id, environment__workspace_id=actor.workspace_id)
    found = list(rows.order_by("-started_at").values_list("environment_id", "started_at")[:LAST_LAUNCHES])
    return dict(reversed(found))


def _matching(found: QuerySet[Any], version: str, environment: str, words: str) -> QuerySet[Any]:
    """Select what matches each word."""
    for word in words.lower().split()[:MOST_WORDS]:
        locks = LockedLibrary.objects.filter(name=canonicalize_name(word)).values("lock")
        wanted = Q(**{f"{version}lock__in": locks})
        for name in ("slug", "title", "description"):
            wanted |= Q(**{f"{environment}{name}__icontains": word})
        if "@" in word:
            number = Cast(f"{version}number", CharField())
            found = found.annotate(reference=Concat(F(f"{environment}slug"), Value("@"), number))
            wanted |= Q(reference__icontains=word)
        found = found.filter(wanted)
    return found


def library_names(version: Version) -> set[str]:
    """Return the normalised names of all libraries of a built version: one query."""
    return set(LockedLibrary.objects.filter(lock=version.lock).values_list("name", flat=True))


def library_pairs(version: Version) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of every library of a built version."""
    if version.lock is None:
        return ()
    return tuple((one["name"], one["version"]) for one in version.lock.content["libraries"])


def _choice(row: tuple[Any, ...], used: dict[int, datetime], pilots: Collection[int]) -> Choice:
    pk, slug, title, description, number, python, status, reason, successor, ends_at, size, count = row
    return Choice(
        environment=pk,
        reference=f"{slug}@{number}",
        slug=slug,
        number=number,
        title=title,
        description=description,
        python=python,
        size=size or 0,
        count=count or 0,
        personal=status in {Status.DRAFT, Status.PENDING},
        pilot=pk in pilots and status not in {Status.DRAFT, Status.PENDING},
        status=status,
        reason=reason,
        successor=successor,
        ends_at=ends_at,
        used_at=used.get(pk),
    )
