"""Approval rules as tables: what is still missing, and which changes need nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.people import lock_of

from assay.core.comparison.diff import ComparedVersion, Comparison, compare
from assay.core.errors import InvalidInputError
from assay.core.policy.findings import Effect, Finding
from assay.core.review.approval import (
    MOST_APPROVALS,
    MOST_GROUPS,
    ApprovalRules,
    approval_progress,
    check_groups,
    check_rules,
    risks,
)

BEFORE = {"six": "1.16.0", "idna": "2.8"}


def change(after: dict[str, str], **settings: str) -> Comparison:
    """Compare with what was published before."""
    plain = {"Python": "3.11", "Base": "none", "Direct libraries": "six"}
    first = ComparedVersion(label="geo@1", lock=lock_of(BEFORE), settings=plain)
    return compare([first, ComparedVersion(label="geo@2", lock=lock_of(after), settings={**plain, **settings})])


def finding(effect: Effect) -> Finding:
    """Return a finding."""
    return Finding(key="k", kind="deny", effect=effect, words="w", advice="", rule="r")


@pytest.mark.parametrize(
    ("rules", "approved", "complete", "words"),
    [
        (ApprovalRules(), [], False, "1 approval"),
        (ApprovalRules(), [()], True, ""),
        (ApprovalRules(approvals=2), [()], False, "1 more approval"),
        (ApprovalRules(approvals=3), [], False, "3 approvals"),
        (ApprovalRules(groups=("security",)), [()], False, "1 more approval, by security"),
        (ApprovalRules(groups=("security",)), [("security",)], True, ""),
        (ApprovalRules(groups=("security", "data")), [("data", "security")], True, ""),
        (ApprovalRules(groups=("security", "data")), [], False, "2 approvals, by security and data"),
        (ApprovalRules(approvals=2, groups=("security",)), [("security",)], False, "1 more approval"),
    ],
)
def test_what_is_still_missing(
    rules: ApprovalRules, approved: list[tuple[str, ...]], *, complete: bool, words: str
) -> None:
    """So many approvals, and one of each group among them."""
    found = approval_progress(rules, approved)
    assert (found.complete, found.words) == (complete, words)


@given(
    st.lists(st.sets(st.sampled_from(["a", "b"])), max_size=5),
    st.integers(1, 5),
    st.sets(st.sampled_from(["a", "b"])),
)
def test_another_approval_never_takes_one_away(approved: list[set[str]], wanted: int, groups: set[str]) -> None:
    """What is complete stays complete, and nothing is complete without enough approvals."""
    rules = ApprovalRules(approvals=wanted, groups=tuple(sorted(groups)))
    before, after = approval_progress(rules, approved), approval_progress(rules, [*approved, set()])
    assert not before.complete or after.complete
    assert not before.complete or len(approved) >= wanted
    assert before.complete == (before.words == "")


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (ApprovalRules(approvals=0), "approvals"),
        (ApprovalRules(approvals=MOST_APPROVALS + 1), "approvals"),
        (ApprovalRules(groups=("Big One",)), "groups"),
    ],
)
def test_rules_that_cannot_be(rules: ApprovalRules, path: str) -> None:
    """Nobody can lock a workspace up by a number or a name; the error names the field."""
    with pytest.raises(InvalidInputError) as caught:
        check_rules(rules)
    assert caught.value.path == path
    assert check_rules(ApprovalRules(approvals=1)) == ApprovalRules(approvals=1)


@pytest.mark.parametrize(
    ("after", "settings", "words"),
    [
        ({**BEFORE, "six": "1.16.1"}, {}, ""),
        (BEFORE, {"Direct libraries": "six>=1.16"}, ""),
        ({**BEFORE, "six": "1.17.0"}, {}, "six has a minor upgrade."),
        ({**BEFORE, "six": "2.0"}, {}, "six has a major upgrade."),
        ({**BEFORE, "six": "1.15.0"}, {}, "six is downgraded."),
        ({**BEFORE, "rich": "1.0"}, {}, "rich is added."),
        ({"six": "1.16.0"}, {}, "idna is removed."),
        (BEFORE, {"Python": "3.12"}, "Python differs: 3.11, 3.12."),
        (BEFORE, {"Base": "ds@2"}, "Base differs: none, ds@2."),
    ],
)
def test_which_changes_are_of_low_risk(after: dict[str, str], settings: dict[str, str], words: str) -> None:
    """Patch releases only; anything else says why not."""
    assert risks(change(after, **settings), [], assessed=True, failed=0) == ([words] if words else [])


def test_another_file_at_the_same_version_is_a_risk() -> None:
    """Its hash changed though its version did not: somebody replaced the file."""
    lock = lock_of(BEFORE)
    first, *others = lock.libraries
    replaced = replace(lock, libraries=(replace(first, file=replace(first.file, sha256="0" * 64)), *others))
    both = compare([ComparedVersion(label="geo@1", lock=lock), ComparedVersion(label="geo@2", lock=replaced)])
    assert risks(both, [], assessed=True, failed=0) == ["six is rebuilt."]


def test_what_else_is_a_risk() -> None:
    """A first version, a finding, a failed check, and advisories that nobody loaded."""
    fine = change(BEFORE)
    assert risks(None, [], assessed=True, failed=0)
    assert risks(fine, [finding(Effect.WARN)], assessed=True, failed=0) == ["1 finding."]
    assert risks(fine, [finding(Effect.WARN), finding(Effect.BLOCK)], assessed=True, failed=1) == [
        "2 findings.",
        "1 check did not pass.",
    ]
    assert risks(fine, [finding(Effect.NOTE)], assessed=True, failed=0) == []
    assert risks(fine, [], assessed=False, failed=0) == ["Known vulnerabilities are not assessed."]
    assert risks(fine, [], assessed=True, failed=2) == ["2 checks did not pass."]


def test_the_greatest_rules_and_one_more() -> None:
    """The limits themselves are allowed; a group that is named twice counts once."""
    names = [f"group-{number}" for number in range(MOST_GROUPS + 1)]
    rules = ApprovalRules(approvals=MOST_APPROVALS, groups=tuple(names[1:]))
    assert check_rules(rules) == rules
    assert check_groups(["data", "data"]) == ("data",)
    with pytest.raises(InvalidInputError, match="11 groups") as caught:
        check_groups(names)
    assert caught.value.path == "groups"
