"""The changes of a review as rows: those that need attention, and those approved earlier in this environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assay.core.comparison.diff import Comparison, Row
from assay.core.review.decision import mark_of
from assay.core.roles import Actor
from assay.store.models import Version
from assay.store.reads.compared_versions import also_in
from assay.store.reads.reviews import accepted_before, viewed_by
from assay.web.templatetags.assay import days

SHOWN = 2  # other environments named in a row


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One changed library with the facts that a reviewer needs.

    `elsewhere` lists (reference, version) of other environments that contain it, `more` counts those not listed.
    `accepted` is the version of this environment that was approved with the same file, '' for none.
    """

    row: Row
    mark: str
    viewed: bool
    accepted: str
    elsewhere: tuple[tuple[str, str], ...]
    more: int


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The rows of a review: those that need attention, and those whose file was approved before."""

    open: tuple[ChangeLine, ...]
    accepted: tuple[ChangeLine, ...]

    @property
    def viewed(self) -> int:
        """The number of open rows that the reviewer has marked as viewed."""
        return sum(line.viewed for line in self.open)


def changes_of(actor: Actor, version: Version, comparison: Comparison) -> Changes:
    """Return the changes of a comparison whose last version is this one. Runs three queries."""
    rows = comparison.changed
    names = [row.name for row in rows]
    elsewhere = also_in(actor, names, but=version.environment_id)
    accepted = accepted_before(version, names)
    viewed = viewed_by(actor, version)
    lines = [_line(row, elsewhere.get(row.name, []), accepted, viewed) for row in rows]
    return Changes(
        open=tuple(line for line in lines if not line.accepted),
        accepted=tuple(line for line in lines if line.accepted),
    )


def _line(
    row: Row, others: list[tuple[str, str]], accepted: dict[tuple[str, str], str], viewed: dict[str, str]
) -> ChangeLine:
    mark = mark_of(row)
    return ChangeLine(
        row=row,
        mark=mark,
        viewed=viewed.get(row.name) == mark,
        accepted=accepted.get((row.name, row.files[-1]), ""),
        elsewhere=tuple(others[:SHOWN]),
        more=max(0, len(others) - SHOWN),
    )


def age(uploaded: str, now: datetime) -> str:
    """Return how long ago a file was released, e.g. `5 days`, `3 months`, `2 years`; '' when unknown."""
    try:
        then = datetime.fromisoformat(uploaded)
    except ValueError:
        return ""
    passed = max(now - (then if then.tzinfo else then.replace(tzinfo=UTC)), timedelta())
    return days(passed.days) if passed.days else "today"
