"""Reports: what is known of a version today, and that what is not known is said to be so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.feed import record, write_feed
from support.people import built, draft, lock_of, person, published

from assay.core.lock import LockedLibrary
from assay.core.roles import Actor, Role
from assay.flow.assess.assess import assess, verdict
from assay.flow.assess.facts import library_fact, store_facts
from assay.flow.assess.report import health_of, known_vulnerabilities, provenance_rows, report_document
from assay.flow.assess.sbom import version_sbom
from assay.flow.watch.advisories import load_feed
from assay.store.models import Assessment, LockedFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def test_a_version_that_is_not_built_has_nothing_to_report(ana: Actor, tmp_path: Path) -> None:
    """Nor findings, nor parts, nor an assessment that is kept, with and without a feed."""
    version = draft(ana, "geo")
    for _ in range(2):
        assert report_document(version) == {}
        assert provenance_rows(version) == []
        assert known_vulnerabilities(version).feed is None
        assert assess(version).findings == verdict(version).findings == ()
        with pytest.raises(ValueError, match="built version"):
            version_sbom(version, known_vulnerabilities(version))
        load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "six", ("introduced", "0"))))
    assert not Assessment.objects.exists()


def test_health_is_not_told_before_somebody_looked(ana: Actor, tmp_path: Path) -> None:
    """Without a feed a version is not healthy, it is not assessed."""
    version = published(ana, person("ben", Role.REVIEWER), "geo", ["six"], {"six": "1.16.0"})
    assess(version)
    assert health_of(version) == "not assessed"
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "idna", ("introduced", "0"))))
    assess(version)
    assert health_of(version) == "ok"


def locked(uploaded: str) -> LockedLibrary:
    """Return a locked library with a moment of upload."""
    one = lock_of({"six": "1.16.0"}).libraries[0]
    return replace(one, file=replace(one.file, uploaded=uploaded))


@pytest.mark.parametrize(
    ("uploaded", "day"),
    [("2021-05-05T14:18:17Z", date(2021, 5, 5)), ("2021-05-05", date(2021, 5, 5)), ("", None), ("yesterday", None)],
)
def test_a_day_that_cannot_be_read_is_not_known(uploaded: str, day: date | None) -> None:
    """What an index writes may be anything."""
    assert library_fact(locked(uploaded), "MIT").uploaded == day


def test_long_values_are_cut_to_what_is_kept(ana: Actor) -> None:
    """So that no index can make a lock without facts."""
    lock = lock_of({"six": "1." + "0" * 200})
    long = replace(lock.libraries[0], index="https://index.example/" + "x" * 700)
    fact = library_fact(long, "y" * 400)
    assert [len(one) for one in (fact.key, fact.version, fact.index, fact.licence)] == [600, 100, 500, 300]
    draft(ana, "geo")
    version = built(ana, "geo", lock=replace(lock, libraries=(long,)))
    assert {one.library for one in verdict(version).findings} <= {"", "six"}


def test_a_licence_becomes_exact_and_stays_so(ana: Actor) -> None:
    """A file of an earlier report gets the licence that a later report of the same file has read from its text."""
    for number, licence in enumerate(["BSD License", "BSD-3-Clause", "LicenseRef-BSD", ""]):
        slug = f"geo-{number}"
        draft(ana, slug)
        lock = built(ana, slug, lock=lock_of({"six": "1.16.0", "idna": f"3.{number}"})).lock
        assert lock is not None
        lock.report["libraries"] = [one | {"licence": licence} for one in lock.report["libraries"]]
        lock.save()
        assert store_facts() == 1
        assert LockedFile.objects.get(name="six").licence == ("BSD-3-Clause" if number else "LicenseRef-BSD")
