"""When the approval of a published version ends."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from assay.core.lifecycle import Status
from assay.core.maintenance.approval_validity import ApprovalEnd, ApprovalValidity, validity_of
from assay.store.models import Version


def approval_end(
    version: Version, today: date | None = None, validity: ApprovalValidity | None = None
) -> ApprovalEnd | None:
    """Return when the approval of a version ends, None for one that is not published or whose approval does not.

    `validity` is that of its workspace, read when it is not given.
    """
    environment = version.environment
    if version.status != Status.PUBLISHED or version.published_at is None:
        return None
    validity = validity or validity_of(environment.workspace.approval_validity)
    approved = (version.renewed_at or version.published_at).date()
    return validity.end_of(approved, environment.tags, today or timezone.now().date())
