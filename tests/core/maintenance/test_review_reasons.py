"""Which versions the periodic review lists, on which day, and what it proposes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.lifecycle import Status
from assay.core.maintenance.approval_validity import ApprovalValidity
from assay.core.maintenance.review_reasons import (
    EndedLibrary,
    Reason,
    ReviewedVersion,
    SimilarEnvironment,
    reasons_of,
)
from assay.core.maintenance.review_rules import RULE_TYPES, ReasonKind, ReviewRules, Setting
from assay.core.maintenance.review_steps import Step, proposal_of

TODAY = date(2026, 6, 1)
NEVER = ApprovalValidity()
DEFAULT = ReviewRules()
FRESH = ReviewedVersion(
    reference="geo@1",
    status=Status.PUBLISHED,
    published=TODAY - timedelta(days=10),
    approved=TODAY - timedelta(days=10),
    python="3.12",
    active=True,
    owner="ana",
)
SIMILAR = SimilarEnvironment(kept="web@3", gained=2, lost=1, altered=4, unserved=(), since=TODAY)


def ago(days: int) -> date:
    """Return the day so many days before today."""
    return TODAY - timedelta(days=days)


def listed(
    version: ReviewedVersion, rules: ReviewRules = DEFAULT, validity: ApprovalValidity = NEVER
) -> list[Reason]:
    """Return the reasons today."""
    return list(reasons_of(version, rules, validity, TODAY))


def kinds(version: ReviewedVersion, rules: ReviewRules = DEFAULT, validity: ApprovalValidity = NEVER) -> list[str]:
    """Return the kinds of the reasons today."""
    return [str(one.kind) for one in listed(version, rules, validity)]


@pytest.mark.parametrize(
    ("version", "kind", "since", "words"),
    [
        (
            replace(FRESH, published=ago(90)),
            "unused",
            ago(90),
            "Never used since it was published 90 days ago.",
        ),
        (replace(FRESH, published=ago(400), last_used=ago(120)), "unused", ago(120), "Not used for 120 days."),
        (
            replace(FRESH, published=ago(100), last_used=ago(300)),
            "unused",
            ago(100),
            "Never used since it was published 100 days ago.",
        ),
        (
            replace(FRESH, active=False, newer="geo@3", newer_since=ago(30)),
            "superseded",
            ago(30),
            "A newer version was published 30 days ago; the newest is geo@3.",
        ),
        (
            replace(FRESH, similar=SIMILAR),
            "near-duplicate",
            TODAY,
            "Nearly the same libraries as web@3: moving to it gains 2, loses 1, changes 4.",
        ),
        (
            replace(FRESH, similar=replace(SIMILAR, gained=0, lost=0, altered=0, unserved=("a", "b", "c", "d", "e"))),
            "near-duplicate",
            TODAY,
            "Nearly the same libraries as web@3: both have the same libraries; it lacks a, b, c and 2 more.",
        ),
        (
            replace(FRESH, similar=replace(SIMILAR, unserved=("a",))),
            "near-duplicate",
            TODAY,
            "Nearly the same libraries as web@3: moving to it gains 2, loses 1, changes 4; it lacks a.",
        ),
        (
            replace(FRESH, python="3.9.18"),
            "python-ended",
            date(2025, 11, 1),
            "Python 3.9 has had no security fixes since 1 November 2025.",
        ),
        (
            replace(FRESH, ended=(EndedLibrary(name="nose", status="archived"),)),
            "library-ended",
            TODAY,
            "nose (archived) is no longer developed.",
        ),
        (
            replace(
                FRESH,
                ended=tuple(EndedLibrary(name=name, status="deprecated") for name in "abcd"),
                seen={ReasonKind.LIBRARY_ENDED: ago(7)},
            ),
            "library-ended",
            ago(7),
            "a (deprecated), b (deprecated), c (deprecated) and 1 more are no longer developed.",
        ),
        (
            replace(FRESH, attention_since=ago(14)),
            "needs-attention",
            ago(14),
            "It has had open findings for 14 days.",
        ),
        (replace(FRESH, owner_left=True), "owner-left", TODAY, "The owner ana is no longer a member."),
        (
            replace(FRESH, owner_left=True, seen={ReasonKind.OWNER_LEFT: ago(3)}),
            "owner-left",
            ago(3),
            "The owner ana is no longer a member.",
        ),
        (
            replace(FRESH, status=Status.DEPRECATED, deprecated=ago(30)),
            "no-end-date",
            ago(30),
            "Deprecated 30 days ago, without an end date.",
        ),
    ],
)
def test_each_rule_says_why_and_since_when(version: ReviewedVersion, kind: str, since: date, words: str) -> None:
    """With the figures; nothing else is said of this version."""
    assert [one.to_dict() for one in listed(version)] == [{"kind": kind, "since": since.isoformat(), "words": words}]


@pytest.mark.parametrize(
    "version",
    [
        FRESH,
        replace(FRESH, published=ago(89)),
        replace(FRESH, published=ago(400), last_used=ago(89)),
        replace(FRESH, published=ago(400), derived=1),
        replace(FRESH, active=False, newer="geo@3", newer_since=ago(29)),
        replace(FRESH, active=True, newer="geo@3", newer_since=ago(99)),
        replace(FRESH, python="3.99"),
        replace(FRESH, attention_since=ago(13)),
        replace(FRESH, owner_left=True, active=False),
        replace(FRESH, status=Status.DEPRECATED, deprecated=ago(29)),
        replace(FRESH, status=Status.DEPRECATED, deprecated=ago(99), ends=TODAY, published=ago(400)),
        replace(FRESH, status=Status.DEPRECATED, similar=SIMILAR, python="3.9", attention_since=ago(99)),
    ],
)
def test_what_is_not_listed(version: ReviewedVersion) -> None:
    """One day before its time, or because it is in use, or decided on."""
    assert listed(version) == []


def test_the_last_day_of_security_fixes_is_a_good_day() -> None:
    """A Python ends with the day after it."""
    old = replace(FRESH, python="3.9")
    assert not reasons_of(old, DEFAULT, NEVER, date(2025, 10, 31))
    assert [one.since for one in reasons_of(old, DEFAULT, NEVER, date(2025, 11, 1))] == [date(2025, 11, 1)]


@pytest.mark.parametrize(
    ("approved", "within", "since", "words"),
    [
        (ago(365), 0, TODAY, "Approval expired today; it is good for 365 days."),
        (ago(368), 0, ago(3), "Approval expired 3 days ago; it is good for 365 days."),
        (ago(364), 0, None, ""),
        (ago(355), 10, TODAY, "Approval expires in 10 days; it is good for 365 days."),
        (ago(354), 10, None, ""),
    ],
)
def test_approvals_that_end(approved: date, within: int, since: date | None, words: str) -> None:
    """On the day after so many days, or before that when the rule says so."""
    rules = ReviewRules(settings={ReasonKind.APPROVAL: Setting(days=within)})
    version = replace(FRESH, published=ago(1), approved=approved, tags=("gpu",))
    found = listed(version, rules, ApprovalValidity(days=365))
    assert [(one.since, one.words) for one in found] == ([(since, words)] if since else [])


@pytest.mark.parametrize(
    ("changes", "step", "words", "successor"),
    [
        ({"newer": "geo@2", "newer_since": ago(40), "active": False, "similar": SIMILAR}, "deprecate", "", "geo@2"),
        ({"similar": SIMILAR, "published": ago(99)}, "deprecate", "Deprecate for web@3", "web@3"),
        ({"similar": replace(SIMILAR, unserved=("a",))}, "merge", "Merge with web@3", "web@3"),
        ({"published": ago(99)}, "deprecate", "Deprecate", ""),
        ({"published": ago(99), "projects": 1}, "keep", "Keep", ""),
        ({"owner_left": True, "attention_since": ago(99)}, "owner", "Give to another owner", ""),
        ({"python": "3.9"}, "update", "Create update", ""),
        ({"approved": ago(400)}, "renew", "Renew approval", ""),
        ({"approved": ago(400), "python": "3.9"}, "update", "Create update", ""),
        ({"status": Status.DEPRECATED, "deprecated": ago(99)}, "retire", "Retire", ""),
        ({"status": Status.DEPRECATED, "deprecated": ago(99), "people": 1}, "end", "Set end date", ""),
        ({"status": Status.DEPRECATED, "deprecated": ago(99), "projects": 1}, "end", "Set end date", ""),
        ({"status": Status.DEPRECATED, "deprecated": ago(99), "derived": 1}, "end", "Set end date", ""),
        ({"status": Status.DEPRECATED, "owner_left": True, "ends": TODAY}, "owner", "Give to another owner", ""),
    ],
)
def test_the_proposed_step(changes: dict[str, object], step: str, words: str, successor: str) -> None:
    """What ends a version comes before what mends it; nobody's work ends without an end date."""
    version = replace(FRESH, **changes)  # type: ignore[arg-type]  # fields of it
    found = proposal_of(version, reasons_of(version, DEFAULT, ApprovalValidity(days=365), TODAY))
    assert found.to_dict() == {
        "action": step,
        "successor": successor,
        "words": words or f"Deprecate for {successor}",
    }


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
versions = st.builds(
    ReviewedVersion,
    reference=st.just("geo@1"),
    status=st.sampled_from([Status.PUBLISHED, Status.DEPRECATED]),
    published=days,
    approved=days,
    python=st.sampled_from(["3.9", "3.12", "2.7"]),
    active=st.booleans(),
    tags=st.lists(st.sampled_from(["gpu", "lab"])).map(tuple),
    last_used=st.none() | days,
    people=st.integers(0, 3),
    projects=st.integers(0, 3),
    derived=st.integers(0, 1),
    newer=st.just("geo@2"),
    newer_since=st.none() | days,
    similar=st.none() | st.just(SIMILAR),
    ended=st.sampled_from([(), (EndedLibrary(name="nose", status="archived"),)]),
    attention_since=st.none() | days,
    owner=st.just("ana"),
    owner_left=st.booleans(),
    deprecated=st.none() | days,
    ends=st.none() | days,
)
rules = st.dictionaries(
    st.sampled_from(list(ReasonKind)), st.builds(Setting, on=st.booleans(), days=st.integers(1, 400))
).map(lambda found: ReviewRules(settings=found))
validities = st.builds(
    ApprovalValidity, days=st.integers(0, 500), tags=st.dictionaries(st.just("gpu"), st.integers(1, 50))
)


@given(versions, rules, validities, days)
def test_a_rule_that_is_off_gives_no_reason(
    version: ReviewedVersion, given_rules: ReviewRules, validity: ApprovalValidity, today: date
) -> None:
    """Each kind at most once; whatever is listed gets a proposal, and only a published one is deprecated."""
    found = reasons_of(version, given_rules, validity, today)
    assert len({one.kind for one in found}) == len(found)
    assert all(given_rules.of(one.kind).on for one in found)
    assert all(one.words.endswith(".") for one in found)
    if found:
        step = proposal_of(version, found).step
        assert (step in {Step.RETIRE, Step.END}) <= (version.status is Status.DEPRECATED)
        assert (step is Step.DEPRECATE) <= (version.status is Status.PUBLISHED)


@given(versions, rules, validities, days)
def test_what_is_used_or_new_is_not_unused(
    version: ReviewedVersion, given_rules: ReviewRules, validity: ApprovalValidity, today: date
) -> None:
    """No version is unused before it has been published for as long as the rule says, or while others build on it."""
    found = {one.kind for one in reasons_of(version, given_rules, validity, today)}
    young = today < version.published + timedelta(days=given_rules.days(ReasonKind.UNUSED))
    if young or version.derived:
        assert ReasonKind.UNUSED not in found


@given(versions, rules, validities, days, st.integers(0, 400))
def test_time_alone_settles_nothing(
    version: ReviewedVersion, given_rules: ReviewRules, validity: ApprovalValidity, today: date, later: int
) -> None:
    """A version that nothing happens to stays listed for each reason, since the same day where that is known."""
    now = {one.kind: one for one in reasons_of(version, given_rules, validity, today)}
    then = reasons_of(version, given_rules, validity, today + timedelta(days=later))
    assert now.keys() <= {one.kind for one in then}
    undated = {ReasonKind.LIBRARY_ENDED, ReasonKind.OWNER_LEFT, ReasonKind.APPROVAL}
    assert all(now[one.kind].since == one.since for one in then if one.kind in now.keys() - undated)


def test_every_kind_has_a_rule() -> None:
    """In the order of the page."""
    assert [one.kind for one in RULE_TYPES] == list(ReasonKind)
