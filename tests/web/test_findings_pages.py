"""Findings on pages: told apart by effect, waived with a reason and a day, never shown as clean when unknown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from support.feed import CRITICAL, MEDIUM, record, write_feed
from support.people import built, draft, lock_of, person, visitor

from assay.core.policy.findings import Effect
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.assess import preview_findings, verdict
from assay.flow.review import review
from assay.flow.watch import watch
from assay.flow.watch.advisories import load_feed
from assay.store.models import Version, Waiver
from assay.store.reads.reviews import queue
from assay.web.admin.findings import expected_findings, findings_of

PAGE = "/environments/geo/1/review"
PINS = {"pillow": "8.0.0", "six": "1.15.0"}
BAD = (
    record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), cvss=CRITICAL),
    record("PYSEC-2", "pillow", ("introduced", "0"), ("fixed", "8.2.0"), cvss=CRITICAL),
    record("PYSEC-3", "six", ("introduced", "0"), ("fixed", "1.16.0"), cvss=MEDIUM),
)


@pytest.fixture
def people(db: None) -> tuple[Actor, Actor]:  # noqa: ARG001 - it writes to the database
    """Return ana, whose geo@1 waits for approval, and ben."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of(PINS))
    review.submit(ana, "geo", 1, "please")
    return ana, ben


@pytest.fixture
def feed(people: tuple[Actor, Actor], tmp_path: Path) -> None:  # noqa: ARG001 - after the submission
    """Load a feed with two problems that block and one that warns."""
    load_feed(write_feed(tmp_path / "all.zip", *BAD))


def text_of(client: Client, page: str = PAGE) -> str:
    """Return a page's words."""
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def version() -> Version:
    """Return geo@1."""
    return Version.objects.select_related("environment", "lock").get(environment__slug="geo", number=1)


def test_without_a_feed_nothing_is_told_to_be_well(people: tuple[Actor, Actor]) -> None:
    """Review, list, catalogue and page say that nobody looked; the filter for OK finds nothing."""
    ana, ben = people
    text = text_of(visitor(ben))
    assert "not assessed" in text
    assert "No findings." not in text
    assert "Not assessed" in text_of(visitor(ben), "/admin/environments/")
    review.approve(ben, "geo", 1, digest=version().digest)
    assert "Not assessed" in text_of(visitor(ana), "/environments/")
    assert "geo" not in text_of(visitor(ana), "/environments/?health=ok").partition("<tbody>")[2]
    assert "geo@1" in text_of(visitor(ana), "/environments/?health=not%20assessed")
    assert "No advisory feed was loaded" in text_of(visitor(ana), "/environments/geo/1/?tab=health")


@pytest.mark.usefixtures("feed")
def test_they_are_grouped_by_library_with_the_version_that_is_free_of_them(people: tuple[Actor, Actor]) -> None:
    """Blocking ones first, each library once, with the highest of the fixed versions and the rule."""
    found = findings_of(people[1], version(), verdict(version()))
    told = [(one.told.effect, one.told.subject, one.told.predicate, one.fixed, one.refusal) for one in found.open]
    assert told == [
        (Effect.BLOCK, "pillow 8.0.0", "has PYSEC-1 (critical), PYSEC-2 (critical)", "8.2.0", ""),
        (Effect.WARN, "six 1.15.0", "has PYSEC-3 (medium)", "1.16.0", ""),
    ]
    assert [line.title for line in found.open[0].lines] == ["PYSEC-1 (critical)", "PYSEC-2 (critical)"]
    assert (found.blocking, found.warnings) == (2, 1)
    assert all(one.refusal for one in findings_of(people[0], version(), verdict(version())).open)


@pytest.mark.usefixtures("feed")
def test_approving_waits_for_every_waiver(people: tuple[Actor, Actor]) -> None:
    """The button is off with the reason; several findings are waived at once; the list counts what is left."""
    ben, client = people[1], visitor(people[1])
    assert "Needs: 2 waivers · 1 approval" in text_of(client)
    assert "2 findings block. Reject it, or waive what blocks." in text_of(client)
    answer = client.post(f"{PAGE}/../approve", {"digest": version().digest})
    assert answer.status_code in {404, 409}
    chosen = [one.id for one in verdict(version()).findings if one.effect == "block"]
    day = (timezone.now() + timedelta(days=30)).date()
    form = {"finding": chosen, "reason": "behind the firewall", "until": day.isoformat(), "back": PAGE}
    answer = client.post("/environments/geo/1/waive", form)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#findings")
    until = Waiver.objects.values_list("until", flat=True).distinct().get()
    assert until is not None
    assert until.date() == day
    text = text_of(client)
    assert "behind the firewall" in text
    assert "Needs: 1 approval" in text
    (row,) = queue(ben, "pending").rows
    assert (row.blocking, row.warnings, row.assessed) == (0, 1, True)
    review.approve(ben, "geo", 1, digest=version().digest)


@pytest.mark.usefixtures("feed")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": " "}, "A reason is needed"),
        ({"until": "tomorrow"}, "is not a date"),
        ({"until": "2020-01-01"}, "must be within"),
        ({"until": "2026-13-45"}, "is not a date"),
        ({"finding": []}, "No finding is selected"),
        ({"finding": ["nonsense"]}, "no such finding"),
    ],
)
def test_a_waiver_that_cannot_be_taken_says_why(
    people: tuple[Actor, Actor], change: dict[str, object], words: str
) -> None:
    """And nothing is waived, also not the findings before the wrong one."""
    chosen = [one.id for one in verdict(version()).findings]
    form = {"finding": [*chosen[:1]], "reason": "r", "until": "", **change}
    answer = visitor(people[1]).post("/environments/geo/1/waive", form)
    assert answer.status_code in {404, 422}
    assert words in answer.content.decode()
    assert not Waiver.objects.exists()


@pytest.mark.usefixtures("feed")
@pytest.mark.parametrize("back", ["//evil.example/x", "https://evil.example/", "javascript:alert(1)", ""])
def test_it_leads_back_to_own_pages_only(people: tuple[Actor, Actor], back: str) -> None:
    """Whatever the form says."""
    chosen = verdict(version()).findings[0].id
    form = {"finding": chosen, "reason": "r", "until": "", "back": back}
    answer = visitor(people[1]).post("/environments/geo/1/waive", form)
    assert answer["Location"] == "/environments/geo/1/review#findings"


@pytest.mark.usefixtures("feed")
def test_authors_and_members_do_not_waive(people: tuple[Actor, Actor]) -> None:
    """A member has no right to; the page has no form for them."""
    chosen = verdict(version()).findings[0].id
    answer = visitor(people[0]).post("/environments/geo/1/waive", {"finding": chosen, "reason": "r"})
    assert answer.status_code == 403
    assert 'name="finding"' not in text_of(visitor(people[0]), "/environments/geo/1/?tab=health")


@pytest.mark.usefixtures("feed")
def test_what_waits_is_judged_anew_when_the_feed_changes(people: tuple[Actor, Actor]) -> None:
    """The list of what waits counts findings of today, not those of the day of submission."""
    (before,) = queue(people[1], "pending").rows
    assert (before.blocking, before.assessed) == (0, False)
    watch.assess_submissions()
    (after,) = queue(people[1], "pending").rows
    assert (after.blocking, after.warnings, after.assessed) == (2, 1, True)


@pytest.mark.usefixtures("feed")
def test_while_composing_each_library_is_told_with_the_way_out(people: tuple[Actor, Actor]) -> None:
    """One line for each library, those that block first, with the line to ask for."""
    told = expected_findings(preview_findings(people[0].workspace_id, lock_of(PINS)))
    assert [(one.library, one.blocking, one.titles, one.advice) for one in told[:2]] == [
        ("pillow", 2, ("PYSEC-1 (critical)", "PYSEC-2 (critical)"), "Require pillow>=8.2.0."),
        ("six", 0, ("PYSEC-3 (medium)",), "Require six>=1.16.0."),
    ]


def test_a_remedy_that_there_is_not_is_told(people: tuple[Actor, Actor], tmp_path: Path) -> None:
    """The button shows the reason in its place; without a script it leads back with it."""
    ana, _ = people
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "pillow", ("introduced", "0"), cvss=CRITICAL)))
    answer = visitor(ana).post("/environments/geo/1/suggested-update/preview")
    assert answer.status_code == 200
    assert "No fixed version is known for pillow 8.0.0 (PYSEC-1)" in answer.content.decode()
    refused = visitor(ana).post("/environments/geo/1/suggested-update")
    assert refused["Location"] == "/environments/geo/1/?tab=health"
    assert find_version(ana, "geo", 1).environment.last_number == 1
