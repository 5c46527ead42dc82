"""Merging: which version is kept, and what the people of the others gain and lose."""

from __future__ import annotations

from support.people import lock_of

from assay.core.comparison.diff import Change, ComparedVersion
from assay.core.comparison.merge import choose_kept, merge_effect
from assay.core.comparison.similarity import Profile


def profile(*lines: str, **versions: str) -> Profile:
    """Return a version that asks for these lines and holds these versions."""
    return Profile(python="3.11", lines=lines, versions=versions, digest=str(sorted(versions.items())))


def test_the_one_that_holds_most_is_kept() -> None:
    """Of equals the first by name."""
    small, large = profile(six="1"), profile(six="1", idna="2")
    assert choose_kept({"a@1": small, "c@1": large, "b@1": large}) == "b@1"


def test_what_a_move_to_the_kept_version_means() -> None:
    """Gained, lost and altered libraries, and what the kept one does not serve."""
    own = {"six": "1.0", "idna": "2.8", "same": "1"}
    kept = {"six": "2.0", "rich": "1.0", "same": "1"}
    found = merge_effect(
        ComparedVersion(label="a@1", lock=lock_of(own)),
        ComparedVersion(label="b@1", lock=lock_of(kept)),
        profile("six<2", "idna", "same", **own),
        profile("rich", **kept),
    )
    assert (found.reference, found.identical) == ("a@1", False)
    assert (found.gained, found.lost, found.unserved) == (("rich",), ("idna",), ("six", "idna"))
    assert [(row.name, row.change) for row in found.altered] == [("six", Change.UPGRADED)]


def test_a_twin_loses_nothing() -> None:
    """The same lock under another name is identical."""
    own = {"six": "1.0"}
    one, other = (ComparedVersion(label=label, lock=lock_of(own)) for label in ("a@1", "b@1"))
    found = merge_effect(one, other, profile("six", **own), profile("six", **own))
    assert found.identical
    assert (found.gained, found.lost, found.altered, found.unserved) == ((), (), (), ())
