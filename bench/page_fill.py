"""Rows for the benchmark of every page: a workspace that grows from 100 environments to 50,000, and its history."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from pages import lock_row

LIBRARIES, LOCKS = 150, 300
DIRECT = 20  # libraries that a spec names
PARTS = 10_000  # rows that are held in memory at once
# Launches, runs and events are rows of numbers: the database makes them itself.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last} - 1)"
LAUNCHES = """
INSERT INTO store_launch (person_id, environment_id, version_id, kind, digest, target_id, started_at, ended_at, size,
  counted)
SELECT {people} + (i * 37) % {members}, e.id, e.active_id, 'studio', '', i,
  datetime('{now}', '-' || (i % 300) || ' days'), datetime('{now}', '-' || (i % 300) || ' days', '+1 hour'), '', 1
FROM n JOIN store_environment e ON e.id = {environments} + (i * 101) % {count} WHERE e.active_id IS NOT NULL
"""
RUNS = """
INSERT INTO store_run (id, runtime_id, person_id, version_id, digest, source, entry, arguments, parameters, secrets,
  limits, attempt, "commit", trial, state, message, cancel_requested, seconds, created_at, started_at, finished_at)
SELECT printf('%032x', i + 1), {project}, {owner}, {version}, '', '{{}}', 'main.py', '[]', '{{}}', '[]', '{{}}', 1,
  '', 0, 'succeeded', '', 0, i % 60,
  datetime('{now}', '-' || i || ' minutes'), datetime('{now}', '-' || i || ' minutes'),
  datetime('{now}', '-' || i || ' minutes') FROM n
"""
EVENTS = """
INSERT INTO store_event (workspace_id, sequence, at, actor, name, environment, number, detail, previous, hash)
SELECT {workspace}, i, datetime('{now}', '-' || ({total} - i) || ' seconds'), 'person-' || (i % 997),
  CASE i % 5 WHEN 0 THEN 'version.published' WHEN 1 THEN 'version.built' ELSE 'launch.started' END,
  printf('env-%05d', i % {count}), 1, '{{}}', '', '' FROM n
"""


class Fill:
    """Writes rows as the product writes them, many at a time."""

    def __init__(self, workspace: Any, people: dict[str, Any], now: datetime) -> None:  # noqa: ANN401 - rows
        from assay.core.spec import Spec  # noqa: PLC0415 - after setup
        from assay.store.models import LockedLibrary  # noqa: PLC0415 - as above

        self.workspace, self.people, self.now = workspace, people, now
        self.counts = dict.fromkeys(("environments", "members", "launches", "runs", "events"), 0)
        names = tuple(f"lib{one:03}" for one in range(0, LIBRARIES, LIBRARIES // DIRECT))
        self.spec = Spec(python="3.11", libraries=names).to_dict()
        self.locks: list[Any] = [lock_row(number, now, LIBRARIES, changed=number % 7) for number in range(LOCKS)]
        for lock in self.locks:
            lock.save()
            LockedLibrary.objects.bulk_create(
                LockedLibrary(lock=lock, name=one["name"], version=one["version"], file=one["file"]["sha256"], size=5)
                for one in lock.content["libraries"]
            )

    def environment(self, slug: str, *statuses: str, owner: str = "ana") -> list[Any]:
        """Add an environment with a version for each status, the first one as number 1."""
        from assay.store.models import Build, Environment, Submission, Version  # noqa: PLC0415 - after setup

        by, stamps = self.people[owner], {"created_at": self.now, "updated_at": self.now}
        row = Environment.objects.create(
            workspace=self.workspace, slug=slug, title=slug.title(), owner=by, last_number=len(statuses), **stamps
        )
        versions = []
        for number, status in enumerate(statuses, 1):
            version = Version.objects.create(
                environment=row,
                number=number,
                author=by,
                status=status,
                python="3.11",
                spec=self.spec,
                lock=self.locks[number],
                rounds=int(status != "draft"),
                submitted_at=self.now,
                published_at=None if status in {"draft", "pending"} else self.now,
                **stamps,
            )
            version.build = Build.objects.create(
                version=version,
                requested_by=by,
                state="succeeded",
                request={},
                digest=version.digest,
                created_at=self.now,
                started_at=self.now,
                finished_at=self.now,
            )
            version.save()
            if status != "draft":
                Submission.objects.create(
                    version=version,
                    round=1,
                    by=by,
                    digest=version.digest,
                    spec=self.spec,
                    note="Please.",
                    at=self.now,
                )
            if status in {"published", "deprecated"}:
                row.active = version
            row.latest = version
            versions.append(version)
        row.save()
        self._assessed(versions)
        return versions

    def _assessed(self, versions: list[Any]) -> None:
        """Store verdicts, which the worker brings up to date every day."""
        from assay.store.models import Assessment, Feed  # noqa: PLC0415 - after setup

        feed = Feed.objects.get()
        Assessment.objects.bulk_create(
            Assessment(
                version=one, digest=one.digest, policy=0, feed=feed, day=self.now.date(), findings=[],
                blocking=0, warnings=0, at=self.now,
            )
            for one in versions
        )  # fmt: skip

    def environments(self, count: int, base: Any) -> None:  # noqa: ANN401 - a row
        """Add environments up to a count: most published, some deprecated, pending, drafts, some behind a base."""
        for first in range(self.counts["environments"], count, PARTS):
            self._environments(range(first, min(first + PARTS, count)), base)
        self.counts["environments"] = count

    def _environments(self, numbers: range, base: Any) -> None:  # noqa: ANN401 - a row
        from assay.store.models import Environment, Version  # noqa: PLC0415 - after setup
        from assay.store.sort_columns import write_recent_people, write_shown  # noqa: PLC0415 - as above

        owners = self.members
        made = Environment.objects.bulk_create(
            Environment(
                workspace=self.workspace,
                slug=f"env-{number:05}",
                title=f"Environment {number}",
                description="For people who work with rasters.",
                owner=owners[number * 7 % len(owners)],
                last_number=1,
                tags=["teaching"] if number % 9 == 0 else [],
                created_at=self.now - timedelta(days=number % 700),
                updated_at=self.now,
            )
            for number in numbers
        )
        versions = Version.objects.bulk_create(
            Version(
                environment=one,
                number=1,
                author=one.owner,
                status={0: "pending", 1: "deprecated", 2: "draft"}.get(number % 50, "published"),
                python=("3.11", "3.12", "3.13")[number % 3],
                spec=self.spec,
                base=base if number % 10 == 0 else None,
                lock=self.locks[number % LOCKS],
                rounds=1,
                health="attention" if number % 100 == 5 else "ok",
                created_at=self.now - timedelta(days=number % 700),
                updated_at=self.now,
                submitted_at=self.now - timedelta(days=number % 70),
                published_at=None if number % 50 in {0, 2} else self.now - timedelta(days=number % 600),
            )
            for number, one in zip(numbers, made, strict=True)
        )
        for one, version in zip(made, versions, strict=True):
            one.latest = version
            one.active = None if version.status in {"pending", "draft"} else version
        Environment.objects.bulk_update(made, ["latest", "active"], batch_size=500)
        self._after_approval(versions)
        written = Environment.objects.filter(pk__gte=made[0].pk)
        write_shown(written)
        write_recent_people(written)

    def _after_approval(self, versions: list[Any]) -> None:
        """Add what the worker computes of versions, and what people decided of them."""
        from assay.core.policy.findings import Effect, Finding  # noqa: PLC0415 - after setup
        from assay.core.usage import PERIODS  # noqa: PLC0415 - as above
        from assay.store.models import (  # noqa: PLC0415 - as above
            Build,
            HealthIssue,
            ReviewItem,
            Submission,
            UsageSummary,
            VersionUsage,
            Waiver,
        )

        day, ben = self.now.date(), self.people["ben"]
        self._assessed(versions)
        Submission.objects.bulk_create(
            Submission(
                version=one, round=1, by=one.author, digest=one.digest, spec=one.spec, at=self.now,
                outcome="pending" if one.status == "pending" else "approved",
                changes={"against": None, "summary": "150 new"},
            )
            for one in versions
            if one.status != "draft"
        )  # fmt: skip
        Build.objects.bulk_create(
            Build(
                version=one, requested_by=one.author, state="succeeded", request={}, digest=one.digest,
                created_at=self.now, started_at=self.now, finished_at=self.now,
            )
            for one in versions
        )  # fmt: skip
        finding = Finding(
            key="licence:lib001", kind="licence", effect=Effect.WARN, words="GPL-3.0", advice="Ask.", rule="Licence"
        ).to_dict()
        HealthIssue.objects.bulk_create(
            HealthIssue(version=one, findings=[finding], opened_at=self.now - timedelta(days=one.pk % 90))
            for one in versions
            if one.health == "attention"
        )
        Waiver.objects.bulk_create(
            Waiver(
                environment=one.environment, version=one, key=f"licence:lib{one.pk % 150:03}", finding=finding,
                reason="Only used for tests.", by=ben, at=self.now, until=self.now + timedelta(days=one.pk % 400 + 1),
            )
            for one in versions
            if one.pk % 100 == 0
        )  # fmt: skip
        live = [one for one in versions if one.status in {"published", "deprecated"}]
        ReviewItem.objects.bulk_create(
            ReviewItem(
                version=one, workspace=self.workspace, since=day - timedelta(days=one.pk % 300), people=one.pk % 40,
                reasons=[{"kind": "unused", "words": "Nobody launched it.", "since": day.isoformat()}],
                frees=one.pk % 1000 * 10**6, proposal={"action": "deprecate", "successor": "", "words": "Deprecate."},
                computed_at=self.now,
            )
            for one in live
            if one.pk % 10 == 0
        )  # fmt: skip
        use = {"computed_at": self.now, "workspace": self.workspace}
        for model, name in ((UsageSummary, "environment_id"), (VersionUsage, "version_id")):
            model.objects.bulk_create(
                model(
                    **{name: one.environment_id if name == "environment_id" else one.pk}, **use, days=days,
                    people=one.pk % 50, launches=one.pk % 900, runs=one.pk % 90, seconds=one.pk % 5000 * 60.0,
                    cost=one.pk % 700 / 7, size=10**9, own_size=one.pk % 1000 * 10**6,
                    last_day=day - timedelta(days=one.pk % 100),
                )
                for one in live
                for days in PERIODS
            )  # fmt: skip

    @property
    def members(self) -> list[Any]:
        """The people who own environments and launch them."""
        from assay.store.models import Person  # noqa: PLC0415 - after setup

        return list(Person.objects.filter(username__startswith="person-").order_by("pk"))

    def add_members(self, count: int) -> None:
        """Add people up to a count."""
        from assay.core.roles import Role  # noqa: PLC0415 - after setup
        from assay.store.models import Membership, Person  # noqa: PLC0415 - as above

        numbers = range(self.counts["members"], count)
        made = Person.objects.bulk_create(Person(username=f"person-{number:05}", password="!") for number in numbers)  # noqa: S106 - no password
        Membership.objects.bulk_create(
            Membership(workspace=self.workspace, person=one, role=Role.MEMBER, groups=[f"group-{one.pk % 40:02}"])
            for one in made
        )
        self.counts["members"] = count

    def history(self, *, launches: int, runs: int, events: int, project: Any) -> None:  # noqa: ANN401 - a row
        """Add launches of all environments, runs of one project, and events, up to these counts."""
        from django.db import connection  # noqa: PLC0415 - after setup

        from assay.store.models import Environment, Workspace  # noqa: PLC0415 - as above

        people = self.members
        self.counts["events"] = Workspace.objects.get(pk=self.workspace.pk).event_count + 1
        values = {
            "now": self.now.strftime("%Y-%m-%d %H:%M:%S"),
            "workspace": self.workspace.pk,
            "people": people[0].pk,
            "members": len(people),
            "environments": Environment.objects.filter(slug__startswith="env-").order_by("pk")[0].pk,
            "count": self.counts["environments"],
            "project": project.pk,
            "owner": project.owner_id,
            "version": Environment.objects.get(slug="ours").active_id,
            "total": events,
        }
        with connection.cursor() as cursor:
            for statement, name, last in (
                (LAUNCHES, "launches", launches),
                (RUNS, "runs", runs),
                (EVENTS, "events", events),
            ):
                first = self.counts[name]
                columns, _, rows = statement.partition("SELECT")
                cursor.execute(f"{columns} {NUMBERS}\nSELECT {rows}".format(first=first, last=last, **values))
                self.counts[name] = last
            cursor.execute("ANALYZE")
        Workspace.objects.filter(pk=self.workspace.pk).update(event_count=events - 1, notified_up_to=events - 1)

    def personal(self, *, projects: int, notices: int, servers: int) -> Any:  # noqa: ANN401 - a row
        """Add what the pages of one person list; return one of their projects."""
        from assay.store.models import Delivery, Notification, Runtime, Server, Webhook  # noqa: PLC0415 - after setup

        ana, version = self.people["ana"], self._active("ours")
        made = Runtime.objects.bulk_create(
            Runtime(
                workspace=self.workspace, slug=f"project-{number}", title=f"Project {number}", kind="script",
                owner=ana if number % 2 == 0 else self.people["ben"], environment=f"ours@{number % 2 + 1}",
                source={"kind": "inline", "files": {"main.py": "print(1)"}}, shared=True,
                created_at=self.now, updated_at=self.now,
            )
            for number in range(projects)
        )  # fmt: skip
        for person in self.people.values():
            Notification.objects.bulk_create(
                Notification(
                    workspace=self.workspace, person=person, sequence=number, event="version.published", number=1,
                    environment="ours", text="ours@1 is published.", at=self.now,
                    read_at=None if number % 3 else self.now,
                )
                for number in range(1, notices)
            )  # fmt: skip
            Server.objects.bulk_create(
                Server(
                    id=uuid.uuid4().hex[:12], workspace=self.workspace, person=person, version=version, digest="x",
                    state="stopped", created_at=self.now - timedelta(hours=number), stopped_at=self.now,
                )
                for number in range(servers)
            )  # fmt: skip
        webhook = Webhook.objects.create(
            workspace=self.workspace, url="https://example.org/", secret="", created_at=self.now
        )
        Delivery.objects.bulk_create(
            Delivery(webhook=webhook, sequence=number, event="version.published", delivered_at=self.now, attempts=1)
            for number in range(1, notices)
        )
        return made[0]

    def _active(self, slug: str) -> Any:  # noqa: ANN401 - a row
        from assay.store.models import Environment  # noqa: PLC0415 - after setup

        return Environment.objects.select_related("active").get(slug=slug).active
