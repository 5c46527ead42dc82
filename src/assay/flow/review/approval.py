"""Approval rules of a workspace: missing approvals of a submission, and automatic approval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db import transaction

from assay.core.errors import NotFoundError
from assay.core.events import EventName
from assay.core.maintenance.approval_validity import ApprovalValidity
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.policy.findings import Finding
from assay.core.review.approval import (
    ApprovalProgress,
    ApprovalRules,
    approval_progress,
    check_groups,
    check_rules,
    risks,
)
from assay.core.review.decision import Verdict
from assay.core.roles import Actor, Right, check_right
from assay.flow.maintenance.merged_sources import is_merge
from assay.store.audit_log import record
from assay.store.models import Decision, Membership, Version, Workspace
from assay.store.reads.compared_versions import changes_against, predecessor


def rules_of(workspace: Workspace) -> ApprovalRules:
    """Return the approval rules of a workspace."""
    return ApprovalRules(
        approvals=workspace.approvals, groups=tuple(workspace.approval_groups), automatic=workspace.auto_approve
    )


def approval_progress_of(version: Version) -> ApprovalProgress:
    """Return the progress of the open round from the approvals of the current lock, in one query."""
    decisions = Decision.objects.filter(submission__version=version, submission__round=version.rounds)
    return approval_progress_in(version, decisions)


def approval_progress_in(version: Version, decisions: Iterable[Decision]) -> ApprovalProgress:
    """Return the progress of the open round from its decisions."""
    approvals = [one for one in decisions if one.verdict == Verdict.APPROVE and one.digest == version.digest]
    return approval_progress(rules_of(version.environment.workspace), [one.groups for one in approvals])


def groups_of(actor: Actor) -> list[str]:
    """Return the reviewer groups of a person."""
    found = Membership.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id)
    return list(found.values_list("groups", flat=True).first() or [])


def risks_of(version: Version, findings: tuple[Finding, ...], *, assessed: bool) -> list[str]:
    """Return why a built version is not low risk compared with the one published before it, [] when it is.

    A merge never is: publishing it deprecates other versions, which a person confirms.
    """
    if is_merge(version):
        return ["Publishing it deprecates the versions that it merges."]
    other = predecessor(version)
    before = other if other and other.environment_id == version.environment_id else None
    checks = version.lock.report["checks"] if version.lock else []
    return risks(
        changes_against(version, before) if before else None,
        findings,
        assessed=assessed,
        failed=sum(one["state"] != "passed" for one in checks),
    )


def set_approval(
    actor: Actor,
    rules: ApprovalRules,
    *,
    rollout: RolloutPlan | None = None,
    validity: ApprovalValidity | None = None,
    **demands: bool,
) -> None:
    """Change the approval rules of a workspace and its other settings. Raises InvalidInputError.

    `rollout` is the default roll-out of new versions, `validity` that of approvals; None keeps them.
    """
    check_right(actor, Right.ADMINISTER)
    check_rules(rules)
    columns: dict[str, Any] = {
        "approvals": rules.approvals,
        "approval_groups": list(rules.groups),
        "auto_approve": rules.automatic,
        **demands,
    }
    documents = {
        name: value.to_dict()
        for name, value in (("rollout", rollout), ("approval_validity", validity))
        if value is not None
    }
    with transaction.atomic():
        Workspace.objects.filter(pk=actor.workspace_id).update(**columns, **documents)
        detail = {**asdict(rules), "groups": list(rules.groups), **demands, **documents}
        record(EventName.WORKSPACE_SET, workspace_id=actor.workspace_id, actor=actor.name, detail=detail)


def set_groups(actor: Actor, name: str, groups: tuple[str, ...]) -> None:
    """Set the reviewer groups of a member. Raises NotFoundError, InvalidInputError."""
    check_right(actor, Right.ADMINISTER)
    found = check_groups(groups)
    with transaction.atomic():
        rows = Membership.objects.filter(workspace_id=actor.workspace_id, person__username=name)
        if not rows.update(groups=list(found)):
            raise NotFoundError(f"There is no member {name[:40]!r}.", hint="Check the name.")
        detail = {"person": name, "groups": list(found)}
        record(EventName.MEMBER_SET, workspace_id=actor.workspace_id, actor=actor.name, detail=detail)
