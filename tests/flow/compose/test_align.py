"""Aligning environments, resolved by uv from an index on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.index import LocalIndex
from support.people import built, draft, lock_of, person, published, spec_input

from assay.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.core.spec import parse_pin, pinned
from assay.flow.access import find_reference
from assay.flow.compose.align import MOST, propose
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.review import review
from assay.store.models import Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's fixture
    """Serve frame 1.5, 2.1.0 and 2.2.3, and what is built on it."""
    index = LocalIndex()
    for version in ("1.5.0", "2.1.0", "2.2.3"):
        index.add("frame", version, requires=("core>=2",) if version == "2.2.3" else ("core",))
    index.add("core", "1.0")
    index.add("core", "2.0")
    index.add("old", "1.0", requires=("frame<2",))
    index.add("plot", "1.0", requires=("frame",))
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


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        (("pandas>=1,<2", "six"), "2.2", ("pandas==2.2.*", "six")),
        (("Pandas[excel]>=1 ; python_version > '3.9'",), "2.2.3", ('Pandas[excel]==2.2.3; python_version > "3.9"',)),
        (("six",), "2", ("six", "pandas==2.*")),
        (("six",), "2.0rc1", ("six", "pandas==2.0rc1")),
        (("six",), "1!2.0", ("six", "pandas==1!2.0.*")),
    ],
)
def test_a_pin_changes_one_line(lines: tuple[str, ...], version: str, expected: tuple[str, ...]) -> None:
    """Extras and markers stay, other lines stay; what nobody asked for gets a line."""
    assert pinned(lines, parse_pin("pandas", version)) == expected


@pytest.mark.parametrize(("library", "version", "path"), [("x y", "1", "library"), ("x", "newest", "version")])
def test_a_pin_is_checked(library: str, version: str, path: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInputError) as caught:
        parse_pin(library, version)
    assert caught.value.path == path


def test_only_possible_moves_are_drafted(index: LocalIndex, ana: Actor, ben: Actor) -> None:
    """Each is resolved first; who cannot move reads why, who can reads what else would move."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0", "core": "1.0"})
    published(ana, ben, "viz", ["plot"], {"plot": "1.0", "frame": "1.5.0", "core": "2.0"})
    published(ana, ben, "legacy", ["old", "frame"], {"old": "1.0", "frame": "1.5.0", "core": "2.0"})
    published(ana, ben, "there", ["frame"], {"frame": "2.2.3", "core": "2.0"})
    published(ana, ben, "bare", ["core"], {"core": "2.0"})
    pin = parse_pin("Frame", "2.2")
    names = ["ds", "viz@1", "legacy", "there", "bare"]
    offered = {one.reference: one for one in propose(ana, pin, names)}
    assert [one.reference for one in offered.values() if one.possible] == ["ds@1", "viz@1"]
    moves = [(row.name, row.versions) for row in offered["ds@1"].moves]
    assert moves == [("frame", ("2.1.0", "2.2.3")), ("core", ("1.0", "2.0"))]
    assert "old" in offered["legacy@1"].reason
    assert offered["there@1"].reason == "there@1 has frame 2.2.3 already."
    assert offered["bare@1"].reason == "bare@1 does not contain frame."
    assert not Version.objects.filter(status="draft").exists()
    made = [one.draft for one in propose(ben, pin, names, create=True)]
    assert made == ["ds@2", "viz@2", "", "", ""]
    assert find_reference(ben, "ds@2").parsed_spec.libraries == ("frame==2.2.*",)
    assert find_reference(ben, "viz@2").parsed_spec.libraries == ("plot", "frame==2.2.*")
    assert [one.draft for one in propose(ben, pin, names, create=True)] == made  # asked twice, made once
    assert index.served


def test_a_base_holds_its_libraries(index: LocalIndex, ana: Actor, ben: Actor) -> None:
    """What the base pins cannot move above it: the reason says so."""
    published(ana, ben, "ds", ["frame"], {"frame": "2.1.0", "core": "2.0"})
    draft(ana, "geo", "plot", base="ds@1")
    found = built(ana, "geo", lock=lock_of({"plot": "1.0", "frame": "2.1.0", "core": "2.0"}))
    review.submit(ana, "geo", 1, "")
    review.approve(ben, "geo", 1, digest=found.digest)
    (told,) = propose(ana, parse_pin("frame", "2.2"), ["geo"])
    assert not told.possible
    assert "frame" in told.reason
    assert index.served


def test_who_may_ask(ana: Actor, ben: Actor) -> None:
    """Whoever composes; of what they may see; of a few at a time; of where an environment stands."""
    published(ana, ben, "ds", ["six"], {"six": "1.16.0"})
    published(ana, ben, "ds", ["six>=1.17"], {"six": "1.17.0"})
    pin = parse_pin("six", "1.18")
    (told,) = propose(ana, pin, ["ds@1"])
    assert "not the active" in told.reason
    draft(ben, "secret", "six")
    with pytest.raises(NotFoundError):
        propose(ana, pin, ["secret@1"])
    with pytest.raises(ForbiddenError):
        propose(person("vic", Role.VIEWER), pin, ["ds"])
    for names in ([], ["ds"] * (MOST + 1)):
        with pytest.raises(InvalidInputError):
            propose(ana, pin, names)


def test_a_draft_that_asks_for_something_else_is_not_taken_for_it(index: LocalIndex, ana: Actor, ben: Actor) -> None:
    """One's own newer draft counts only with the very same lines."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0", "core": "1.0"})
    edit_spec(ben, "ds", new_version(ben, "ds").number, spec_input("frame", "core"))
    pin = parse_pin("frame", "2.2")
    assert [one.draft for one in propose(ben, pin, ["ds"], create=True)] == ["ds@3"]
    assert [one.draft for one in propose(ben, pin, ["ds"], create=True)] == ["ds@3"]
    assert index.served
