"""Benchmark of the impact of a version that 5,000 people launched, as the API returns it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django
from pages import count_queries, lock_row
from report import median, print_figure

PEOPLE, LAUNCHES, PROJECTS = 5_000, 10, 200  # launches of each person
LIBRARIES = 200
LIMIT, QUERIES = 0.100, 22  # seconds, statements


def impact() -> None:
    """Fill a new SQLite database, and measure the request with a successor; the launches are counted before."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    client = _filled()
    path = "/api/v1/workspaces/default/environments/geo/versions/1/impact?successor=geo@2"

    def get() -> Any:  # noqa: ANN401 - a response
        answer = client.get(path)
        assert answer.status_code == 200, answer.content  # noqa: S101 - a benchmark of errors measures nothing
        return answer

    found = get().json()
    assert found["people"] == PEOPLE, found["people"]  # noqa: S101 - as above
    took, statements = median(get, 15), count_queries(get)
    print_figure(
        f"impact for {PEOPLE:,} people, {PROJECTS} projects: median",
        f"{took * 1000:.0f} ms",
        f"{took / LIMIT:.2f} x of 100 ms",
        took <= LIMIT,
    )
    print_figure("  statements", str(statements), f"limit {QUERIES}", statements <= QUERIES)


def _filled() -> Any:  # noqa: ANN401 - Django's test client
    """Return a reviewer's client of a workspace in which everybody has launched geo@1."""
    from django.test import Client  # noqa: PLC0415 - after setup
    from django.utils import timezone  # noqa: PLC0415 - as above

    from assay.core.roles import Role  # noqa: PLC0415 - as above
    from assay.core.spec import Spec  # noqa: PLC0415 - as above
    from assay.flow.people import create_person, create_token, ensure_workspace  # noqa: PLC0415 - as above
    from assay.flow.usage.counting import count_launches  # noqa: PLC0415 - as above
    from assay.store.models import (  # noqa: PLC0415 - as above
        Environment,
        Launch,
        Lock,
        Membership,
        Person,
        Runtime,
        Version,
    )

    workspace, now = ensure_workspace(), timezone.now()
    ben = create_person("ben", "a-long-password-1", Role.REVIEWER)
    environment = Environment.objects.create(
        workspace=workspace, slug="geo", title="Geo", owner=ben, last_number=2, created_at=now, updated_at=now
    )
    locks = Lock.objects.bulk_create([lock_row(number, now, LIBRARIES) for number in (1, 2)])
    versions = [
        Version.objects.create(
            environment=environment,
            number=number,
            author=ben,
            status="published",
            spec=Spec(python="3.11", libraries=tuple(f"lib{one:03}" for one in range(LIBRARIES))).to_dict(),
            python="3.11",
            lock=locks[number - 1],
            created_at=now,
            updated_at=now,
            published_at=now,
        )
        for number in (1, 2)
    ]
    Environment.objects.filter(pk=environment.pk).update(active=versions[0], latest=versions[1])
    people = Person.objects.bulk_create(Person(username=f"person{number:05}") for number in range(PEOPLE))
    Membership.objects.bulk_create(Membership(person=one, workspace=workspace, role=Role.MEMBER) for one in people)
    Launch.objects.bulk_create(
        (
            Launch(
                person=one,
                environment=environment,
                version=versions[0],
                kind="studio",
                digest=versions[0].digest,
                target_id=f"{one.pk}-{turn}",
                started_at=now - timedelta(days=turn * 8 + 1),
                ended_at=now - timedelta(days=turn * 8),
            )
            for one in people
            for turn in range(LAUNCHES)
        ),
        batch_size=2_000,
    )
    Runtime.objects.bulk_create(
        Runtime(
            workspace=workspace,
            slug=f"project-{number}",
            title="Project",
            kind="script",
            owner=people[number],
            environment="geo@1",
            source={"kind": "inline", "files": {}},
            created_at=now,
            updated_at=now,
        )
        for number in range(PROJECTS)
    )
    while count_launches(now):
        pass
    return Client(headers={"authorization": f"Bearer {create_token(ben, 'bench').secret}"})
