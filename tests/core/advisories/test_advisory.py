"""Matching: the rule of ranges against an independent one, and what becomes of records of one problem."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from assay.core.advisories.advisory import Advisory, AdvisoryIndex, Affected, EventType, Severity, severity_of

VERSIONS = [f"{major}.{minor}{end}" for major in range(4) for minor in range(3) for end in ("", "rc1", ".post1")]
TURNS = (EventType.INTRODUCED, EventType.FIXED, EventType.LAST_AFFECTED)
events = st.lists(st.tuples(st.sampled_from(TURNS), st.sampled_from(["0", *VERSIONS])), max_size=6)


def naive(version: str, told: list[tuple[EventType, str]]) -> bool:
    """Evaluate a range the other way round: look at every version there is, from the first one up, one by one."""
    state, affected = False, {}
    for event_type, text in told:
        state = True if (event_type, text) == (EventType.INTRODUCED, "0") else state
    for here in sorted({Version(one) for one in [*VERSIONS, version, *(text for _, text in told)]}):
        ended_here = False
        for event_type, text in told:
            if text == "0" or Version(text) != here:
                continue
            if event_type is EventType.LAST_AFFECTED:
                ended_here = True
            else:
                state, ended_here = event_type is EventType.INTRODUCED, False
        affected[here] = state
        state = state and not ended_here
    return affected[Version(version)]


@given(
    st.sampled_from(VERSIONS),
    events.filter(lambda told: len({text for _, text in told}) == len(told) and (EventType.FIXED, "0") not in told),
)
def test_ranges_agree_with_a_naive_walk_over_all_versions(version: str, told: list[tuple[EventType, str]]) -> None:
    """The last event that a version has reached decides, in whatever order the record tells them."""
    told = [(event_type, text) for event_type, text in told if event_type is EventType.INTRODUCED or text != "0"]
    assert Affected(library="a", ranges=(tuple(told),)).covers(version) == naive(version, told)


def advisory(name: str, *told: tuple[EventType, str], aliases: tuple[str, ...] = (), **more: object) -> Advisory:
    """Return a record of library `a`."""
    return Advisory(id=name, aliases=aliases, affected=(Affected(library="a", ranges=(told,)),), **more)  # type: ignore[arg-type]  # passed on as given


def test_records_of_one_problem_are_one_match() -> None:
    """Records that share an identifier, even over a third one, are one; the fix ends all of them."""
    index = AdvisoryIndex(
        [
            advisory(
                "GHSA-1",
                (EventType.INTRODUCED, "0"),
                (EventType.FIXED, "2.1"),
                aliases=("CVE-1",),
                severity=Severity.HIGH,
            ),
            advisory("PYSEC-1", (EventType.INTRODUCED, "0"), (EventType.FIXED, "2.0"), aliases=("CVE-2",)),
            advisory("GHSA-2", (EventType.INTRODUCED, "0"), (EventType.FIXED, "2.0"), aliases=("CVE-1", "CVE-2")),
            advisory("PYSEC-9", (EventType.INTRODUCED, "3.0")),
        ]
    )
    (match,) = index.matches("a", "1.0")
    assert (match.id, match.aliases) == ("PYSEC-1", ("GHSA-1", "GHSA-2", "CVE-1", "CVE-2"))
    assert (match.fixed, match.severity) == ("2.1", Severity.HIGH)
    assert index.matches("b", "1.0") == ()
    assert [(one.id, one.fixed) for one in index.matches("a", "3.1")] == [("PYSEC-9", "")]


def test_the_fix_is_the_smallest_above_that_is_itself_free() -> None:
    """A branch's fix below does not count, and neither does one that another branch is affected at."""
    told = (
        (EventType.INTRODUCED, "0"),
        (EventType.FIXED, "1.5"),
        (EventType.INTRODUCED, "2.0"),
        (EventType.FIXED, "2.3"),
    )
    (match,) = AdvisoryIndex([advisory("PYSEC-1", *told)]).matches("a", "2.1")
    assert match.fixed == "2.3"
    (older,) = AdvisoryIndex([advisory("PYSEC-1", *told)]).matches("a", "1.0")
    assert older.fixed == "1.5"


def test_a_range_that_ends_where_the_next_begins_goes_on() -> None:
    """Real records tell neighbouring ranges in any order; an empty range covers nothing."""
    told = (
        (EventType.INTRODUCED, "0.13"),
        (EventType.FIXED, "0.14"),
        (EventType.INTRODUCED, "0.12"),
        (EventType.FIXED, "0.13"),
    )
    joined = Affected(library="a", ranges=(told,))
    assert [joined.covers(one) for one in ("0.11", "0.12", "0.13", "0.14")] == [False, True, True, False]
    assert not Affected(library="a", ranges=(((EventType.INTRODUCED, "1.0"), (EventType.FIXED, "1.0")),)).covers(
        "1.0"
    )


def test_limits_named_versions_labels_and_unreadable_versions() -> None:
    """`limit` cuts off; listed versions count by value; a local label is ignored; no version is no error."""
    limited = Affected(library="a", ranges=(((EventType.INTRODUCED, "0"), (EventType.LIMIT, "2.0")),))
    assert (limited.covers("1.9"), limited.covers("2.0")) == (True, False)
    listed = Affected(library="a", versions=frozenset({"1.0", "2004d-x"}))
    assert [listed.covers(one) for one in ("1.0.0", "1.0+cu118", "2004d-x", "1.1", "what?")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_withdrawn_records_match_nothing_and_malware_is_told() -> None:
    """A withdrawn record is as if it were not there; `MAL-` stands first among the identifiers."""
    gone = advisory("PYSEC-1", (EventType.INTRODUCED, "0"), withdrawn="2026-01-01T00:00:00Z")
    evil = advisory("MAL-2026-1", (EventType.INTRODUCED, "0"), aliases=("GHSA-7",))
    (match,) = AdvisoryIndex([gone, evil]).matches("a", "1.0")
    assert (match.id, match.malware) == ("MAL-2026-1", True)


def test_words_of_severity() -> None:
    """The bounds of CVSS 3.1, section 5."""
    told = {0.0: "none", 0.1: "low", 3.9: "low", 4.0: "medium", 6.9: "medium", 7.0: "high", 9.0: "critical"}
    assert {score: str(severity_of(score)) for score in told} == told
    assert severity_of(None) is Severity.UNKNOWN


def test_zero_means_the_beginning_only_where_a_range_starts() -> None:
    """`fixed` and `last_affected` at 0 name the version 0; what follows it is not affected."""
    for ends in (EventType.FIXED, EventType.LAST_AFFECTED):
        ended = Affected(library="a", ranges=(((EventType.INTRODUCED, "0"), (ends, "0")),))
        assert (ended.covers("0.dev1"), ended.covers("1.0")) == (True, False)


@given(
    st.builds(
        Advisory,
        id=st.sampled_from(["PYSEC-1", "MAL-1"]),
        aliases=st.lists(st.sampled_from(["CVE-1", "GHSA-1"]), unique=True).map(tuple),
        affected=st.lists(
            st.builds(
                Affected,
                library=st.sampled_from(["a", "b"]),
                ranges=st.lists(events.map(tuple), max_size=2).map(tuple),
                versions=st.frozensets(st.sampled_from(VERSIONS), max_size=3),
            ),
            max_size=2,
        ).map(tuple),
        summary=st.sampled_from(["", "Bad."]),
        severity=st.sampled_from(Severity),
        score=st.sampled_from([None, 7.5]),
        withdrawn=st.sampled_from(["", "2026-01-01T00:00:00Z"]),
    )
)
def test_a_record_survives_being_stored(record: Advisory) -> None:
    """Also through JSON, and after its names were read."""
    assert record.names
    assert Advisory.from_dict(json.loads(json.dumps(record.to_dict()))) == record


@pytest.mark.parametrize("version", [f"{number}.0" for number in range(1, 11)])
def test_a_range_of_one_version(version: str) -> None:
    """What is introduced and last affected at one version affects that one alone."""
    told = ((EventType.LAST_AFFECTED, version), (EventType.INTRODUCED, version))
    affected = Affected(library="a", ranges=(told,))
    assert [affected.covers(one) for one in ("0.5", version, f"{version}.1", "11.0")] == [False, True, False, False]


def test_what_records_of_one_problem_tell_together() -> None:
    """The worst severity with its score, the first summary by the order of identifiers, the earliest date."""
    start = (EventType.INTRODUCED, "0")
    index = AdvisoryIndex(
        [
            advisory("PYSEC-1", start, aliases=("CVE-1",), severity=Severity.LOW, score=9.9),
            advisory("GHSA-1", start, aliases=("CVE-1",), severity=Severity.HIGH, score=0.5, published="2026-02-01"),
            advisory("GHSA-2", start, aliases=("CVE-1",), severity=Severity.HIGH, summary="Second."),
            advisory(
                "ZZ-1", start, aliases=("CVE-1",), severity=Severity.HIGH, summary="Third.", published="2026-01-01"
            ),
        ]
    )
    (match,) = index.matches("a", "1.0")
    assert (match.severity, match.score) == (Severity.HIGH, 0.5)
    assert (match.summary, match.published) == ("Second.", "2026-01-01")
    (bare,) = AdvisoryIndex([advisory("PYSEC-1", start)]).matches("a", "1.0")
    assert (bare.score, bare.summary, bare.published) == (None, "", "")


def test_the_order_of_identifiers() -> None:
    """Malware, the ecosystem's own, GitHub's, CVE, then all others; the first one names the problem."""
    names = ("MAL-1", "PYSEC-1", "GHSA-1", "CVE-1", "AAA-1")
    record = advisory("AAA-1", (EventType.INTRODUCED, "0"), aliases=("CVE-1", "GHSA-1", "PYSEC-1"))
    (match,) = AdvisoryIndex([record, advisory("MAL-1", *record.affected[0].ranges[0], aliases=("CVE-1",))]).matches(
        "a", "1.0"
    )
    assert (match.id, *match.aliases) == names


def test_the_worst_problem_stands_first() -> None:
    """Equally severe ones stand by identifier; a library without records has none."""
    start = (EventType.INTRODUCED, "0")
    severities = {"PYSEC-3": Severity.LOW, "PYSEC-2": Severity.CRITICAL, "PYSEC-1": Severity.LOW}
    index = AdvisoryIndex(advisory(name, start, severity=severity) for name, severity in severities.items())
    assert [one.id for one in index.matches("a", "1.0")] == ["PYSEC-2", "PYSEC-1", "PYSEC-3"]
    assert (index.matches("b", "1.0"), index.fixes("b")) == ((), ())
