"""`assay merge` over HTTP, and what `assay approve` says of a merge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer
from support.index import LocalIndex
from support.people import built, lock_of, person, published

from assay.core.roles import Role
from assay.flow.access import actor_in, find_reference
from assay.flow.people import find_person
from assay.flow.review import review

Command = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def index(db: None, live_server: LiveServer, settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401, ARG001 - pytest-django's
    """Serve frame in two versions, and publish ds, viz, low and legacy."""
    index = LocalIndex()
    for version in ("1.5.0", "2.1.0"):
        index.add("frame", version)
    index.add("sole", "1.0")
    index.add("old", "1.0", requires=("frame<2",))
    settings.INDEX_URL = index.url
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "ds", ["frame>=2", "sole"], {"frame": "2.1.0", "sole": "1.0"})
    published(ana, ben, "viz", ["frame"], {"frame": "1.5.0"})
    published(ana, ben, "low", ["frame<2"], {"frame": "1.5.0"})
    published(ana, ben, "legacy", ["old"], {"old": "1.0", "frame": "1.5.0"})
    yield index
    index.close()


@pytest.mark.django_db(transaction=True)
def test_merge(command: Command) -> None:
    """The plan as a table, the draft, and the approval that names what it deprecates."""
    code, text = command("ana", "merge", "ds", "viz", "--plan")
    assert code == 0
    assert text.splitlines()[0].startswith("2 libraries, ")
    assert text.splitlines()[0].endswith(" on Python 3.11.")
    assert text.splitlines()[-1].split() == ["viz@1", "0", "0", "1", "0", "1", "-"]
    planned = json.loads(command("ana", "merge", "ds", "viz", "--plan", "--json")[1])
    assert planned["versions"] == ["ds@1", "viz@1"]
    assert "Add --slug NAME" in command("ana", "merge", "ds", "viz")[1]
    told = command("ana", "merge", "ds", "viz", "--slug", "desk", "--title", "Desk")
    assert told == (0, "Created desk@1 as a draft. Next: assay build desk@1\n")
    ana = actor_in(find_person("ana"), "default")
    built(ana, "desk", 1, lock_of({"frame": "2.1.0", "sole": "1.0"}))
    review.submit(ana, "desk", 1, "please")
    code, text = command("ben", "approve", "desk@1", "--message", "Use the desk.")
    assert text.splitlines() == [
        "desk@1 is published now.",
        "ds@1 is deprecated; its successor is desk@1.",
        "viz@1 is deprecated; its successor is desk@1.",
    ]
    assert find_reference(ana, "ds@1").reason == "Use the desk."


@pytest.mark.django_db(transaction=True)
def test_what_stands_in_the_way(command: Command) -> None:
    """It exits with 1 and says which options settle it."""
    code, text = command("ana", "merge", "ds", "low", "--plan")
    assert (code, text) == (
        1,
        "No version of frame fits: ds@1 asks for frame>=2, low@1 asks for frame<2. Use --take or --leave.\n",
    )
    code, text = command("ana", "merge", "ds", "legacy", "--plan")
    assert code == 1
    assert text.splitlines()[-2:] == ["This resolves: --leave frame", "This resolves: --leave old"]
    options = ("--slug", "mix", "--title", "Mix", "--take", "frame:low@1", "--leave", "sole", "--json")
    made = json.loads(command("ana", "merge", "ds", "low", *options)[1])
    assert made["spec"]["libraries"] == ["frame<2"]
