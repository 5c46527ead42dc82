"""The command palette: what it finds, for whom, at which cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.people import draft, person
from web.test_pages import visitor

from assay.core.roles import Role
from assay.web.navigation import ACTIONS, PAGES, matching

pytestmark = pytest.mark.django_db


def found(client: object, text: str) -> str:
    """Return the options for a text."""
    return client.get("/palette", {"q": text}).content.decode()  # type: ignore[attr-defined]  # a test client


def test_it_finds_environments_that_one_may_see() -> None:
    """One's own draft is found, that of somebody else is not; names go before descriptions."""
    ana, eve = person("ana"), person("eve")
    draft(ana, "geo")
    assert "/environments/geo/" in found(visitor(ana), "ge")
    assert "/environments/geo/" not in found(visitor(eve), "ge")
    assert "Nothing matches" in found(visitor(eve), "zz")


def test_it_offers_pages_and_actions_by_right() -> None:
    """A member composes; only administrators find the settings of the workspace."""
    ana, root = visitor(person("ana")), visitor(person("root", Role.ADMIN))
    assert "Create environment" in found(ana, "create env")
    assert "Webhooks" not in found(ana, "webh")
    assert "Add webhook" in found(root, "webh")


def test_all_that_it_offers_exists() -> None:
    """Every address of the palette answers who may go there."""
    root = person("root", Role.ADMIN)
    offered = matching(root, "")
    assert len(offered) == len({*PAGES, *ACTIONS})
    for one in offered:
        assert visitor(root).get(one.url).status_code in {200, 302}, one


def test_it_costs_a_handful_of_queries() -> None:
    """The same few, however much there is to find."""
    ana = person("ana")
    client = visitor(ana)
    for number in range(12):
        draft(ana, f"geo{number}")
    with CaptureQueriesContext(connection) as queries:
        text = found(client, "geo")
    assert text.count('role="option"') == 8
    assert len(queries) <= 6


def test_hostile_words_are_text() -> None:
    """What was typed comes back as text."""
    assert "<script>" not in found(visitor(person("ana")), "<script>")
