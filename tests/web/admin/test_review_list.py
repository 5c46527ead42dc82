"""The review list, its rules, actions with several versions, and versions that are kept, as pages."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from support.people import person, published, visitor
from support.tables import exported, first_cells

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_version
from assay.flow.maintenance import review_list
from assay.flow.maintenance.keep import keep
from assay.flow.maintenance.review_rules import rules_in
from assay.flow.retire import deprecate
from assay.store.models import Environment, KeptVersion, Person, ReviewItem, Runtime, Version

pytestmark = pytest.mark.django_db
PAGE = "/admin/usage/review"
ACTIONS = f"{PAGE}/actions"
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1, geo@2 and web@1 are old and listed."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    published(ana, ben, "web", ["flask"], {"flask": "3.0"})
    Version.objects.update(published_at=timezone.now() - timedelta(days=200))
    review_list.refresh(ana.workspace_id)
    return ana, ben, eva


def in_days(days: int) -> date:
    """Return a day from today."""
    return timezone.now().date() + timedelta(days=days)


def text_of(page: HttpResponse) -> str:
    """Return a page's words, without its markup."""
    main = page.content.decode().split('<main class="main" id="main">')[1]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


def tokens(page: HttpResponse) -> list[str]:
    """Return what the confirmation sends of the rows that it shows."""
    return re.findall(r'name="seen" value="([^"]+)"', page.content.decode())


def selected(client: Client, action: str, *references: str) -> HttpResponse:
    """Open the confirmation."""
    return client.get(ACTIONS, {"action": action, "rows": references})


def references_of(page: HttpResponse) -> list[str]:
    """Return the references of the rows of the list, from top to bottom."""
    return re.findall(r'name="rows" value="([^"]+)"', page.content.decode())


def test_the_list_says_why_and_what_next(people: People) -> None:
    """With who and what is affected; reviewers see it, members do not."""
    ana, ben, _ = people
    page = visitor(ben).get(PAGE)
    assert sorted(references_of(page)) == ["geo@1", "geo@2", "web@1"]
    text = text_of(page)
    assert "A newer version was published 200 days ago; the newest is geo@2." in text
    assert "Never used since it was published 200 days ago." in text
    assert "Deprecate… for geo@2" in text
    assert "Edit rules" not in text
    assert visitor(ana).get(PAGE).status_code == 403
    assert "Give to another owner" not in text
    assert "Give to another owner…" in text_of(visitor(people[2]).get(PAGE))


def test_it_narrows_sorts_and_exports(people: People) -> None:
    """By reason, owner and name; files hold all rows."""
    ben = people[1]
    client = visitor(ben)
    assert references_of(client.get(PAGE, {"reason": "superseded"})) == ["geo@1"]
    assert references_of(client.get(PAGE, {"reason": "nonsense", "text": "web"})) == ["web@1"]
    assert "No version matches" in client.get(PAGE, {"owner": "ben"}).content.decode()
    assert first_cells(client.get(PAGE, {"sort": "-version"}))[0] == "Web"
    rows = exported(client.get(PAGE, {"format": "csv", "sort": "version"}))
    assert [row["version"] for row in rows][-1] == "web@1"
    assert (rows[-1]["people"], rows[-1]["proposal"], rows[-1]["status"]) == ("0", "Deprecate", "published")
    (row,) = exported(client.get(PAGE, {"format": "json", "reason": "superseded"}))
    assert len(row["reasons"]) == 2


def test_steps_lead_to_their_pages(people: People) -> None:
    """Each row proposes one step and offers others; what only administrators do has no link for reviewers."""
    ana, ben, eva = people
    deprecate(ben, "web", 1, reason="old")
    Version.objects.filter(number=2).update(published_at=timezone.now())
    Person.objects.filter(pk=ana.id).update(is_active=False)
    review_list.refresh(ben.workspace_id)
    assert ReviewItem.objects.get(version__number=2).proposal["action"] == "owner"
    mine, all_of_it = (visitor(one).get(PAGE).content.decode() for one in (ben, eva))
    assert 'href="/environments/geo/owner"' not in mine
    assert 'href="/environments/geo/owner" aria-label="Give to another owner… geo@2"' in all_of_it
    assert 'href="/environments/web/1/retire"' in all_of_it
    assert 'href="/environments/web/1/retire"' not in mine
    assert 'href="/environments/geo/1/renew"' in mine
    assert 'href="/environments/geo/2/?tab=health"' in mine
    assert f'href="{ACTIONS}?action=keep&amp;rows=geo@1"' in mine
    assert 'href="/environments/web/1/deprecate"' in mine
    assert 'href="/environments/geo/1/deprecate?successor=geo@2"' in mine


def test_a_near_duplicate_can_be_merged(people: People) -> None:
    """The page says what merging gives and takes, and leads to the merge of both."""
    ana, ben, _ = people
    pins = {f"lib{number}": "1.0" for number in range(12)}
    published(ana, ben, "one", ["lib0", "lib1"], pins | {"lib3": "2.0"})
    published(ana, ben, "two", ["lib0", "lib1"], pins | {"extra": "1.0"})
    review_list.refresh(ben.workspace_id)
    text = visitor(ben).get(PAGE, {"reason": "near-duplicate"}).content.decode()
    assert "Nearly the same libraries as two@1: moving to it gains 1, changes 1." in text
    assert 'href="/admin/merge?versions=two@1,one@1"' in text


def test_keep_until_hides_a_version(people: People) -> None:
    """One confirmation, one reason; the kept ones have a list of their own, and can be let go."""
    ben = people[1]
    client = visitor(ben)
    page = selected(client, "keep", "geo@1", "web@1")
    assert page.status_code == 200
    assert "Keep 2 versions" in text_of(page)
    sent = {"action": "keep", "seen": tokens(page), "reason": "Quarterly report.", "day": str(in_days(90))}
    assert "2 versions are kept." in text_of(client.post(ACTIONS, sent, follow=True))
    assert references_of(client.get(PAGE)) == ["geo@2"]
    kept = client.get(PAGE, {"kept": "1"})
    assert "“Quarterly report.”" in text_of(kept)
    assert [row["by"] for row in exported(client.get(PAGE, {"kept": "1", "format": "csv"}))] == ["ben", "ben"]
    answer = client.post(f"{PAGE}/kept/geo/1/end", follow=True)
    assert "geo@1 is no longer kept" in text_of(answer)
    assert sorted(references_of(client.get(PAGE))) == ["geo@1", "geo@2"]
    assert client.post(f"{PAGE}/kept/geo/1/end").status_code == 404


def test_a_kept_version_is_shown_although_no_rule_lists_it(people: People) -> None:
    """What was decided stays visible; the list of kept versions is not the list of reasons."""
    ben = people[1]
    keep(ben, "geo@2", until=in_days(30), reason="Demo.")
    Version.objects.filter(number=2).update(published_at=timezone.now())
    review_list.refresh(ben.workspace_id)
    assert "No rule lists it now." in text_of(visitor(ben).get(PAGE, {"kept": "1"}))
    assert "No version is kept" not in text_of(visitor(ben).get(PAGE, {"kept": "1"}))


def test_deprecate_many_and_undo(people: People) -> None:
    """Each with its own successor; the last action can be undone once."""
    ben = people[1]
    client = visitor(ben)
    page = selected(client, "deprecate", "geo@1", "web@1", "none@9")
    assert "none@9 It is no longer listed." in text_of(page)
    sent = {
        "action": "deprecate",
        "seen": tokens(page),
        "reason": "Clean up.",
        "day": "",
        "successor:geo@1": "geo@2",
        "successor:web@1": "",
        "text": "",
        "owner": "ana",
    }
    answer = client.post(ACTIONS, sent)
    assert answer.headers["location"] == f"{PAGE}?owner=ana"
    found = find_version(ben, "geo", 1)
    assert (found.status, found.successor, found.reason, found.ends_at) == (
        Status.DEPRECATED,
        "geo@2",
        "Clean up.",
        None,
    )
    undo = re.findall(r'action="([^"]*undo[^"]*)"', client.get(PAGE).content.decode())[0]
    assert client.post(f"{PAGE}/undo?of=another").status_code == 409
    assert "Undone for 2 versions." in text_of(client.post(undo, follow=True))
    assert find_version(ben, "geo", 1).status == Status.PUBLISHED
    assert client.post(undo).status_code == 409


def test_nothing_happens_when_the_rows_are_others_now(people: People) -> None:
    """The page comes back with what was typed and marks what changed; the next confirmation is of that."""
    ana, ben, _ = people
    client = visitor(ben)
    page = selected(client, "deprecate", "geo@1", "web@1")
    now = timezone.now()
    Runtime.objects.create(
        workspace_id=ana.workspace_id,
        slug="nightly",
        title="Nightly",
        kind="script",
        owner_id=ana.id,
        environment="web@1",
        source={},
        created_at=now,
        updated_at=now,
    )
    sent = {"action": "deprecate", "seen": tokens(page), "reason": "Clean up.", "successor:web@1": "geo@2"}
    answer = client.post(ACTIONS, sent)
    assert answer.status_code == 409
    text = text_of(answer)
    assert "Changed since you opened the page: web@1. Nothing was done." in text
    assert "Clean up." in text
    assert 'value="geo@2"' in answer.content.decode()
    assert find_version(ben, "geo", 1).status == Status.PUBLISHED
    sent["seen"] = tokens(answer)
    assert client.post(ACTIONS, sent).status_code == 302
    assert find_version(ben, "web", 1).successor == "geo@2"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"action": "keep", "reason": "x", "day": "soon"}, "is not a date"),
        ({"action": "keep", "reason": "", "day": "2099-01-01"}, "A reason is needed"),
        ({"action": "keep", "reason": "x", "day": ""}, "A day is needed"),
    ],
)
def test_what_is_missing_is_said(people: People, sent: dict[str, str], words: str) -> None:
    """422, with the form as it was filled."""
    client = visitor(people[1])
    answer = client.post(ACTIONS, {**sent, "seen": tokens(selected(client, "keep", "web@1"))})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not KeptVersion.objects.exists()


def test_end_date_owner_and_retirement(people: People) -> None:
    """By administrators; a retirement wants the number of versions typed, and cannot be undone."""
    _, ben, eva = people
    deprecate(ben, "web", 1, reason="old")
    client = visitor(eva)
    page = selected(client, "end", "web@1", "geo@1")
    assert "geo@1 It is published. Deprecate it first." in text_of(page)
    sent = {"action": "end", "seen": tokens(page), "day": str(in_days(30))}
    assert "1 version is given an end date." in text_of(client.post(ACTIONS, sent, follow=True))
    ends = find_version(eva, "web", 1).ends_at
    assert ends is not None
    assert ends.date() == in_days(30)
    page = selected(client, "owner", "geo@1", "geo@2")
    assert '<option value="">Choose a member</option><option>ana</option>' in page.content.decode()
    sent = {"action": "owner", "seen": tokens(page), "owner": "ben"}
    assert client.post(ACTIONS, sent).status_code == 302
    assert find_environment(eva, "geo").owner.username == "ben"
    Version.objects.filter(environment__slug="web").update(ends_at=None)
    review_list.refresh(eva.workspace_id)
    page = selected(client, "retire", "web@1")
    sent = {"action": "retire", "seen": tokens(page), "reason": "Nobody used it.", "typed": "retire 2"}
    answer = client.post(ACTIONS, sent)
    assert (answer.status_code, "The words do not match" in text_of(answer)) == (422, True)
    sent["typed"] = "retire 1"
    text = client.post(ACTIONS, sent, follow=True).content.decode()
    assert "1 version is retired." in text
    assert "review/undo" not in text
    assert selected(visitor(ben), "retire", "geo@1").status_code == 403


def test_a_selection_is_needed(people: People) -> None:
    """Nothing selected leads back; all that match can be selected at once; unknown actions are refused."""
    client = visitor(people[1])
    answer = client.get(ACTIONS, {"action": "keep", "text": "geo"})
    assert answer.headers["location"] == f"{PAGE}?text=geo"
    page = client.get(ACTIONS, {"action": "keep", "all": "1", "text": "geo"})
    assert sorted(one.partition(":")[0] for one in tokens(page)) == ["geo@1", "geo@2"]
    assert client.get(ACTIONS, {"action": "explode", "rows": "geo@1"}).status_code == 422
    deprecate(people[1], "web", 1, reason="old")
    assert "None of the selected versions can take this action." in text_of(selected(client, "deprecate", "web@1"))


def test_rules_are_set_on_their_page(people: People) -> None:
    """With a preview that saves nothing; what is wrong is said; another change in between is a conflict."""
    _, ben, eva = people
    client = visitor(eva)
    page = client.get(f"{PAGE}/rules")
    seen = re.findall(r'name="seen" value="([^"]+)"', page.content.decode())[0].replace("&quot;", '"')
    days = {f"days-{kind}": "30" for kind in ("superseded", "needs-attention", "approval-expired", "no-end-date")}
    sent = {**days, "on": ["unused", "owner-left"], "days-unused": "300", "seen": seen}
    preview = client.post(f"{PAGE}/rules", {**sent, "step": "preview"})
    assert "These rules list 0 of 3 versions. Nothing is saved yet." in text_of(preview)
    assert rules_in(eva).to_dict()["unused"] == {"on": True, "days": 90}
    answer = client.post(f"{PAGE}/rules", {**sent, "step": "save", "days-unused": "often"})
    assert (answer.status_code, "is not a number of days" in text_of(answer)) == (422, True)
    assert client.post(f"{PAGE}/rules", {**sent, "step": "save"}).status_code == 302
    stored = rules_in(eva).to_dict()
    assert (stored["unused"], stored["superseded"]["on"]) == ({"on": True, "days": 300}, False)
    assert "Nothing to review." in text_of(client.get(PAGE))
    for wrong in (seen, "{", "[]"):
        assert client.post(f"{PAGE}/rules", {**sent, "step": "save", "seen": wrong}).status_code == 409
    assert visitor(ben).get(f"{PAGE}/rules").status_code == 403


def test_300_environments_on_a_handful_of_queries(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """As many as with three, in pages of 50."""
    ben = people[1]
    first, item = (
        Version.objects.get(environment__slug="web"),
        ReviewItem.objects.get(version__environment__slug="web"),
    )
    fields = {one.attname for one in Version._meta.concrete_fields} - {"id", "environment_id"}
    for number in range(300):
        environment = Environment.objects.create(
            workspace_id=ben.workspace_id,
            slug=f"e{number}",
            title=f"E {number}",
            owner_id=ben.id,
            created_at=timezone.now(),
            updated_at=timezone.now(),
        )
        version = Version.objects.create(environment=environment, **{name: getattr(first, name) for name in fields})
        ReviewItem.objects.create(
            version=version,
            workspace_id=ben.workspace_id,
            reasons=item.reasons,
            since=item.since,
            proposal=item.proposal,
            computed_at=timezone.now(),
        )
    client = visitor(ben)
    client.get(PAGE)
    with django_assert_max_num_queries(10):
        page = client.get(PAGE)
    assert len(references_of(page)) == 50
    assert "All 303 versions that match" in text_of(page)
    assert len(exported(client.get(PAGE, {"format": "csv"}))) == 303
