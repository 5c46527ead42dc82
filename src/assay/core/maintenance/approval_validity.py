"""The validity of approvals: for how many days an approval is good, by default and by tag, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from assay.core.errors import InvalidInputError
from assay.core.formatting import plural

LONGEST = 3650  # days
MOST_TAGS = 50
TAG_LENGTH = 40  # characters
REMIND_DAYS = 30  # before the end of an approval, its owner gets a task


@dataclass(frozen=True, kw_only=True)
class ApprovalEnd:
    """When an approval ends. `expired`: it is no longer good; `soon`: it ends within `REMIND_DAYS`."""

    ends: date
    expired: bool
    soon: bool
    words: str

    @property
    def due(self) -> bool:
        """Whether somebody should renew it now."""
        return self.expired or self.soon


@dataclass(frozen=True, kw_only=True)
class ApprovalValidity:
    """For how many days an approval is good: 0 for ever. `tags` overrides `days` for environments with a tag.

    With `refuse`, a version whose approval has expired cannot be launched; by default it can.
    """

    days: int = 0
    tags: Mapping[str, int] = field(default_factory=dict)
    refuse: bool = False

    def days_for(self, tags: Iterable[str]) -> int:
        """Return the days of an environment with these tags: the fewest of its tags, else the default."""
        return min((self.tags[tag] for tag in tags if tag in self.tags), default=self.days)

    def ends(self, approved: date, tags: Iterable[str]) -> date | None:
        """Return the first day on which an approval is no longer good, None for never."""
        days = self.days_for(tags)
        return approved + timedelta(days=days) if days else None

    def end_of(self, approved: date, tags: Iterable[str], today: date) -> ApprovalEnd | None:
        """Return the end of an approval as it is on a day, None for never."""
        ends = self.ends(approved, tags)
        if ends is None:
            return None
        return ApprovalEnd(
            ends=ends,
            expired=ends <= today,
            soon=today < ends <= today + timedelta(days=REMIND_DAYS),
            words=expiry_words(ends, today),
        )

    @property
    def used(self) -> bool:
        """Whether any approval ends."""
        return bool(self.days or self.tags)

    def to_dict(self) -> dict[str, Any]:
        """Return the validity as a document."""
        return {"days": self.days, "tags": dict(self.tags), "refuse": self.refuse}


def validity_of(document: Mapping[str, Any]) -> ApprovalValidity:
    """Read a stored document; {} means that approvals do not end."""
    return ApprovalValidity(
        days=document.get("days", 0), tags=document.get("tags", {}), refuse=document.get("refuse", False)
    )


def check_validity(days: int, tags: Mapping[str, int], *, refuse: bool = False) -> ApprovalValidity:
    """Return the validity, if its numbers and tags are valid. Raises InvalidInputError."""
    if not 0 <= days <= LONGEST:
        raise InvalidInputError(
            f"{days} days.", hint=f"Write 0 (approvals do not end) to {LONGEST:,} days.", path="approval_days"
        )
    if len(tags) > MOST_TAGS:
        raise InvalidInputError(f"{len(tags)} tags.", hint=f"Name at most {MOST_TAGS}.", path="approval_days_by_tag")
    for tag, count in tags.items():
        if not (tag.strip() == tag and 0 < len(tag) <= TAG_LENGTH and tag.isprintable()):
            raise InvalidInputError(
                f"{tag[:TAG_LENGTH]!r} is not a tag.", hint="Write tag=days.", path="approval_days_by_tag"
            )
        if not 1 <= count <= LONGEST:
            raise InvalidInputError(
                f"{tag}: {count} days.", hint=f"Write 1 to {LONGEST:,} days.", path="approval_days_by_tag"
            )
    return ApprovalValidity(days=days, tags=dict(tags), refuse=refuse)


def read_tags(text: str) -> dict[str, int]:
    """Read `gpu=90, stable=730`. Raises InvalidInputError."""
    found: dict[str, int] = {}
    for entry in filter(None, (one.strip() for one in text.split(","))):
        tag, _, days = (part.strip() for part in entry.rpartition("="))
        if not tag or not days.isascii() or not days.isdigit() or len(days) > 6:  # noqa: PLR2004 - no day count is longer
            raise InvalidInputError(
                f"{entry[:TAG_LENGTH]!r} is not a tag with days.",
                hint="Write tag=days, separated by commas: gpu=90, stable=730.",
                path="approval_days_by_tag",
            )
        found[tag] = int(days)
    return found


def write_tags(tags: Mapping[str, int]) -> str:
    """Write the days by tag as `read_tags` reads them."""
    return ", ".join(f"{tag}={days}" for tag, days in tags.items())


def expiry_words(ends: date, today: date) -> str:
    """Return a phrase, e.g. `approval expired 3 days ago`, `approval expires in 12 days`."""
    left = (ends - today).days
    if left > 0:
        return f"approval expires in {plural(left, 'day')}"
    return f"approval expired {plural(-left, 'day')} ago" if left else "approval expired today"
