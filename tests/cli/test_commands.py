"""The commands over HTTP, as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person, published, spec_input

from assay.core.roles import Role
from assay.flow.access import actor_in
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.people import find_person
from assay.flow.review import review
from assay.flow.watch.advisories import load_feed

Command = Callable[..., tuple[int, str]]


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
def test_review(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reviewer sees, as lines and as JSON; the exit code says whether something blocks, or that it failed."""
    code, text = command("ben", "review", "geo@1")
    assert code == 1
    lines = text.splitlines()
    assert lines[0] == "geo@1  Geo, pending, compared with nothing"
    assert lines[1].startswith("1 finding blocks: pillow 8.0.0 has PYSEC-1 (critical). Installs 1 library,")
    assert "  block  pillow 8.0.0 has PYSEC-1 (critical)" in lines
    assert "         Update pillow to 8.1.0 or newer." in lines
    change = "  + pillow  8.0.0  added  +500 B  direct, new to this workspace, from https://index.example/simple"
    assert change in lines
    assert lines.index("Findings") < lines.index("Changes") < lines.index("Checks")
    assert "  1 check passed" in lines
    assert lines[-1].endswith("/environments/geo/1/review")
    code, text = command("ben", "review", "geo@1", "--json")
    found = json.loads(text)
    assert (code, found["blocking"], found["changes"][0]["new"]) == (1, 1, True)
    assert command("ben", "waive", "geo@1", found["findings"][0]["ids"][0], "--reason", "not used")[0] == 0
    code, text = command("ben", "review", "geo@1")
    assert code == 0
    assert "  waived pillow 8.0.0 has PYSEC-1" in text
    assert "         ben: not used" in text
    assert "\033[" not in text
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[1mgeo@1\033[0m" in command("ben", "review", "geo@1")[1]


@pytest.mark.usefixtures("geo")
@pytest.mark.parametrize(
    "arguments", [("geo",), ("geo@9",), ("geo@1", "--compare-with", "web@1"), ("geo@1", "--compare-with", "a b")]
)
def test_review_that_cannot_say(command: Command, arguments: tuple[str, ...]) -> None:
    """An error is no verdict: its code is 2."""
    code, text = command("ben", "review", *arguments)
    assert code == 2
    assert text.startswith("error: ")


@pytest.mark.usefixtures("geo")
def test_review_of_an_update(command: Command) -> None:
    """Each change with what happened; those that the page folds are counted."""
    ana, ben = (actor_in(find_person(name), "default") for name in ("ana", "ben"))
    pins = {"six": "1.0", "idna": "2.0", "rich": "1.0", **{f"a{at}": "1.0" for at in range(20)}}
    published(ana, ben, "web", ["six", "idna", "rich"], pins)
    number = new_version(ana, "web").number
    edit_spec(ana, "web", number, spec_input("six", "idna"))
    after = {"six": "2.0", "idna": "1.0", **{f"a{at}": "1.1" for at in range(20)}}
    built(ana, "web", number, lock_of(after))
    index = IndexInput(name="own", url="https://index.example/simple", is_default=True)
    add_index(actor_in(find_person("eva"), "default"), index)
    text = command("ana", "review", "web@2")[1]
    assert text.partition("Changes\n")[2].partition("\n\n")[0].splitlines() == [
        "  - rich  1.0        removed     \N{MINUS SIGN}500 B  no longer required",
        "  ↑ six   1.0 → 2.0  major               direct",
        "  ↓ idna  2.0 → 1.0  downgraded          direct",
        "  and 20 changes of libraries that others need",
    ]
    assert text.splitlines()[0] == "web@2  Web, draft, compared with web@1"
    assert command("ana", "review", "web@2", "--compare-with", "nothing")[1].splitlines()[0].endswith("with nothing")
    assert command("ana", "review", "web@2", "--compare-with", "web@2")[1].count("Changes") == 0


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


@pytest.mark.usefixtures("geo")
def test_templates_and_starting_from_a_version(command: Command) -> None:
    """An administrator marks; anybody lists them and copies the libraries of a version."""
    version = published(
        actor_in(find_person("ana"), "default"),
        actor_in(find_person("ben"), "default"),
        "lab",
        ["six"],
        {"six": "1.17"},
    )
    assert command("eva", "template", "lab") == (0, "lab is a template.\n")
    assert "lab@1" in command("ana", "list", "--templates")[1]
    assert command("eva", "template", "lab", "--remove") == (0, "lab is no longer a template.\n")
    assert command("eva", "template", "lab@1")[0] == 1
    assert (
        command("ana", "create", "lab2", "--title", "Lab 2", "--from", version.reference, "--library", "attrs")[0]
        == 0
    )
    shown = json.loads(command("ana", "show", "lab2@1", "--json")[1])
    assert (shown["spec"]["libraries"], shown["python"]) == (["six", "attrs"], "3.11")
    made = command(
        "ana", "create", "lab3", "--title", "Lab 3", "--from", version.reference, "--base", version.reference
    )
    assert made[0] == 0
    assert json.loads(command("ana", "show", "lab3@1", "--json")[1])["base"] == "lab@1"
