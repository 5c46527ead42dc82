"""A wave over three levels with real resolutions and builds, one conflict and one broken wheel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.index import LocalIndex
from support.overlays import overlay
from support.people import person
from support.waves import drafted, message, publish, really_work, states

from assay.core.lifecycle import ACTIVE_BUILD
from assay.core.lock import Lock
from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.policy import revise
from assay.flow.build import build as building
from assay.flow.maintenance.waves import start_wave
from assay.flow.review import review
from assay.store.models import Build, Version

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's fixture
    """Serve core 1.0 and 2.0, and libraries that need either or any."""
    index = LocalIndex()
    for version in ("1.0", "2.0"):
        index.add("core", version)
    index.add("geo", "1.0", requires=("core",))
    index.add("geo", "1.1", requires=("core",))
    index.add("old", "1.0", requires=("core<2",))
    index.add("new", "1.0", requires=("core<2",))
    index.add("new", "2.0", requires=("core>=2",))
    index.add("web", "1.0", requires=("geo",))
    index.add("tiles", "1.0", requires=("web",))
    settings.INDEX_URL = index.url
    with overlay():
        yield index
    index.close()


def made(author: Actor, reviewer: Actor, slug: str, libraries: tuple[str, ...], base: str | None = None) -> Version:
    """Build a version for real and publish it."""
    version = drafted(author, slug, libraries, base)
    building.request_build(author, slug, version.number)
    while Build.objects.filter(state__in=ACTIVE_BUILD).exists():
        building.advance()
        time.sleep(0.02)
    assert find_version(author, slug, version.number).digest, Build.objects.values_list("failure", flat=True)
    return publish(author, reviewer, version)


def libraries_of(actor: Actor, slug: str, number: int) -> dict[str, str]:
    """Return the versions that a built version installs."""
    lock = find_version(actor, slug, number).lock
    assert lock is not None
    return {one.name: one.version for one in Lock.from_dict(lock.content).libraries}


def test_three_levels_a_conflict_and_a_failure(index: LocalIndex) -> None:
    """What resolves is submitted with the fewest moves; what does not says why and keeps its draft."""
    ana, ben, rita = person("ana"), person("ben", Role.REVIEWER), person("rita", Role.REVIEWER)
    revise(person("admin", Role.ADMIN), Policy(rules=()), seen=0)  # no kernel of these tiny environments starts
    geo_wheel = next(one for one in index.wheels if (one.name, one.version) == ("geo", "1.1"))
    index.wheels.remove(geo_wheel)
    made(ben, rita, "ds", ("core==1.0",))
    made(ana, ben, "geo", ("geo",), "ds@1")
    made(ana, ben, "web", ("web",), "geo@1")
    made(ana, ben, "tiles", ("tiles",), "web@1")
    made(ana, ben, "old", ("old",), "ds@1")
    made(ana, ben, "new", ("new",), "ds@1")
    made(ben, rita, "ds", ("core==2.0",))
    index.wheels.append(geo_wheel)  # a newer release, which nothing asks for
    wave = start_wave(ben, "ds@2")
    index.misbehave["new-2.0-py3-none-any.whl"] = "500"
    really_work(wave)
    assert states(wave) == {
        "geo": "submitted",
        "old": "failed",
        "new": "failed",
        "web": "queued",
        "tiles": "queued",
    }
    assert libraries_of(ana, "geo", 2) == {"core": "2.0", "geo": "1.0"}  # not geo 1.1: the fewest moves
    assert message(wave, "old").startswith("It does not resolve on ds@2: ")
    assert "core<2" in message(wave, "old")
    assert message(wave, "new").startswith("The build failed while installing: ")
    assert find_version(ana, "old", 2).spec["libraries"] == ["old"]
    review.approve(ben, "geo", 2, digest=find_version(ben, "geo", 2).digest)
    really_work(wave)
    review.approve(ben, "web", 2, digest=find_version(ben, "web", 2).digest)
    really_work(wave)
    assert libraries_of(ana, "tiles", 2) == {"core": "2.0", "geo": "1.0", "web": "1.0", "tiles": "1.0"}
    assert states(wave)["tiles"] == "submitted"
    wave.refresh_from_db()
    assert wave.state == "done"
