"""What a version changes against the one before it and against the workspace, as facts."""

from __future__ import annotations

from datetime import date

import pytest

from assay.core.policy.change_rules import Downgrade, Growth, LicenceChange, NewLibrary, OtherIndex
from assay.core.policy.facts import Context, EarlierVersion, LibraryFact, VersionFacts
from assay.core.policy.findings import Effect, Finding
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import Evaluator, Policy

DEFAULT_INDEX = "https://index.example/simple"
CONTEXT = Context(today=date(2026, 6, 15), approved=frozenset({"six", "idna"}), default_index=DEFAULT_INDEX)


def library(name: str = "six", version: str = "2.0", **more: object) -> LibraryFact:
    """Return a locked library."""
    given = {"key": f"{name} {version} {more}", "licence": "MIT", "index": DEFAULT_INDEX}
    return LibraryFact(name=name, version=version, **{**given, **more})  # type: ignore[arg-type]  # passed on as given


def earlier(*libraries: LibraryFact, size: int = 1_000_000_000) -> EarlierVersion:
    """Return the version before."""
    return EarlierVersion(reference="ds@1", size=size, libraries=libraries)


def findings(
    rule: Rule, *libraries: LibraryFact, before: EarlierVersion | None = None, size: int = 1_000_000_000
) -> list[Finding]:
    """Return what one rule finds in a version."""
    facts = VersionFacts(reference="ds@2", digest="d", python="3.11", size=size, libraries=libraries, before=before)
    return Evaluator(Policy(rules=(rule,)), CONTEXT).findings(facts)


def test_what_is_new_to_the_workspace_is_noted() -> None:
    """By name, whoever needs it."""
    assert findings(NewLibrary(), library()) == []
    (found,) = findings(NewLibrary(), library(), library("polars"))
    assert (found.effect, found.words) == (Effect.NOTE, "polars 2.0 is new to this workspace")


@pytest.mark.parametrize(
    ("now", "before", "count"),
    [("1.0", "2.0", 1), ("2.0", "1.0", 0), ("1.0rc1", "1.0", 1), ("one", "2.0", 0), ("2.0", "2.0", 0)],
)
def test_downgrades(now: str, before: str, count: int) -> None:
    """By PEP 440; versions that are none cannot be compared."""
    found = findings(Downgrade(), library(version=now), before=earlier(library(version=before, wheel=False)))
    assert len(found) == count
    for one in found:
        assert one.effect is Effect.WARN
        assert one.words == f"six {now} is older than {before}, which was published before"


def test_a_licence_that_changed() -> None:
    """A licence that is unknown on either side did not change."""
    before = earlier(library(version="1.0"))
    (found,) = findings(LicenceChange(), library(licence="GPL-3.0-only"), before=before)
    assert found.words == "six 2.0 is under GPL-3.0-only; 1.0 was under MIT"
    assert findings(LicenceChange(), library(licence=""), before=before) == []
    assert (
        findings(LicenceChange(), library(licence="GPL-3.0-only"), before=earlier(library(version="1.0", licence="")))
        == []
    )
    assert findings(LicenceChange(), library(licence="GPL-3.0-only")) == []


def test_another_index_is_noted_and_a_move_warned_of() -> None:
    """A slash at the end makes no other index."""
    other = "https://other.example/simple"
    assert findings(OtherIndex(), library(index=f"{DEFAULT_INDEX}/")) == []
    (noted,) = findings(OtherIndex(), library(index=other))
    assert (noted.effect, noted.words) == (Effect.NOTE, f"six comes from {other}")
    (noted,) = findings(OtherIndex(), library(index=other), library("idna"))
    assert noted.words == f"six comes from {other}"
    moved, _ = findings(OtherIndex(), library(index=other), before=earlier(library(version="1.0")))
    assert moved.effect is Effect.WARN
    assert moved.words == f"six 2.0 comes from {other}; 1.0 came from {DEFAULT_INDEX}"
    back = findings(OtherIndex(), library(), before=earlier(library(version="1.0", index="")))
    assert [one.words for one in back] == [f"six 2.0 comes from {DEFAULT_INDEX}; 1.0 came from an unknown index"]
    assert findings(OtherIndex(), library(), before=earlier(library(version="1.0"))) == []
    unknown = findings(OtherIndex(), library(index=""))
    assert [one.words for one in unknown] == ["six comes from an unknown index"]


@pytest.mark.parametrize(
    ("size", "effects"),
    [
        (1_100_000_000, []),
        (1_260_000_000, [Effect.NOTE]),
        (900_000_000, []),
        (2_100_000_000, [Effect.WARN]),
        (0, []),
    ],
)
def test_growth(size: int, effects: list[Effect]) -> None:
    """More than a share or so many bytes is noted, more than the limit warned of."""
    found = findings(Growth(), library(), before=earlier(library()), size=size)
    assert [one.effect for one in found] == effects


def test_growth_by_bytes_alone_and_in_words() -> None:
    """A large environment grows by a small share; a first version grows against nothing."""
    (found,) = findings(Growth(), library(), before=earlier(library(), size=9_000_000_000), size=9_300_000_000)
    assert found.words == "The environment grows by 300 MB (3%) against ds@1"
    assert findings(Growth(), library(), size=9_300_000_000) == []
    assert "grow by more than 1,000 MB" in Growth().sentence


def test_equal_files_have_not_moved() -> None:
    """Nothing is compared where the file is the same."""
    same = library()
    facts = VersionFacts(
        reference="ds@2", digest="d", python="3.11", size=1, libraries=(same, library("idna")), before=earlier(same)
    )
    assert facts.moved == ()
