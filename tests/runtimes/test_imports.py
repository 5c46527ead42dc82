"""Runs report which libraries they import: real scripts, notebooks and apps, in a real environment."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django.live_server_helper import LiveServer
from runtimes.test_notebooks import cell, notebook
from support.imports import importable
from support.overlays import overlay, packages_of_studio
from support.people import lock_of, person
from support.projects import ended, project, published

from assay.core.roles import Actor, Role
from assay.flow.people import set_workspace
from assay.runtimes import projects, runs
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import ImportSession, LibraryUse

pytestmark = pytest.mark.django_db(transaction=True)
MODULES = {"pandas": "pandas", "scikit-learn": "sklearn", "matplotlib": "matplotlib"}


@pytest.fixture
def ana(live_server: LiveServer, settings: Any) -> Actor:  # noqa: ANN401 - pytest-django's settings
    """Return the owner of lab@1, which has pandas, scikit-learn and matplotlib."""
    settings.PORT = urlsplit(live_server.url).port
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    importable(published(ana, ben, "lab", lock=lock_of(dict.fromkeys(MODULES, "1.0"))), MODULES)
    return ana


def counted(sessions: int) -> dict[str, int]:
    """Wait until so many sessions are counted (none waits for its answer); return the sessions by library."""
    deadline = time.monotonic() + 20
    while LibraryUse.objects.filter(library="", sessions__gte=sessions).count() < bool(sessions):
        assert time.monotonic() < deadline, LibraryUse.objects.values()
        time.sleep(0.02)
    return dict(LibraryUse.objects.values_list("library", "sessions"))


def test_a_script(ana: Actor) -> None:
    """Pandas and scikit-learn are used, matplotlib is not; two runs are two sessions; nobody is named."""
    project(ana, "job", "import json, pandas, sklearn\nprint(pandas.__name__)")
    for count in (1, 2):
        run = ended(runs.request_run(ana, "job"))
        assert (run.state, runs.read_log(run, 0)["text"]) == ("succeeded", "pandas\n")
        assert counted(count) == {"": count, "pandas": count, "scikit-learn": count}
    assert ImportSession.objects.count() == 2
    assert not {one.name for one in (*ImportSession._meta.fields, *LibraryUse._meta.fields)} & {"person", "run"}


def test_a_workspace_that_does_not_record(ana: Actor) -> None:
    """The run is as before, and nothing is counted."""
    set_workspace("default", {"record_imports": False})
    project(ana, "job", "import os, pandas\nprint(sorted(one for one in os.environ if 'IMPORTS' in one))")
    assert runs.read_log(ended(runs.request_run(ana, "job")), 0)["text"] == "[]\n"
    assert counted(0) == {}


def test_without_a_server_a_run_succeeds(ana: Actor, settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """Nothing of it is in the log, and nothing is counted."""
    settings.PORT = 9
    project(ana, "job", "import pandas")
    run = ended(runs.request_run(ana, "job"))
    assert (run.state, runs.read_log(run, 0)["text"], counted(0)) == ("succeeded", "", {})


def test_a_notebook(ana: Actor) -> None:
    """Its kernel reports, not the program of Studio that runs it."""
    source = {"kind": "inline", "files": {"main.ipynb": notebook(cell("import pandas"), cell("import sklearn"))}}
    projects.create(ana, "book", ProjectSpec(kind="notebook", entry="main.ipynb", environment="lab", source=source))
    with overlay(packages_of_studio()):
        run = ended(runs.request_run(ana, "book"))
    assert run.state == "succeeded", runs.read_log(run, 0)["text"]
    assert counted(1) == {"": 1, "pandas": 1, "scikit-learn": 1}
