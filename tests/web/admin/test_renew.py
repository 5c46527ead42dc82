"""Approvals that end, on the pages of a version; their renewal; and environments that get another owner."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from support.people import draft, person, published, visitor

from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_version
from assay.flow.people import set_workspace
from assay.store.models import HealthIssue, Launch, ProjectFacts, Renewal, Version

pytestmark = pytest.mark.django_db
People = tuple[Actor, Actor, Actor]
GEO = "/environments/geo/1/"
RENEW = f"{GEO}renew"
PROJECT = {"newest_at": None, "yanked": {}, "attested": []}


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; the approval of geo@1 is 350 of 365 days old."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    version = published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    set_workspace("default", {"approval_days": 365})
    Version.objects.update(published_at=timezone.now() - timedelta(days=350))
    Launch.objects.create(
        person_id=ana.id,
        environment=version.environment,
        version=version,
        kind="studio",
        digest=version.digest,
        target_id="one",
        started_at=timezone.now(),
    )
    return ana, ben, eva


def text_of(page: HttpResponse) -> str:
    """Return a page's words, without its markup."""
    main = page.content.decode().split('<main class="main" id="main">')[1]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def test_the_page_says_until_when_an_approval_is_good(people: People) -> None:
    """To everyone; the owner and reviewers get the way to renew it while it ends soon or has ended."""
    ana, ben, _ = people
    eve = person("eve")
    ends = timezone.now() - timedelta(days=350) + timedelta(days=365)
    words = f"Approval valid until {ends.day} {ends:%b %Y}"
    for actor, asked in ((ana, True), (ben, True), (eve, False)):
        text = text_of(visitor(actor).get(GEO))
        assert words in text
        assert ("Review approval" in text) is asked
    Version.objects.update(published_at=timezone.now() - timedelta(days=370))
    text = text_of(visitor(eve).get(GEO))
    assert "Approval expired" in text
    assert "The approval of geo@1 expired 5 days ago." in text
    set_workspace("default", {"approval_days": 0})
    assert "Approval" not in text_of(visitor(ben).get(GEO))


def test_the_form_needs_few_statements(people: People, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Whatever the version contains, and however many people launched it."""
    client = visitor(people[1])
    client.get(RENEW)
    with django_assert_num_queries(16):
        client.get(RENEW)


def test_a_reviewer_renews_with_a_reason(people: People) -> None:
    """After seeing what changed; it counts from today, and the history names who renewed it."""
    _, ben, _ = people
    ProjectFacts.objects.create(
        name="six",
        document={**PROJECT, "newest": "1.17.0", "status": "archived", "status_reason": "Python 2 ended."},
        fetched_at=timezone.now(),
    )
    client = visitor(ben)
    text = text_of(client.get(RENEW))
    assert "1 person in 90 days" in text
    assert "People ana" in text
    assert re.search(r"six 1\.16\.0 1\.17\.0 .* archived Python 2 ended\.", text)
    digest = find_version(ben, "geo", 1).digest
    page = client.get(RENEW).content.decode()
    seen = re.findall(r'name="warning" value="([^"]+)"', page)
    answer = client.post(RENEW, {"reason": " ", "digest": digest, "warning": seen})
    assert (answer.status_code, "A reason is needed." in text_of(answer)) == (422, True)
    answer = client.post(RENEW, {"reason": "x", "digest": "0" * 64, "warning": seen})
    assert answer.status_code == 409
    answer = client.post(RENEW, {"reason": "Still used daily.", "digest": digest, "warning": seen}, follow=True)
    assert "The approval of geo@1 is renewed. It is good until" in text_of(answer)
    assert Renewal.objects.get().by_id == ben.id
    for address in (GEO, f"{GEO}review"):
        assert "ben renewed the approval of lock" in text_of(client.get(address))
    assert "ben renewed it" in text_of(client.get(RENEW))
    set_workspace("default", {"approval_days": 0})
    sent = {"reason": "Again.", "digest": digest, "warning": seen}
    assert "is renewed." in text_of(client.post(RENEW, sent, follow=True))


def test_who_may_not_renew_sees_why(people: People) -> None:
    """Authors see what changed and what they can do; others' names are for reviewers."""
    ana, ben, _ = people
    text = text_of(visitor(ana).get(RENEW))
    assert "Your role is member" in text
    assert "People ana" not in text
    assert "Find suggested update" in text
    assert "Deprecate…" not in text
    sent = {"reason": "Mine.", "digest": find_version(ana, "geo", 1).digest}
    assert visitor(ana).post(RENEW, sent).status_code == 403
    draft(ana, "secret")
    assert visitor(ben).get("/environments/secret/1/renew").status_code == 404
    assert visitor(ben).post("/environments/secret/1/renew", sent).status_code == 404
    assert visitor(ana).get("/environments/secret/1/renew").status_code == 409


def test_findings_since_the_approval_are_counted(people: People) -> None:
    """Those that the watch found."""
    _, ben, _ = people
    version = find_version(ben, "geo", 1)
    finding = {
        "key": "six CVE",
        "kind": "vulnerable",
        "effect": "block",
        "words": "six 1.16.0 has a vulnerability",
        "advice": "Update it.",
        "rule": "no vulnerabilities",
        "names": [],
    }
    HealthIssue.objects.create(version=version, opened_at=timezone.now(), findings=[finding])
    text = text_of(visitor(ben).get(RENEW))
    assert "1 new finding" in text


def test_the_renew_page_takes_a_handful_of_queries(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """However much changed."""
    client = visitor(people[1])
    client.get(RENEW)
    with django_assert_max_num_queries(30):
        client.get(RENEW)


def test_an_environment_gets_another_owner(people: People) -> None:
    """By its owner or an administrator; to a member only; not if it belongs to somebody else meanwhile."""
    ana, ben, eva = people
    client, page = visitor(ana), "/environments/geo/owner"
    assert f'href="{page}"' in client.get(GEO).content.decode()
    assert f'href="{page}"' not in visitor(ben).get(GEO).content.decode()
    assert "geo belongs to ana ." in text_of(client.get(page))
    assert '<option value="ana">' not in client.get(page).content.decode()
    answer = client.post(page, {"owner": "nobody", "seen": "ana"})
    assert (answer.status_code, "There is no member" in text_of(answer)) == (404, True)
    assert client.post(page, {"owner": "ben", "seen": "eva"}).status_code == 409
    assert "Geo belongs to ben now." in text_of(client.post(page, {"owner": "ben", "seen": "ana"}, follow=True))
    assert find_environment(eva, "geo").owner.username == "ben"
    assert client.get(page).status_code == 403
    assert visitor(eva).post(page, {"owner": "ana", "seen": "ben"}).status_code == 302
