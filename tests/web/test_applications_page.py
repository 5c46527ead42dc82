"""Admin → Applications: added, changed and removed by form; what was typed stays; nobody else's workspace sees it."""

from __future__ import annotations

import pytest
from support.people import built, draft, person, visitor

from assay.core.roles import Role
from assay.flow.launch.applications import list_applications
from assay.flow.review import review
from assay.runtimes import applications, projects
from assay.runtimes.run_settings import ProjectSpec

pytestmark = pytest.mark.django_db
PAGE = "/admin/applications/"
COMMAND = "{prefix}/bin/python -m shiny --port {port}"
SHINY = {"name": "Shiny", "slug": "shiny", "needs": "Shiny, six", "argv": COMMAND}


def test_the_launch_page_offers_what_an_administrator_added() -> None:
    """It is listed with its command; a refused one loses nothing that was typed; removing ends it."""
    eva = person("eva", Role.ADMIN)
    client = visitor(eva)
    wrong = client.post(f"{PAGE}add", SHINY | {"argv": "{prefix}/bin/python 'x"})
    assert wrong.status_code == 422
    assert "No closing quotation" in wrong.content.decode()
    assert 'value="Shiny, six"' in wrong.content.decode()
    assert (
        "Unknown placeholder {nowhere}" in client.post(f"{PAGE}add", SHINY | {"argv": "{nowhere}"}).content.decode()
    )
    assert client.post(f"{PAGE}add", SHINY).status_code == 302
    assert list_applications(eva.workspace_id)[-1].needs == ("Shiny", "six")
    assert "{prefix}/bin/python -m shiny --port {port}" in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}shiny/remove").status_code == 302
    assert client.post(f"{PAGE}lab/remove").status_code == 404
    assert "shiny" not in {one.slug for one in list_applications(eva.workspace_id)}


def test_projects_are_started_as_an_administrator_says() -> None:
    """It counts in its workspace alone, and goes only when no project needs it."""
    eva, ana, far = person("eva", Role.ADMIN), person("ana"), person("far", Role.ADMIN, "elsewhere")
    client = visitor(eva)
    bad = client.post(f"{PAGE}projects/save", {"slug": "bokeh", "argv": "{shell}", "health": "/up"})
    assert bad.status_code == 422
    assert 'value="/up"' in bad.content.decode()
    given = {"slug": "bokeh", "argv": "{python} -m bokeh {entry}", "needs": "", "health": ""}
    assert client.post(f"{PAGE}projects/save", given).status_code == 302
    assert applications.template(eva.workspace_id, "bokeh").health == "/"
    assert "bokeh" not in applications.templates(far.workspace_id)
    draft(ana, "lab", "six")
    built(ana, "lab")
    version = review.submit(ana, "lab", 1, "please")
    review.approve(eva, "lab", 1, digest=version.digest)
    source = {"kind": "inline", "files": {"main.py": ""}}
    projects.create(ana, "board", ProjectSpec(kind="app", app="bokeh", environment="lab", source=source))
    used = client.post(f"{PAGE}projects/bokeh/remove")
    assert used.status_code == 409
    assert "bokeh is used by board" in used.content.decode()
    projects.change(ana, "board", ProjectSpec(kind="app", app="plain", environment="lab", source=source))
    assert client.post(f"{PAGE}projects/bokeh/remove").status_code == 302
    assert "bokeh" not in applications.templates(eva.workspace_id)


def test_it_is_closed_to_others() -> None:
    """A reviewer neither sees nor changes it."""
    client = visitor(person("ben", Role.REVIEWER))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}add", SHINY).status_code == 403
    assert client.post(f"{PAGE}projects/save", {"slug": "x"}).status_code == 403
