"""The rules of the periodic review: their kinds, and which of them apply in a workspace with how many days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assay.core.errors import InvalidInputError

LONGEST = 3650  # days


class ReasonKind(StrEnum):
    """Why a version is in the review list."""

    UNUSED = "unused"
    SUPERSEDED = "superseded"
    DUPLICATE = "near-duplicate"
    PYTHON_ENDED = "python-ended"
    LIBRARY_ENDED = "library-ended"
    ATTENTION = "needs-attention"
    APPROVAL = "approval-expired"
    OWNER_LEFT = "owner-left"
    NO_END = "no-end-date"


@dataclass(frozen=True, kw_only=True)
class RuleType:
    """A rule: its label, and its sentence around the number of days. `days` is the default, None without a number."""

    kind: ReasonKind
    label: str
    before: str
    after: str = ""
    days: int | None = None
    least: int = 1


RULE_TYPES = (
    RuleType(
        kind=ReasonKind.UNUSED,
        label="unused",
        before="Nobody has used it for",
        after="days, it has been published for as long, and nothing builds on it",
        days=90,
    ),
    RuleType(
        kind=ReasonKind.SUPERSEDED,
        label="superseded",
        before="A newer version of the environment has been published for",
        after="days",
        days=30,
    ),
    RuleType(
        kind=ReasonKind.DUPLICATE,
        label="near-duplicate",
        before="Another environment has nearly the same libraries",
    ),
    RuleType(
        kind=ReasonKind.PYTHON_ENDED,
        label="Python ended",
        before="Its Python version no longer gets security fixes",
    ),
    RuleType(
        kind=ReasonKind.LIBRARY_ENDED,
        label="library ended",
        before="A library in its spec is archived or deprecated at its index",
    ),
    RuleType(
        kind=ReasonKind.ATTENTION,
        label="needs attention",
        before="It has needed attention for",
        after="days",
        days=14,
    ),
    RuleType(
        kind=ReasonKind.APPROVAL,
        label="approval expired",
        before="Its approval has expired, or expires within",
        after="days",
        days=0,
        least=0,
    ),
    RuleType(
        kind=ReasonKind.OWNER_LEFT,
        label="owner left",
        before="The environment's owner is no longer a member of the workspace",
    ),
    RuleType(
        kind=ReasonKind.NO_END,
        label="no end date",
        before="It has been deprecated without an end date for",
        after="days",
        days=30,
    ),
)
BY_KIND = {one.kind: one for one in RULE_TYPES}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The setting of one rule: whether it applies, and its number of days if it has one."""

    on: bool = True
    days: int | None = None


@dataclass(frozen=True, kw_only=True)
class ReviewRules:
    """The rules of a workspace; a kind that is not set has its defaults."""

    settings: Mapping[ReasonKind, Setting] = field(default_factory=dict)

    def of(self, kind: ReasonKind) -> Setting:
        """Return the setting of a rule."""
        return self.settings.get(kind) or Setting(days=BY_KIND[kind].days)

    def days(self, kind: ReasonKind) -> int:
        """Return the number of days of a rule, 0 for a rule without one."""
        given = self.of(kind).days
        return (BY_KIND[kind].days or 0) if given is None else given

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as a document."""
        return {
            str(one.kind): {"on": self.of(one.kind).on} | ({} if one.days is None else {"days": self.days(one.kind)})
            for one in RULE_TYPES
        }


def read_rules(document: object) -> ReviewRules:
    """Read a document {kind: {on, days}}; what is left out has its default.

    Raises InvalidInputError with the path of what is wrong.
    """
    if not isinstance(document, Mapping):
        raise InvalidInputError("Rules are given by kind.", hint='Write {"unused": {"on": true, "days": 90}}.')
    kinds = [str(one) for one in ReasonKind]
    for name in document:
        if name not in kinds:
            raise InvalidInputError(
                f"{name!r:.60} is not a rule.", hint=f"Choose from {', '.join(kinds)}.", path=f"{name!s:.60}"
            )
    return ReviewRules(
        settings={ReasonKind(name): _setting(BY_KIND[ReasonKind(name)], one) for name, one in document.items()}
    )


def _setting(rule: RuleType, given: object) -> Setting:
    if not isinstance(given, Mapping) or set(given) - {"on", "days"} or not isinstance(given.get("on", True), bool):
        raise InvalidInputError(
            f"The rule {rule.kind} is not valid.", hint="Give it on (true or false) and days.", path=str(rule.kind)
        )
    if rule.days is None:
        if given.get("days") is not None:
            raise InvalidInputError(
                f"The rule {rule.kind} has no number of days.", hint="Leave it out.", path=f"{rule.kind}.days"
            )
        return Setting(on=given.get("on", True))
    days = given.get("days", rule.days)
    if not isinstance(days, int) or isinstance(days, bool) or not rule.least <= days <= LONGEST:
        raise InvalidInputError(
            f"{days!r:.40} is not a number of days.",
            hint=f"Write {rule.least} to {LONGEST:,}.",
            path=f"{rule.kind}.days",
        )
    return Setting(on=given.get("on", True), days=days)
