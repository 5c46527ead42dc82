"""What is known of a library while composing, from a real index on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.index import LocalIndex
from support.people import built, draft, lock_of, person, published, visitor

from assay.core.errors import ForbiddenError, NotFoundError, UnavailableError
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny, LicencesDenied, MinimumAge
from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Role
from assay.flow.assess.policy import revise
from assay.flow.compose import library_details as module
from assay.flow.compose.library_details import library_details, library_versions
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.paths import installed_interpreters
from assay.store.models import LockedFile, Workspace

pytestmark = pytest.mark.django_db
PYTHON = next(iter(installed_interpreters()))


@pytest.fixture
def index(settings: Any, tmp_path: Path) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index that the installation uses."""
    index = LocalIndex()
    index.add("tiny", "1.0")
    index.add("tiny", "2.0", licence="License-Expression: BSD-3-Clause\nSummary: A tiny library.")
    settings.INDEX_URL, settings.HOME = index.url, tmp_path
    module._kept.clear()
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def test_the_facts_of_the_newest_release_that_fits(index: LocalIndex, ana: Actor) -> None:
    """Summary, licence, age and size without a build; the index is asked once for several looks."""
    found = library_details(ana, "Tiny")
    assert (found.name, found.index, found.python, found.project.newest) == ("tiny", "default", PYTHON, "2.0")
    assert [str(one.version) for one in found.releases] == ["2.0", "1.0"]
    assert found.newest is not None
    assert found.newest.file.size > 0
    assert (found.summary, found.licence) == ("A tiny library.", "BSD-3-Clause")
    assert (found.live, found.in_base) == ((), "")
    library_versions(ana, "tiny", python=PYTHON)
    assert index.served.count("simple/tiny") == 1


def test_findings_are_those_of_the_policy(index: LocalIndex, ana: Actor) -> None:
    """Of this library only, with what the index just said; a denied licence counts once a build has read it."""
    del index
    admin = person("admin", Role.ADMIN)
    rules = (Deny(library="tiny", effect=Effect.BLOCK), LicencesDenied(licences=("BSD-3-Clause",)))
    revise(admin, Policy(rules=rules), seen=0)
    assert [one.kind for one in library_details(ana, "tiny").findings] == ["deny"]
    newest = library_versions(ana, "tiny").newest
    assert newest is not None
    LockedFile.objects.create(
        key=f"{newest.file.sha256} {module.indexes_in(ana.workspace_id).index.url}",
        name="tiny",
        version="2.0",
        wheel=True,
        licence="BSD-3-Clause",
    )
    assert [one.kind for one in library_details(ana, "tiny").findings] == ["deny", "licences-denied"]


def test_what_is_not_assessed_says_so(index: LocalIndex, ana: Actor) -> None:
    """Without an advisory feed, no finding does not mean no vulnerability."""
    del index
    assert [(one.library, one.assessed) for one in library_details(ana, "tiny").findings if not one.assessed] == [
        ("", False)
    ]


def test_where_it_is_live_and_what_the_base_keeps(index: LocalIndex, ana: Actor) -> None:
    """With a base, its Python counts, and its version is named."""
    del index
    ben = person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["tiny"], {"tiny": "1.0"})
    found = library_details(ana, "tiny", python="3.2", base="geo@1")
    assert (found.python, found.in_base) == ("3.11", "1.0")
    assert [(one.version, one.environments) for one in found.live] == [("1.0", ("geo@1",))]
    draft(ana, "mine", "tiny")
    built(ana, "mine", lock=lock_of({"other": "1.0"}))
    assert library_details(ana, "tiny").in_base == ""


def test_sources_count_where_the_workspace_allows_them(index: LocalIndex, ana: Actor) -> None:
    """And nothing fits where it does not; the page says what the newest of all is."""
    index.add_source("only-source", backend="")
    Workspace.objects.update(allow_sdists=False)
    found = library_details(ana, "only-source")
    assert (found.newest, found.project.newest, found.summary) == (None, "1.0", "")
    Workspace.objects.update(allow_sdists=True)
    newest = library_details(ana, "only-source").newest
    assert newest is not None
    assert not newest.file.is_wheel


def test_releases_that_the_policy_blocks_as_too_young_are_not_offered(index: LocalIndex, ana: Actor) -> None:
    """Resolutions do not choose them either."""
    del index
    admin = person("admin", Role.ADMIN)
    revise(admin, Policy(rules=(MinimumAge(effect=Effect.BLOCK, days=9_000),)), seen=0)
    assert library_versions(ana, "tiny").releases == ()


def test_a_name_is_asked_for_at_the_index_that_owns_it(index: LocalIndex, ana: Actor) -> None:
    """Another index is not even asked."""
    team = LocalIndex()
    try:
        team.add("acme-core", "3.0")
        index.add("acme-core", "9.0")
        wanted = IndexInput(name="own", url=team.url, patterns=("acme-*",), allow_private=True)
        add_index(person("admin", Role.ADMIN), wanted)
        found = library_details(ana, "acme-core")
        assert (found.index, found.project.newest) == ("own", "3.0")
        assert "simple/acme-core" not in index.served
    finally:
        team.close()


def test_what_an_index_cannot_say_is_an_error_or_unknown(index: LocalIndex, ana: Actor) -> None:
    """An unknown name, no name, a failing index, too large an answer; wrong or missing metadata is unknown."""
    for name in ("unknown", "../x", ""):
        with pytest.raises(NotFoundError):
            library_details(ana, name)
    index.html = True
    with pytest.raises(UnavailableError, match="JSON"):
        library_details(ana, "tiny")
    index.html = False
    index.redirects["/simple/tiny/"] = "/files/none"
    with pytest.raises(NotFoundError):
        library_details(ana, "tiny")
    index.redirects.clear()
    wheel = index.wheels[1]
    index.misbehave[f"{wheel.filename}.metadata"] = "500"
    assert (library_details(ana, "tiny").summary, library_details(ana, "tiny").licence) == ("", "")
    index.misbehave.clear()
    module._kept.clear()
    wheel.metadata = b""
    assert library_details(ana, "tiny").summary == "", "no metadata beside the file, and no parts of it"
    index.ranges = True
    assert library_details(ana, "tiny").summary == "A tiny library.", "read from inside the wheel"


def test_too_large_answers_and_silence_are_unavailable(
    index: LocalIndex, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do; too large metadata is unknown."""
    monkeypatch.setattr(module, "MAX_METADATA", 10)
    assert library_details(ana, "tiny").summary == ""
    module._kept.clear()
    monkeypatch.setattr(module, "MAX_RESPONSE", 10)
    with pytest.raises(UnavailableError, match="too large"):
        library_details(ana, "tiny")
    index.root = None
    index.misbehave["x"] = ""
    index.password = "secret"
    with pytest.raises(UnavailableError, match="status 401"):
        library_details(ana, "tiny")
    index.close()
    with pytest.raises(UnavailableError, match="does not respond"):
        library_details(ana, "tiny")


def test_only_the_last_answers_are_kept(index: LocalIndex, ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes, and an old answer is asked for again."""
    monkeypatch.setattr(module, "KEPT", 1)
    index.add("other", "1.0")
    for name in ("tiny", "other", "tiny"):
        library_versions(ana, name)
    assert index.served.count("simple/tiny") == 2
    monkeypatch.setattr(module, "KEPT_SECONDS", -1.0)
    library_versions(ana, "tiny")
    assert index.served.count("simple/tiny") == 3


def test_a_viewer_does_not_compose(index: LocalIndex) -> None:
    """Nor ask indexes."""
    del index
    with pytest.raises(ForbiddenError):
        library_versions(person("vic", Role.VIEWER), "tiny")


def test_the_fragments_of_the_editor(index: LocalIndex, ana: Actor) -> None:
    """Names, facts and versions as the editor shows them; errors are words, hostile names are text."""
    client = visitor(ana)
    for at in range(3):
        index.add("many", f"1.{at}.0")
    published(ana, person("ben", Role.REVIEWER), "geo", ["tiny"], {"tiny": "1.0"})
    page = client.get("/new/libraries?q=tin").content.decode()
    assert 'data-name="tiny"' in page
    assert "In geo@1 (1.0)" in page
    assert "<script>" not in client.get("/new/libraries?q=zzz<script>").content.decode()
    about = client.get("/new/libraries/about?name=tiny").content.decode()
    assert "A tiny library." in about
    assert "BSD-3-Clause" in about
    assert "<code>1.0</code> in geo@1" in about
    assert "has no library" in client.get("/new/libraries/about?name=nothing").content.decode()
    versions = client.get("/new/libraries/versions?name=tiny&base=geo@1").content.decode()
    assert 'data-write="&gt;=2.0"' in versions
    assert 'data-write="==1.0"' in versions
    assert "The base keeps tiny 1.0" in versions
    narrowed = client.get("/new/libraries/versions?name=tiny&q=>=1").content.decode()
    assert "==2.0" not in narrowed
    assert "==1.0" in narrowed
    assert "fits Python" in client.get("/new/libraries/versions?name=tiny&q===9").content.decode()
    assert "has no library" in client.get("/new/libraries/versions?name=nothing").content.decode()
