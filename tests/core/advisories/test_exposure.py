"""Known problems of versions side by side: ended, brought and kept; none lost, whatever names they have."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from support.people import lock_of

from assay.core.advisories.advisory import Advisory, AdvisoryIndex, Affected, Match, Severity
from assay.core.advisories.exposure import expose
from assay.core.comparison.diff import ComparedVersion, Comparison, compare
from assay.core.comparison.view import Filters, document

VERSIONS = ("1.0", "1.1", "2.0")


def record(name: str, versions: Iterable[str], *, aliases: tuple[str, ...] = ()) -> Advisory:
    """Return a record about some versions of one library."""
    affected = Affected(library="six", versions=frozenset(versions))
    return Advisory(id=name, aliases=aliases, severity=Severity.HIGH, affected=(affected,))


def between(*versions: str | None) -> Comparison:
    """Compare locks with these versions of six, None for none."""
    locks = [lock_of({"idna": "2.8", **({"six": one} if one else {})}) for one in versions]
    return compare([ComparedVersion(label=f"side{number}", lock=lock) for number, lock in enumerate(locks)])


def ids(matches: Iterable[Match]) -> list[str]:
    """Return the identifiers."""
    return [one.id for one in matches]


def test_what_a_move_ends_brings_and_keeps() -> None:
    """By problem, not by record: the same one under an alias is kept, not ended and brought."""
    index = AdvisoryIndex(
        [
            record("PYSEC-1", ["1.0"]),
            record("PYSEC-2", ["1.0"], aliases=("CVE-2",)),
            record("GHSA-2", ["2.0"], aliases=("CVE-2",)),
            record("PYSEC-3", ["2.0"]),
        ]
    )
    found = expose(between("1.0", "1.1", "2.0"), index)
    assert (ids(found.fixed), ids(found.introduced), ids(found.remaining)) == (["PYSEC-1"], ["PYSEC-3"], ["GHSA-2"])
    assert found.counts == {"six": (2, 0, 2)}
    assert found.libraries == {"six"}


def test_a_library_that_comes_or_goes() -> None:
    """Its problems come and go with it."""
    index = AdvisoryIndex([record("PYSEC-1", VERSIONS)])
    assert ids(expose(between(None, "1.0"), index).introduced) == ["PYSEC-1"]
    assert ids(expose(between("1.0", None), index).fixed) == ["PYSEC-1"]


RECORDS = st.lists(
    st.builds(
        record,
        st.sampled_from(["A", "B", "C", "D"]),
        st.sets(st.sampled_from(VERSIONS)),
        aliases=st.sets(st.sampled_from(["X", "Y"])).map(tuple),
    ),
    max_size=6,
)


@given(RECORDS, st.sampled_from([*VERSIONS, None]), st.sampled_from([*VERSIONS, None]))
def test_nothing_is_lost_or_told_twice(records: list[Advisory], before: str | None, after: str | None) -> None:
    """What is left plus what came is what the last side has; turned around, ended and brought change places."""
    index = AdvisoryIndex(records)
    found, back = expose(between(before, after), index), expose(between(after, before), index)
    last = index.matches("six", after) if after else ()
    assert sorted(ids([*found.introduced, *found.remaining])) == sorted(ids(last))
    assert (set(ids(found.fixed)), set(ids(found.introduced))) == (set(ids(back.introduced)), set(ids(back.fixed)))


def test_the_sieve_keeps_what_is_exposed_also_where_nothing_moves() -> None:
    """Somebody who looks for problems wants those that stay, too."""
    found = between("1.0", "1.0")
    exposure = expose(found, AdvisoryIndex([record("PYSEC-1", ["1.0"])]))
    assert [row.name for row in Filters(security=True).rows(found, exposure.libraries)] == ["six"]
    assert Filters(security=True).rows(found) == ()


def test_the_document_says_when_nobody_looked() -> None:
    """An empty list means that nothing is known; without a feed there is no list."""
    found = between("1.0", "2.0")
    assert document(found, None)["effects"]["advisories"]["state"] == "not assessed"
    told = document(found, expose(found, AdvisoryIndex([record("PYSEC-1", ["1.0"])])))["effects"]["advisories"]
    assert told == {
        "fixed": [{"library": "six", "version": "1.0", "id": "PYSEC-1", "severity": "high"}],
        "introduced": [],
        "remaining": [],
    }


def test_problems_of_several_libraries_add_up() -> None:
    """In the order of the rows."""
    names = ("attrs", "idna", "six")
    index = AdvisoryIndex(
        Advisory(id=f"{kind}-{name}", affected=(Affected(library=name, versions=frozenset(versions)),))
        for name in names
        for kind, versions in (("FIXED", {"1"}), ("NEW", {"2"}), ("STAYS", {"1", "2"}))
    )
    sides = [ComparedVersion(label=one, lock=lock_of(dict.fromkeys(names, one))) for one in ("1", "2")]
    found = expose(compare(sides), index)
    assert ids(found.fixed) == [f"FIXED-{name}" for name in names]
    assert ids(found.introduced) == [f"NEW-{name}" for name in names]
    assert ids(found.remaining) == [f"STAYS-{name}" for name in names]
    assert found.counts == dict.fromkeys(names, (2, 2))
