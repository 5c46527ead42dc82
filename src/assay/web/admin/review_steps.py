"""The next steps that a row of the review list offers, as links: the proposed one first."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from assay.core.lifecycle import Status
from assay.core.maintenance.bulk_actions import BulkAction
from assay.core.maintenance.review_rules import ReasonKind
from assay.core.maintenance.review_steps import Step
from assay.core.roles import Actor, Right
from assay.store.reads.review_items import ReviewRow

LABELS = {
    Step.KEEP: "Keep until…",
    Step.DEPRECATE: "Deprecate…",
    Step.MERGE: "Merge…",
    Step.RENEW: "Renew approval…",
    Step.UPDATE: "Find update",
    Step.OWNER: "Give to another owner…",
    Step.END: "Set end date…",
    Step.RETIRE: "Retire…",
}
NOTES = {Step.DEPRECATE: "for {}", Step.MERGE: "with {}"}
ONLY_ADMINISTRATORS = {Step.OWNER, Step.RETIRE}
PUBLISHED = (Step.KEEP, Step.DEPRECATE, Step.RENEW, Step.UPDATE, Step.OWNER)
DEPRECATED = (Step.KEEP, Step.END, Step.RETIRE, Step.OWNER)


@dataclass(frozen=True, kw_only=True)
class StepLink:
    """A step as a link; `note` names the version that it leads to, '' for none."""

    words: str
    address: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps of a row. `proposed` has no address when an administrator has to take it."""

    proposed: StepLink
    others: tuple[StepLink, ...]


def steps_of(actor: Actor, row: ReviewRow) -> Steps:
    """Return the steps that the actor may take with a row."""
    proposed = Step(row.proposal["action"])
    possible = list(PUBLISHED if row.status == Status.PUBLISHED else DEPRECATED)
    if any(one["kind"] == ReasonKind.DUPLICATE for one in row.reasons) and row.proposal["successor"]:
        possible.insert(2, Step.MERGE)
    allowed = [one for one in possible if actor.has(Right.ADMINISTER) or one not in ONLY_ADMINISTRATORS]
    usable = proposed not in ONLY_ADMINISTRATORS or actor.has(Right.ADMINISTER)
    return Steps(
        proposed=StepLink(
            words=LABELS[proposed],
            address=address_of(proposed, row) if usable else "",
            note=NOTES.get(proposed, "").format(row.proposal["successor"]) if row.proposal["successor"] else "",
        ),
        others=tuple(
            StepLink(words=LABELS[one], address=address_of(one, row)) for one in allowed if one is not proposed
        ),
    )


def address_of(step: Step, row: ReviewRow) -> str:
    """Return the page on which a step is taken."""
    here = [row.environment, row.version]
    if step is Step.KEEP:
        return f"{reverse('review-actions')}?action={BulkAction.KEEP}&rows={row.reference}"
    if step in {Step.DEPRECATE, Step.END}:
        successor = f"?successor={row.proposal['successor']}" if row.proposal["successor"] else ""
        return reverse("deprecate", args=here) + successor
    if step is Step.MERGE:
        return f"{reverse('merge')}?versions={row.proposal['successor']},{row.reference}"
    if step is Step.UPDATE:
        return f"{reverse('version', args=here)}?tab=health"
    if step is Step.OWNER:
        return reverse("environment-owner", args=[row.environment])
    return reverse("renew" if step is Step.RENEW else "retire", args=here)
