"""The next step that the periodic review proposes for a version, from the reasons why it is listed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.core.lifecycle import Status
from assay.core.maintenance.review_reasons import Reason, ReviewedVersion
from assay.core.maintenance.review_rules import ReasonKind


class Step(StrEnum):
    """The proposed next step for a version."""

    KEEP = "keep"
    DEPRECATE = "deprecate"
    MERGE = "merge"
    RENEW = "renew"
    UPDATE = "update"
    OWNER = "owner"
    END = "end"
    RETIRE = "retire"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The proposed next step. `successor` is the version to use instead, '' for none."""

    step: Step
    words: str
    successor: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the proposal as a document."""
        return {"action": str(self.step), "successor": self.successor, "words": self.words}


def proposal_of(version: ReviewedVersion, reasons: Collection[Reason]) -> Proposal:
    """Return the next step that the reasons suggest; `reasons` is not empty.

    What ends a version comes first, since it settles the other reasons too; what needs a person is next.
    """
    kinds = {one.kind for one in reasons}
    if version.status is Status.DEPRECATED:
        return _for_deprecated(version, kinds)
    return _replacement(version, kinds) or _for_published(version, kinds)


def _for_deprecated(version: ReviewedVersion, kinds: set[ReasonKind]) -> Proposal:
    if kinds == {ReasonKind.OWNER_LEFT}:
        return Proposal(step=Step.OWNER, words="Give to another owner")
    if version.people or version.projects or version.derived:
        return Proposal(step=Step.END, words="Set end date")
    return Proposal(step=Step.RETIRE, words="Retire")


def _replacement(version: ReviewedVersion, kinds: set[ReasonKind]) -> Proposal | None:
    """Return the step to another version that takes its place, None when none does."""
    if ReasonKind.SUPERSEDED in kinds:
        return Proposal(step=Step.DEPRECATE, words=f"Deprecate for {version.newer}", successor=version.newer)
    if ReasonKind.DUPLICATE not in kinds or version.similar is None:
        return None
    kept = version.similar.kept
    if version.similar.unserved:
        return Proposal(step=Step.MERGE, words=f"Merge with {kept}", successor=kept)
    return Proposal(step=Step.DEPRECATE, words=f"Deprecate for {kept}", successor=kept)


def _for_published(version: ReviewedVersion, kinds: set[ReasonKind]) -> Proposal:
    if ReasonKind.UNUSED in kinds:
        if version.projects:
            return Proposal(step=Step.KEEP, words="Keep")
        return Proposal(step=Step.DEPRECATE, words="Deprecate", successor=version.newer)
    if ReasonKind.OWNER_LEFT in kinds:
        return Proposal(step=Step.OWNER, words="Give to another owner")
    if kinds == {ReasonKind.APPROVAL}:
        return Proposal(step=Step.RENEW, words="Renew approval")
    return Proposal(step=Step.UPDATE, words="Create update")
