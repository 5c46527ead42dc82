"""The form fields that say who gets a version first; of a submission and of a workspace's default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.errors import InvalidInputError
from assay.core.maintenance.rollout import RolloutPlan

DEFAULT = "default"
EVERYONE = "everyone"
PILOT = "pilot"


@dataclass(frozen=True, kw_only=True)
class RolloutFields:
    """The fields as text: `reach` is `default`, `everyone` or `pilot`; the others count for a pilot only."""

    reach: str = EVERYONE
    people: str = ""
    groups: str = ""
    starts: str = "20"
    days: str = ""

    @classmethod
    def of_plan(cls, plan: RolloutPlan) -> RolloutFields:
        """Return the fields that show a plan."""
        if plan.everyone:
            return cls()
        return cls(
            reach=PILOT,
            people=", ".join(plan.people),
            groups=", ".join(plan.groups),
            starts=str(plan.starts or ""),
            days=str(plan.days or ""),
        )

    @classmethod
    def of_post(cls, sent: Mapping[str, str]) -> RolloutFields:
        """Return the fields as they were sent."""
        return cls(
            reach=sent.get("reach", EVERYONE),
            people=sent.get("pilot_people", ""),
            groups=sent.get("pilot_groups", ""),
            starts=sent.get("pilot_starts", ""),
            days=sent.get("pilot_days", ""),
        )

    def plan(self) -> RolloutPlan | None:
        """Return the plan that the fields say, None for the workspace's default. Raises InvalidInputError."""
        if self.reach == DEFAULT:
            return None
        if self.reach != PILOT:
            return RolloutPlan()
        people, groups = _names(self.people), _names(self.groups)
        if not people and not groups:
            raise InvalidInputError(
                "The pilot group is empty.", hint="Name people or groups, or choose everyone at once.", path="people"
            )
        return RolloutPlan(
            people=people, groups=groups, starts=_number(self.starts, "starts"), days=_number(self.days, "days")
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").lower().split())


def _number(text: str, path: str) -> int:
    """Return a number of starts or days; nothing is 0, which means: not used."""
    cleaned = text.strip()
    if not cleaned:
        return 0
    if not (cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 10):  # noqa: PLR2004 - far above the limits
        raise InvalidInputError(f"{cleaned[:20]!r} is not a number of {path}.", hint="Type digits.", path=path)
    return int(cleaned)
