"""A kept document is never an old one: whatever it is made of is in its key."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from support.caller import Caller
from support.feed import record, write_feed
from support.people import built, draft, lock_of, person, published

from assay.core.errors import NotFoundError
from assay.core.lifecycle import Health
from assay.core.roles import Actor, Role
from assay.flow import ready_documents
from assay.flow.ready_documents import find_built, find_identity, ready
from assay.flow.watch.advisories import load_feed
from assay.store.models import Environment, Feed, Launch, LibraryUse, Membership, ProjectFacts, Version

pytestmark = pytest.mark.django_db
GEO = "/environments/geo/versions/1"
COMPARE = "/compare?versions=geo@1,web@1"
DOCUMENTS = (f"{GEO}/libraries", f"{GEO}/report", f"{GEO}/lock", f"{GEO}/sbom", COMPARE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory in which documents are kept."""
    monkeypatch.setattr(ready_documents, "home", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def ana(home: Path) -> Actor:
    """Return a member with two published environments."""
    assert home.is_dir()
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0", "attrs": "25.1"})
    published(ana, ben, "web", ["six"], {"six": "1.17.0"})
    return ana


def get(caller: Caller, path: str, tag: str = "") -> Any:  # noqa: ANN401 - a response
    """Ask for a document, with the ETag of a copy."""
    headers = {"if-none-match": tag} if tag else {}
    return caller.client.get(f"/api/v1/workspaces/default{path}", headers=headers)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_a_document_gets_304(ana: Actor, path: str) -> None:
    """Its copy is asked for each time, by its ETag; another one is answered in full."""
    caller = Caller(ana)
    first = get(caller, path)
    tag = first["ETag"]
    assert (first.status_code, first["Cache-Control"]) == (200, "private, no-cache")
    for same in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get(caller, path, same)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert get(caller, path, '"other"').content == first.content
    assert get(caller, path).content == first.content


@pytest.mark.parametrize("path", DOCUMENTS)
def test_rights_come_first(ana: Actor, path: str) -> None:
    """Who may not see a version gets no 304 for it either, from the next request on."""
    caller = Caller(ana)
    tag = get(caller, path)["ETag"]
    Version.objects.filter(environment__slug="geo").update(status="draft", author=person("eve").id)
    assert get(caller, path, tag).status_code == 404
    Version.objects.filter(environment__slug="geo").update(status="published")
    assert get(caller, path, tag).status_code == 304
    Membership.objects.filter(person_id=ana.id).delete()
    assert get(caller, path, tag).status_code == 404


def _feed(tmp_path: Path) -> None:
    load_feed(write_feed(tmp_path / "feed", record("GHSA-1", "six", ("introduced", "0"), ("fixed", "1.17.0"))))


def _project() -> None:
    document = {
        "newest": "2",
        "newest_at": "",
        "status": "archived",
        "status_reason": "",
        "yanked": {},
        "attested": [],
    }
    ProjectFacts.objects.create(name="attrs", document=document, fetched_at=timezone.now())


def _imported() -> None:
    version = Version.objects.get(environment__slug="geo")
    for library in ("", "six"):
        LibraryUse.objects.create(version=version, day=timezone.now().date(), library=library, sessions=1)


def _older_feed() -> None:
    Feed.objects.update(loaded_at=timezone.now() - timedelta(days=3))


def test_a_document_changes_with_what_it_says(ana: Actor, tmp_path: Path) -> None:
    """For each change: which documents have another ETag and another content, and which stay as they are."""
    caller = Caller(ana)
    changes: list[tuple[Any, set[str]]] = [
        (lambda: _feed(tmp_path), {f"{GEO}/report", f"{GEO}/sbom", COMPARE}),
        (_older_feed, {f"{GEO}/report"}),
        (_project, {f"{GEO}/report"}),
        (lambda: Version.objects.update(health=Health.ATTENTION), {f"{GEO}/report"}),
        (_imported, {f"{GEO}/libraries"}),
        (lambda: LibraryUse.objects.filter(library="six").update(sessions=2), {f"{GEO}/libraries"}),
        (lambda: Environment.objects.filter(slug="geo").update(title="Maps"), {f"{GEO}/sbom"}),
    ]
    for change, concerned in changes:
        before = {path: get(caller, path) for path in DOCUMENTS}
        change()
        after = {path: get(caller, path) for path in DOCUMENTS}
        assert {path for path in DOCUMENTS if after[path]["ETag"] != before[path]["ETag"]} == concerned
        assert {path for path in DOCUMENTS if after[path].content != before[path].content} == concerned
        for path in DOCUMENTS:
            assert get(caller, path, before[path]["ETag"]).status_code == (200 if path in concerned else 304)


def test_a_name_is_compared_as_what_it_means_now(ana: Actor) -> None:
    """Without a number, the ETag is that of the version that the name stands for."""
    caller = Caller(ana)
    tag = get(caller, "/compare?versions=geo,web")["ETag"]
    assert tag == get(caller, COMPARE)["ETag"]
    ben = Caller(person("cleo", Role.REVIEWER))
    published(ana, person("dora", Role.REVIEWER), "web", ["six"], {"six": "1.18.0"})
    assert get(ben, "/compare?versions=geo,web", tag).status_code == 200
    assert get(ben, COMPARE, tag).status_code == 304


def test_a_download_counts_as_use_also_with_304(ana: Actor) -> None:
    """Who confirms a copy of the lock uses the version."""
    caller = Caller(ana)
    tag = get(caller, f"{GEO}/lock")["ETag"]
    assert Launch.objects.filter(kind="pull").count() == 1
    assert get(caller, f"{GEO}/lock", tag).status_code == 304
    assert Launch.objects.filter(kind="pull").count() == 1
    Launch.objects.update(started_at=timezone.now() - timedelta(hours=2))
    assert get(caller, f"{GEO}/lock", tag).status_code == 304
    assert Launch.objects.filter(kind="pull").count() == 2


def test_only_built_versions_have_documents(ana: Actor) -> None:
    """A draft has none before its build, and only its author sees them."""
    draft(ana, "mine")
    with pytest.raises(NotFoundError, match="not built yet"):
        find_built(ana, "mine", 1)
    assert find_identity(ana, "mine", 1).digest == ""
    assert find_built(built(ana, "mine") and ana, "mine", 1).reference == "mine@1"
    with pytest.raises(NotFoundError):
        find_built(person("eve"), "mine", 1)
    with pytest.raises(NotFoundError, match="no version mine@9"):
        find_built(ana, "mine", 9)


def test_a_document_is_made_once(home: Path) -> None:
    """Another process reads the file; one that was made while its key changed is not kept."""
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"content"

    assert ready(lambda: "ab12", make).content() == b"content"
    assert ready(lambda: "ab12", make).content() == b"content"
    assert len(made) == 1
    keys = iter(("cd34", "ef56"))
    assert ready(lambda: next(keys), make).content() == b"content"
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["ab12"]


def test_a_document_that_cannot_be_kept_is_answered(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk, here a file in the place of the folder, costs time only."""
    (home / "documents").write_text("")
    assert ready(lambda: "ab12", lambda: b"content").content() == b"content"
    assert "A document could not be kept" in caplog.text


def test_the_oldest_documents_are_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept has a bound."""
    monkeypatch.setattr(ready_documents, "MOST_BYTES", 256 * 25)
    for number in range(5):
        ready(lambda name=f"ab{number}": name, lambda: b"0123456789").content()  # type: ignore[misc]  # a name of its own
        path = home / "documents" / "ab" / f"ab{number}"
        os.utime(path, (number, number))
    assert sorted(path.name for path in home.rglob("ab?")) == ["ab3", "ab4"]


def test_a_file_that_vanishes_while_it_is_listed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may remove the same old documents."""
    ready(lambda: "ab1", lambda: b"0").content()

    class Gone:
        path = str(home / "gone")

        def stat(self) -> os.stat_result:
            raise FileNotFoundError

    class Listing:
        def __enter__(self) -> list[Gone]:
            return [Gone()]

        def __exit__(self, *_: object) -> None:
            """Close nothing."""

    monkeypatch.setattr(os, "scandir", lambda _: Listing())
    assert ready(lambda: "ab2", lambda: b"0").content() == b"0"


def test_locks_of_the_same_content_in_other_names(ana: Actor) -> None:
    """A lock is one file; its name is that of the version that was asked for."""
    caller = Caller(ana)
    draft(ana, "copy")
    built(ana, "copy", lock=lock_of({"six": "1.17.0"}))
    one, other = get(caller, "/environments/web/versions/1/lock"), get(caller, "/environments/copy/versions/1/lock")
    assert one.content == other.content
    assert other["Content-Disposition"] == 'attachment; filename="pylock.copy-1.toml"'
    assert other["Content-Type"] == "application/toml"
