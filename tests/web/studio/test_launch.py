"""Launch page and My servers without a browser: search, sizes, applications, and going on in a newer version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from support.people import person, published
from web.test_pages import visitor

from assay.core.applications import Application
from assay.core.roles import Actor, Role
from assay.flow.launch import applications
from assay.store.models import Launch, Server
from assay.studio import server_status
from assay.studio.hub_client import ServerStatus

if TYPE_CHECKING:
    from assay.store.models import Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> tuple[Actor, Version, Version]:
    """Publish two environments; return somebody who may launch them."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    geo = published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    web = published(ana, ben, "web", ["streamlit"], {"streamlit": "1.50.0", "ruamel-yaml": "0.18"})
    return person("eve", Role.VIEWER), geo, web


def server_of(actor: Actor, version: Version, state: str = "ready") -> Server:
    """Record a server."""
    return Server.objects.create(
        id="s1", workspace_id=actor.workspace_id, person_id=actor.id, version=version, digest=version.digest,
        state=state, address="http://localhost:1/user/eve/s1/lab", size="medium", created_at=timezone.now(),
    )  # fmt: skip


def test_search_looks_at_words_and_libraries(made: tuple[Actor, Version, Version]) -> None:
    """By name, by library under any spelling, and both; what does not fit is told."""
    eve = visitor(made[0])
    for words, found in {"": "geo web", "GEO": "geo", "Ruamel.yaml": "web", "web six": "", "nothing": ""}.items():
        text = eve.get("/launch/", {"q": words}).content.decode()
        for slug in ("geo", "web"):
            assert (f'value="{slug}@1"' in text) == (slug in found), (words, slug)
    assert "No environment matches" in eve.get("/launch/", {"q": "nothing"}).content.decode()


def test_what_was_used_last_is_on_top(made: tuple[Actor, Version, Version]) -> None:
    """And chosen already."""
    eve, geo, web = made
    for version in (geo, web):
        Launch.objects.create(
            person_id=eve.id, environment=version.environment, version=version, kind="studio", digest=version.digest,
            target_id="s0", started_at=timezone.now(),
        )  # fmt: skip
    text = visitor(eve).get("/launch/").content.decode()
    assert text.index('value="web@1" checked') < text.index('value="geo@1"')


def test_the_page_offers_what_the_environment_can_run(made: tuple[Actor, Version, Version]) -> None:
    """Applications whose libraries it holds, those of administrators among them; a file only where one is opened."""
    added = Application(slug="six-app", name="Six app", argv=("{prefix}/bin/x", "{port}"), needs=("six",))
    applications.add_application(person("ada", Role.ADMIN), added)
    eve = visitor(made[0])
    geo, web = (
        eve.get(
            f"/launch/?environment={one}@1", headers={"HX-Request": "true", "HX-Target": "chosen"}
        ).content.decode()
        for one in ("geo", "web")
    )
    assert "<html" not in geo
    assert "Six app" in geo
    assert "Streamlit" not in geo
    assert 'name="file"' not in geo
    assert "Streamlit" in web
    assert 'name="file"' in web
    assert "medium · " in geo


def test_a_missing_file_is_asked_for_on_the_page(made: tuple[Actor, Version, Version]) -> None:
    """The person is told what is needed where they chose it."""
    eve = visitor(made[0])
    page = eve.get("/launch/").content.decode()
    token = page.split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    given = {"environment": "web@1", "application": "streamlit", "file": "", "csrfmiddlewaretoken": token}
    answer = eve.post("/launch/start", given)
    assert answer["Location"] == "/launch/?environment=web@1"
    assert "Streamlit needs a file." in eve.get(answer["Location"]).content.decode()


def test_my_servers_offer_the_newer_version(
    made: tuple[Actor, Version, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row says what it is, for how long, how much memory it takes, and what is newer, with one button for it."""

    class Quiet:
        """A Hub that has nothing new to say."""

        def status(self, name: str, server: str) -> ServerStatus:
            del name, server
            return ServerStatus(state="ready", progress=100, message="")

    monkeypatch.setattr(server_status, "hub", Quiet)
    eve, geo, _ = made
    server_of(eve, geo)
    before = visitor(eve).get("/servers/").content.decode()
    assert "Restart in" not in before
    assert "geo@1" in before
    published(person("cid"), person("dan", Role.REVIEWER), "geo", ["six"], {"six": "1.17.0"})
    after = visitor(eve).get("/servers/").content.decode()
    assert "A newer version is active: geo@2." in after
    assert 'name="environment" value="geo@2">Restart in geo@2' in after
    assert visitor(person("fay")).get("/servers/s1/").status_code == 404
    assert visitor(person("gus")).get("/servers/").content.decode().count("geo@1") == 0


def test_only_an_application_that_opens_a_file_has_a_field_for_it(made: tuple[Actor, Version, Version]) -> None:
    """The style sheet hides the field unless a marked option is chosen; an environment without one has no field."""
    eve = visitor(made[0])
    text = eve.get("/launch/", {"environment": "web@1"}).content.decode()
    assert '<option value="streamlit" data-file>' in text
    assert '<option value="lab" data-file' not in text
    assert 'class="field file-field"' in text
    assert "file-field" not in eve.get("/launch/", {"environment": "geo@1"}).content.decode()


def test_the_list_is_short_and_says_that_there_are_more(
    made: tuple[Actor, Version, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not listed is found by typing, and shown on top when the address names it."""
    monkeypatch.setattr("assay.web.studio.launch.SHOWN", 1)
    eve = visitor(made[0])
    text = eve.get("/launch/").content.decode()
    assert "There are more. Type a name or a library above to find them." in text
    assert 'value="web@1"' not in text
    assert 'value="web@1" checked' in eve.get("/launch/?environment=web@1").content.decode()
    assert "more. Type" not in eve.get("/launch/?q=web").content.decode()
