"""What people did with environments: launches, servers, projects and runs, and drafts that came to nothing."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from assay.core.events import EventName
from assay.core.spec import Spec
from assay.store.models import Launch, LibraryUse, Run, Runtime, Server
from installation.bulk import Table, next_id
from installation.environments import Published, Written, all_published
from installation.log import DAY, Happened, Log
from installation.people import Member
from installation.size import Size

KINDS, SHARES = ("studio", "run", "kernel", "pull"), (0.5, 0.4, 0.07, 0.03)
WEEKDAYS = (1.0, 1.0, 1.0, 1.0, 0.9, 0.2, 0.15)
WITH_PROJECTS, RECORDED = 0.2, 0.2  # shares of the environments
TRIES = 10  # builds of a draft that fail before it is deleted
TRIAL = 3 + 4 * TRIES  # events
SCRIPT = {"kind": "inline", "files": {"main.py": "print('done')\n"}}


@dataclass(frozen=True, kw_only=True)
class _Project:
    pk: int
    slug: str
    day: float
    environment: Written


class Use:
    """A year of use, written day by day."""

    def __init__(
        self,
        size: Size,
        start: datetime,
        environments: list[Written],
        people: dict[int, list[Member]],
        log: Log,
        server_sizes: Sequence[str],
    ) -> None:
        self._size, self._start, self._people, self._log = size, start, people, log
        self._server_sizes, self._dice = server_sizes, random.Random(size.seed + 3)  # noqa: S311 - no secret
        used = sorted((one for one in environments if one.published), key=lambda one: one.published[0].day)
        self._used, self._days = used, [one.published[0].day for one in used]
        places = list(range(len(used)))
        self._dice.shuffle(places)
        self._weights = [1 / (place + 10) for place in places]  # Zipf: a few are used much more than the others
        self._sums = list(accumulate(self._weights))
        self._quota = self._quotas(start.weekday())
        self._trials = 0
        self._tables = {
            Launch: Table(
                Launch,
                *("person", "environment", "version", "kind", "digest", "target_id", "runtime", "started_at"),
                *("ended_at", "size"),
            ),
            Server: Table(
                Server,
                *("id", "workspace", "person", "version", "digest", "size", "state", "progress", "created_at"),
                *("ready_at", "stopped_at"),
            ),
            Run: Table(
                Run,
                *("id", "runtime", "person", "version", "digest", "source", "entry", "state", "exit_code", "seconds"),
                *("peak_memory", "created_at", "started_at", "finished_at"),
            ),
        }
        self._rows: dict[Any, list[tuple[Any, ...]]] = {model: [] for model in self._tables}
        self._projects = self._write_projects()
        self._project_days = [one.day for one in self._projects]

    def write_day(self, day: int, events: int) -> None:
        """Write the launches of a day, and drafts that came to nothing until the day has so many events."""
        for _ in range(self._quota[day]):
            self._launch(day)
        for model, table in self._tables.items():
            table.write(self._rows[model])
            self._rows[model].clear()
        while len(self._log.days[day]) < events:
            self._trial(day, min(TRIES, (events - len(self._log.days[day]) - 3) // 4))

    def _quotas(self, first: int) -> list[int]:
        """Return how many launches each day has; none while nothing is published."""
        days = range(self._size.days)
        weights = [WEEKDAYS[(first + day) % 7] * (bisect_right(self._days, day) > 0) for day in days]
        sums = [round(self._size.launches * one / sum(weights)) for one in accumulate(weights)]
        return [now - before for now, before in zip(sums, [0, *sums], strict=False)]

    def _write_projects(self) -> list[_Project]:
        """Write the projects of some environments, of their owners."""
        found, first = [], next_id(Runtime)
        for one in self._used:
            for _ in range(self._dice.randrange(1, 4) if self._dice.random() < WITH_PROJECTS else 0):
                pk = first + len(found)
                day = one.published[0].day + 0.1
                found.append(_Project(pk=pk, slug=f"project-{pk:05}", day=day, environment=one))
        table = Table(
            Runtime,
            *(
                "id",
                "workspace",
                "slug",
                "title",
                "kind",
                "owner",
                "environment",
                "source",
                "created_at",
                "updated_at",
            ),
        )
        table.write(
            (
                *(
                    one.pk,
                    one.environment.workspace,
                    one.slug,
                    f"Project {one.pk}",
                    "script",
                    one.environment.owner.pk,
                ),
                *(one.environment.slug, SCRIPT, self._at(one.day * DAY), self._at(one.day * DAY)),
            )
            for one in found
        )
        for one in found:
            made = one.environment
            detail = {"runtime": one.slug}
            self._log.add(
                Happened(one.day * DAY, made.workspace, made.owner.name, EventName.RUNTIME_CREATED, "", None, detail)
            )
        return sorted(found, key=lambda one: one.day)

    def _at(self, seconds: float) -> datetime:
        return self._start + timedelta(seconds=seconds)

    def _launch(self, day: int) -> None:
        dice = self._dice
        kind = dice.choices(KINDS, SHARES)[0]
        seconds = (day + min(0.9, max(0.1, dice.gauss(0.5, 0.12)))) * DAY
        if kind == "run" and (count := bisect_right(self._project_days, day)):
            self._run(self._projects[int(count * dice.random() ** 2)], seconds)
            return
        kind = "studio" if kind == "run" else kind
        live = bisect_right(self._days, day)
        made = self._used[bisect_left(self._sums, dice.random() * self._sums[live - 1])]
        members = self._people[made.workspace]
        person = members[(made.pk * 37 + int(min(150, len(members)) * dice.random() ** 2)) % len(members)]
        lasts = min(10 * 3600, dice.expovariate(1 / 5400)) if kind != "pull" else 0.0
        ended = min(seconds + lasts, self._size.days * DAY - 1)
        version = made.active(seconds / DAY)
        target = f"{made.slug}@{version.number}"
        size = ""
        if kind == "studio":
            target, size = f"s{dice.getrandbits(48):012x}", dice.choice(self._server_sizes)
            self._server(made, version, person, target, size, seconds, ended)
        elif kind == "kernel":
            target = f"k{dice.getrandbits(48):012x}"
            detail = {"kernel": target, "digest": version.digest}
            self._event(seconds, made, person.name, EventName.KERNEL_LAUNCHED, version.number, detail)
        self._rows[Launch].append(
            (
                person.pk,
                made.pk,
                version.pk,
                kind,
                version.digest,
                target,
                None,
                self._at(seconds),
                self._at(ended),
                size,
            )
        )

    def _server(
        self,
        made: Written,
        version: Published,
        person: Member,
        pk: str,
        size: str,
        began: float,
        ended: float,
    ) -> None:
        ready = min(began + 2.5, ended)
        self._rows[Server].append(
            (
                *(pk, made.workspace, person.pk, version.pk, version.digest, size, "stopped", 100),
                *(self._at(began), self._at(ready), self._at(ended)),
            )
        )
        detail = {"server": pk, "digest": version.digest, "application": "lab"}
        self._event(began, made, person.name, EventName.SERVER_REQUESTED, version.number, detail)
        self._event(ready, made, person.name, EventName.SERVER_LAUNCHED, version.number, detail)
        stopped = {**detail, "state": "stopped", "message": ""}
        self._event(ended, made, "assay", EventName.SERVER_STOPPED, version.number, stopped)

    def _run(self, project: _Project, began: float) -> None:
        dice, made = self._dice, project.environment
        version, owner = made.active(began / DAY), made.owner
        pk = uuid.UUID(int=dice.getrandbits(128), version=4)
        failed = dice.random() < 0.04
        state, code = ("failed", 1) if failed else ("succeeded", 0)
        ended = min(began + dice.expovariate(1 / 240), self._size.days * DAY - 1)
        self._rows[Run].append(
            (
                *(
                    pk,
                    project.pk,
                    owner.pk,
                    version.pk,
                    version.digest,
                    SCRIPT,
                    "main.py",
                    state,
                    code,
                    ended - began,
                ),
                *(150_000_000, self._at(began), self._at(began), self._at(ended)),
            )
        )
        self._rows[Launch].append(
            (
                owner.pk,
                made.pk,
                version.pk,
                "run",
                version.digest,
                str(pk),
                project.pk,
                self._at(began),
                self._at(ended),
                "",
            )
        )
        detail = {"run": str(pk), "runtime": project.slug}
        self._event(began, made, owner.name, EventName.RUN_REQUESTED, version.number, detail)
        started = {**detail, "digest": version.digest}
        self._event(began, made, "assay", EventName.RUN_STARTED, version.number, started)
        done = {**detail, "state": state, "exit_code": code}
        self._event(ended, made, "assay", EventName.RUN_ENDED, version.number, done)

    def _event(
        self, at: float, made: Written, actor: str, name: EventName, number: int, detail: dict[str, Any]
    ) -> None:
        self._log.add(Happened(at, made.workspace, actor, name, made.slug, number, detail))

    def _trial(self, day: int, tries: int) -> None:
        """Record an environment that somebody tried to build several times and then deleted."""
        dice = self._dice
        workspace = next(iter(self._people)) if dice.random() < 0.9 else dice.choice(list(self._people))
        actor = dice.choice(self._people[workspace]).name
        self._trials += 1
        slug, at = f"try-{self._trials:07}", (day + 0.1 + 0.7 * dice.random()) * DAY
        spec = Spec(python="3.12", libraries=(f"pandas>={1 + self._trials % 3}",)).to_dict() if tries > 0 else {}

        def happened(name: EventName, by: str, number: int | None = 1, **detail: object) -> None:
            nonlocal at
            at += 20 * dice.random()
            self._log.days[day].append(
                Happened(min(at, (day + 1) * DAY - 1), workspace, by, name, slug, number, detail)
            )

        happened(EventName.ENVIRONMENT_CREATED, actor, None, title=f"Try {self._trials}")
        happened(EventName.VERSION_CREATED, actor, spec=spec)
        for _ in range(tries):
            build = str(uuid.UUID(int=dice.getrandbits(128), version=4))
            happened(EventName.VERSION_EDITED, actor, before=spec, after=spec)
            happened(EventName.BUILD_REQUESTED, actor, build=build)
            happened(EventName.BUILD_STARTED, "assay", build=build)
            failure = {"step": "resolving", "code": "conflict", "detail": "No versions fit.", "hint": "Relax one."}
            happened(EventName.BUILD_FAILED, "assay", build=build, failure=failure)
        happened(EventName.VERSION_DELETED, actor, spec=spec)


def write_imports(size: Size, start: datetime, environments: list[Written], libraries: dict[int, list[str]]) -> None:
    """Write which libraries were imported in some versions during the last weeks, as sums per day."""
    dice = random.Random(size.seed + 4)  # noqa: S311 - no secret
    table = Table(LibraryUse, "version", "day", "library", "sessions")
    rows = []
    for _, version in all_published(environments):
        if version.pk not in libraries or dice.random() > RECORDED:
            continue
        used = [name for name in libraries[version.pk] if dice.random() < 0.6]
        for back in range(1, 29, 7):
            day, sessions = (start + timedelta(days=size.days - back)).date(), dice.randrange(1, 30)
            rows += [(version.pk, day, name, sessions) for name in ("", *used)]
    table.write(rows)
