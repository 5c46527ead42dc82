"""Reading dependency files over the API."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from support.caller import Caller
from support.people import person

from assay.core.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def intake() -> Any:  # noqa: ANN401 - a function
    """Return a function that reads files as a member."""
    caller = Caller(person("ana"))
    return lambda files, **more: caller.post("/intake", {"files": files, **more})


def test_intake(intake: Any) -> None:  # noqa: ANN401 - as above
    """Each file with what became of its lines; together one list, its Python and what only conda has."""
    conda = (
        "dependencies:\n  - python=3.11\n  - numpy=1.26\n  - bzip2=1.0.8=h4bc722e_7\n  - pip:\n    - numpy==1.26.4\n"
    )
    utf16 = base64.b64encode("six==1.16\r\n-e .\r\n".encode("utf-16")).decode()
    found = intake([{"name": "environment.yml", "text": conda}, {"name": "r.txt", "base64": utf16}]).json()
    assert found["libraries"] == ["numpy==1.26.4", "six==1.16"]
    assert found["conda"] == ["bzip2==1.0.8"]
    first, second = found["files"]
    assert (first["name"], first["kind"], second["kind"]) == ("environment.yml", "conda-environment", "requirements")
    for one in (first, second):
        assert one["lines"] == one["taken"] + one["merged"] + len(one["left_out"])
        assert all(entry["reason"] for entry in (*one["merges"], *one["left_out"]))
    assert (second["left_out"][0]["line"], second["left_out"][0]["text"]) == (2, "-e .")
    assert found["intent"] is None


def test_choices_and_what_was_asked_for(intake: Any) -> None:  # noqa: ANN401 - as above
    """An extra is taken when it is chosen; a lock is reduced to its roots."""
    project = '[project]\ndependencies = ["six"]\n[project.optional-dependencies]\nio = ["attrs"]\n'
    file = {"name": "pyproject.toml", "text": project}
    found = intake([file]).json()
    assert (found["libraries"], [one["selected"] for one in found["files"][0]["choices"]]) == (["six"], [False])
    (choice,) = found["files"][0]["choices"]
    chosen = [{"file": "pyproject.toml", "name": choice["name"]}]
    assert intake([file], choices=chosen).json()["libraries"] == ["six", "attrs"]
    lock = (
        'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\ndependencies = [{name = "part"}]\n'
        '[[packages]]\nname = "part"\nversion = "3"\n'
    )
    found = intake([{"name": "pylock.toml", "text": lock}], reduce=True).json()
    assert found["intent"] == {"libraries": ["app"], "constraints": ["app==1.0", "part==3"], "others": ["part"]}
    assert found["locked"]


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ({"name": "x"}, "files[0]"),
        ({"name": "x", "text": "six", "base64": "c2l4"}, "files[0]"),
        ({"name": "x", "base64": "?"}, "files[0].base64"),
    ],
)
def test_files_that_are_none(intake: Any, file: dict[str, str], path: str) -> None:  # noqa: ANN401 - as above
    """Each is refused with the place and what to do."""
    answer = intake([file])
    assert (answer.status_code, answer.json()["path"]) == (422, path)
    assert answer.json()["hint"]


def test_a_file_that_cannot_be_read(intake: Any) -> None:  # noqa: ANN401 - as above
    """Its error stands beside it; the others are read."""
    found = intake([{"name": "pyproject.toml", "text": "[project"}, {"name": "r.txt", "text": "six"}]).json()
    assert found["files"][0]["error"]["hint"]
    assert found["libraries"] == ["six"]


def test_viewers_compose_nothing() -> None:
    """They read a reason."""
    answer = Caller(person("vic", Role.VIEWER)).post("/intake", {"files": [{"name": "x", "text": "six"}]})
    assert answer.status_code == 403


def test_constraints_are_kept_and_checked() -> None:
    """An environment is created with constraints; extras and lines without versions are refused."""
    caller = Caller(person("ana"))
    body = {"slug": "geo", "title": "Geo", "python": "3.11", "libraries": ["app"], "constraints": ["part==3"]}
    made = caller.post("/environments", body)
    assert (made.status_code, made.json()["spec"]["constraints"]) == (201, ["part==3"])
    path = "/environments/geo/versions/1/spec"
    spec = {name: body[name] for name in ("python", "libraries")}
    assert caller.put(path, spec).json()["spec"]["constraints"] == ["part==3"]
    assert caller.put(path, {**spec, "constraints": []}).json()["spec"]["constraints"] == []
    for line, place in (("part[x]==3", "constraints[0]"), ("part", "constraints[0]"), ("-e .", "constraints[0]")):
        answer = caller.put(path, {**spec, "constraints": [line]})
        assert (answer.status_code, answer.json()["path"]) == (422, place)
