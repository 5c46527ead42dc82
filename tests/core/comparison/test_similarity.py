"""Similarity of versions: the measure, and that the shelf answers as the measure does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.comparison.inverted_index import Postings, bits_of, slots_of
from assay.core.comparison.nearest_index import Shelf
from assay.core.comparison.similarity import Profile, Weights, groups, missing, nearness, score

NAMES = ("numpy", "pandas", "six", "attrs", "scipy", "torch")
SPECIFIERS = ("", ">=2", "==1.*", "<2", "!=1.0")
held = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1.0", "1.1", "2.0", "2.1rc1"]))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Draw a version that asks for some of what may or may not be locked."""
    asked = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    extra = st.sampled_from(["", "", "", "[fast]"])
    lines = tuple(name + draw(extra) + draw(st.sampled_from(SPECIFIERS)) for name in sorted(asked))
    versions = draw(held)
    python = draw(st.sampled_from(["3.11", "3.12"]))
    digest = "" if not versions else python + str(sorted(versions.items()))
    return Profile(
        python=python,
        lines=lines,
        versions=versions,
        digest=digest,
    )


shelves = st.dictionaries(
    st.builds("{}@{}".format, st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(1, 4)), profiles(), max_size=12
)


def environment(key: str) -> str:
    """Return what a key is a version of."""
    return key.split("@", maxsplit=1)[0]


def profile(*lines: str, python: str = "3.11", **versions: str) -> Profile:
    """Return a version that asks for these lines and holds these versions."""
    return Profile(python=python, lines=lines, versions=versions, digest=str(sorted(versions.items())))


# The measure


@given(profiles(), profiles(), st.dictionaries(st.sampled_from(NAMES), st.integers(1, 50)))
def test_the_score_is_a_symmetric_share(one: Profile, other: Profile, holders: dict[str, int]) -> None:
    """Between 0 and 1, the same both ways, and 1 for a version with itself."""
    weights = Weights(holders=holders, total=50)
    assert 0 <= score(one, other, weights) <= 1
    assert score(one, other, weights) == score(other, one, weights)
    assert score(one, one, weights) == 1


def test_rare_and_direct_libraries_weigh_more() -> None:
    """Sharing what few hold says more than sharing what all hold; so does sharing what was asked for."""
    weights = Weights(holders={"numpy": 100, "six": 100, "torch": 1}, total=100)
    need = profile("numpy", "torch", numpy="1", torch="1")
    common, rare = profile("numpy", numpy="1"), profile("torch", torch="1")
    assert score(need, rare, weights) > score(need, common, weights)
    along = profile("six", numpy="1", six="1")
    asked = profile("numpy", numpy="1", six="1")
    assert score(need, asked, weights) > score(need, along, weights)


@pytest.mark.parametrize(
    ("lines", "lacking"),
    [
        (("pandas>=2",), ()),
        (("pandas<2", "numpy"), ("pandas",)),
        (("Pandas==2.2.*",), ()),
        (("torch",), ("torch",)),
        (("scipy",), ()),  # a locked pre-release is there
        (("pandas[excel]",), ("pandas",)),  # nobody asked for the extra, so its libraries are not there
        (("numpy[fast]>=1",), ()),
        (("torch; python_version < '3.9'",), ()),  # does not apply
        (("pandas>=2", "pandas<2.1"), ("pandas",)),  # of the spec and of its base
    ],
)
def test_what_a_published_version_lacks(lines: tuple[str, ...], lacking: tuple[str, ...]) -> None:
    """It serves a line whose specifier takes its locked version, extras included."""
    there = profile("numpy[fast]", "pandas", numpy="1.26", pandas="2.2.1", scipy="1.0rc1")
    need = profile(*lines)
    found = nearness("x@1", need, there, Weights(holders={}, total=1))
    assert missing(need, there) == found.missing == lacking
    assert found.covers is not bool(lacking)
    assert not nearness("x@1", need, replace(there, python="3.12"), Weights(holders={}, total=1)).covers


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("pandas",), "ds@2 covers this"),
        (("pandas", "torch"), "ds@2 plus 1 library covers this"),
        (("pandas", "torch", "scipy"), "ds@2 plus 2 libraries covers this"),
        (("pandas<2", "torch"), ""),  # another pandas is not one more library
    ],
)
def test_it_is_said_in_words(lines: tuple[str, ...], words: str) -> None:
    """What would have to be added; nothing where that does not help."""
    there = profile("pandas", pandas="2.2.1")
    assert nearness("ds@2", profile(*lines), there, Weights(holders={}, total=1)).words == words
    same = nearness("ds@2", there, there, Weights(holders={}, total=1))
    assert same.words == "identical to ds@2"


def test_groups_are_what_is_joined() -> None:
    """Directly or through others."""
    assert groups([("d", "e"), ("a", "b"), ("c", "b")]) == [("a", "b", "c"), ("d", "e")]
    assert groups([]) == []


# The shelf


@given(st.lists(st.tuples(st.sets(st.integers(0, 70)), st.integers(1, 40)), max_size=12), st.booleans())
def test_sums_are_sums(features: list[tuple[set[int], int]], settled: bool) -> None:
    """Added up in planes of bits or one by one, the sums are the same."""
    postings = Postings()
    for slot in range(71):
        postings.add(slot, [number for number, (slots, _) in enumerate(features) if slot in slots])
    if settled:
        postings.settle(71)
    assert all(slots_of(bits_of(slots)) for slots, _ in features if slots)
    sums = postings.sums(((number, weight) for number, (_, weight) in enumerate(features)), 71)
    assert sums == [sum(weight for slots, weight in features if slot in slots) for slot in range(71)]
    numbers = range(len(features))
    assert [postings.count(number) for number in numbers] == [len(slots) for slots, _ in features]
    some = set(range(0, 71, 3))
    assert list(postings.counts(numbers, bits_of(some))) == [len(slots & some) for slots, _ in features]


@given(shelves, profiles())
def test_the_shelf_answers_as_the_measure_does(there: dict[str, Profile], need: Profile) -> None:
    """The nearest of each environment, in order; and nothing that covers is overlooked."""
    shelf = Shelf(environment)
    shelf.fill(there.items())
    told = shelf.nearest(need, limit=10)
    each = [nearness(key, need, one, shelf.weights) for key, one in there.items()]
    best = {name: max(one.score for one in each if environment(one.key) == name) for name in map(environment, there)}
    assert {one.key: one for one in told}.items() <= {one.key: one for one in each}.items()
    assert [one.score for one in told] == sorted((one.score for one in told), reverse=True)
    assert set(best.items()) <= {(environment(one.key), one.score) for one in told}
    covering = {environment(one.key) for one in each if one.covers}
    assert {environment(one.key) for one in told if one.covers} == covering
    few = shelf.nearest(need, limit=2)
    assert len(few) == min(2, len(told))
    assert any(one.covers for one in few) == bool(covering)


@given(shelves, shelves, st.sets(st.integers(0, 11)))
def test_putting_and_dropping_is_filling(
    there: dict[str, Profile], later: dict[str, Profile], gone: set[int]
) -> None:
    """Whatever came and went, the shelf holds what is there, and finds it."""
    shelf = Shelf()
    shelf.fill(there.items())
    for key, one in later.items():
        shelf.put(key, one)
    left = there | later
    for key in [key for number, key in enumerate(left) if number in gone]:
        shelf.drop(key)
        del left[key]
    assert {key: shelf.profile(key) for key in shelf.keys} == left
    for key, one in left.items():
        found = {other.key: other for other in shelf.nearest(one, limit=50)}
        assert found[key].score == 1
        assert all(other == nearness(other.key, one, left[other.key], shelf.weights) for other in found.values())


@given(shelves, st.sampled_from([0.6, 0.8, 0.9, 1.0]))
def test_near_duplicates_are_all_found(there: dict[str, Profile], least: float) -> None:
    """The shelf joins the same groups as comparing each with each."""
    there = {key: one for key, one in there.items() if one.versions}
    shelf = Shelf()
    shelf.fill(there.items())
    pairs = [
        (one, other)
        for one in there
        for other in there
        if one < other
        and there[one].python == there[other].python
        and (there[one].digest == there[other].digest or score(there[one], there[other], shelf.weights) >= least)
    ]
    assert groups(shelf.alike(shelf.keys, least)) == groups(pairs)


def test_which_versions_of_a_library_are_live() -> None:
    """Only the keys asked about count."""
    shelf = Shelf()
    shelf.fill([("a@1", profile(six="1")), ("a@2", profile(six="2")), ("b@1", profile(six="2", attrs="1"))])
    among = shelf.slots(["a@2", "b@1", "c@1"])
    assert dict(shelf.live(among)) == {"attrs": {"1": 1}, "six": {"2": 2}}
    assert shelf.holders("six", "2", among) == ["a@2", "b@1"]
    assert shelf.holders("six", "3", among) == []
    assert dict(shelf.live(shelf.slots(["a@1"]))) == {"six": {"1": 1}}
    shelf.put("c@1", profile("six>=1", "attrs", six="1"))
    assert shelf.asking("six", shelf.slots(["a@1", "c@1"])) == [("six>=1", "c@1")]
