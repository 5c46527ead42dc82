"""Near-duplicates: what is found among many without reading all of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import person

from assay.core.roles import Actor
from assay.store.models import Environment, Lock, LockedFile, LockedLibrary, LockFacts, Version
from assay.store.reads.facts import near_to

pytestmark = pytest.mark.django_db
NAMES = [f"lib{at:02}" for at in range(30)]


def files(pins: dict[str, str]) -> list[int]:
    """Return the rows of the files with these pins, made where they are missing."""
    found = []
    for name, version in pins.items():
        values = {"name": name, "version": version, "wheel": True}
        row, _ = LockedFile.objects.get_or_create(key=f"{name}-{version}", defaults=values)
        found.append(row.pk)
    return sorted(found)


def publish(actor: Actor, slug: str, pins: dict[str, str]) -> None:
    """Publish an environment with these pins, as far as near-duplicates look at it."""
    now = timezone.now()
    times: dict[str, Any] = {"created_at": now, "updated_at": now}
    lock = Lock.objects.create(
        digest=slug.rjust(64, "0"),
        text="",
        content={},
        python="3.11",
        platform="linux",
        libraries_count=len(pins),
        size=1,
        report={},
        created_at=now,
    )
    LockedLibrary.objects.bulk_create(LockedLibrary(lock=lock, name=one, version=pins[one]) for one in pins)
    LockFacts.objects.create(lock=lock, files=files(pins), observations={})
    made = Environment.objects.create(
        workspace_id=actor.workspace_id, slug=slug, title=slug, owner_id=actor.id, **times
    )
    made.active = Version.objects.create(
        environment=made, number=1, author_id=actor.id, status="published", spec={}, python="3.11", lock=lock, **times
    )
    made.save()


def drawn(dice: random.Random) -> dict[str, str]:
    """Return some pins, most of them common ones."""
    return {name: dice.choice("1112") for name in dice.sample(NAMES, dice.randint(20, 30))}


@pytest.mark.parametrize("least", [0.5, 0.75, 0.9, 1.0])
def test_it_finds_what_comparing_with_each_one_finds(least: float) -> None:
    """With any share; its own environment and another workspace's never."""
    ana, far = person("ana"), person("far", workspace="other")
    dice = random.Random(7)
    pins = {f"env{at:02}": drawn(dice) for at in range(40)}
    base = pins["env00"]
    pins["twin"] = dict(base)
    pins |= {f"near{at}": {**base, dice.choice(list(base)): "9"} for at in range(4)}
    for slug, one in pins.items():
        publish(ana, slug, one)
    publish(far, "far", base)
    own = frozenset(files(base))
    environment = Environment.objects.get(slug="env00").pk
    expected = {}
    for slug, one in pins.items():
        theirs = set(files(one))
        expected[f"{slug}@1"] = len(own & theirs) / len(own | theirs)
    del expected["env00@1"]
    found = near_to(ana.workspace_id, environment, own, least=least)
    assert {one.reference: one.shared for one in found} == {
        name: shared for name, shared in expected.items() if shared >= least
    }
    assert "twin@1" in {one.reference for one in found}


def test_only_those_that_can_be_near_are_read() -> None:
    """A hundred environments that share the common half are never looked at."""
    ana = person("ana")
    common = dict.fromkeys(NAMES[:15], "1")
    for at in range(100):
        publish(ana, f"env{at:02}", common | {f"own{at}-{one}": "1" for one in range(15)})
    with CaptureQueriesContext(connection) as seen:
        found = near_to(
            ana.workspace_id, 1, frozenset(files(common | {f"x{one}": "1" for one in range(15)})), least=0.9
        )
    assert found == ()
    assert not [one for one in seen.captured_queries if "lockfacts" in one["sql"]]
