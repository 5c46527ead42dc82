"""`assay import`, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.index import LocalIndex
from support.people import person

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_import(command: Command, tmp_path: Path) -> None:
    """What became of each line, the choices, the list, and a new environment."""
    person("ana")
    project, pins = tmp_path / "pyproject.toml", tmp_path / "requirements.txt"
    project.write_text(
        '[project]\nrequires-python = ">=3.11"\ndependencies = ["six"]\n[dependency-groups]\nio = ["attrs"]\n'
    )
    pins.write_text("six==1.16\n-e .\n")
    code, text = command("ana", "import", str(project), str(pins))
    assert code == 0
    assert "requirements.txt (requirements): 0 taken, 1 merged, 1 left out" in text
    assert "  line 2: -e .: is " in text
    assert "1 library for Python 3." in text
    assert "  six==1.16" in text
    assert "  Choices: group io" in text
    code, text = command(
        "ana", "import", str(project), "--choose", "pyproject.toml:group io", "--create", "geo", "--python", "3.11"
    )
    assert (code, text.splitlines()[-1]) == (0, "Created geo@1 as a draft. Next: assay build geo@1")
    shown = json.loads(command("ana", "show", "geo@1", "--json")[1])
    assert (shown["spec"]["libraries"], shown["spec"]["python"]) == (["six", "attrs"], "3.11")


def test_import_reduced(command: Command, tmp_path: Path) -> None:
    """A lock becomes what was asked for; its versions become constraints."""
    person("ana")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\ndependencies = [{name = "part"}]\n'
        '[[packages]]\nname = "part"\nversion = "3"\n'
    )
    code, text = command("ana", "import", str(lock), "--reduce")
    assert (code, "1 library:\n  app\n2 constraints" in text) == (0, True)
    assert json.loads(command("ana", "import", str(lock), "--json")[1])["libraries"] == ["app==1.0", "part==3"]


def test_what_cannot_be_imported(command: Command, tmp_path: Path) -> None:
    """A missing file, a broken one, a Python that is not there, a choice without a file."""
    person("ana")
    broken = tmp_path / "pyproject.toml"
    broken.write_text("[project")
    code, text = command("ana", "import", str(broken))
    assert (code, "pyproject.toml: The TOML cannot be read" in text) == (1, True)
    assert "cannot be read: No such file" in command("ana", "import", str(tmp_path / "gone.txt"))[1]
    assert "names no choice" in command("ana", "import", str(broken), "--choose", "dev")[1]
    broken.write_text('[project]\nrequires-python = "<3.8"\ndependencies = ["six"]\n')
    assert "The files ask for Python <3.8, which is not offered." in command("ana", "import", str(broken))[1]


def test_an_old_list_is_updated(command: Command, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - pytest-django's
    """Where the list does not resolve, the newest versions that do are shown and taken; one that does stays."""
    person("ana")
    index = LocalIndex()
    settings.INDEX_URL = index.url
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("app", "2.0", requires=("shared>=2",))
    old = tmp_path / "old.txt"
    old.write_text("app==1.0\nshared==2.0\n")
    code, text = command("ana", "import", str(old), "--python", "3.11", "--update", "--create", "new")
    index.close()
    assert (code, text.splitlines()[-1]) == (0, "Created new@1 as a draft. Next: assay build new@1")
    assert "Updated, since the old list does not resolve:" in text
    assert "app      1.0     2.0" in text
    shown = json.loads(command("ana", "show", "new@1", "--json")[1])
    assert shown["spec"]["libraries"][0] != "app==1.0"


def test_a_list_that_resolves_needs_no_update(command: Command, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """It says so."""
    person("ana")
    index = LocalIndex()
    settings.INDEX_URL = index.url
    index.add("app", "1.0")
    (tmp_path / "new.txt").write_text("app==1.0\n")
    code, text = command("ana", "import", str(tmp_path / "new.txt"), "--update")
    index.close()
    assert (code, text.splitlines()[-1]) == (0, "It resolves as it is.")
