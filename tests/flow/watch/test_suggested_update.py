"""Remedies with real uv: the smallest moves that clear the problems, resolved, as a draft."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from support.feed import CRITICAL, record, write_feed
from support.index import LocalIndex
from support.people import built, draft, lock_of, person

from assay.core.errors import ConflictError
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny
from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Right, Role
from assay.flow.access import find_version
from assay.flow.assess.assess import verdict
from assay.flow.assess.policy import revise
from assay.flow.compose.draft import SpecInput, edit_spec
from assay.flow.people import create_token, find_person
from assay.flow.review import review
from assay.flow.review.waive import waive
from assay.flow.watch import watch
from assay.flow.watch.advisories import load_feed
from assay.flow.watch.suggested_update import suggest_update, suggest_updates
from assay.store.models import Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve pic 1.0, 1.1, 1.2, 2.0 (which needs another inner), and a library that needs it."""
    index = LocalIndex()
    for version in ("1.0", "1.1", "1.2"):
        index.add("pic", version, requires=("inner",))
    index.add("pic", "2.0", requires=("inner>=2",))
    for version in ("1.0", "1.5", "2.0"):
        index.add("inner", version)
    for version in ("1.0", "3.0"):
        index.add("app", version, requires=("pic",))
    settings.INDEX_URL = index.url
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


HELD = {"app": "1.0", "pic": "1.0", "inner": "1.0"}


def published(author: Actor, reviewer: Actor, *libraries: str) -> Version:
    """Return a version that was approved before anything was known."""
    draft(author, "geo", *libraries)
    version = built(author, "geo", lock=lock_of(HELD))
    review.submit(author, "geo", 1, "please")
    return review.approve(reviewer, "geo", 1, digest=version.digest)


def pairs(found: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - a remedy
    """Return what moved."""
    return [(one.library, one.before, one.after) for one in found.moved]


@pytest.mark.usefixtures("index")
def test_only_what_must_moves_and_no_further_than_it_must(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """Newer releases of everything are there; only the affected library moves, to its smallest fixed version."""
    published(ana, ben, "app", "pic==1.0")
    one = record("PYSEC-1", "pic", ("introduced", "0"), ("fixed", "1.1"), cvss=CRITICAL)
    two = record("PYSEC-2", "pic", ("introduced", "0"), ("fixed", "1.2"), cvss=CRITICAL)
    three = record("PYSEC-3", "inner", ("introduced", "0"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", one, two, three))
    told = suggest_update(ana, "geo", 1, create=False)
    assert told.draft is None
    assert pairs(told) == [("pic", "1.0", "1.2")]
    assert told.words == "pic 1.0 → 1.2 fixes 2; nothing else changes"
    assert [match.id for match in told.unfixed] == ["PYSEC-3"]
    assert [one.library for one in told.findings if one.effect == "block"] == []
    made = suggest_update(ana, "geo", 1).draft
    assert made is not None
    assert made.reference == "geo@2"
    assert made.parsed_spec.libraries == ("app", "pic>=1.2")
    assert set(made.parsed_spec.constraints) == {"app==1.0", "inner==1.0", "pic==1.2"}


@pytest.mark.usefixtures("index")
def test_what_came_along_moves_without_becoming_a_wish(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """A library that another one needs is held at its fixed version, not added to the list; edits drop the holds."""
    published(ana, ben, "app")
    load_feed(
        write_feed(
            tmp_path / "all.zip", record("PYSEC-1", "inner", ("introduced", "0"), ("fixed", "1.5"), cvss=CRITICAL)
        )
    )
    found = suggest_update(ana, "geo", 1)
    assert pairs(found) == [("inner", "1.0", "1.5")]
    made = find_version(ana, "geo", 2)
    assert made.parsed_spec.libraries == ("app",)
    same, _ = edit_spec(ana, "geo", 2, SpecInput(base=None, python="3.11", libraries=("app",), keep="geo@1"))
    assert same.parsed_spec.constraints == made.parsed_spec.constraints
    other, _ = edit_spec(ana, "geo", 2, SpecInput(base=None, python="3.11", libraries=("app", "pic")))
    assert other.parsed_spec.constraints == ()


@pytest.mark.usefixtures("index")
def test_others_move_when_they_must(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """When the fixed version needs another one too, that moves as well, and is told."""
    published(ana, ben, "app", "pic")
    load_feed(
        write_feed(
            tmp_path / "all.zip", record("PYSEC-1", "pic", ("introduced", "0"), ("fixed", "2.0"), cvss=CRITICAL)
        )
    )
    found = suggest_update(ana, "geo", 1, create=False)
    assert pairs(found) == [("pic", "1.0", "2.0"), ("inner", "1.0", "2.0")]
    assert found.words == "pic 1.0 → 2.0 fixes 1; also changes inner 1.0 → 2.0"


@pytest.mark.usefixtures("index")
def test_why_there_is_no_remedy(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """No feed, no problem, no fix, no fixed release, pinned by a base: each reason in words."""
    version = published(ana, ben, "app")
    with pytest.raises(ConflictError, match="not assessed"):
        suggest_update(ana, "geo", 1)
    nothing = record("PYSEC-0", "nothing", ("introduced", "0"))
    load_feed(write_feed(tmp_path / "all.zip", nothing))
    with pytest.raises(ConflictError, match="no known vulnerability"):
        suggest_update(ana, "geo", 1)
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "pic", ("introduced", "0"), cvss=CRITICAL)))
    with pytest.raises(ConflictError, match=r"No fixed version is known for pic 1\.0 \(PYSEC-1\)"):
        suggest_update(ana, "geo", 1)
    bad = record("PYSEC-1", "pic", ("introduced", "0"), ("fixed", "9.0"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    with pytest.raises(ConflictError, match="do not fit"):
        suggest_update(ana, "geo", 1)
    draft(ana, "top", "extra", base="geo@1")
    built(ana, "top", lock=lock_of({**HELD, "extra": "1.0"}))
    with pytest.raises(ConflictError, match="pinned by the base geo@1"):
        suggest_update(ana, "top", 1)
    finding = next(one for one in verdict(version).findings if "PYSEC-1" in one.names)
    waive(ben, "geo", 1, finding=finding.id, reason="accepted")
    with pytest.raises(ConflictError, match="no known vulnerability"):
        suggest_update(ana, "geo", 1)


@pytest.mark.usefixtures("index")
def test_by_the_api(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """POST answers 201 with the draft and its moves; `create: false` only tells."""
    published(ana, ben, "app")
    bad = record("PYSEC-1", "pic", ("introduced", "0"), ("fixed", "1.1"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    secret = create_token(find_person("ana"), "tests", scope=Right.ADMINISTER).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})
    path = "/api/v1/workspaces/default/environments/geo/versions/1/remedy"
    told = client.post(path, {"create": False}, content_type="application/json")
    assert (told.status_code, told.json()["draft"]) == (200, None)
    made = client.post(path, {}, content_type="application/json")
    assert (made.status_code, made.json()["draft"]) == (201, "geo@2")
    assert (
        client.post("/api/v1/workspaces/default/remedies", {}, content_type="application/json").json()["items"] == []
    )
    watch.advance()
    (row,) = client.post("/api/v1/workspaces/default/remedies", {}, content_type="application/json").json()["items"]
    assert (row["reference"], row["draft"], row["why_not"]) == ("geo@1", "geo@3", "")
    assert made.json()["moved"] == [{"library": "pic", "before": "1.0", "after": "1.1", "fixes": ["PYSEC-1"]}]


@pytest.mark.usefixtures("index")
def test_a_release_that_is_not_wanted_is_left_behind(ana: Actor, ben: Actor) -> None:
    """Yanked or denied: any other release that the policy takes will do; no feed is needed for that."""
    published(ana, ben, "app", "pic==1.0")
    eva = person("eva", Role.ADMIN)
    revise(eva, Policy(rules=(Deny(effect=Effect.BLOCK, library="pic", versions="<1.1", reason="slow"),)), seen=0)
    found = suggest_update(ana, "geo", 1)
    assert [one.library for one in found.moved] == ["pic"]
    assert found.words.startswith("pic 1.0 → ")
    assert found.draft is not None
    assert found.draft.parsed_spec.libraries == ("app", "pic!=1.0")


@pytest.mark.usefixtures("index")
def test_a_library_that_is_not_wanted_at_all_has_no_remedy(ana: Actor, ben: Actor) -> None:
    """No other release helps; the rule says what would."""
    published(ana, ben, "app", "pic==1.0")
    eva = person("eva", Role.ADMIN)
    revise(eva, Policy(rules=(Deny(effect=Effect.BLOCK, library="pic", replacement="picture"),)), seen=0)
    with pytest.raises(ConflictError, match="No other release helps") as told:
        suggest_update(ana, "geo", 1)
    assert told.value.hint == "Use picture instead."
    assert find_version(ana, "geo", 1).environment.last_number == 1


@pytest.mark.usefixtures("index")
def test_the_updates_of_all_environments_say_why_there_is_none(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """Only those that need attention are looked at; a version that is not built has no update."""
    published(ana, ben, "app", "pic==1.0")
    assert suggest_updates(ana) == []
    bad = record("PYSEC-3", "inner", ("introduced", "0"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    watch.advance()
    (result,) = suggest_updates(ana)
    assert (result.reference, result.update) == ("geo@1", None)
    assert result.reason
    fixed = record("PYSEC-1", "pic", ("introduced", "0"), ("fixed", "1.1"), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", fixed))
    watch.advance()
    (result,) = suggest_updates(ana)
    assert result.update is not None
    assert (result.update.words, result.update.draft, result.reason) == (
        "pic 1.0 → 1.1 fixes 1; nothing else changes",
        None,
        "",
    )
    draft(ana, "bare", "six")
    with pytest.raises(ConflictError, match="not built"):
        suggest_update(ana, "bare", 1)
