"""Environments with their versions: what was composed, built, submitted, decided and published, day by day."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.observations import observe
from assay.core.roles import Role
from assay.core.spec import Spec
from assay.engine.interface import Index, ResolveRequest
from assay.flow.assess.facts import library_fact
from assay.store.models import (
    ApprovedLibrary,
    Build,
    Decision,
    Environment,
    Lock,
    LockedFile,
    LockedLibrary,
    LockFacts,
    Submission,
    Version,
)
from installation.bulk import Table, next_id
from installation.libraries import INDEX, Libraries, Release, lock_of, report_of
from installation.log import DAY, Happened, Log, reviewers_of
from installation.people import WORKSPACES, Member
from installation.size import Size

PYTHONS = ("3.11", "3.11", "3.12", "3.12", "3.13")
TAGS = ("finance", "geo", "reports", "ml", "nightly", "regulated", "teaching")
PER_BASE, ON_BASE = 300, 0.35  # one environment in so many is a base; the share that builds on one
DRAFTS, PENDING, REJECTED, OLD = 0.06, 0.03, 0.12, 0.03  # shares of last versions, of submissions, of environments
MOST_VERSIONS, SPREAD = 8, 0.7
AT_ONCE = 200  # environments whose rows are written together
TABLES: dict[Any, tuple[str, ...]] = {
    Environment: (
        *("id", "workspace", "slug", "title", "description", "owner", "tags", "last_number", "active", "latest"),
        *("created_at", "updated_at"),
    ),
    Version: (
        *("id", "environment", "number", "author", "status", "revision", "rounds", "spec", "base", "python", "lock"),
        *("build", "reason", "successor", "created_at", "updated_at", "submitted_at", "published_at"),
    ),
    Lock: (
        "id",
        "digest",
        "text",
        "content",
        "python",
        "platform",
        "libraries_count",
        "size",
        "report",
        "created_at",
    ),
    LockedLibrary: ("lock", "name", "version", "file", "size"),
    LockedFile: ("id", "key", "name", "version", "index", "wheel", "licence", "uploaded", "size"),
    LockFacts: ("lock", "files", "observations"),
    Build: (
        *("id", "version", "requested_by", "state", "request", "steps", "digest", "created_at", "started_at"),
        "finished_at",
    ),
    Submission: (
        *("id", "version", "round", "by", "digest", "spec", "note", "changes", "outcome", "at", "ended_at"),
    ),
    Decision: ("submission", "by", "verdict", "digest", "comment", "libraries", "groups", "at"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A version that was published, `day` days after the first day."""

    day: float
    pk: int
    number: int
    digest: str


@dataclass(kw_only=True, slots=True)
class Written:
    """An environment as its use needs it."""

    pk: int
    workspace: int
    slug: str
    owner: Member
    published: list[Published] = field(default_factory=list)

    def active(self, day: float) -> Published:
        """Return the version that its name stood for on a day."""
        return self.published[bisect_right([one.day for one in self.published], day) - 1]


@dataclass(kw_only=True)
class _Draft:
    """A version while it is written."""

    pk: int
    number: int
    environment: Written
    day: float
    python: str
    spec: dict[str, Any]
    base: int | None
    releases: dict[int, Release]
    lock: int
    digest: str
    build: uuid.UUID
    rounds: int = 0
    status: str = Status.DRAFT
    reason: str = ""
    successor: str = ""
    submitted: float | None = None
    published: float | None = None

    @property
    def reference(self) -> str:
        return f"{self.environment.slug}@{self.number}"


class Writer:
    """Writes environments; ids are counted here, so that rows can name each other before they are stored."""

    def __init__(
        self, size: Size, start: datetime, libraries: Libraries, people: dict[int, list[Member]], log: Log
    ) -> None:
        self._size, self._start, self._libraries, self._people, self._log = size, start, libraries, people, log
        self._dice = random.Random(size.seed + 2)  # noqa: S311 - no secret
        self._reviewers = reviewers_of(people)
        self._authors = {pk: [one for one in members if one.role != Role.VIEWER] for pk, members in people.items()}
        self._ids = {model: next_id(model) for model in (Environment, Version, Lock, LockedFile, Submission)}
        self._tables = {model: Table(model, *names) for model, names in TABLES.items()}
        self._rows: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        self._files: dict[str, int] = {}
        self._locks: dict[str, int] = {}
        self._approved: dict[tuple[int, str], tuple[float, int]] = {}
        self._bases: list[tuple[Written, dict[int, dict[int, Release]], str]] = []
        self._request = asdict(
            ResolveRequest(python="", python_path="", libraries=(), index=Index(url=INDEX, trusted=True))
        )

    def write(self) -> list[Written]:
        """Write all environments and return them."""
        found = []
        for at in range(self._size.environments):
            found.append(self._environment(at))
            if at % AT_ONCE == AT_ONCE - 1:
                self._flush()
        self._flush()
        approved = Table(ApprovedLibrary, "workspace", "name", "version")
        approved.write((pk, name, version) for (pk, name), (_, version) in sorted(self._approved.items()))
        return found

    def _flush(self) -> None:
        for model in TABLES:
            self._tables[model].write(self._rows.pop(model, ()))

    def _next(self, model: Any) -> int:  # noqa: ANN401 - a model
        self._ids[model] += 1
        return int(self._ids[model]) - 1

    def _at(self, day: float | None) -> datetime | None:
        return None if day is None else self._start + timedelta(days=day)

    def _environment(self, at: int) -> Written:
        dice, days = self._dice, self._size.days
        base = at % PER_BASE == 0
        place = dice.choices(range(len(WORKSPACES)), [share for *_, share in WORKSPACES])[0]
        workspace = list(self._people)[0 if base else place]
        owner = dice.choice(self._authors[workspace])
        slug = f"base-{at // PER_BASE:03}" if base else f"env-{at:05}"
        made = Written(pk=self._next(Environment), workspace=workspace, slug=slug, owner=owner)
        created = dice.random() * 3 if base else (days - 1) * dice.random() ** 1.2
        title = f"Base of team {at // PER_BASE}" if base else f"{dice.choice(TAGS).title()} project {at}"
        self._happened(created, made, None, EventName.ENVIRONMENT_CREATED, owner, title=title)
        versions = self._versions(made, created, base=base)
        self._end_old(versions)
        active = [one.pk for one in versions if one.status == Status.PUBLISHED]
        active = active or [one.pk for one in versions if one.status == Status.DEPRECATED]
        tags = ["base"] if base else dice.sample(TAGS, dice.randrange(3))
        self._rows[Environment].append(
            (
                *(made.pk, workspace, slug, title, f"{title} of {owner.group}.", owner.pk, tags, len(versions)),
                *(active[-1] if active else None, versions[-1].pk, self._at(created), self._at(versions[-1].day)),
            )
        )
        self._rows[Version] += [self._version_row(one) for one in versions]
        if base:
            kept = {one.pk: one.releases for one in versions}
            self._bases.append((made, kept, versions[0].python))
        return made

    def _versions(self, made: Written, created: float, *, base: bool) -> list[_Draft]:
        """Compose the versions of an environment from its first day to the last one."""
        dice, days = self._dice, self._size.days
        count = min(MOST_VERSIONS, 1 + int(dice.expovariate(1 / SPREAD)))
        step = (days - created) / count
        median = self._size.libraries
        wanted = min(8 * median, max(median // 6, int(dice.lognormvariate(0, 0.6) * median)))
        asked, ranks = self._libraries.choose(dice, wanted)
        on = dice.choice(self._bases) if not base and self._bases and dice.random() < ON_BASE else None
        found: list[_Draft] = []
        for number in range(1, count + 1):
            day = created + (number - 1) * step + 0.2 * step * dice.random()
            chance = dice.random() if number == count and not base else 1.0
            if chance < DRAFTS + PENDING:
                day = max(day, days - 10 * dice.random() - 0.6)
            if number > 1 and dice.random() < 0.5:
                more, further = self._libraries.choose(dice, 2)
                asked, ranks = [*asked, *(one for one in more if one not in asked)], ranks | further
            draft = self._compose(made, number, day, asked, ranks, on)
            found.append(draft)
            if chance >= DRAFTS:
                self._review(draft, found, decided=chance >= DRAFTS + PENDING)
        return found

    def _compose(
        self,
        made: Written,
        number: int,
        day: float,
        asked: list[int],
        ranks: frozenset[int],
        on: Any,  # noqa: ANN401
    ) -> _Draft:
        """Write a draft with its lock and its build."""
        dice = self._dice
        base, python, below = None, PYTHONS[made.pk % len(PYTHONS)], {}
        if on and on[0].workspace == made.workspace and on[0].published and on[0].published[0].day < day:
            base = on[0].active(day)
            python, below = on[2], on[1][base.pk]
        releases = self._libraries.resolve(ranks, day - 20 * dice.random(), below)
        lines = tuple(f"{self._libraries.names[one]}>={releases[one].library.version}" for one in asked)
        spec = Spec(
            base=f"{on[0].slug}@{base.number}" if base else None,
            python=None if base else python,
            libraries=lines,
            keep=f"{made.slug}@{number - 1}" if number > 1 else None,
        ).to_dict()
        lock, digest = self._lock(python, releases, day)
        draft = _Draft(
            pk=self._next(Version),
            number=number,
            environment=made,
            day=day,
            python=python,
            spec=spec,
            base=base.pk if base else None,
            releases=releases,
            lock=lock,
            digest=digest,
            build=uuid.UUID(int=dice.getrandbits(128), version=4),
        )
        self._composed(draft)
        return draft

    def _composed(self, draft: _Draft) -> None:
        """Record the creation of a draft, its edits and its build."""
        author, steps = draft.environment.owner, {"resolving": 0.8, "installing": 2.5, "checking": 1.4}
        before = {**draft.spec, "libraries": draft.spec["libraries"][:1]}
        origin = {"from": f"{draft.environment.slug}@{draft.number - 1}"} if draft.number > 1 else {}
        built = draft.day + 0.01
        self._happened(
            draft.day, draft.environment, draft.number, EventName.VERSION_CREATED, author, spec=before, **origin
        )
        self._happened(
            draft.day + 0.005,
            draft.environment,
            draft.number,
            EventName.VERSION_EDITED,
            author,
            before=before,
            after=draft.spec,
        )
        build = str(draft.build)
        self._happened(built, draft.environment, draft.number, EventName.BUILD_REQUESTED, author, build=build)
        self._happened(built + 1e-5, draft.environment, draft.number, EventName.BUILD_STARTED, None, build=build)
        done = built + sum(steps.values()) / DAY + 1e-5
        detail = {"build": build, "digest": draft.digest, "reused": False}
        self._happened(done, draft.environment, draft.number, EventName.BUILD_FINISHED, None, **detail)
        request = self._request | {
            "python": draft.python,
            "python_path": f"/usr/bin/python{draft.python}",
            "libraries": draft.spec["libraries"],
        }
        self._rows[Build].append(
            (
                *(draft.build, draft.pk, author.pk, "built", request, steps, draft.digest),
                *(self._at(built), self._at(built + 1e-5), self._at(done)),
            )
        )

    def _lock(self, python: str, releases: dict[int, Release], day: float) -> tuple[int, str]:
        """Write a lock with its report, libraries and facts, unless it is there; return its id and digest."""
        lock = lock_of(python, releases.values())
        if lock.digest in self._locks:
            return self._locks[lock.digest], lock.digest
        pk = self._locks[lock.digest] = self._next(Lock)
        ordered = sorted(releases.values(), key=lambda one: one.library.name)
        report = report_of(python, ordered, failing=pk % 12 == 0)
        imported = [one.reported[1] for one in ordered[: len(ordered) - len(report.imports)]]
        stored = report.to_dict()
        stored |= {"libraries": [one.reported[0] for one in ordered], "imports": [*imported, *stored["imports"]]}
        content = {"python": python, "platform": lock.platform, "libraries": [one.content for one in ordered]}
        self._rows[Lock].append(
            (
                *(pk, lock.digest, lock.to_toml(), content, python, lock.platform, len(ordered), report.size, stored),
                *(self._at(day),),
            )
        )
        self._rows[LockedLibrary] += [
            (pk, one.library.name, one.library.version, one.library.file.sha256, one.facts.size) for one in ordered
        ]
        files = sorted(self._file(one) for one in ordered)
        self._rows[LockFacts].append((pk, files, observe(report).to_dict()))
        return pk, lock.digest

    def _file(self, release: Release) -> int:
        """Return the id of the facts of a file, which are written once."""
        fact = release.library.file.sha256
        if fact not in self._files:
            self._files[fact] = pk = self._next(LockedFile)
            row = vars(library_fact(release.library, release.facts.licence))
            names = TABLES[LockedFile][1:-1]
            self._rows[LockedFile].append((pk, *(row[one] for one in names), release.facts.size))
        return self._files[fact]

    def _review(self, draft: _Draft, versions: list[_Draft], *, decided: bool) -> None:
        """Submit a draft, and let a reviewer decide on it: some are rejected once before."""
        dice, made = self._dice, draft.environment
        reviewers = self._reviewers[made.workspace]
        reviewer = dice.choice([one for one in reviewers if one != made.owner] or reviewers)
        day = draft.day + 0.05 + 0.2 * dice.random()
        if decided and dice.random() < REJECTED:
            self._submitted(draft, versions, day, "rejected", day + 0.3)
            self._decided(draft, reviewer, day + 0.3, "reject", "Please use the newest release of the base.")
            day += 0.5
        approved = day + dice.expovariate(1 / 0.8)
        decided = decided and approved < self._size.days - 0.01
        self._submitted(draft, versions, day, "approved" if decided else "pending", approved if decided else None)
        draft.status = Status.PENDING
        if not decided:
            return
        self._decided(draft, reviewer, approved, "approve", "")
        draft.status, draft.published = Status.PUBLISHED, approved
        self._happened(approved, made, draft.number, EventName.VERSION_PUBLISHED, reviewer, digest=draft.digest)
        made.published.append(Published(day=approved, pk=draft.pk, number=draft.number, digest=draft.digest))
        for one in draft.releases.values():
            key = (made.workspace, one.library.name)
            self._approved[key] = min(self._approved.get(key, (approved, draft.pk)), (approved, draft.pk))

    def _submitted(
        self, draft: _Draft, versions: list[_Draft], day: float, outcome: str, ended: float | None
    ) -> None:
        draft.rounds += 1
        draft.submitted = day
        note = f"For {draft.environment.owner.group}."
        self._happened(
            *(day, draft.environment, draft.number, EventName.VERSION_SUBMITTED, draft.environment.owner),
            digest=draft.digest,
            note=note,
            round=draft.rounds,
        )
        self._rows[Submission].append(
            (
                *(
                    self._next(Submission),
                    draft.pk,
                    draft.rounds,
                    draft.environment.owner.pk,
                    draft.digest,
                    draft.spec,
                    note,
                ),
                *(_changes(draft, versions), outcome, self._at(day), self._at(ended)),
            )
        )

    def _decided(self, draft: _Draft, by: Member, day: float, verdict: str, words: str) -> None:
        submission = self._ids[Submission] - 1
        self._rows[Decision].append((submission, by.pk, verdict, draft.digest, words, [], [by.group], self._at(day)))
        if verdict == "approve":
            detail = {"digest": draft.digest, "note": words, "self_approved": by == draft.environment.owner}
            self._happened(day, draft.environment, draft.number, EventName.VERSION_APPROVED, by, **detail)
        else:
            detail = {"feedback": words, "libraries": [], "digest": draft.digest}
            self._happened(day, draft.environment, draft.number, EventName.VERSION_REJECTED, by, **detail)

    def _end_old(self, versions: list[_Draft]) -> None:
        """Deprecate half of the versions that a newer one replaced, retire half of these, and end some altogether."""
        dice, days = self._dice, self._size.days
        live = [one for one in versions if one.status == Status.PUBLISHED]
        for one, newer in pairwise(live):
            end = (newer.published or 0) + 10 + 40 * dice.random()
            if dice.random() < 0.5 and end < days:
                self._deprecate(one, end, newer.reference)
                if dice.random() < 0.5 and end + 60 < days:
                    self._ended(one, end + 60, EventName.VERSION_RETIRED, Status.RETIRED)
        if live and dice.random() < OLD and live[-1] is versions[-1]:
            self._deprecate(live[-1], min(days - 0.02, (live[-1].published or 0) + 100), "")

    def _deprecate(self, draft: _Draft, day: float, successor: str) -> None:
        draft.successor = successor
        draft.reason = f"{successor} replaces it." if successor else "Its project has ended."
        self._ended(draft, day, EventName.VERSION_DEPRECATED, Status.DEPRECATED)

    def _ended(self, draft: _Draft, day: float, event: EventName, status: Status) -> None:
        draft.status = status
        admin = self._people[draft.environment.workspace][0]
        detail = {"reason": draft.reason, "successor": draft.successor}
        self._happened(day, draft.environment, draft.number, event, admin, **detail)

    def _happened(
        self,
        day: float,
        made: Written,
        number: int | None,
        name: EventName,
        by: Member | None,
        **detail: Any,  # noqa: ANN401
    ) -> None:
        actor, subject = (by.name if by else "assay"), (made.owner.pk,)
        self._log.add(Happened(day * DAY, made.workspace, actor, name, made.slug, number, detail, subject))

    def _version_row(self, one: _Draft) -> tuple[Any, ...]:
        last = one.published or one.submitted or one.day
        return (
            *(one.pk, one.environment.pk, one.number, one.environment.owner.pk, str(one.status), 3 + one.rounds),
            *(one.rounds, one.spec, one.base, one.python, one.lock, one.build, one.reason, one.successor),
            *(self._at(one.day), self._at(last), self._at(one.submitted), self._at(one.published)),
        )


def _changes(draft: _Draft, versions: list[_Draft]) -> dict[str, str]:
    """Return what the queue shows: the published version before it, and the counts of changes."""
    before = next((one for one in reversed(versions[:-1]) if one.published), None)
    old = before.releases if before else {}
    new = draft.releases
    changed = sum(new[one] is not old[one] for one in new.keys() & old.keys())
    summary = f"+{len(new.keys() - old.keys())} \N{MINUS SIGN}{len(old.keys() - new.keys())} ~{changed}"
    return {"against": before.reference if before else "", "summary": summary}


def all_published(environments: list[Written]) -> Iterator[tuple[Written, Published]]:
    """Yield every version that was published, with its environment."""
    for one in environments:
        for version in one.published:
            yield one, version
