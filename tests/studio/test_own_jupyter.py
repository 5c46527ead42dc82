"""A Jupyter of one's own: what may be launched are its kernels, and each start asks Assay again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.imports import know_modules
from support.overlays import overlay
from support.people import person, published
from support.people import sealed as fake_files

from assay.cli.main import main
from assay.core.lock import Lock
from assay.core.roles import Actor, Right, Role
from assay.flow import retire
from assay.flow.access import find_version
from assay.flow.paths import prefix
from assay.flow.people import create_token, find_person
from assay.store.models import Event, Launch, LibraryUse
from assay.studio.prefix import studio_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.live_server_helper import LiveServer

SCRIPT = Path(__file__).with_name("own_kernel.py")
LOOK = "import os, sys; print(sys.prefix, 'ASSAY_TOKEN' in os.environ, 'PYTHONPATH' in os.environ)"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the Python of a Jupyter with our kernels: Studio's libraries in a prefix of its own."""
    folder = tmp_path_factory.mktemp("jupyter")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next((studio_prefix() / "lib").glob("python3.*")) / "site-packages"
    next((folder / "lib").glob("python3.*/site-packages")).joinpath("studio.pth").write_text(f"{site}\n")
    python = folder / "bin" / "python"
    assert main(["jupyter", "install", "--python", str(python)]) == 0
    with overlay(site):
        yield python


@pytest.fixture
def eve(transactional_db: None, monkeypatch: pytest.MonkeyPatch, live_server: LiveServer) -> Actor:
    """Return somebody with a token, and an environment without ipykernel that is published."""
    del transactional_db
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    made = published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    real_files(made.lock.text if made.lock else "")
    eve = person("eve", Role.VIEWER)
    monkeypatch.setenv("ASSAY_URL", live_server.url.replace("localhost", "127.0.0.1"))
    secret = create_token(find_person("eve"), "jupyter", scope=Right.SEE, days=1).secret
    monkeypatch.setenv("ASSAY_TOKEN", secret)
    return eve


def real_files(text: str) -> None:
    """Put a real interpreter where a launch expects the built environment."""
    lock = Lock.from_toml(text)
    python = prefix(lock.digest) / "bin" / "python"
    if os.path.realpath(python) == os.path.realpath("/bin/true"):
        python.unlink()
        made = [sys.executable, "-m", "venv", "--without-pip", str(prefix(lock.digest))]
        subprocess.run(made, check=True)
        fake_files(lock)


def ask(
    jupyter: Path, name: str, meanwhile: Callable[[], object] = bool, code: str = LOOK, **variables: str
) -> dict[str, Any]:
    """Start a kernel by its name in that Jupyter, run code, and return what came of it.

    `meanwhile` happens between the list of kernels and the start.
    """
    with subprocess.Popen(
        [str(jupyter), str(SCRIPT), name, code],
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        first = running.stdout.readline()
        meanwhile()
        answer, wrong = running.communicate("go\n", timeout=60)
    assert (first, running.returncode) == ("listed\n", 0), wrong
    found: dict[str, Any] = json.loads(answer)
    return found


def test_a_published_environment_is_a_kernel(jupyter: Path, eve: Actor) -> None:
    """It runs in the approved directory, without the token; the use has a beginning and an end."""
    found = ask(jupyter, "assay-geo")
    assert "assay-geo" in found["names"]
    use = Launch.objects.get(kind="kernel")
    assert found["said"].split() == [str(prefix(use.digest)), "False", "True"], found
    assert (use.person_id, use.version.reference) == (eve.id, "geo@1")
    assert use.ended_at is not None
    assert Event.objects.filter(name="kernel.launched", actor="eve").count() == 1


def test_what_it_imports_is_counted(jupyter: Path, eve: Actor) -> None:
    """The kernel reports to the address by which its Jupyter reached Assay; nobody is named."""
    version = find_version(eve, "geo", 1)
    site = next((prefix(version.digest) / "lib").glob("python3.*")) / "site-packages"
    (site / "six.py").write_text("")
    know_modules(version, {"six": "six"})
    ask(jupyter, "assay-geo", code="import six, json")
    counted = dict(LibraryUse.objects.values_list("library", "sessions"))
    assert counted == {"": 1, "six": 1}


def test_a_refusal_is_told_in_assays_words(jupyter: Path, eve: Actor) -> None:
    """Quarantined between the list and the start: nothing starts, the person reads why, the trail keeps it."""
    ada = person("ada", Role.ADMIN)
    found = ask(jupyter, "assay-geo", lambda: retire.quarantine(ada, "geo", 1, reason="a hole"))
    assert "assay-geo" in found["names"]
    assert found["said"] == ""
    assert found["refused"] == "This version is quarantined; it cannot be launched. Choose another version."
    assert eve.name == "eve"
    assert not Launch.objects.filter(kind="kernel").exists()
    assert Event.objects.filter(name="kernel.refused", actor="eve").count() == 1
    assert "assay-geo" not in ask(jupyter, "assay-geo")["names"]


def test_no_answer_is_not_a_yes(jupyter: Path, eve: Actor) -> None:
    """Without Assay, or without a token, there are no kernels of ours, and Jupyter's own go on."""
    assert eve
    away = ask(jupyter, "assay-geo", ASSAY_URL="http://127.0.0.1:9")
    assert "assay-geo" not in away["names"]
    assert away["refused"]
    assert "python3" in away["names"]
    assert "assay-geo" not in ask(jupyter, "assay-geo", ASSAY_TOKEN="")["names"]


def test_the_list_by_command(eve: Actor, capsys: pytest.CaptureFixture[str]) -> None:
    """`assay kernel list` names what Jupyter shows."""
    assert eve
    assert main(["kernel", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("assay-geo ")


def test_a_python_without_jupyter_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is installed where nothing would use it."""
    assert main(["jupyter", "install", "--python", str(tmp_path / "none")]) == 1
    assert "There is no Jupyter" in capsys.readouterr().err


@pytest.mark.django_db
def test_the_end_of_anothers_kernel_is_not_ones_own_business() -> None:
    """404, and the record stays open."""
    from assay.core.errors import NotFoundError  # noqa: PLC0415 - only this test needs it
    from assay.studio import kernels  # noqa: PLC0415 - as above

    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    started = kernels.start(ana, "geo", "localhost")
    with pytest.raises(NotFoundError):
        kernels.end(ben, started["id"])
    assert Launch.objects.get(kind="kernel").ended_at is None
    kernels.end(ana, started["id"])
    assert Launch.objects.get(kind="kernel").ended_at is not None
