"""The policy of a workspace: the current one, its revisions, and a preview of what another would block."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.policy.findings import Effect
from assay.core.policy.policy import DEFAULT, Evaluator, Policy
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, check_right
from assay.flow.assess.context import context_for
from assay.flow.assess.facts import store_facts
from assay.sources.policy_document import (
    policy_document,
    policy_from,
    policy_from_yaml,
    policy_schema,
    policy_to_yaml,
)
from assay.store.audit_log import record
from assay.store.models import PolicyRevision
from assay.store.reads.facts import LIVE, facts_of, live_versions, people_in, runtimes_in
from assay.store.reads.waivers import live_keys

RECENT = timedelta(days=30)  # launches within this count as people affected


@dataclass(frozen=True, kw_only=True)
class CurrentPolicy:
    """The current policy with its revision number; 0 is the default policy."""

    revision: int
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class BlockedVersion:
    """One version that a policy would block, with the texts of its blocking findings."""

    reference: str
    status: str
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PolicyPreview:
    """The effect of a policy on all published and pending versions. `warned` counts those with warnings only.

    `by_rule` maps the sentence of a rule to the number of versions in which it blocks or warns.
    """

    looked_at: int
    stopped: tuple[BlockedVersion, ...]
    warned: int
    people: int
    runtimes: int
    by_rule: dict[str, int]

    @property
    def references(self) -> frozenset[str]:
        """The versions that would be blocked."""
        return frozenset(one.reference for one in self.stopped)


def current_policy(workspace_id: int) -> CurrentPolicy:
    """Return the newest revision, or the default policy when there is none."""
    found = PolicyRevision.objects.filter(workspace_id=workspace_id).order_by("-number").first()
    if found is None:
        return CurrentPolicy(revision=0, policy=DEFAULT)
    return CurrentPolicy(revision=found.number, policy=policy_from(found.document))


def revisions(workspace_id: int) -> list[PolicyRevision]:
    """Return all revisions, newest first."""
    found = PolicyRevision.objects.filter(workspace_id=workspace_id).select_related("by")
    return list(found.order_by("-number"))


def policy_in(revision: PolicyRevision) -> Policy:
    """Return the policy of a revision."""
    return policy_from(revision.document)


def revise(actor: Actor, policy: Policy, *, seen: int, note: str = "") -> CurrentPolicy:
    """Store a policy as the newest revision. Raises ConflictError unless `seen` is the revision before it."""
    check_right(actor, Right.ADMINISTER)
    note = check_text(note, "note")
    newest = PolicyRevision.objects.filter(workspace_id=actor.workspace_id).aggregate(Max("number"))["number__max"]
    if seen != (newest or 0):
        raise _changed(newest or 0)
    try:
        with transaction.atomic():
            PolicyRevision.objects.create(
                workspace_id=actor.workspace_id,
                number=seen + 1,
                document=policy_document(policy),
                note=note,
                by_id=actor.id,
                at=timezone.now(),
            )
            record(
                EventName.POLICY_REVISED,
                workspace_id=actor.workspace_id,
                actor=actor.name,
                detail={"revision": seen + 1, "note": note, "rules": [rule.sentence for rule in policy.rules]},
            )
    except IntegrityError as error:
        raise _changed(seen + 1) from error
    return CurrentPolicy(revision=seen + 1, policy=policy)


def _changed(newest: int) -> ConflictError:
    return ConflictError(
        f"The policy is at revision {newest} now.", hint="Check what changed, then save again.", path="revision"
    )


def policy_of(actor: Actor, number: int) -> Policy:
    """Return an earlier policy; number 0 is the default. Raises NotFoundError."""
    if number == 0:
        return DEFAULT
    found = PolicyRevision.objects.filter(workspace_id=actor.workspace_id, number=number).first()
    if found is None:
        raise NotFoundError(f"There is no revision {number} of the policy.", hint="Choose one from the list.")
    return policy_from(found.document)


def preview_policy(actor: Actor, policy: Policy) -> PolicyPreview:
    """Return what a policy would block among all published and pending versions, storing nothing."""
    check_right(actor, Right.ADMINISTER)
    store_facts()
    rows = live_versions(actor.workspace_id, also=(Status.PENDING,))
    facts, waived = facts_of(rows), live_keys(actor.workspace_id, timezone.now())
    names = {name for one in facts.values() for name in one.names}
    evaluator = Evaluator(policy, context_for(actor.workspace_id, policy, names))
    stopped: list[BlockedVersion] = []
    pks: list[int] = []
    by_rule: Counter[str] = Counter()
    warned = 0
    for row in rows:
        findings = evaluator.findings(facts[row["pk"]])
        by_rule.update({one.rule for one in findings if one.effect is not Effect.NOTE})
        accepted = waived.get(row["environment_id"], frozenset())
        blocks = tuple(one.words for one in findings if one.effect is Effect.BLOCK and one.key not in accepted)
        if blocks:
            reference = facts[row["pk"]].reference
            stopped.append(BlockedVersion(reference=reference, status=row["status"], findings=blocks))
            pks.append(row["pk"])
        elif any(one.effect is Effect.WARN for one in findings):
            warned += 1
    published = [one.reference for one in stopped if one.status in LIVE]
    return PolicyPreview(
        looked_at=len(rows),
        stopped=tuple(stopped),
        warned=warned,
        people=people_in(pks, timezone.now() - RECENT),
        runtimes=runtimes_in(actor.workspace_id, published),
        by_rule=dict(by_rule),
    )


def read_policy(rules: list[dict[str, Any]] | None, text: str | None) -> Policy:
    """Read a policy from rules as dicts or from YAML. Raises InvalidInputError, also for a policy without rules."""
    if (rules is None) == (text is None):
        raise InvalidInputError("Give rules or yaml.", hint="Give exactly one of the two.", path="rules")
    policy = policy_from_yaml(text) if text is not None else policy_from({"rules": rules})
    if not policy.rules:
        raise InvalidInputError("A policy needs at least one rule.", hint="Keep at least one.", path="rules")
    return policy


def write_policy(current: CurrentPolicy) -> dict[str, Any]:
    """Return a policy as plain values: its revision, its rules, and each rule as a sentence."""
    sentences = [rule.sentence for rule in current.policy.rules]
    return {"revision": current.revision, **policy_document(current.policy), "sentences": sentences}


def policy_yaml(current: CurrentPolicy) -> str:
    """Return a policy as a YAML document."""
    return policy_to_yaml(current.policy)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy document."""
    return policy_schema()
