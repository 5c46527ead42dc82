"""Actions on several versions at once: who can take them, which successors stay, what was shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.lifecycle import Status
from assay.core.maintenance.bulk_actions import (
    BulkAction,
    confirmation,
    final_successors,
    shown_token,
    status_problem,
)

names = st.sampled_from([f"{letter}@1" for letter in "abcdef"])


@pytest.mark.parametrize(
    ("action", "status", "problem"),
    [
        (BulkAction.KEEP, Status.PUBLISHED, ""),
        (BulkAction.OWNER, Status.DEPRECATED, ""),
        (BulkAction.DEPRECATE, Status.PUBLISHED, ""),
        (BulkAction.DEPRECATE, Status.DEPRECATED, "It is deprecated already."),
        (BulkAction.RETIRE, Status.PUBLISHED, "It is published. Deprecate it first."),
        (BulkAction.RETIRE, Status.DEPRECATED, ""),
        (BulkAction.END, Status.PUBLISHED, "It is published. Deprecate it first."),
        (BulkAction.END, Status.DEPRECATED, ""),
    ],
)
def test_what_a_status_allows(action: BulkAction, status: Status, problem: str) -> None:
    """As one version at a time."""
    assert status_problem(action, status) == problem


@given(st.dictionaries(names, st.sampled_from(["", "z@1", *(f"{letter}@1" for letter in "abcdef")])))
def test_a_final_successor_stays(proposed: dict[str, str]) -> None:
    """None is selected itself; where one of the chain stays, that is the successor."""
    found = final_successors(proposed)
    assert found.keys() == proposed.keys()
    assert all(successor not in proposed for successor in found.values())
    for name, successor in proposed.items():
        if successor not in proposed:
            assert found[name] == successor
        elif found[name]:
            assert found[name] == found[successor]


def test_a_token_stands_for_what_was_shown() -> None:
    """The order of the facts does not matter, each value does."""
    assert shown_token({"a": 1, "b": [2]}) == shown_token({"b": [2], "a": 1})
    assert shown_token({"a": 1}) != shown_token({"a": 2})
    assert len(shown_token({})) == 16


def test_what_is_typed() -> None:
    """Only for what cannot be undone."""
    assert confirmation(BulkAction.RETIRE, 12) == "retire 12"
    assert confirmation(BulkAction.DEPRECATE, 12) == ""
