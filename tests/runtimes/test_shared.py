"""A shared project: all members run it, with the files and secrets of its owner and never with their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from support.people import person
from support.projects import ended, project, published

from assay.core.errors import NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.launch import secrets
from assay.flow.paths import person_home
from assay.runtimes import projects, runs
from assay.store.models import Lock, Membership, Person

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CODE = """import os, pathlib, sys
print(sys.argv[1:], os.environ['KEY'], (pathlib.Path.home() / 'table.txt').read_text())
pathlib.Path('answer.txt').write_text('42')
"""


@pytest.fixture
def people() -> tuple[Actor, Actor, Actor]:
    """Ana who shares, eve who runs, and ida who only looks."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    secrets.set_secret(ana, "KEY", "of ana")
    home = person_home("ana")
    home.mkdir(parents=True, exist_ok=True)
    (home / "table.txt").write_text("ana's table")
    project(ana, "report", CODE, secrets=("KEY",), shared=True)
    return ana, person("eve"), person("ida")


def test_a_member_runs_what_is_shared(people: tuple[Actor, Actor, Actor]) -> None:
    """The run is eve's; it has ana's files and secret (which no log shows); both see it, and nobody else does."""
    ana, eve, ida = people
    run = ended(runs.request_run(eve, "report", arguments=("--year", "2026")))
    assert (run.state, run.person_id) == ("succeeded", eve.id)
    assert "['--year', '2026'] *** ana's table" in runs.read_log(run, 0)["text"]
    assert [one.name for one in runs.outputs_of(run)] == ["answer.txt"]
    assert runs.find(ana, str(run.pk)) == runs.find(eve, str(run.pk)) == run
    with pytest.raises(NotFoundError):
        runs.find(ida, str(run.pk))


def test_what_is_not_shared_is_not_there(people: tuple[Actor, Actor, Actor]) -> None:
    """Others find, run, change, try and switch nothing of it; sharing gives no more than running."""
    ana, eve, _ = people
    assert [one.slug for one in projects.list_shared(eve)] == ["report"]
    assert projects.list_shared(ana) == []
    plan = projects.spec_of(projects.find(ana, "report"))
    with pytest.raises(NotFoundError):
        projects.change(eve, "report", plan)
    with pytest.raises(NotFoundError):
        runs.request_run(eve, "report", trial_in="lab@1")
    projects.change(ana, "report", replace(plan, shared=False))
    assert projects.list_shared(eve) == []
    with pytest.raises(NotFoundError, match="no project 'report'"):
        runs.request_run(eve, "report")


def test_who_left_lends_no_files(people: tuple[Actor, Actor, Actor]) -> None:
    """Once its owner is no member any more, nothing runs with their files."""
    ana, eve, _ = people
    run = runs.request_run(eve, "report")
    Membership.objects.filter(person_id=ana.id).delete()
    assert ended(run).state == "failed"


def test_the_pages_of_what_is_shared(people: tuple[Actor, Actor, Actor]) -> None:
    """Eve sees it in her list, reads the code, runs it, and downloads the lock of what it ran in."""
    ana, eve, _ = people
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Person.objects.get(pk=eve.id), BACKEND)
    assert "Shared projects" in client.get("/runtimes/").content.decode()
    page = client.get("/runtimes/scripts/report/").content.decode()
    assert "It runs with ana's files and secrets, not with yours" in page
    assert "table.txt" in page
    assert 'name="schedule"' not in page
    answer = client.post("/runtimes/scripts/report/run", {"arguments": "a"})
    run = runs.find(eve, answer["Location"].rstrip("/").rpartition("/")[2])
    assert ended(run).state == "succeeded"
    lock = client.get(f"/runtimes/runs/{run.pk}/lock")
    assert lock.content.decode() == Lock.objects.get(digest=run.digest).text
    client.force_login(Person.objects.get(pk=ana.id), BACKEND)
    assert "by eve" in client.get("/runtimes/scripts/report/").content.decode()
