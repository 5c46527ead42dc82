"""Notebooks run with parameters in the approved kernel; what they made is shown where it can do no harm."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from support.overlays import overlay, packages_of_studio
from support.people import PASSWORD, person
from support.projects import ended, published

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.paths import run_directory
from assay.runtimes import projects, runs
from assay.runtimes.run_settings import ProjectSpec
from assay.store.artifacts import open_output, outputs
from assay.store.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Iterator[Actor]:
    """Ana, with a published version, and Studio's ipykernel for environments that have none."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    with overlay(packages_of_studio()):
        yield ana


def cell(text: str, *tags: str) -> dict[str, Any]:
    """Return a code cell."""
    shape = {"cell_type": "code", "execution_count": None, "outputs": []}
    return {**shape, "id": f"c{abs(hash(text))}"[:8], "metadata": {"tags": list(tags)}, "source": text}


def notebook(*cells: dict[str, Any]) -> str:
    """Return a notebook as it lies in a file."""
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def set_up(actor: Actor, *cells: dict[str, Any], **parts: Any) -> None:  # noqa: ANN401 - parts of a spec
    """Set up a notebook project named `book`."""
    source = {"kind": "inline", "files": {"main.ipynb": notebook(*cells)}}
    plan = ProjectSpec(kind="notebook", entry="main.ipynb", environment="lab", source=source, **parts)
    projects.create(actor, "book", plan)


def test_a_notebook_runs_with_parameters(ana: Actor) -> None:
    """Parameters replace the tagged cell's; output, notebook and page are kept, in the approved kernel."""
    hostile = "from IPython.display import HTML\nHTML('<script>document.title = 1</script>')"
    set_up(
        ana,
        cell("year = 1", "parameters"),
        cell("import sys; print('year', year, sys.prefix); open('made.txt', 'w').write('x' * 7)"),
        cell(hostile),
        parameters={"year": 1999},
    )
    run = ended(runs.request_run(ana, "book", parameters={"year": 2026}))
    log = runs.read_log(run, 0)["text"]
    assert run.state == "succeeded", log
    assert "year 2026" in log
    left = {one.name: one.size for one in runs.outputs_of(run)}
    assert set(left) == {"main.ipynb", "main.html", "made.txt"}
    assert left["made.txt"] == 7
    with runs.open_output_of(run, "main.ipynb") as file:
        kept = json.load(file)
    assert "year = 2026" in "".join(kept["cells"][1]["source"])
    _check_shown(run)


def _check_shown(run: Run) -> None:
    """Check that the page frames the notebook from the other host name, in a sandbox, by its signature alone."""
    client = Client(HTTP_HOST=f"{settings.PUBLIC_HOST}:{settings.PORT}")
    assert client.login(username="ana", password=PASSWORD)
    answer = client.get(f"/runtimes/runs/{run.pk}/")
    assert f"frame-src {settings.FRAME_URL}" in answer["Content-Security-Policy"]
    address = answer.context["frame"]
    assert address.startswith(settings.FRAME_URL + "/frames/")
    path = address.removeprefix(settings.FRAME_URL)
    assert client.get(path).status_code == 404  # never at the desk's own host name
    stranger = Client(HTTP_HOST=f"localhost:{settings.PORT}")
    shown = stranger.get(path)
    assert shown.status_code == 200
    assert b"2026" in shown.content
    policy = shown["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts; default-src 'none'")
    assert "allow-same-origin" not in policy
    assert f"frame-ancestors {settings.PUBLIC_URL}" in policy
    assert "X-Frame-Options" not in shown
    assert not shown.cookies
    assert stranger.get(path[:-3] + "abc").status_code == 404


def test_a_cell_that_fails_fails_the_run(ana: Actor) -> None:
    """The log says which cell and why; what ran until then is kept."""
    set_up(ana, cell("print('before')"), cell("raise ValueError('too bad')"), cell("print('after')"))
    run = ended(runs.request_run(ana, "book"))
    log = runs.read_log(run, 0)["text"]
    assert (run.state, run.exit_code) == ("failed", 1)
    assert "ValueError: too bad" in log
    assert "before" in log
    assert "main.html" in {one.name for one in runs.outputs_of(run)}


def test_only_a_notebook_is_a_notebook(ana: Actor) -> None:
    """A notebook project starts a file that ends in .ipynb."""
    source = {"kind": "inline", "files": {"main.py": ""}}
    with pytest.raises(InvalidInputError) as refused:
        projects.create(ana, "book", ProjectSpec(kind="notebook", environment="lab", source=source))
    assert refused.value.path == "entry"


def test_outputs_never_lead_out_of_their_folder(tmp_path: Path) -> None:
    """Links, devices, parents and absolute names are not outputs, listed or asked for."""
    secret = tmp_path / "secret"
    secret.write_text("key")
    folder = tmp_path / "outputs"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "fine.txt").write_text("fine")
    (folder / "link").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    assert [one.name for one in outputs(folder)] == ["in/fine.txt"]
    with open_output(folder, "in/fine.txt") as file:
        assert file.read() == b"fine"
    for name in ("link", "up/secret", "../secret", str(secret), "pipe", "in", "", "none", "a\0b"):
        with pytest.raises(NotFoundError):
            open_output(folder, name)


def test_outputs_of_others_are_not_there(ana: Actor) -> None:
    """Only who ran it can have its files, and only when it has ended."""
    set_up(ana, cell("1"))
    run = runs.request_run(ana, "book")
    with pytest.raises(ConflictError):
        runs.open_output_of(run, "main.ipynb")
    run_directory(run.pk).mkdir(parents=True)
    person("eve")
    client = Client(HTTP_HOST=f"{settings.PUBLIC_HOST}:{settings.PORT}")
    assert client.login(username="eve", password=PASSWORD)
    assert client.get(f"/runtimes/runs/{run.pk}/outputs/main.ipynb").status_code == 404
