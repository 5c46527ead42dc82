"""The rules of the periodic review as a document: read, checked, written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.maintenance.review_rules import BY_KIND, ReasonKind, ReviewRules, Setting, read_rules

settings = st.dictionaries(
    st.sampled_from(list(ReasonKind)), st.builds(Setting, on=st.booleans(), days=st.integers(1, 3650))
).map(
    lambda found: ReviewRules(
        settings={kind: one if BY_KIND[kind].days is not None else Setting(on=one.on) for kind, one in found.items()}
    )
)


@given(settings)
def test_a_document_is_read_back(rules: ReviewRules) -> None:
    """With every rule in it."""
    document = rules.to_dict()
    assert list(document) == list(ReasonKind)
    assert read_rules(document).to_dict() == document


def test_what_is_left_out_has_its_default() -> None:
    """The whole document, one rule, or one field."""
    assert read_rules({}).to_dict() == ReviewRules().to_dict()
    assert read_rules({"unused": {}}).of(ReasonKind.UNUSED) == Setting(on=True, days=90)
    assert read_rules({"unused": {"on": False}}).of(ReasonKind.UNUSED) == Setting(on=False, days=90)
    assert ReviewRules(settings={ReasonKind.UNUSED: Setting(on=False)}).days(ReasonKind.UNUSED) == 90
    assert read_rules({"owner-left": {"on": False}}).days(ReasonKind.OWNER_LEFT) == 0
    assert read_rules({"approval-expired": {"days": 0}}).days(ReasonKind.APPROVAL) == 0


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], None),
        ({"old": {}}, "old"),
        ({"unused": 90}, "unused"),
        ({"unused": {"on": "yes"}}, "unused"),
        ({"unused": {"day": 9}}, "unused"),
        ({"unused": {"days": 0}}, "unused.days"),
        ({"unused": {"days": 3651}}, "unused.days"),
        ({"unused": {"days": "90"}}, "unused.days"),
        ({"unused": {"days": True}}, "unused.days"),
        ({"approval-expired": {"days": -1}}, "approval-expired.days"),
        ({"owner-left": {"days": 5}}, "owner-left.days"),
    ],
)
def test_what_is_wrong_is_named(document: object, path: str | None) -> None:
    """With the path of the field."""
    with pytest.raises(InvalidInputError) as caught:
        read_rules(document)
    assert caught.value.path == path
