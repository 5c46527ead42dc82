"""The pages of waves: what is behind a base, choosing what to rebase, and the progress of a wave."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.bases import behind_base
from support.people import person, visitor
from support.waves import CONFLICT, drafted, released, states, work

from assay.core.roles import Actor, Role
from assay.flow.maintenance.waves import start_wave
from assay.store.models import Environment, Version, Wave, WaveTarget, Workspace
from assay.web.admin.waves import parts_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("behind")]


@pytest.fixture
def ana() -> Actor:
    """Return a member, who owns what is built on the base."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer, who owns the base."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def second() -> Actor:
    """Return another reviewer."""
    return person("rita", Role.REVIEWER)


@pytest.fixture
def behind(ana: Actor, ben: Actor, second: Actor) -> Version:
    """Publish ds in two versions and what builds on the first; return ds@2."""
    return behind_base(ana, ben, second)


def text(client: Client, address: str) -> str:
    """Return a page with single spaces."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def many(behind: Version, count: int) -> Wave:
    """Store a wave of so many environments, in all states, as if it had come that far."""
    geo = Environment.objects.get(slug="geo")
    template = geo.active
    assert template is not None
    wave = Wave.objects.create(
        workspace_id=geo.workspace_id,
        base=behind,
        by_id=template.author_id,
        state="running",
        created_at=timezone.now(),
    )
    found = ("queued", "building", "built", "submitted", "published", "failed")
    for at in range(count):
        environment = Environment.objects.get(slug="geo")
        environment.pk, environment.slug, environment.active, environment.latest = None, f"e{at}", None, None
        environment.save()
        source = Version.objects.get(pk=template.pk)
        source.pk, source.environment, source.number = None, environment, 1
        source.save()
        draft = Version.objects.get(pk=source.pk)
        draft.pk, draft.number, draft.status = None, 2, "draft"
        draft.save()
        Environment.objects.filter(pk=environment.pk).update(active=source, latest=draft)
        WaveTarget.objects.create(
            wave=wave, source=source, draft=draft, state=found[at % 6], updated_at=timezone.now()
        )
    return wave


def test_pages_say_that_a_version_is_behind(ana: Actor, ben: Actor) -> None:
    """In the list, which can show only those, on its page and on the base's; with what moves and the next step."""
    client = visitor(ana)
    listed = text(client, "/environments/")
    assert listed.count("Behind base ds@2") == 2
    assert 'href="/compare?versions=ds@1,ds@2"' in listed
    only = text(client, "/environments/?behind=yes")
    assert ">geo</code>" in only
    assert ">web</code>" not in only
    assert 'Published <span class="count">2</span>' in only
    page = text(client, "/environments/geo/")
    assert "geo@1 builds on ds@1. The active version of this base is ds@2." in page
    assert 'href="/environments/ds/rebase?targets=geo"' in page
    assert "Behind base" not in text(client, "/environments/web/")
    base = text(client, "/environments/ds/")
    assert "2 environments build on an older version of ds." in base
    assert "Rebase all…" not in base
    assert "Rebase all…" in text(visitor(ben), "/environments/ds/")
    assert "/rebase?" not in text(visitor(person("eve")), "/environments/geo/")


def test_a_wave_is_chosen_started_and_followed(ana: Actor, ben: Actor) -> None:
    """A reviewer sees what would happen, with owners and reasons, and follows each environment."""
    drafted(ana, "abc", ("abc",), "ds@1")
    client = visitor(ben)
    page = text(client, "/environments/ds/rebase?targets=geo")
    assert "Rebase all 3 environments" in page
    assert "Drafted when geo is published" in page
    assert "A newer version of it is in progress. Select it to rebase it anyway." in page
    assert 'value="geo" checked' in page
    assert "A reviewer decides on each." in page
    stale = client.post("/environments/ds/rebase", {"base": "ds@1", "all": "yes"})
    assert (stale.status_code, "is not the active version" in stale.content.decode()) == (409, True)
    none = client.post("/environments/ds/rebase", {"base": "ds@2"})
    assert (none.status_code, "No environment is selected." in none.content.decode()) == (409, True)
    answer = client.post("/environments/ds/rebase", {"base": "ds@2", "all": "yes"})
    wave = Wave.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/waves/{wave.pk}/")
    address = f"/waves/{wave.pk}/"
    running = text(client, address)
    assert 'hx-trigger="every 2s"' in running
    assert "Waits until geo is published." in running
    assert "A newer version of it is in progress." in running
    assert "View wave" in text(client, "/environments/ds/")
    work(failures={"geo": CONFLICT})
    done = text(client, address)
    assert "hx-trigger" not in done.split('id="wave"')[1].split(">")[0]
    assert "It does not resolve on ds@2: plot 1.0 depends on core" in done
    assert "Its base geo was not updated. Mend that, then retry." in done
    assert 'aria-label="3 failed"' in done
    polled = client.get(address, headers={"X-Assay-Poll": "1"})
    assert polled["HX-Refresh"] == "true"
    assert text(client, f"{address}?state=published").count("No environment of this wave is published now.") == 1
    assert states(wave) == {"geo": "failed", "web": "failed", "tiles": "failed"}
    client.post(f"{address}retry")
    assert set(states(wave).values()) == {"queued"}
    again = client.post(f"{address}stop", {"delete_drafts": "yes"}, follow=True).content.decode()
    assert f"Wave {wave.pk} is stopped." in again
    assert "ben stopped it." in again
    wave.refresh_from_db()
    assert (wave.state, wave.delete_drafts) == ("stopped", True)
    assert "The wave is stopped." in client.post(f"{address}stop", follow=True).content.decode()
    assert "Start another one." in client.post(f"{address}retry", follow=True).content.decode()


def test_a_submitted_draft_leads_to_its_review(ana: Actor, ben: Actor) -> None:
    """For a reviewer; its owner opens it, and the failed draft in the editor."""
    wave = start_wave(ben, "ds@2", ["geo", "abc"])
    work(failures={"abc": CONFLICT})
    address = f"/waves/{wave.pk}/"
    assert 'href="/environments/geo/2/review"' in text(visitor(ben), address)
    own = text(visitor(ana), address)
    assert "/review" not in own
    assert 'href="/environments/geo/2/"' in own
    assert 'href="/environments/abc/2/edit"' in own
    rows = visitor(ana).get(f"{address}?format=csv")
    lines = b"".join(rows.streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["environment", "abc", "geo"]


def test_who_may_do_what(ana: Actor, ben: Actor) -> None:
    """Members rebase and see what they own, others nothing; only the starter and reviewers stop."""
    eve, vic = person("eve"), person("vic", Role.VIEWER)
    mine = text(visitor(ana), "/environments/ds/rebase")
    assert "Your environments that build on older versions of ds." in mine
    assert "Rebase all 4 environments" in mine
    assert "You own no environment that builds on ds." in text(visitor(eve), "/environments/ds/rebase")
    assert visitor(vic).get("/environments/ds/rebase").status_code == 403
    refused = visitor(eve).post("/environments/ds/rebase", {"base": "ds@2", "targets": ["geo"]})
    assert refused.status_code == 403
    wave = start_wave(ben, "ds@2", ["geo"])
    address = f"/waves/{wave.pk}/"
    assert visitor(eve).get(address).status_code == 404
    assert visitor(ana).post(f"{address}stop").status_code == 403
    assert visitor(vic).post(f"{address}stop").status_code == 403
    assert visitor(ana).get(f"{address}stop").status_code == 405
    seen = text(visitor(ana), address)
    assert "Stop wave" not in seen
    assert "yours only" in seen
    assert "Stop wave" in text(visitor(ben), address)


def test_a_base_that_cannot_be_one_says_why(ben: Actor) -> None:
    """Nothing is offered where the base has no usable active version."""
    Version.objects.filter(environment__slug="ds").update(health="quarantined")
    page = text(visitor(ben), "/environments/ds/rebase")
    assert "quarantined" in page
    assert "Rebase all" not in page
    Environment.objects.filter(slug="ds").update(active=None)
    assert "ds has no active version." in text(visitor(ben), "/environments/ds/rebase")
    assert "Nothing builds on tiles." in text(visitor(ben), "/environments/tiles/rebase")
    listed = visitor(ben).get("/environments/geo/rebase?format=json")
    assert b'"web"' in b"".join(listed.streaming_content)


def test_the_list_of_waves(ana: Actor, ben: Actor) -> None:
    """Newest first, of one base, each with its progress; empty for who is not concerned."""
    assert "No wave yet" in text(visitor(ben), "/waves/")
    wave = start_wave(ben, "ds@2", ["geo"])
    page = text(visitor(ben), "/waves/")
    assert f'href="/waves/{wave.pk}/"' in page
    assert "1 queued" in page
    assert "No wave on tiles." in text(visitor(ben), "/waves/?base=tiles")
    assert f'href="/waves/{wave.pk}/"' in text(visitor(ana), "/waves/?base=ds")
    assert "No wave yet" in text(visitor(person("eve")), "/waves/")
    assert b'"base": "ds@2"' in b"".join(visitor(ben).get("/waves/?format=json").streaming_content)


def test_three_hundred_environments_take_as_many_queries_as_six(ben: Actor, behind: Version) -> None:
    """The pages of a wave and of what builds on a base; a page has 50 environments of a wave."""
    client = visitor(ben)

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    few = many(behind, 6)
    addresses = (f"/waves/{few.pk}/", "/waves/", "/environments/ds/rebase", "/environments/?behind=yes")
    before = [cost(one) for one in addresses]
    Wave.objects.all().delete()
    Environment.objects.filter(slug__startswith="e").update(active=None, latest=None)
    Environment.objects.filter(slug__startswith="e").delete()
    wave = many(behind, 300)
    page = text(client, f"/waves/{wave.pk}/")
    assert page.count("data-row") == 50
    assert "1\N{EN DASH}50" in page
    assert [cost(one) for one in (f"/waves/{wave.pk}/", *addresses[1:])] == before
    assert max(before) <= 14


def test_the_bar_is_whole() -> None:
    """Its parts follow each other and fill it; without targets there is none."""
    parts = parts_of({"failed": 1, "published": 2, "queued": 5})
    assert [one.word for one in parts] == ["published", "failed", "queued"]
    assert [(one.start, one.length) for one in parts] == [(0, 25), (25, 12.5), (37.5, 62.5)]
    assert parts_of({}) == []


def test_the_workspace_page_sets_the_rule(ben: Actor, second: Actor) -> None:
    """The next version of a base starts a wave then, whose page names the rule."""
    client = visitor(person("root", Role.ADMIN))
    assert "Rebase automatically when a base publishes a newer version" in text(client, "/admin/workspace/")
    client.post("/admin/workspace/", {"approvals": "1", "rebase_automatically": "yes"})
    assert Workspace.objects.get().rebase_automatically
    released(ben, second, "ds", {"core": "1.0.2"})
    wave = Wave.objects.get()
    assert "started by assay, by the workspace's rule" in text(client, f"/waves/{wave.pk}/")
