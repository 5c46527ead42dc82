"""Who renews an approval, and what the index says since."""

from __future__ import annotations

import pytest

from assay.core.comparison.diff import Step
from assay.core.errors import AssayError, ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.lifecycle import Health, Status, VersionState
from assay.core.maintenance.renewal import LibraryNews, check_renewal, library_news
from assay.core.policy.facts import Project
from assay.core.roles import Actor, Role

BEN = Actor(id=2, name="ben", role=Role.REVIEWER, workspace_id=1)
ANA = Actor(id=1, name="ana", role=Role.MEMBER, workspace_id=1)
PUBLISHED = VersionState(status=Status.PUBLISHED, author_id=1, digest="d")


def test_a_reviewer_renews_with_a_reason() -> None:
    """An author only where the workspace lets authors approve their own versions."""
    check_renewal(PUBLISHED, Health.ATTENTION, BEN, "still good", self_approval=False)
    own = VersionState(status=Status.PUBLISHED, author_id=2, digest="d")
    check_renewal(own, Health.OK, BEN, "still good", self_approval=True)


@pytest.mark.parametrize(
    ("state", "health", "actor", "reason", "error"),
    [
        (PUBLISHED, Health.OK, ANA, "good", ForbiddenError),
        (VersionState(status=Status.PUBLISHED, author_id=2), Health.OK, BEN, "good", ForbiddenError),
        (VersionState(status=Status.DRAFT, author_id=1), Health.OK, BEN, "good", NotFoundError),
        (VersionState(status=Status.DEPRECATED, author_id=1), Health.OK, BEN, "good", ConflictError),
        (PUBLISHED, Health.QUARANTINED, BEN, "good", ConflictError),
        (VersionState(status=Status.PUBLISHED, author_id=1, drifted=True), Health.OK, BEN, "good", ConflictError),
        (PUBLISHED, Health.OK, BEN, " ", InvalidInputError),
    ],
)
def test_who_may_not_and_when(
    state: VersionState, health: Health, actor: Actor, reason: str, error: type[AssayError]
) -> None:
    """The reason is told only to those who may know it."""
    with pytest.raises(error):
        check_renewal(state, health, actor, reason, self_approval=False)


def test_what_the_index_says_of_libraries() -> None:
    """Ended projects first, then the largest step; releases count for direct libraries, licences where known."""
    projects = {
        "ended": Project(name="ended", newest="9", status="archived", status_reason="moved"),
        "major": Project(name="major", newest="2.0"),
        "minor": Project(name="minor", newest="1.1"),
        "odd": Project(name="odd", newest="not a version"),
        "same": Project(name="same", newest="1.0.0"),
        "needed": Project(name="needed", newest="2.0"),
        "gone": Project(name="gone", status="unknown"),
    }
    pins = dict.fromkeys((*projects, "never-asked"), "1.0")
    licences = {
        ("major", "1.0"): "MIT",
        ("major", "2.0"): "BUSL-1.1",
        ("minor", "1.0"): "MIT",
        ("minor", "1.1"): "MIT",
    }
    found = library_news(pins, set(pins) - {"ended", "needed"}, projects, licences)
    assert found == (
        LibraryNews(name="ended", version="1.0", direct=False, status="archived", status_reason="moved"),
        LibraryNews(
            name="major", version="1.0", direct=True, newest="2.0", step=Step.MAJOR, licences=("MIT", "BUSL-1.1")
        ),
        LibraryNews(name="minor", version="1.0", direct=True, newest="1.1", step=Step.MINOR),
    )
