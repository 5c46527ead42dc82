"""`assay slim` and the imports in `assay show`, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from support.imports import know_modules
from support.index import LocalIndex
from support.people import person, published

from assay.core.roles import Role
from assay.store.models import LibraryUse

Command = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def index(db: None, live_server: LiveServer, settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401, ARG001 - pytest-django's
    """Publish lab@1 with pandas, which is imported, and plot and draw, which are not."""
    index = LocalIndex()
    for name in ("pandas", "plot", "draw"):
        index.add(name)
    settings.INDEX_URL = index.url
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    made = published(ana, ben, "lab", ["pandas", "plot", "draw"], dict.fromkeys(("pandas", "plot", "draw"), "1.0"))
    know_modules(made, {"pandas": "pandas", "plot": "plot", "draw": "draw"}, plot=7_000_000, draw=1_000_000)
    for name, count in (("", 57), ("pandas", 41)):
        LibraryUse.objects.create(version=made, day=timezone.now().date(), library=name, sessions=count)
    yield index
    index.close()


@pytest.mark.django_db(transaction=True)
def test_slim(command: Command) -> None:
    """The plan, what is kept by choice, the draft, and why there is none."""
    code, text = command("ana", "show", "lab@1")
    assert code == 0
    assert text.count("0 of 57") == 2
    assert text.count("41 of 57") == 1
    code, text = command("ana", "slim", "lab@1", "--plan")
    assert (code, text.splitlines()[0]) == (
        0,
        "2 direct libraries of lab@1 never imported in 57 sessions in 90 days; leaving out saves 8.00 MB.",
    )
    assert text.splitlines()[3].split() == ["plot", "1.0", "7.00", "MB", "direct"]
    planned = json.loads(command("ana", "slim", "lab@1", "--plan", "--keep", "draw", "--json")[1])
    assert ([one["name"] for one in planned["drop"]], planned["candidates"]) == (["plot"], ["plot", "draw"])
    code, text = command("ana", "slim", "lab@1", "--keep", "draw")
    assert (code, text.splitlines()[-1]) == (0, "Created lab@2 as a draft. Next: assay build lab@2")
    assert "Kept: draw." in text
    assert "Nothing is left out" in command("ana", "slim", "lab@1", "--keep", "draw", "--keep", "plot")[1]
    assert json.loads(command("ana", "slim", "lab@1", "--json")[1])["slim"]["saved"] == 8_000_000
    code, text = command("ana", "slim", "lab@2")
    assert (code, text.startswith("error: lab@2 is draft.")) == (1, True)
