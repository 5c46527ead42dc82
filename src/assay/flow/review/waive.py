"""Waivers: a reviewer accepts one finding, with a reason and an optional expiry."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.policy.findings import Effect, Finding
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, Role, check_right
from assay.flow.access import find_version
from assay.flow.assess.assess import verdict
from assay.flow.watch.watch import reassess
from assay.store.audit_log import record_version
from assay.store.models import Version, Waiver, WorkspaceAssessment

SOON = timedelta(days=7)  # people are notified this long before a waiver expires
LONGEST = timedelta(days=3 * 366)  # until a waiver expires; to accept something for longer, change the policy


def waive(
    actor: Actor, slug: str, number: int, *, finding: str, reason: str, until: datetime | None = None
) -> Waiver:
    """Accept a finding in this environment as long as the fact is the same, until it expires.

    Raises NotFoundError for a finding that does not exist (any more), ForbiddenError without the right to waive it.
    """
    version = find_version(actor, slug, number)
    found = _find(version, finding)
    check_waiver(actor, version, found)
    reason = check_text(reason, "reason")
    if not reason:
        raise InvalidInputError("A reason is needed.", hint="Say why this is acceptable here.", path="reason")
    _check_until(until)
    with transaction.atomic():
        waiver = Waiver.objects.create(
            environment_id=version.environment_id,
            version=version,
            key=found.key,
            finding=found.to_dict(),
            reason=reason,
            by_id=actor.id,
            at=timezone.now(),
            until=until,
        )
        record_version(
            EventName.FINDING_WAIVED,
            version,
            actor.name,
            finding=found.key,
            words=found.words,
            reason=reason,
            until=until.isoformat() if until else "",
        )
    reassess(version)
    return waiver


def waive_all(
    actor: Actor, slug: str, number: int, *, findings: list[str], reason: str, until: datetime | None = None
) -> list[Waiver]:
    """Accept several findings for one reason, all in one transaction."""
    if not findings:
        raise InvalidInputError(
            "No finding is selected.", hint="Select the findings that you accept.", path="finding"
        )
    with transaction.atomic():
        return [waive(actor, slug, number, finding=one, reason=reason, until=until) for one in findings]


def _find(version: Version, name: str) -> Finding:
    found = next((one for one in verdict(version).findings if name in {one.id, one.key}), None)
    if found is None:
        raise NotFoundError("There is no such finding (any more).", hint="Load the findings again.", path="finding")
    if found.effect is Effect.NOTE:
        raise ConflictError("A note needs no waiver.", hint="It does not block an approval.", path="finding")
    return found


def check_waiver(actor: Actor, version: Version, finding: Finding) -> None:
    """Raise ForbiddenError unless the actor may waive this finding."""
    check_right(actor, Right.REVIEW)
    if finding.waived_by == Role.ADMIN:
        check_right(actor, Right.ADMINISTER)
    if version.author_id == actor.id and not version.environment.workspace.self_approval:
        raise ForbiddenError("You cannot waive a finding of your own version.", hint="Ask another reviewer.")


def _check_until(until: datetime | None) -> None:
    if until is None:
        return
    if timezone.is_naive(until):
        raise InvalidInputError("A time zone is missing.", hint="Write it as 2027-01-31T00:00:00Z.", path="until")
    if not timedelta(0) < until - timezone.now() <= LONGEST:
        raise InvalidInputError(
            f"It must be within the next {LONGEST.days} days.", hint="Choose a day to review it again.", path="until"
        )


def end_waiver(actor: Actor, waiver_id: int) -> Waiver:
    """End a waiver now; its finding counts again. Raises NotFoundError, ConflictError for one that has ended."""
    check_right(actor, Right.REVIEW)
    now = timezone.now()
    with transaction.atomic():
        rows = Waiver.objects.filter(pk=waiver_id, environment__workspace_id=actor.workspace_id)
        waiver = rows.select_related("version__environment", "by").first()
        if waiver is None:
            raise NotFoundError("There is no such waiver.", hint="Load the list again.")
        if not rows.filter(Q(until=None) | Q(until__gt=now)).update(until=now):
            raise ConflictError("It has ended already.", hint="Load the list again.")
        words = waiver.finding["words"]
        record_version(EventName.WAIVER_ENDED, waiver.version, actor.name, finding=waiver.key, words=words)
        WorkspaceAssessment.objects.filter(workspace_id=actor.workspace_id).delete()  # all are assessed again
    waiver.refresh_from_db()
    return waiver


def restore_waiver(actor: Actor, waiver_id: int, *, until: datetime | None) -> Waiver:
    """Waive the finding of an ended waiver again, for the same reason and until a new date.

    Raises NotFoundError for an unknown waiver or a fact that is gone, ForbiddenError without the right to waive it.
    """
    rows = Waiver.objects.filter(pk=waiver_id, environment__workspace_id=actor.workspace_id)
    ended = rows.select_related("version__environment").first()
    if ended is None:
        raise NotFoundError("There is no such waiver.", hint="Load the list again.")
    if ended.until is None or ended.until > timezone.now():
        raise ConflictError("This waiver is active.", hint="Load the list again.")
    version = ended.version
    slug, number = version.environment.slug, version.number
    return waive(actor, slug, number, finding=ended.key, reason=ended.reason, until=until)


def record_expiring_waivers() -> int:
    """Record an event for each waiver that expires within a week, once per waiver; return how many."""
    now = timezone.now()
    soon = Waiver.objects.filter(until__gt=now, until__lte=now + SOON, expiry_notified_at=None)
    count = 0
    for waiver in soon.select_related("version__environment"):
        with transaction.atomic():
            if Waiver.objects.filter(pk=waiver.pk, expiry_notified_at=None).update(expiry_notified_at=now):
                words = f"{waiver.finding['words']} (until {waiver.until:%Y-%m-%d})"
                record_version(EventName.WAIVER_EXPIRES, waiver.version, "assay", finding=waiver.key, words=words)
                count += 1
    return count
