"""The end date of a version that is deprecated already."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_version
from assay.store.audit_log import record_version
from assay.store.models import Version
from assay.store.transitions import touch


def set_end(actor: Actor, slug: str, number: int, *, ends_at: datetime | None) -> Version:
    """Set the end of a deprecated version, or none; who uses it is notified as of its deprecation.

    Raises ConflictError for a version that is not deprecated, InvalidInputError for an end that is over.
    """
    version = find_version(actor, slug, number)
    check_right(actor, Right.REVIEW)
    if version.status != Status.DEPRECATED:
        raise ConflictError(
            f"{version.reference} is {version.status}.", hint="Only deprecated versions have an end date."
        )
    if ends_at is not None and ends_at <= timezone.now():
        raise InvalidInputError("The end is over already.", hint="Choose a later day.", path="ends")
    with transaction.atomic():
        touch(version, ends_at=ends_at, end_reminded=None)
        ends = {"ends_on": f"{ends_at:%Y-%m-%d}"} if ends_at else {}
        words = f"It ends on {ends_at:%Y-%m-%d}. {version.reason}" if ends_at else version.reason
        told = {"reason": words, "successor": version.successor, **ends}
        record_version(EventName.VERSION_DEPRECATION_CHANGED, version, actor.name, **told)
    version.refresh_from_db()
    return version
