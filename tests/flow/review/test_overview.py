"""What there is to read of a submission: compared with what, what is new, what was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, outcome_of, person, published, spec_input

from assay.core.errors import NotFoundError
from assay.core.lock import Lock
from assay.core.policy.findings import Effect
from assay.core.report import Check, Report
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.build.build import request_build, store_outcome
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.review import review
from assay.flow.review.overview import Overview, overview
from assay.flow.review.waive import waive
from assay.flow.watch.advisories import load_feed
from assay.store.models import Build

pytestmark = pytest.mark.django_db
BEFORE = {"six": "1.16.0", "idna": "2.8"}
AFTER = {"six": "1.17.0", "idna": "2.8", "rich": "13.0"}


@pytest.fixture
def people() -> tuple[Actor, Actor]:
    """Return ana and ben: `geo@1` is published, and `geo@2` is a draft of ana's."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], BEFORE)
    new_version(ana, "geo")
    edit_spec(ana, "geo", 2, spec_input("six", "rich"))
    return ana, ben


def build(
    actor: Actor, lock: Lock, *, licences: dict[str, str] | None = None, checks: tuple[Check, ...] = ()
) -> None:
    """Let a build of `geo@2` end with this lock, these licences and these checks."""
    outcome = outcome_of(lock)
    report = Report.from_dict(outcome.report)
    libraries = tuple(replace(one, licence=(licences or {}).get(one.name, "")) for one in report.libraries)
    report = replace(report, libraries=libraries, checks=checks or report.checks)
    made = request_build(actor, "geo", 2)
    store_outcome(Build.objects.get(pk=made.pk), replace(outcome, report=report.to_dict()))


def read(actor: Actor, compare_with: str = "", number: int = 2) -> Overview:
    """Return the overview of a version of geo."""
    return overview(actor, find_version(actor, "geo", number), compare_with)


def test_it_compares_with_the_version_before(people: tuple[Actor, Actor]) -> None:
    """Unless another one is named, or nothing; what is not to be seen is not found."""
    ana, ben = people
    build(ana, lock_of(AFTER))
    found = read(ana)
    assert found.other is not None
    assert found.other.reference == "geo@1"
    assert found.comparison.labels == ("geo@1", "geo@2")
    assert found.summary.changes.startswith("Adds rich; 1 minor update; 1 library is new to this workspace;")
    assert found.chains == {"six": (), "rich": ()}  # nothing leads to idna
    nothing = read(ana, "nothing")
    assert nothing.other is None
    assert nothing.summary.changes.startswith("Installs 3 libraries, 2 of them direct;")
    published(ana, ben, "web", ["six"], {"six": "1.15.0"})
    assert read(ana, "web@1").comparison.labels == ("web@1", "geo@2")
    with pytest.raises(NotFoundError):
        read(ana, "web@9")


def test_an_unbuilt_version_has_nothing_to_read(people: tuple[Actor, Actor]) -> None:
    """Whoever asks for it did not check."""
    with pytest.raises(ValueError, match="not built"):
        read(people[0])


def test_changes_know_the_workspace(people: tuple[Actor, Actor]) -> None:
    """New ones are marked, others with where they are; licences are compared as SPDX; other indexes are named."""
    ana, ben = people
    published(ana, ben, "web", ["idna"], {"idna": "2.8", "six": "1.15.0"})
    draft(ana, "more", "rich")
    built(ana, "more", lock=lock_of({"rich": "13.1"}))
    review.submit(ana, "more", 1, "")
    six, idna, rich = lock_of(AFTER).libraries
    build(
        ana,
        replace(lock_of(AFTER), libraries=(replace(six, index="https://pypi.org/simple/"), idna, rich)),
        licences={"six": "MIT License", "rich": "MIT License"},
    )
    review.submit(ana, "geo", 2, "")
    changes = {one.row.name: one for one in read(ben).changes.open}
    assert changes["rich"].new
    assert (changes["rich"].held, changes["rich"].waiting) == ("", "more@1")
    assert (changes["six"].new, changes["six"].held, changes["six"].waiting) == (False, "web@1 1.15.0", "")
    assert (changes["six"].index, changes["rich"].index) == ("", "https://index.example/simple")
    assert changes["rich"].row.licences == ("", "MIT")
    assert not changes["six"].row.licence_changed


def test_a_library_that_is_gone_is_no_longer_known(people: tuple[Actor, Actor]) -> None:
    """It stands there as removed, without anything about the workspace."""
    ana, _ = people
    build(ana, lock_of({"rich": "13.0", "idna": "2.8"}))
    changes = {one.row.name: one for one in read(ana).changes.open}
    assert (changes["six"].new, changes["six"].held, changes["six"].accepted) == (False, "", "")


def test_the_default_index_of_the_workspace_is_no_other_index(people: tuple[Actor, Actor]) -> None:
    """Its own default takes the place of the installation's."""
    ana, _ = people
    add_index(person("root", Role.ADMIN), IndexInput(name="own", url="https://index.example/simple", is_default=True))
    build(ana, lock_of(AFTER))
    assert {one.index for one in read(ana).changes.open} == {""}


def test_findings_checks_and_waivers_are_in_the_sentence(people: tuple[Actor, Actor], tmp_path: Path) -> None:
    """What blocks first; a waived finding blocks no more, and a failed check is named where no finding is."""
    ana, ben = people
    load_feed(
        write_feed(
            tmp_path / "all.zip", record("PYSEC-1", "rich", ("introduced", "0"), ("fixed", "14"), cvss=CRITICAL)
        )
    )
    build(ana, lock_of(AFTER), checks=(Check(name="imports", state="failed", detail="rich"),))
    review.submit(ana, "geo", 2, "please")
    found = read(ben)
    assert found.summary.effect is Effect.BLOCK
    assert found.summary.found == "1 finding blocks: rich 13.0 has PYSEC-1 (critical)"
    assert [one.name for one in found.failed] == ["imports"]
    assert "imports" not in found.summary.sentence
    waive(ben, "geo", 2, finding=found.verdict.blocking[0].id, reason="not used")
    again = read(ben)
    assert again.summary.effect is None
    assert "1 check did not pass: imports; 1 finding is waived" in again.summary.sentence


def test_a_change_with_a_finding_stays_open(people: tuple[Actor, Actor], tmp_path: Path) -> None:
    """Among many that come along, the one that a finding is about is listed."""
    ana, _ = people
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "a7", ("introduced", "0"), cvss=CRITICAL)))
    build(ana, lock_of({**AFTER, **{f"a{at}": "1" for at in range(30)}}))
    found = read(ana)
    assert [one.row.name for one in found.changes.open] == ["rich", "six", "a7"]
    assert len(found.changes.folded) == 29
