"""Versions that a person may launch: recently used ones first, then published ones by name, then own drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet
from packaging.utils import canonicalize_name

from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.store.models import Environment, Launch, LockedLibrary, Version
from assay.store.reads.rollouts import pilots_of

MOST_WORDS = 8  # per search


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One version that can be launched. `size` is in bytes, `lock` the id of its lock.

    `pilot`: the actor belongs to the pilot group of its roll-out.
    """

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
    lock: int | None

    @property
    def words(self) -> str:
        """The text that a search matches, in lower case."""
        return f"{self.reference} {self.title} {self.description}".lower()


def launch_choices(actor: Actor) -> list[Choice]:
    """Return what each environment's name stands for, and the actor's own built drafts: four queries.

    That is the active version, or the one in its pilot for a person of the pilot group.
    """
    used = dict(
        Launch.objects.filter(person_id=actor.id)
        .values_list("environment")
        .annotate(last=Max("started_at"))
        .values_list("environment", "last")
    )
    pilots = pilots_of(actor)
    active = Environment.objects.filter(workspace_id=actor.workspace_id, active__isnull=False).exclude(pk__in=pilots)
    published = _versions().filter(Q(pk__in=active.values("active")) | Q(pk__in=pilots.values()))
    own = _versions().filter(
        environment__workspace_id=actor.workspace_id,
        author_id=actor.id,
        status__in=[Status.DRAFT, Status.PENDING],
        lock__isnull=False,
    )
    testing = set(pilots.values())
    found = [
        _choice(version, used.get(version.environment_id), pilot=version.pk in testing)
        for version in [*published, *own]
    ]
    recent = sorted((one for one in found if one.used_at), key=lambda one: one.used_at or 0, reverse=True)
    others = sorted((one for one in found if not one.used_at), key=lambda one: (one.personal, one.slug))
    return [*recent, *others]


def filter_choices(choices: list[Choice], words: str) -> list[Choice]:
    """Return the choices that match each word by name, title, description or the exact name of a library."""
    found = choices
    for word in words.lower().split()[:MOST_WORDS]:
        locked = LockedLibrary.objects.filter(name=canonicalize_name(word), lock__in=[one.lock for one in found])
        matching = set(locked.values_list("lock", flat=True))
        found = [one for one in found if word in one.words or one.lock in matching]
    return found


def library_names(version: Version) -> set[str]:
    """Return the normalised names of all libraries of a built version: one query."""
    return set(LockedLibrary.objects.filter(lock=version.lock).values_list("name", flat=True))


def library_pairs(version: Version) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of every library of a built version."""
    if version.lock is None:
        return ()
    return tuple((one["name"], one["version"]) for one in version.lock.content["libraries"])


def _versions() -> QuerySet[Version]:
    return (
        Version.objects.exclude(health=Health.QUARANTINED)
        .select_related("environment", "lock")
        .defer("lock__text", "lock__report", "lock__content")
    )


def _choice(version: Version, used_at: datetime | None, *, pilot: bool) -> Choice:
    return Choice(
        reference=version.reference,
        slug=version.environment.slug,
        number=version.number,
        title=version.environment.title,
        description=version.environment.description,
        python=version.python,
        size=version.lock.size if version.lock else 0,
        count=version.lock.libraries_count if version.lock else 0,
        personal=version.status in {Status.DRAFT, Status.PENDING},
        pilot=pilot,
        status=version.status,
        reason=version.reason,
        successor=version.successor,
        ends_at=version.ends_at,
        used_at=used_at,
        lock=version.lock_id,
    )
