"""Similarity of versions: the measure, and that the shelf answers as the measure does."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.comparison import nearest_index, packed
from assay.core.comparison.inverted_index import InvertedIndex, bits_of, pack_slots, slots_of
from assay.core.comparison.nearest_index import NearestIndex
from assay.core.comparison.packed import DamagedError, Packed, pack, pack_strings
from assay.core.comparison.packed_profiles import sections_of
from assay.core.comparison.similarity import Profile, Weights, applies, fits, groups, missing, nearness, score

NAMES = ("numpy", "pandas", "six", "attrs", "scipy", "torch")
SPECIFIERS = ("", ">=2", "==1.*", "<2", "!=1.0")
held = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["1.0", "1.1", "2.0", "2.1rc1"]))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Draw a version that asks for some of what may or may not be locked."""
    direct = draw(st.sets(st.sampled_from(NAMES), max_size=3))
    extra = st.sampled_from(["", "", "", "[fast]"])
    lines = tuple(name + draw(extra) + draw(st.sampled_from(SPECIFIERS)) for name in sorted(direct))
    versions = draw(held)
    python = draw(st.sampled_from(["3.11", "3.12"]))
    digest = "" if not versions else python + str(sorted(versions.items()))
    return Profile(
        python=python,
        lines=lines,
        versions=versions,
        digest=digest,
    )


indexes = st.dictionaries(
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
    direct = profile("numpy", numpy="1", six="1")
    assert score(need, direct, weights) > score(need, along, weights)


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


def inverted(rows: list[array[int]], slots: int) -> InvertedIndex:
    """Return an inverted index of packed rows, one for each number."""
    packed = Packed(b"".join(pack(pack_slots("x", rows, slots), {})))
    return InvertedIndex(packed, "x", lambda feature: feature if feature in range(len(rows)) else -1)


@given(st.lists(st.tuples(st.sets(st.integers(0, 70)), st.integers(1, 40)), max_size=12), st.integers(0, 71))
def test_sums_are_sums(features: list[tuple[set[int], int]], packed: int) -> None:
    """Added up in planes of bits or one by one, the sums are the same."""
    rows = [array("I", sorted(slot for slot in slots if slot < packed)) for slots, _ in features]
    index = inverted(rows, packed)
    for slot in range(packed, 71):
        index.add(slot, [number for number, (slots, _) in enumerate(features) if slot in slots])
    assert all(slots_of(bits_of(slots)) for slots, _ in features if slots)
    sums = index.sums(((number, weight) for number, (_, weight) in enumerate(features)), 71)
    assert sums == [sum(weight for slots, weight in features if slot in slots) for slot in range(71)]
    numbers = range(len(features))
    assert [index.count(number) for number in numbers] == [len(slots) for slots, _ in features]
    some = set(range(0, 71, 3))
    assert list(index.counts(numbers, bits_of(some))) == [len(slots & some) for slots, _ in features]


@given(indexes, profiles())
def test_the_shelf_answers_as_the_measure_does(there: dict[str, Profile], need: Profile) -> None:
    """The nearest of each environment, in order; and nothing that covers is overlooked."""
    index = NearestIndex(environment)
    index.load(there.items())
    told = index.nearest(need, limit=10)
    each = [nearness(key, need, one, index.weights) for key, one in there.items()]
    best = {name: max(one.score for one in each if environment(one.key) == name) for name in map(environment, there)}
    assert {one.key: one for one in told}.items() <= {one.key: one for one in each}.items()
    assert [one.score for one in told] == sorted((one.score for one in told), reverse=True)
    assert set(best.items()) <= {(environment(one.key), one.score) for one in told}
    covering = {environment(one.key) for one in each if one.covers}
    assert {environment(one.key) for one in told if one.covers} == covering
    few = index.nearest(need, limit=2)
    assert len(few) == min(2, len(told))
    assert any(one.covers for one in few) == bool(covering)


@given(indexes, indexes, st.sets(st.integers(0, 11)))
def test_putting_and_dropping_is_filling(
    there: dict[str, Profile], later: dict[str, Profile], gone: set[int]
) -> None:
    """Whatever came and went, the shelf holds what is there, and finds it."""
    index = NearestIndex()
    index.load(there.items())
    for key, one in later.items():
        index.add(key, one)
    left = there | later
    for key in [key for number, key in enumerate(left) if number in gone]:
        index.remove(key)
        del left[key]
    assert {key: index.profile(key) for key in index.keys} == left
    for key, one in left.items():
        found = {other.key: other for other in index.nearest(one, limit=50)}
        assert found[key].score == 1
        assert all(other == nearness(other.key, one, left[other.key], index.weights) for other in found.values())


@given(indexes, st.sampled_from([0.6, 0.8, 0.9, 1.0]))
def test_near_duplicates_are_all_found(there: dict[str, Profile], least: float) -> None:
    """The shelf joins the same groups as comparing each with each."""
    there = {key: one for key, one in there.items() if one.versions}
    index = NearestIndex()
    index.load(there.items())
    pairs = [
        (one, other)
        for one in there
        for other in there
        if one < other
        and there[one].python == there[other].python
        and (there[one].digest == there[other].digest or score(there[one], there[other], index.weights) >= least)
    ]
    assert groups(index.similar_pairs(index.keys, least)) == groups(pairs)


def test_which_versions_of_a_library_are_live() -> None:
    """Only the keys asked about count."""
    index = NearestIndex()
    index.load([("a@1", profile(six="1")), ("a@2", profile(six="2")), ("b@1", profile(six="2", attrs="1"))])
    among = index.slots(["a@2", "b@1", "c@1"])
    assert dict(index.live(among)) == {"attrs": {"1": 1}, "six": {"2": 2}}
    assert index.holders("six", "2", among) == ["a@2", "b@1"]
    assert index.holders("six", "3", among) == []
    assert dict(index.live(index.slots(["a@1"]))) == {"six": {"1": 1}}
    index.add("c@1", profile("six>=1", "attrs", six="1"))
    index.add("d@1", profile("six", six="1"))
    assert index.requirements("six", index.slots(["a@1", "c@1"])) == [("six>=1", "c@1")]


def test_a_version_that_pep_440_does_not_know_fits_only_a_bare_name() -> None:
    """What cannot be compared satisfies no range."""
    assert fits("six", "2004d-x")
    assert not fits("six>=1", "2004d-x")


def test_a_marker_that_cannot_be_evaluated_counts_as_true() -> None:
    """A line is rather counted too often than overlooked."""
    assert applies("six; 'x' in extras", "3.11")
    assert not applies("six; python_version < '3.9'", "3.11")
    assert applies("six; python_full_version >= '3.11.4'", "3.11")


def test_a_line_that_does_not_apply_takes_nothing_from_what_covers() -> None:
    """The index leaves it out, as the measure does."""
    index = NearestIndex(environment)
    index.load([("a@1", profile("six", six="1"))])
    (found,) = index.nearest(profile("six", "torch; python_version < '3.9'"))
    assert found.covers


def test_of_identical_versions_only_the_first_is_compared_with_others() -> None:
    """Each twin is joined to the first one, so that many twins do not make many pairs."""
    index = NearestIndex(environment)
    one, near = profile("six", six="1", idna="2"), profile("six", six="1", idna="2", attrs="1")
    index.load([("a@1", one), ("b@1", one), ("c@1", one), ("d@1", near)])
    assert list(index.similar_pairs(index.keys, 0.6)) == [("a@1", "b@1"), ("a@1", "c@1"), ("a@1", "d@1")]


def test_slots_of_what_was_removed_are_an_error() -> None:
    """Who keeps slots over a change learns of it."""
    index = NearestIndex(environment)
    index.load([(f"a@{number}", profile("six", six="1")) for number in range(1, 30)])
    among = index.slots(["a@3"])
    index.remove("a@3")
    with pytest.raises(LookupError):
        index.holders("six", "1", among)


def test_the_same_lock_is_similar_whatever_it_was_made_for() -> None:
    """Two versions that hold the same are joined, also when they ask for different libraries."""
    index = NearestIndex(environment)
    held = {"six": "1", "idna": "2"}
    index.load([("a@1", profile("six", **held)), ("b@1", profile("idna", **held))])
    assert list(index.similar_pairs(index.keys, 0.9)) == [("a@1", "b@1")]


@pytest.mark.parametrize(
    ("total", "holders", "weight"),
    [(8, 8, 4), (8, 4, 6), (8, 1, 10), (8, 100, 4), (1, 1, 4), (0, 0, 4), (8, 0, 10), (7, 5, 5)],
)
def test_the_weight_of_a_library(total: int, holders: int, weight: int) -> None:
    """4 for what all hold, 2 more for each time that half as many hold it; without a holder as with one."""
    weights = Weights(holders={"six": holders}, total=total)
    assert (weights.of("six"), weights.of("unknown")) == (weight, Weights(holders={"a": 1}, total=total).of("a"))


def test_the_index_weighs_by_holders() -> None:
    """All versions of a library count together."""
    index = NearestIndex()
    index.load([("a@1", profile(six="1")), ("b@1", profile(six="2", attrs="1")), ("c@1", profile(six="2"))])
    assert index.weights == Weights(holders={"six": 3, "attrs": 1}, total=3)


def test_an_identical_version_lacks_nothing() -> None:
    """Whatever it was made for; what it has beyond the need is counted by the lock, else by the lines."""
    weights = Weights(holders={}, total=1)
    need, there = profile("six[x]", six="1", idna="1"), profile("idna", six="1", idna="1")
    found = nearness("a@1", need, there, weights)
    assert (found.score, found.covers, found.identical) == (1.0, True, True)
    assert (found.missing, found.unfit, found.extra) == ((), (), 0)
    assert nearness("a@1", profile("six", six="1"), there, weights).extra == 1
    assert nearness("a@1", Profile(python="3.11", lines=("six",)), there, weights).extra == 1
    assert nearness("a@1", profile("six>1"), there, weights).unfit == ("six",)


@pytest.mark.parametrize(
    ("marker", "python", "true"),
    [
        ("python_version < '3.9'", "3.8", True),
        ("python_version < '3.9'", "3.12", False),
        ("python_version >= '3.99'", "3.99", True),
        ("python_full_version < '3.9'", "3.8", True),
        ("python_full_version >= '3.99.4'", "3.99", True),
        ("sys_platform == 'win32'", "3.12", False),
    ],
)
def test_markers_are_evaluated_for_the_python_of_the_version(marker: str, python: str, *, true: bool) -> None:
    """Not for that of the server."""
    assert applies(f"six; {marker}", python) is true


def test_the_largest_group_stands_first() -> None:
    """Groups of one size stand by name."""
    assert groups([("a", "b"), ("z", "y"), ("y", "x")]) == [("x", "y", "z"), ("a", "b")]


def test_what_is_added_to_a_compact_index_counts() -> None:
    """To features that are kept as bits as well as to those that are kept as slots."""
    index = inverted([array("I", range(64)), array("I", [0, 1])], 64)
    index.add(64, [0, 1, 2])
    assert [index.count(one) for one in range(4)] == [65, 3, 1, 0]
    assert list(slots_of(index.bits(0))) == list(range(65))
    assert list(slots_of(index.bits(1))) == [0, 1, 64]


def test_of_equally_near_versions_the_later_one_stands_first() -> None:
    """Of one environment and of several."""
    index = NearestIndex(environment)
    index.load([(key, profile("six", six="1")) for key in ("a@1", "b@1", "a@2")])
    need = Profile(python="3.11", lines=("six",))
    assert [one.key for one in index.nearest(need)] == ["a@2", "b@1"]
    assert [one.key for one in index.nearest(need, limit=1)] == ["a@2"]
    assert [one.key for one in index.nearest(need, exclude="a@2")] == ["b@1", "a@1"]


def test_ten_are_nearest_unless_another_limit_is_given() -> None:
    """Half of them, rounded up, because they cover."""
    index = NearestIndex()
    index.load([(f"a{number}", profile("six", six="1")) for number in range(12)])
    assert len(index.nearest(profile("six"))) == 10
    near = [(f"near{number}", profile("six", "idna", six="1", idna="1", attrs=str(number))) for number in range(4)]
    fit = [(f"fit{number}", profile("torch", six="2", idna="1", torch=str(number))) for number in range(4)]
    mixed = NearestIndex()
    mixed.load([*near, *fit])
    found = mixed.nearest(profile("six>1", "idna", six="1", idna="1"), limit=4)
    assert [one.covers for one in found] == [False, False, True, True]


def test_a_version_without_the_extra_does_not_cover() -> None:
    """Though it is nearer otherwise."""
    index = NearestIndex(environment)
    index.load(
        [
            ("far@1", profile("six[fast]", "torch", six="1", torch="1")),
            ("near@1", profile("six", "idna[fast]", six="1", idna="1", attrs="1")),
        ]
    )
    (found,) = index.nearest(profile("six[fast]", six="1", idna="1"), limit=1)
    assert (found.key, found.covers) == ("far@1", True)


def test_an_identical_lock_is_nearest_whatever_it_was_made_for() -> None:
    """Its score is 1, also when it asks for other libraries."""
    index = NearestIndex(environment)
    index.load(
        [
            ("same@1", profile("idna", six="1", idna="1")),
            ("near@1", profile("six", "idna", six="1", idna="1", attrs="1")),
        ]
    )
    assert [one.key for one in index.nearest(profile("six", "idna", six="1", idna="1"))] == ["same@1", "near@1"]


def test_versions_that_share_only_a_common_library_are_compared() -> None:
    """Each asks for a rare library of its own; what they hold is nearly the same."""
    many = {f"lib{number}": "1" for number in range(20)}
    index = NearestIndex(environment)
    index.load([(f"{name}@1", profile(name, "common", **many, common="1", **{name: "1"})) for name in ("aa", "bb")])
    assert list(index.similar_pairs(index.keys, 0.55)) == [("aa@1", "bb@1")]


def test_an_identical_version_goes_before_one_that_covers() -> None:
    """Though it does not ask for the extra: the lock is the same."""
    index = NearestIndex(environment)
    index.load(
        [("same@1", profile("idna", six="1", idna="1")), ("fit@1", profile("six[fast]", six="1", idna="2"))],
    )
    (found,) = index.nearest(profile("six[fast]", six="1", idna="1"), limit=1)
    assert (found.key, found.identical) == ("same@1", True)


def test_a_pair_at_the_limit_is_found() -> None:
    """The one asks for half of what the other asks for; they hold the same from other files."""
    index = NearestIndex(environment)
    one = profile("attrs", "six", attrs="1", six="1")
    index.load([("a@1", one), ("b@1", replace(one, lines=("six",), digest="other"))])
    assert list(index.similar_pairs(index.keys, 0.75)) == [("a@1", "b@1")]


def test_names_that_few_ask_for_and_all_hold_weigh_little() -> None:
    """Two versions that share one name of three are compared also where the others are asked for by nobody else."""
    names = ("a1", "a2", "b1", "b2", "shared", *(f"lib{number}" for number in range(20)))
    held = dict.fromkeys(names, "1")
    profiles_of = {f"x{number}@1": profile(**{**held, "lib0": str(number)}) for number in range(6)}
    index = NearestIndex(environment)
    index.load(
        [
            *profiles_of.items(),
            ("a@1", profile("a1", "a2", "shared", **held)),
            ("b@1", profile("b1", "b2", "shared", **{**held, "lib0": "9"})),
        ]
    )
    assert ("a@1", "b@1") in set(index.similar_pairs(index.keys, 0.55))


# The packed file


def reopened(index: NearestIndex, **facts: int) -> NearestIndex:
    """Write an index and open it again."""
    return NearestIndex(environment, Packed(b"".join(pack(sections_of(index.profiles()), facts))))


@given(indexes, indexes, st.sets(st.integers(0, 11)), profiles())
def test_what_is_read_from_a_file_answers_as_what_is_in_memory(
    there: dict[str, Profile], later: dict[str, Profile], gone: set[int], need: Profile
) -> None:
    """Whatever came and went before the file was written, and after."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nearest_index, "SMALL", -1)  # what was added and removed stays beside the file
        memory = NearestIndex(environment)
        memory.load(there.items())
        read = reopened(memory)
        for index in (memory, read):
            for key, one in later.items():
                index.add(key, one)
            for key in [key for number, key in enumerate(there | later) if number in gone]:
                index.remove(key)
        assert answers(read, need) == answers(memory, need)
        assert (read.changes, read.is_stale) == (memory.changes, memory.is_stale)
        memory.load(list(memory.profiles()))
        assert answers(reopened(read), need) == answers(memory, need)


def answers(index: NearestIndex, need: Profile) -> list[object]:
    """Return what an index answers to each question."""
    every = index.slots(index.keys)
    live = dict(index.live(every))
    return [
        index.keys,
        dict(index.profiles()) == {key: index.profile(key) for key in index.keys},
        list(index.profiles()),
        index.weights,
        index.nearest(need),
        index.nearest(need, limit=2, exclude="a@1"),
        live,
        [index.holders(name, version, every) for name, versions in live.items() for version in versions],
        [index.requirements(name, every) for name in NAMES],
        list(index.similar_pairs(index.keys, 0.6)),
    ]


@pytest.mark.parametrize("place", [0, 9, 20, -1])
def test_what_was_changed_is_not_read(place: int) -> None:
    """Neither another kind of file, nor one of which a byte was changed, nor a part of one."""
    index = NearestIndex()
    index.load([("a@1", profile("six", six="1"))])
    written = bytearray(b"".join(pack(sections_of(index.profiles()), {"events": 1})))
    assert Packed(written).facts == {"events": 1}
    written[place] ^= 1
    for wrong in (written, b"", b"ASSAYIDX", bytes(written)[:100]):
        with pytest.raises(DamagedError):
            Packed(wrong)


def test_another_format_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier or later version of Assay wrote it."""
    written = b"".join(pack({}, {}))
    monkeypatch.setattr(packed, "FORMAT", packed.FORMAT + 1)
    with pytest.raises(DamagedError):
        Packed(written)


def test_strings_are_found() -> None:
    """In a list in order, by place and as a slice."""
    strings = Packed(b"".join(pack(pack_strings("x", ["ä", "b", "", "日本"]), {}))).strings("x")
    assert list(strings) == strings[:] == ["ä", "b", "", "日本"]
    ordered = Packed(b"".join(pack(pack_strings("x", ["a", "b", "d"]), {}))).strings("x")
    assert [ordered.find(one) for one in ("a", "c", "d", "e")] == [0, -1, 2, -1]
    assert ordered.find("d", 0, 2) == -1


def test_a_large_index_is_packed_by_whoever_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes stays beside it, and it says when there is too much of that."""
    monkeypatch.setattr(nearest_index, "SMALL", 8)
    index = NearestIndex(environment)
    index.load([(f"a@{number}", profile("six", six="1")) for number in range(16)])
    index.add("b@1", profile("six", six="2"))
    index.remove("a@1")
    assert (index.changes, index.is_stale) == (2, False)
    index.remove("a@2")
    assert (index.changes, index.is_stale) == (3, True)
    for number in range(3, 10):
        index.remove(f"a@{number}")
    assert (index.changes, index.is_stale) == (0, False)
