"""Keeping a version: it is not in the review list until a day, with a reason and who decided so."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_reference
from assay.store.audit_log import record_version
from assay.store.models import KeptVersion, Version
from assay.store.reads.health import LIVE

LONGEST = timedelta(days=3 * 366)  # as long as a waiver: what is kept is looked at again


def keep(actor: Actor, reference: str, *, until: date, reason: str) -> KeptVersion:
    """Leave a version out of the review list until a day; `name` stands for its active version.

    Raises InvalidInputError for a day that is not in the next three years or an empty reason, ConflictError for a
    version that is not published or deprecated.
    """
    check_right(actor, Right.REVIEW)
    version = find_reference(actor, reference)
    check_keeping(version, until, reason)
    reason = check_text(reason, "reason")
    with transaction.atomic():
        kept, _ = KeptVersion.objects.update_or_create(
            version=version,
            defaults={"until": until, "reason": reason, "by_id": actor.id, "at": timezone.now()},
        )
        record_version(EventName.VERSION_KEPT, version, actor.name, until=until.isoformat(), reason=reason)
    return kept


def check_keeping(version: Version, until: date, reason: str) -> None:
    """Raise InvalidInputError or ConflictError unless a version can be kept until a day for this reason."""
    if version.status not in LIVE:
        raise ConflictError(
            f"{version.reference} is {version.status}.", hint="Only published and deprecated versions are reviewed."
        )
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", hint="Say why it is kept.", path="reason")
    today = timezone.now().date()
    if not today < until <= today + LONGEST:
        raise InvalidInputError(
            f"{until.isoformat()} is not in the next {LONGEST.days:,} days.",
            hint="Choose a day to review it again.",
            path="until",
        )


def end_keeping(actor: Actor, reference: str) -> Version:
    """Let the rules select a kept version again. Raises NotFoundError for one that is not kept."""
    check_right(actor, Right.REVIEW)
    version = find_reference(actor, reference)
    with transaction.atomic():
        if not KeptVersion.objects.filter(version=version).delete()[0]:
            raise NotFoundError(f"{version.reference} is not kept.", hint="Load the list again.")
        record_version(EventName.KEEP_ENDED, version, actor.name)
    return version
