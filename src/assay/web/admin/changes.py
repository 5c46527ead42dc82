"""The library changes of a review as table rows, with the viewed marks of the visitor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assay.core.review.decision import mark_of
from assay.core.review.library_changes import LibraryChange
from assay.web.templatetags.assay import days


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One changed library, its mark, and whether the visitor viewed the library under this mark."""

    change: LibraryChange
    mark: str
    viewed: bool


def change_lines(changes: Iterable[LibraryChange], viewed: Mapping[str, str]) -> list[ChangeLine]:
    """Return changes as rows; `viewed` maps libraries to the marks under which the visitor viewed them."""
    return [_line(one, mark_of(one.row), viewed) for one in changes]


def _line(change: LibraryChange, mark: str, viewed: Mapping[str, str]) -> ChangeLine:
    return ChangeLine(change=change, mark=mark, viewed=viewed.get(change.row.name) == mark)


def age(uploaded: str, now: datetime) -> str:
    """Write how long ago a file was released, e.g. `5 days`, `3 months`, `2 years`; '' when that is not known."""
    try:
        then = datetime.fromisoformat(uploaded)
    except ValueError:
        return ""
    passed = max(now - (then if then.tzinfo else then.replace(tzinfo=UTC)), timedelta())
    return days(passed.days) if passed.days else "today"
