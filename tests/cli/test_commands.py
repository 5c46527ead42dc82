"""The commands over HTTP, as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person

from assay.cli.main import main
from assay.core.roles import Right, Role
from assay.flow.people import create_token, find_person
from assay.flow.review import review
from assay.flow.watch.advisories import load_feed

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command as somebody and returns its exit code and what it printed."""

    def run(who: str, *arguments: str) -> tuple[int, str]:
        token = create_token(find_person(who), "tests", scope=Right.ADMINISTER).secret
        monkeypatch.setenv("ASSAY_TOKEN", token)
        monkeypatch.setenv("ASSAY_URL", live_server.url.replace("localhost", "127.0.0.1"))
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def geo(transactional_db: Any, tmp_path: Path) -> None:  # noqa: ANN401 - a fixture asked for its effect
    """Make people, a feed, and a pending version with a known problem."""
    del transactional_db
    ana = person("ana")
    person("ben", Role.REVIEWER)
    person("eva", Role.ADMIN)
    bad = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of({"pillow": "8.0.0"}))
    review.submit(ana, "geo", 1, "please")


@pytest.mark.usefixtures("geo")
def test_findings_waive_and_parts(command: Command) -> None:
    """Open blocks make the exit code 1; after a waiver it is 0 and the reason is shown; the parts are JSON."""
    code, text = command("ben", "findings", "geo@1")
    assert code == 1
    line = next(one for one in text.splitlines() if one.startswith("block"))
    assert "pillow 8.0.0 has PYSEC-1" in line
    assert command("ben", "waive", "geo@1", line.split()[1], "--reason", "not used")[0] == 0
    code, text = command("ben", "findings", "geo@1")
    assert code == 0
    assert "(waived by ben: not used)" in text
    assert json.loads(command("ana", "sbom", "geo@1")[1])["bomFormat"] == "CycloneDX"
    assert command("ana", "remedy", "geo@1", "--try") == (
        1,
        "error: There is no known vulnerability to fix.\nhint: Check the other findings.\n",
    )


@pytest.mark.usefixtures("geo")
def test_list_and_show(command: Command) -> None:
    """Tables have a head and units, an empty list says so, and JSON is what the API answers."""
    head, row = command("ana", "list")[1].splitlines()
    assert head.split() == ["Version", "Status", "Python", "Libraries", "Size", "Title"]
    assert row.split()[:4] == ["geo@1", "pending", "3.11", "1"]
    assert row.index("pending") == head.index("Status")
    assert [one["slug"] for one in json.loads(command("ana", "list", "--json")[1])] == ["geo"]
    assert command("ana", "list", "--status", "retired") == (0, "No environment is retired.\n")
    text = command("ana", "show", "geo@1")[1]
    assert "Libraries: 1 library, " in text
    assert text.splitlines()[-1].split()[0] == "pillow"
    assert json.loads(command("ana", "show", "geo@1", "--json")[1])["libraries"][0]["name"] == "pillow"
    assert command("ana", "show", "geo") == (
        1,
        "error: 'geo' does not name a version.\nhint: Write it as name@number.\n",
    )


@pytest.mark.usefixtures("geo")
def test_policy_show_try_save(command: Command, tmp_path: Path) -> None:
    """A policy is printed as YAML, rehearsed and saved from a file; a wrong one is told and changes nothing."""
    file = tmp_path / "policy.yaml"
    code, text = command("ana", "policy", "show")
    assert code == 0
    file.write_text(text)
    assert "Would block 1 of 1 version " in command("eva", "policy", "try", str(file))[1]
    file.write_text("rules: [{kind: deny, library: six}]")
    assert "Would block 0 of 1 version and warn about 0" in command("eva", "policy", "try", str(file))[1]
    assert command("eva", "policy", "save", str(file)) == (0, "Saved the policy as revision 1.\n")
    assert "kind: deny" in command("ana", "policy", "show")[1]
    file.write_text("rules: [{kind: nonsense}]")
    assert command("eva", "policy", "save", str(file))[0] == 1
    assert command("eva", "policy", "save", str(tmp_path / "none.yaml"))[0] == 1
    assert command("ana", "policy", "save", str(file))[0] == 1
