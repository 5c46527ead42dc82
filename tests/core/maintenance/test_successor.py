"""The laws of coverage: what a successor has of the libraries in use, loses and moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.comparison.diff import Change, Step
from assay.core.comparison.similarity import Profile
from assay.core.maintenance.merge_plan import By
from assay.core.maintenance.successor import SEVERITY, coverage

NAMES = ("alpha", "beta", "gamma", "delta", "eps")
VERSIONS = ("1.0", "1.0.0", "1.1", "1.1.3", "2.0", "3.0rc1", "local-build")
locks = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VERSIONS))
asked = st.lists(
    st.sampled_from([*NAMES, "alpha>=1", "beta[fast]", "gamma[fast,safe]<9", 'delta; python_version < "3.12"']),
    max_size=6,
)
profiles = st.builds(
    lambda lines, versions, python: Profile(python=python, lines=tuple(lines), versions=versions),
    asked,
    locks,
    st.sampled_from(["3.11", "3.12"]),
)
imports = st.none() | st.frozensets(st.sampled_from([*NAMES, "elsewhere"]))


def bare(name: str) -> str:
    """Return a lost library without its extras."""
    return name.partition("[")[0]


@given(profiles, imports)
def test_a_version_covers_itself(version: Profile, imported: frozenset[str] | None) -> None:
    """Nothing is lost and nothing moves."""
    found = coverage(version, version, imported)
    assert (found.covers, found.lost, found.moved, found.same_python) == (100, (), (), True)


@given(profiles, profiles, imports)
def test_each_library_in_use_is_lost_moved_or_kept(
    source: Profile, target: Profile, imported: frozenset[str] | None
) -> None:
    """What is lost is missing, what moves is in both; 100 % exactly when nothing is lost."""
    found = coverage(source, target, imported)
    used = set(imported or ()) & source.versions.keys()
    assert (found.by is By.IMPORTED) == bool(used)
    if not used:
        used = {one for one in source.direct if one in source.versions} - (
            {"delta"} if source.python == "3.12" and "delta" not in source.lines else set()
        )
    assert found.total == len(used)
    assert {bare(one) for one in found.lost} <= used
    gone = {one for one in found.lost if "[" not in one}
    assert gone == used - target.versions.keys()
    moved = {one.name for one in found.moved}
    assert moved <= used & target.versions.keys()
    assert all(
        source.versions[one.name] == one.before != one.after == target.versions[one.name] for one in found.moved
    )
    assert (found.covers == 100) == (not found.lost)
    assert 0 <= found.covers <= 100


@given(profiles, profiles, imports, st.sampled_from(NAMES), st.sampled_from(VERSIONS))
def test_one_more_library_never_covers_less(
    source: Profile, target: Profile, imported: frozenset[str] | None, name: str, version: str
) -> None:
    """A successor with one library more loses no more than before."""
    more = Profile(python=target.python, lines=target.lines, versions={name: version, **target.versions})
    before, after = coverage(source, target, imported), coverage(source, more, imported)
    assert after.covers >= before.covers
    assert {bare(one) for one in after.lost} <= {bare(one) for one in before.lost}


@given(profiles, profiles, imports)
def test_moves_are_symmetric_and_the_gravest_come_first(
    source: Profile, target: Profile, imported: frozenset[str] | None
) -> None:
    """Going back moves the same libraries the other way."""
    found = coverage(source, target, imported)
    ranks = [SEVERITY[one.step] for one in found.moved]
    assert ranks == sorted(ranks)
    assert found.major == ranks.count(0)
    back = coverage(target, source, [one.name for one in found.moved])
    turned = {Change.UPGRADED: Change.DOWNGRADED, Change.DOWNGRADED: Change.UPGRADED}
    if found.moved:
        assert {(one.name, turned[one.change], one.step) for one in back.moved} == {
            (one.name, one.change, one.step) for one in found.moved
        }


def test_imports_count_before_requests() -> None:
    """Who imports only frame does not lose what else the version installs; a new version of it is shown."""
    source = Profile(
        python="3.11", lines=("frame[fast]", "plot"), versions={"frame": "1.5", "plot": "3.0", "core": "1.0"}
    )
    target = Profile(python="3.12", lines=("frame",), versions={"frame": "2.0", "core": "1.0"})
    by_import = coverage(source, target, {"frame", "core", "own"})
    assert (by_import.covers, by_import.lost, by_import.total) == (100, (), 2)
    move = by_import.moved[0]
    assert (move.name, move.before, move.after, move.step) == ("frame", "1.5", "2.0", Step.MAJOR)
    assert not by_import.same_python
    by_request = coverage(source, target, None)
    assert (by_request.covers, by_request.lost, by_request.by) == (0, ("frame[fast]", "plot"), By.ASKED)
    assert coverage(source, target, frozenset()).by is By.ASKED
    nothing = Profile(python="3.11", lines=(), versions={"core": "1.0"})
    assert coverage(nothing, target, None).covers == 100
