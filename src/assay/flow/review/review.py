"""Review: submit, withdraw, approve, reject. A decision is bound to the digest that the reviewer saw.

A submission is published when it has the approvals that the workspace requires (see flow.review.approval).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Action, Status, decide
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.review.decision import Verdict, check_digest, check_mark, check_seen, check_text
from assay.core.review.requested_change import RequestedChange, apply_edit
from assay.core.roles import Actor
from assay.engine.installing.seal import check_sealed
from assay.flow.access import find_version, version_state, workspace_of
from assay.flow.assess.assess import assess, check_note, check_waived
from assay.flow.maintenance.merged_sources import Replacement, deprecate_sources
from assay.flow.maintenance.rollouts import plan_for, publish_by_name
from assay.flow.paths import prefix
from assay.flow.review.approval import approval_progress_of, groups_of, risks_of
from assay.store.approved_libraries import add_approved
from assay.store.audit_log import record_version
from assay.store.models import Decision, LockedLibrary, Submission, Version, ViewedLibrary
from assay.store.reads.compared_versions import changes_against, predecessor
from assay.store.transitions import move

WORKSPACE_RULE = "assay"  # the actor in the events of an automatic approval


def submit(actor: Actor, slug: str, number: int, note: str, *, rollout: RolloutPlan | None = None) -> Version:
    """Submit a built draft for approval; it cannot be edited from then on.

    `rollout` says who gets it first after its publication; None is the workspace's default. A low-risk change is
    published at once when the workspace is set so.
    """
    version = find_version(actor, slug, number)
    decide(Action.SUBMIT, version_state(version), actor)
    note = check_text(note, "note")
    check_note(version, note)
    plan = plan_for(version, rollout)
    now, round_ = timezone.now(), version.rounds + 1
    with transaction.atomic():
        move(
            version,
            Status.PENDING,
            event=EventName.VERSION_SUBMITTED,
            actor=actor.name,
            detail={"digest": version.digest, "note": note, "round": round_},
            changes={"submitted_at": now, "rounds": round_},
        )
        Submission.objects.create(
            version=version,
            round=round_,
            by_id=actor.id,
            digest=version.digest,
            spec=version.spec,
            note=note,
            changes=_changes(version),
            rollout=plan.to_dict(),
            at=now,
        )
        _approve_by_rule(version)
    return version


def _approve_by_rule(version: Version) -> None:
    """Publish a submission without a reviewer when the workspace allows it and the change is low risk."""
    if not version.environment.workspace.auto_approve:
        return
    found = assess(version)
    if risks_of(version, found.findings, assessed=found.feed is not None):
        return
    check_sealed(prefix(version.digest), version.digest)
    reason = "Patch releases only, every check passed, no finding: approved by the workspace's rule."
    record_version(
        EventName.VERSION_APPROVED, version, WORKSPACE_RULE, digest=version.digest, automatic=True, reason=reason
    )
    Submission.objects.filter(version=version, round=version.rounds).update(automatic=True)
    _publish(version, WORKSPACE_RULE)


def _changes(version: Version) -> dict[str, Any]:
    """Return what the review queue shows: the version compared with, and the counts of changes."""
    other = predecessor(version)
    comparison = changes_against(version, other)
    return {"against": other.reference if other else "", "summary": comparison.summary}


def withdraw(actor: Actor, slug: str, number: int) -> Version:
    """Withdraw a submission; it is a draft again."""
    version = find_version(actor, slug, number)
    decide(Action.WITHDRAW, version_state(version), actor)
    with transaction.atomic():
        move(version, Status.DRAFT, event=EventName.VERSION_WITHDRAWN, actor=actor.name)
        _close_round(version, "withdrawn")
    return version


def approve(
    actor: Actor,
    slug: str,
    number: int,
    *,
    digest: str,
    note: str = "",
    seen: Collection[str] | None = None,
    replacement: Replacement | None = None,
) -> Version:
    """Approve a submission: exactly the lock that was seen, whose directory exists and is sealed.

    `seen` are the ids of the warnings that the reviewer saw: a new one is a conflict. None does not ask for that.
    The last required approval publishes the version; until then it stays pending. Publishing a merge deprecates its
    sources in the same transaction, as `replacement` says.
    """
    version = find_version(actor, slug, number)
    allowed = decide(Action.APPROVE, version_state(version), actor, self_approval=workspace_of(actor).self_approval)
    check_digest(digest, version.digest)
    note, replacement = check_text(note, "note"), replacement or Replacement()
    check_sealed(prefix(version.digest), version.digest)
    found = check_waived(version)
    if seen is not None:
        check_seen(found.warnings, seen)
    with transaction.atomic():
        _decide_once(version, actor, Verdict.APPROVE, words=note, self_approved=allowed.self_approved)
        record_version(
            EventName.VERSION_APPROVED,
            version,
            actor.name,
            digest=digest,
            note=note,
            self_approved=allowed.self_approved,
        )
        if approval_progress_of(version).complete:
            _publish(version, actor.name)
            deprecate_sources(actor, version, replacement)
    return version


def _publish(version: Version, actor: str) -> None:
    move(
        version,
        Status.PUBLISHED,
        event=EventName.VERSION_PUBLISHED,
        actor=actor,
        detail={"digest": version.digest},
        changes={"published_at": timezone.now()},
    )
    add_approved(version)
    submission = Submission.objects.get(version=version, round=version.rounds)
    publish_by_name(version, RolloutPlan.from_dict(submission.rollout), actor)
    _close_round(version, "approved")


def reject(
    actor: Actor, slug: str, number: int, *, feedback: str, libraries: tuple[RequestedChange, ...] = ()
) -> Version:
    """Reject a submission with feedback; it is a draft again.

    Raises ConflictError for an edit that cannot be applied to the submitted spec.
    """
    version = find_version(actor, slug, number)
    decide(Action.REJECT, version_state(version), actor, words=feedback)
    feedback = check_text(feedback, "feedback")
    for ask in libraries:
        check_text(ask.ask, "libraries")
        if ask.edit:
            apply_edit(version.parsed_spec, ask.name, ask.edit)
    requested_changes = [ask.to_dict() for ask in libraries]
    with transaction.atomic():
        _decide_once(version, actor, Verdict.REJECT, words=feedback, libraries=requested_changes)
        move(
            version,
            Status.DRAFT,
            event=EventName.VERSION_REJECTED,
            actor=actor.name,
            detail={"feedback": feedback, "libraries": requested_changes, "digest": version.digest},
        )
        _close_round(version, "rejected")
    return version


def mark_viewed(actor: Actor, slug: str, number: int, *, library: str, mark: str, viewed: bool) -> None:
    """Store or remove the actor's "viewed" mark of a library; `mark` identifies the file that was viewed.

    Raises InvalidInputError for an invalid mark, NotFoundError for a library that is in no lock.
    """
    version = find_version(actor, slug, number)
    check_mark(mark)
    if not LockedLibrary.objects.filter(name=library).exists():
        raise NotFoundError("There is no such library.", hint="Load the page again.")
    if not viewed:
        ViewedLibrary.objects.filter(version=version, person_id=actor.id, library=library).delete()
        return
    ViewedLibrary.objects.update_or_create(
        version=version, person_id=actor.id, library=library, defaults={"fingerprint": mark, "at": timezone.now()}
    )


def _decide_once(
    version: Version,
    actor: Actor,
    verdict: Verdict,
    *,
    words: str,
    libraries: list[dict[str, Any]] | None = None,
    self_approved: bool = False,
) -> None:
    submission = Submission.objects.select_for_update().get(version=version, round=version.rounds)
    if submission.outcome != "pending":
        raise ConflictError(f"This round is {submission.outcome} already.", hint="Load the page again.")
    try:
        with transaction.atomic():
            Decision.objects.create(
                submission=submission,
                by_id=actor.id,
                verdict=verdict,
                digest=version.digest,
                comment=words,
                libraries=libraries or [],
                groups=groups_of(actor),
                self_approved=self_approved,
                at=timezone.now(),
            )
    except IntegrityError as error:
        raise ConflictError("You have decided on this submission already.", hint="Load the page again.") from error


def _close_round(version: Version, outcome: str) -> None:
    Submission.objects.filter(version=version, round=version.rounds).update(outcome=outcome, ended_at=timezone.now())
