"""What a new environment starts from: templates first, then an environment, a project or a file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from support.people import draft, person, published, spec_input, visitor

from assay.core.roles import Actor, Role
from assay.flow.compose.draft import edit_spec
from assay.flow.compose.templates import set_template
from assay.runtimes import projects
from assay.runtimes.run_settings import ProjectSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member, in a workspace with a published environment."""
    ana = person("ana")
    published(ana, person("ben", Role.REVIEWER), "geo", ["six", "attrs>=25"], {"six": "1.17", "attrs": "25.1"})
    return ana


def page(client: Client, query: str = "", status: int = 200) -> str:
    """Return the page for new environments."""
    answer = client.get(f"/new{query}")
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_templates_are_offered_first(ana: Actor) -> None:
    """As cards with title, libraries and Python; without any there is no empty list."""
    client = visitor(ana)
    assert 'class="tile"' not in page(client)
    set_template(person("eva", Role.ADMIN), "geo", template=True)
    text = page(client)
    assert '<a class="tile" href="?from=geo%401">' in text
    assert "Python 3.11 · 2 libraries" in text
    assert text.index('class="tile"') < text.index('id="from"') < text.index('id="editor"')


def test_an_environment_is_copied(ana: Actor) -> None:
    """Libraries, Python, limits; title and name are the author's. Nothing is stored."""
    edited = replace(spec_input("six>=1", "attrs"), constraints=("idna<4",))
    draft(ana, "mine")
    edit_spec(ana, "mine", 1, edited)
    text = page(visitor(ana), "?from=mine@1")
    assert "six&gt;=1\nattrs</textarea>" in text
    assert '<option value="3.11" selected>' in text
    assert "idna&lt;4" in text
    assert "Started from mine@1:</strong> 2 libraries" in text
    assert 'name="title" value=""' in text
    assert 'id="start-title"' not in text


def test_a_base_that_is_no_longer_offered_is_kept(ana: Actor) -> None:
    """The select shows it, so that saving does not lose it."""
    ben = person("bob", Role.REVIEWER)
    draft(ana, "tiles", base="geo@1")
    published(ana, ben, "other", ["six"], {"six": "1.17"})
    text = page(visitor(ana), "?from=tiles@1")
    assert text.count('<option value="geo@1" selected>') == 1
    from assay.store.models import Version  # noqa: PLC0415 - only here

    Version.objects.filter(environment__slug="geo").update(status="deprecated")
    text = page(visitor(ana), "?from=tiles@1")
    assert text.count('<option value="geo@1" selected>') == 1


def test_a_project_is_read(ana: Actor) -> None:
    """Its dependency files fill the form; what was left out is listed; another's project is not found."""
    files = {"main.py": "print()", "requirements.txt": "six>=1.16\nwin; sys_platform == 'win32'\n<b>\n"}
    spec = ProjectSpec(environment="geo", title="Report", source={"kind": "inline", "files": files})
    projects.create(ana, "report", spec)
    client = visitor(ana)
    assert '<option value="report">Report</option>' in page(client)
    text = page(client, "?project=report")
    assert "six&gt;=1.16</textarea>" in text
    assert "Started from requirements.txt of Report" in text
    assert "left out of requirements.txt" in text
    assert "<code>&lt;b&gt;</code>" in text
    assert "You have no project" in page(visitor(person("eve")), "?project=report", 404)


def test_what_cannot_be_read_leaves_the_form(ana: Actor) -> None:
    """With the reason and the other ways."""
    draft(person("eve"), "secret")
    for query in ("?from=secret@1", "?from=x@y", "?project=none", "?from=geo@9"):
        answer = visitor(ana).get(f"/new{query}")
        assert answer.status_code in {404, 422}
        assert 'id="editor"' in answer.content.decode()
        assert 'id="start-title"' in answer.content.decode()


def test_the_page_is_a_handful_of_queries(ana: Actor) -> None:
    """However many templates and projects there are."""
    set_template(person("eva", Role.ADMIN), "geo", template=True)
    client = visitor(ana)
    page(client)
    with CaptureQueriesContext(connection) as captured:
        page(client)
    before = len(captured)
    assert before <= 16, [one["sql"][:90] for one in captured]
    for at in range(5):
        published(ana, person(f"ben{at}", Role.REVIEWER), f"geo{at}", ["six"], {"six": "1.17"})
        set_template(person(f"eva{at}", Role.ADMIN), f"geo{at}", template=True)
        spec = ProjectSpec(environment="geo", source={"kind": "inline", "files": {"main.py": ""}})
        projects.create(ana, f"job{at}", spec)
    with CaptureQueriesContext(connection) as captured:
        page(client)
    assert len(captured) == before


def test_administrators_mark_templates_on_the_page_of_an_environment(ana: Actor) -> None:
    """The button says what it does; the catalogue filters and marks them."""
    admin = visitor(person("eva", Role.ADMIN))
    assert "Mark as template" in admin.get("/environments/geo/").content.decode()
    assert "Mark as template" not in visitor(ana).get("/environments/geo/").content.decode()
    assert visitor(ana).post("/environments/geo/template", {"template": "yes"}).status_code == 403
    text = admin.post("/environments/geo/template", {"template": "yes"}, follow=True).content.decode()
    assert "Geo is a template" in text
    assert "Remove from templates" in text
    rows = visitor(ana).get("/environments/?template=yes").content.decode()
    assert ">Template</span>" in rows
    assert "Clear filters" in rows
    text = admin.post("/environments/geo/template", {"template": "no"}, follow=True).content.decode()
    assert "Geo is no longer a template" in text
    assert "No environment matches" in visitor(ana).get("/environments/?template=yes").content.decode()
