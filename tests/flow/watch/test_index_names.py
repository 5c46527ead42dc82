"""The names of the indexes: fetched once, asked for again only if changed, kept when an index is down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from support.index import LocalIndex
from support.people import person

from assay.core.errors import ForbiddenError, NotFoundError
from assay.core.roles import Role
from assay.flow.package_indexes import IndexInput, add_index, indexes_in, remove_index
from assay.flow.watch import index_names
from assay.flow.watch.index_names import is_any_due, is_requested, names_states, refresh_due, request_refresh
from assay.jobs import daily_refresh

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=25)


@pytest.fixture
def index(settings: Any, tmp_path: Path) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index that the installation uses, with a home of its own."""
    index = LocalIndex(listed=["Flask", "six"])
    settings.INDEX_URL, settings.HOME, settings.NAMES_HOURS = index.url, tmp_path, 24
    yield index
    index.close()


def private(index: LocalIndex, name: str = "own", **changes: Any) -> IndexInput:  # noqa: ANN401 - fields
    """Return an index of the team."""
    return IndexInput(name=name, url=index.url, patterns=("acme-*",), allow_private=True, **changes)


def test_names_are_fetched_once_and_again_only_when_they_changed(index: LocalIndex) -> None:
    """After a day the index is asked whether there is something new: 304 keeps the file."""
    admin = person("admin", Role.ADMIN)
    now = timezone.now()
    assert (refresh_due(now), refresh_due(now)) == (1, 0)
    state = names_states(indexes_in(admin.workspace_id))[0]
    assert (state.count, state.waiting, state.checked.error if state.checked else "?") == (2, False, "")
    path = next(index_names.home().glob("names/*.sqlite3"))
    before = path.stat().st_ino
    assert refresh_due(now + LATER) == 1
    assert path.stat().st_ino == before
    index.listed.append("attrs")
    assert refresh_due(now + 2 * LATER) == 1
    assert names_states(indexes_in(admin.workspace_id))[0].count == 3
    assert index.served.count("simple") == 3


def test_an_index_that_is_down_keeps_its_names_and_is_asked_again_soon(index: LocalIndex) -> None:
    """Their age and the reason are shown; after half an hour it is tried again."""
    admin, now = person("admin", Role.ADMIN), timezone.now()
    refresh_due(now)
    for root in ((503, "text/plain", b""), (200, "application/json", b'{"projects": [{"name": "a"')):
        index.root = root
        assert refresh_due(now + 2 * LATER) == 1
        state = names_states(indexes_in(admin.workspace_id))[0]
        assert state.count == 2
        assert state.checked is not None
        assert state.checked.error
    assert not is_any_due(timezone.now() + timedelta(minutes=20))
    assert is_any_due(timezone.now() + timedelta(minutes=40))
    index.root = None
    assert refresh_due(timezone.now() + timedelta(minutes=40)) == 1
    last = names_states(indexes_in(admin.workspace_id))[0].checked
    assert last is not None
    assert not last.error


def test_no_answer_at_all_is_told(index: LocalIndex) -> None:
    """Also before there are any names."""
    admin = person("admin", Role.ADMIN)
    index.close()
    refresh_due()
    state = names_states(indexes_in(admin.workspace_id))[0]
    assert (state.count, state.fetched_at) == (None, None)
    assert state.checked is not None
    assert "does not respond" in state.checked.error


def test_a_list_that_never_ends_is_given_up(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow index does not hold the thread for ever."""
    admin = person("admin", Role.ADMIN)
    monkeypatch.setattr(index_names, "MAX_SECONDS", -1.0)
    refresh_due()
    state = names_states(indexes_in(admin.workspace_id))[0]
    assert state.checked is not None
    assert "took longer" in state.checked.error
    del index


def test_credentials_are_sent_and_keep_files_apart(index: LocalIndex) -> None:
    """Who signs in may see other names than who does not; a private address needs the permission."""
    assert index.url
    admin = person("admin", Role.ADMIN)
    team = LocalIndex(listed=["acme-core"], password="hunter2")
    try:
        add_index(admin, private(team, username="bot", password="hunter2"))
        eve = person("eve", Role.ADMIN, "other")
        add_index(eve, private(team, "stranger"))
        add_index(admin, IndexInput(name="inside", url="https://localhost:9/simple", patterns=("geo-*",)))
        assert refresh_due() == 4
        states = {one.index.name: one for one in names_states(indexes_in(admin.workspace_id))}
        states |= {one.index.name: one for one in names_states(indexes_in(eve.workspace_id))}
        assert states["own"].count == 1
        assert (states["stranger"].count, states["inside"].count) == (None, None)
        assert states["stranger"].checked is not None
        assert "status 401" in states["stranger"].checked.error
        assert states["inside"].checked is not None
        assert "private address" in states["inside"].checked.error
        for actor, name in ((admin, "own"), (eve, "stranger"), (admin, "inside")):
            remove_index(actor, name)
        refresh_due()
        assert len(list(index_names.home().glob("names/*"))) == 2, "the table and the outcome of the default index"
    finally:
        team.close()


def test_workspaces_with_the_same_index_share_its_names(index: LocalIndex) -> None:
    """One request for both."""
    person("admin", Role.ADMIN)
    person("eve", Role.ADMIN, "other")
    assert refresh_due() == 1
    assert index.served.count("simple") == 1


def test_an_administrator_asks_for_a_refresh(index: LocalIndex, settings: Any) -> None:  # noqa: ANN401 - as above
    """At once, also while the automatic refresh is off; nobody else may ask."""
    settings.NAMES_HOURS = 0
    admin, ben = person("admin", Role.ADMIN), person("ben", Role.REVIEWER)
    assert not is_any_due()
    assert not is_requested()
    assert refresh_due() == 0
    request_refresh(admin, "default")
    assert is_requested()
    assert names_states(indexes_in(admin.workspace_id))[0].waiting
    assert refresh_due() == 1
    assert not is_requested()
    with pytest.raises(NotFoundError):
        request_refresh(admin, "unknown")
    with pytest.raises(ForbiddenError):
        request_refresh(ben, "default")
    del index


def test_a_broken_outcome_is_as_none(index: LocalIndex) -> None:
    """The file is a cache: whatever is wrong with it, the names are fetched again."""
    admin = person("admin", Role.ADMIN)
    refresh_due()
    outcome = next(index_names.home().glob("names/*.json"))
    for text in ("", "{}", "[]", json.dumps({"at": "never", "error": ""})):
        outcome.write_text(text)
        assert names_states(indexes_in(admin.workspace_id))[0].checked is None
        assert is_any_due()
    del index


def test_the_worker_refreshes_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time; a failure is logged and does not end the worker."""
    ran: list[str] = []
    monkeypatch.setattr(daily_refresh.connection, "close", lambda: None)
    monkeypatch.setattr(index_names, "refresh_due", lambda: ran.append("names") or 1)
    monkeypatch.setattr(index_names, "is_any_due", lambda: True)
    monkeypatch.setattr(index_names, "is_requested", lambda: False)
    refresh = daily_refresh.Refresh()
    assert not refresh.requested_names()
    assert refresh.names()
    assert refresh._names is not None
    refresh._names.join(5)
    assert ran == ["names"]

    def fails() -> int:
        ran.append("failed")
        raise OSError("disk full")

    monkeypatch.setattr(index_names, "refresh_due", fails)
    assert refresh.names()
    refresh._names.join(5)
    assert ran == ["names", "failed"]
