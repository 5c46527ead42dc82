"""The facts that the rules of the periodic review look at, of many versions at once: a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max

from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.maintenance.review_reasons import EndedLibrary, ReviewedVersion, SimilarEnvironment
from assay.core.maintenance.review_rules import ReasonKind
from assay.core.spec import name_of
from assay.store.models import (
    DailyUse,
    Event,
    HealthIssue,
    Launch,
    Membership,
    PersonUse,
    ProjectFacts,
    ReviewItem,
    Runtime,
    Version,
)
from assay.store.reads.disk_usage import own_bytes_of
from assay.store.reads.duplicates import NearDuplicate
from assay.store.reads.health import LIVE
from assay.store.reads.impact import PERIOD
from assay.store.reads.people_use import people_since

BATCH_SIZE = 400  # versions whose facts are read at once
ENDED = ("archived", "deprecated")  # statuses of PEP 792 after which nobody develops a project
COLUMNS = (
    "pk",
    "number",
    "status",
    "published_at",
    "renewed_at",
    "created_at",
    "ends_at",
    "python",
    "spec",
    "lock_id",
    "environment_id",
    "environment__slug",
    "environment__tags",
    "environment__active_id",
    "environment__owner_id",
    "environment__owner__username",
    "environment__owner__is_active",
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The facts of a version with its ids, and the bytes that retiring it would free."""

    pk: int
    facts: ReviewedVersion
    frees: int


def in_batches(workspace_id: int, environments: Iterable[int] | None = None) -> list[list[int]]:
    """Return the ids of environments in batches of about `BATCH_SIZE` published and deprecated versions: one query.

    None stands for all environments that have any. Named environments without such a version are in a batch, too.
    """
    rows = Version.objects.filter(environment__workspace_id=workspace_id, status__in=LIVE).order_by("environment_id")
    if environments is None:
        counts = dict(rows.values_list("environment_id").annotate(Count("pk")))
    else:
        named = rows.filter(environment__in=environments)
        counts = dict.fromkeys(environments, 0) | dict(named.values_list("environment_id").annotate(Count("pk")))
    batches: list[list[int]] = []
    room = 0
    for pk, count in counts.items():
        if room < count or not batches or len(batches[-1]) == BATCH_SIZE:
            batches.append([])
            room = BATCH_SIZE
        batches[-1].append(pk)
        room -= count
    return batches


def ended_projects() -> dict[str, str]:
    """Return the projects whose index says that they have ended, with their status: one query."""
    rows = ProjectFacts.objects.filter(document__status__in=ENDED)
    return dict(rows.values_list("name", "document__status"))


def measured_versions(
    workspace_id: int,
    environments: Collection[int],
    today: date,
    *,
    ended: Mapping[str, str],
    similar: Mapping[str, NearDuplicate],
    sizes: bool = True,
) -> list[Measured]:
    """Return the facts of all published and deprecated versions of environments: twelve queries for all.

    `ended` and `similar` are of the whole workspace. Without `sizes`, `frees` is 0.
    """
    rows = list(Version.objects.filter(environment__in=environments, status__in=LIVE).values(*COLUMNS))
    found = _Facts(workspace_id, rows, today, ended=ended, similar=similar)
    bytes_of = _frees(rows) if sizes else {}
    return [Measured(pk=row["pk"], facts=found.of(row), frees=bytes_of.get(row["pk"], 0)) for row in rows]


class _Facts:
    """The facts of versions, each kind read at once for all of them."""

    def __init__(
        self,
        workspace_id: int,
        rows: list[dict[str, Any]],
        today: date,
        *,
        ended: Mapping[str, str],
        similar: Mapping[str, NearDuplicate],
    ) -> None:
        """Read what the rows need."""
        pks = [row["pk"] for row in rows]
        self.today, self.ended = today, ended
        self.last_used = _last_used(pks)
        self.people = _people(pks, today)
        self.projects = _projects(workspace_id, rows)
        self.derived = _derived(pks)
        self.attention = _attention(pks)
        self.members = _members(workspace_id, rows)
        self.deprecated = _deprecated(workspace_id, rows)
        self.seen = _seen(pks)
        self.published = _published(rows)
        named = {_reference(row): similar[_reference(row)] for row in rows if _reference(row) in similar}
        self.similar = _dated(workspace_id, named)

    def of(self, row: dict[str, Any]) -> ReviewedVersion:
        """Return the facts of one version."""
        pk, published = row["pk"], _day(row["published_at"] or row["created_at"])
        newer = [one for one in self.published.get(row["environment_id"], ()) if one[0] > row["number"]]
        owner_here = row["environment__owner__is_active"] and row["environment__owner_id"] in self.members
        return ReviewedVersion(
            reference=_reference(row),
            status=Status(row["status"]),
            published=published,
            approved=max(published, _day(row["renewed_at"])) if row["renewed_at"] else published,
            python=row["python"],
            active=row["environment__active_id"] == pk,
            tags=tuple(row["environment__tags"]),
            last_used=self.last_used.get(pk),
            people=self.people.get(pk, 0),
            projects=self.projects.get(pk, 0),
            derived=self.derived.get(pk, 0),
            newer=f"{row['environment__slug']}@{max(newer)[0]}" if newer else "",
            newer_since=min(day for _, day in newer) if newer else None,
            similar=self._similar(row),
            ended=self._ended(row["spec"]),
            attention_since=self.attention.get(pk),
            owner=row["environment__owner__username"],
            owner_left=not owner_here,
            deprecated=self._deprecated(row),
            ends=_day(row["ends_at"]) if row["ends_at"] else None,
            seen=self.seen.get(pk, {}),
        )

    def _similar(self, row: dict[str, Any]) -> SimilarEnvironment | None:
        found = self.similar.get(_reference(row))
        if found is None:
            return None
        one, kept_since = found
        since = max(_day(row["published_at"] or row["created_at"]), kept_since)
        return SimilarEnvironment(
            kept=one.kept,
            gained=one.gained,
            lost=one.lost,
            altered=one.altered,
            unserved=one.unserved,
            since=since,
        )

    def _ended(self, spec: dict[str, Any]) -> tuple[EndedLibrary, ...]:
        if not self.ended:
            return ()
        names = dict.fromkeys(name_of(line) for line in spec["libraries"])
        return tuple(EndedLibrary(name=name, status=self.ended[name]) for name in names if name in self.ended)

    def _deprecated(self, row: dict[str, Any]) -> date | None:
        """Return since when a version is deprecated; one without the event counts from its publication."""
        if row["status"] != Status.DEPRECATED:
            return None
        known = self.deprecated.get((row["environment__slug"], row["number"]))
        return known or _day(row["published_at"] or row["created_at"])


def _reference(row: dict[str, Any]) -> str:
    return f"{row['environment__slug']}@{row['number']}"


def _day(moment: Any) -> date:  # noqa: ANN401 - a time of the database
    found: date = moment.date()
    return found


def _last_used(pks: list[int]) -> dict[int, date]:
    """Return the last day on which each version was in use: counted days, and launches that are not counted yet."""
    found = dict(DailyUse.objects.filter(version__in=pks).order_by().values_list("version").annotate(Max("day")))
    late = Launch.objects.filter(version__in=pks, counted=False).order_by().values_list("version")
    for pk, moment in late.annotate(Max("started_at")):
        found[pk] = max(found.get(pk, date.min), _day(moment))
    return found


def _people(pks: list[int], today: date) -> dict[int, int]:
    """Count who launched each version in the period: by the sums of usage, and launches that are not in them yet."""
    since = today - PERIOD
    found = people_since(pks, since)
    late = Launch.objects.filter(version__in=pks, counted=False, counted_until=None, started_at__date__gte=since)
    pairs = set(late.order_by().values_list("version", "person"))
    people = {person for _, person in pairs}
    known = PersonUse.objects.filter(version__in=pks, person__in=people, last_day__gte=since)
    for version, _ in pairs - set(known.values_list("version", "person")):
        found[version] += 1
    return found


def _projects(workspace_id: int, rows: list[dict[str, Any]]) -> dict[int, int]:
    """Count the projects that name a version, or its environment while the name stands for the version."""
    names = {_reference(row): row["pk"] for row in rows}
    names |= {row["environment__slug"]: row["pk"] for row in rows if row["environment__active_id"] == row["pk"]}
    used = Runtime.objects.filter(workspace_id=workspace_id, environment__in=list(names)).order_by()
    found: dict[int, int] = {}
    for name, count in used.values_list("environment").annotate(Count("pk")):
        found[names[name]] = found.get(names[name], 0) + count
    return found


def _derived(pks: list[int]) -> dict[int, int]:
    rows = Version.objects.filter(base__in=pks).exclude(status=Status.RETIRED).order_by()
    return dict(rows.values_list("base").annotate(Count("pk")))


def _attention(pks: list[int]) -> dict[int, date]:
    rows = HealthIssue.objects.filter(version__in=pks, closed_at=None)
    return {pk: _day(moment) for pk, moment in rows.values_list("version", "opened_at")}


def _members(workspace_id: int, rows: list[dict[str, Any]]) -> set[int]:
    owners = {row["environment__owner_id"] for row in rows}
    found = Membership.objects.filter(workspace_id=workspace_id, person__in=owners)
    return set(found.values_list("person_id", flat=True))


def _deprecated(workspace_id: int, rows: list[dict[str, Any]]) -> dict[tuple[str, int], date]:
    slugs = {row["environment__slug"] for row in rows if row["status"] == Status.DEPRECATED}
    if not slugs:
        return {}
    events = Event.objects.filter(
        workspace_id=workspace_id, environment__in=slugs, name=EventName.VERSION_DEPRECATED
    ).order_by()
    found = events.values_list("environment", "number").annotate(Max("at"))
    return {(slug, number): _day(moment) for slug, number, moment in found}


def _seen(pks: list[int]) -> dict[int, dict[str, date]]:
    """Return since when each version has been listed for which reason."""
    rows = ReviewItem.objects.filter(version__in=pks).values_list("version", "reasons")
    return {
        pk: {ReasonKind(one["kind"]): date.fromisoformat(one["since"]) for one in reasons} for pk, reasons in rows
    }


def _published(rows: Iterable[dict[str, Any]]) -> dict[int, list[tuple[int, date]]]:
    found: dict[int, list[tuple[int, date]]] = {}
    for row in rows:
        if row["status"] == Status.PUBLISHED:
            published = _day(row["published_at"] or row["created_at"])
            found.setdefault(row["environment_id"], []).append((row["number"], published))
    return found


def _dated(workspace_id: int, found: dict[str, NearDuplicate]) -> dict[str, tuple[NearDuplicate, date]]:
    """Add the day on which the version to keep was published: one query."""
    slugs = {one.kept.partition("@")[0] for one in found.values()}
    rows = Version.objects.filter(
        environment__workspace_id=workspace_id, environment__slug__in=slugs, published_at__isnull=False
    )
    days = {
        f"{slug}@{number}": _day(moment)
        for slug, number, moment in rows.values_list("environment__slug", "number", "published_at")
    }
    return {key: (one, days[one.kept]) for key, one in found.items() if one.kept in days}


def _frees(rows: list[dict[str, Any]]) -> dict[int, int]:
    """Return the bytes that retiring each version would free; none while another version has the same lock."""
    locks = {row["lock_id"] for row in rows} - {None}
    sharing = Version.objects.filter(lock__in=locks).exclude(status=Status.RETIRED).order_by()
    shared = {lock for lock, count in sharing.values_list("lock").annotate(Count("pk")) if count > 1}
    own = own_bytes_of(locks - shared)
    return {row["pk"]: own.get(row["lock_id"], 0) for row in rows}
