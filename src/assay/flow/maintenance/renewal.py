"""Approvals that expire: when they do, the task of their owner, what changed since, and their renewal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Health, Status
from assay.core.maintenance.approval_validity import ApprovalEnd, validity_of
from assay.core.maintenance.renewal import LibraryNews, check_renewal, library_news
from assay.core.policy.findings import Finding
from assay.core.python_support import support_ends
from assay.core.review.decision import check_digest, check_seen, check_text
from assay.core.roles import Actor
from assay.flow.access import find_version, version_state
from assay.flow.assess.assess import Verdict, check_open, verdict, verdict_in
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.impact import Impact, impact
from assay.store.audit_log import Entry, record_many, record_version
from assay.store.models import Event, LockedFile, Renewal, Version, Workspace
from assay.store.reads.facts import projects
from assay.store.reads.health import open_entry
from assay.store.reads.launchable import library_pairs
from assay.store.reads.libraries import direct_of
from assay.store.reads.review_context import review_context
from assay.store.reads.reviews import renewals_of
from assay.store.transitions import touch

BATCH_SIZE = 500  # versions whose reminders are looked up at once


def renew(
    actor: Actor,
    slug: str,
    number: int,
    *,
    reason: str,
    digest: str | None = None,
    seen: Collection[str] | None = None,
) -> Version:
    """Renew the approval of a published version: it counts from now.

    The digest and the warnings that the reviewer saw are compared where they are given: others are a conflict, and so
    is a blocking finding without a waiver.
    """
    version = find_version(actor, slug, number)
    self_approval = version.environment.workspace.self_approval
    check_renewal(version_state(version), Health(version.health), actor, reason, self_approval=self_approval)
    if digest is not None:
        check_digest(digest, version.digest)
    reason = check_text(reason, "reason")
    _check_findings(verdict(version), seen)
    now = timezone.now()
    with transaction.atomic():
        touch(version, renewed_at=now)
        Renewal.objects.create(version=version, digest=version.digest, by_id=actor.id, reason=reason, at=now)
        record_version(
            EventName.VERSION_RENEWED,
            version,
            actor.name,
            digest=version.digest,
            reason=reason,
            self_approved=version.author_id == actor.id,
        )
    version.refresh_from_db()
    return version


def _check_findings(found: Verdict, seen: Collection[str] | None) -> None:
    try:
        check_open(found)
    except ConflictError as error:
        raise ConflictError(
            error.detail, hint="Waive each finding with a reason, update it, or deprecate it.", path=error.path
        ) from error
    if seen is not None:
        check_seen(found.warnings, seen)


@dataclass(frozen=True, kw_only=True)
class ChangesSinceApproval:
    """What changed in the world since a version was approved.

    `new` are findings since the approval, `verdict` holds all present ones. `python_ends` is the last day of security
    fixes of its Python. `indexed`: how many of its libraries the index was asked about.
    """

    approved_at: datetime
    end: ApprovalEnd | None
    new: tuple[Finding, ...]
    verdict: Verdict
    libraries: tuple[LibraryNews, ...]
    indexed: int
    python_ends: date | None
    impact: Impact
    renewals: tuple[Renewal, ...]

    @property
    def python_ended(self) -> bool:
        """Whether its Python gets no security fixes any more."""
        return self.python_ends is not None and self.python_ends < timezone.now().date()


def changes_since_approval(actor: Actor, slug: str, number: int) -> tuple[Version, ChangesSinceApproval]:
    """Return a version and what changed since its approval. Raises ConflictError for one that is not published."""
    version = find_version(actor, slug, number)
    if version.status != Status.PUBLISHED or version.published_at is None:
        raise ConflictError(f"{version.reference} is {version.status}.", hint="Only published versions are renewed.")
    entry = open_entry(version)
    pins = dict(library_pairs(version))
    known, direct = projects(pins), direct_of(version)
    return version, ChangesSinceApproval(
        approved_at=version.renewed_at or version.published_at,
        end=approval_end(version),
        new=tuple(Finding.from_dict(one) for one in entry.findings) if entry else (),
        verdict=verdict_in(version, review_context(version)),
        libraries=library_news(pins, direct, known, _licences(direct)),
        indexed=len(known),
        python_ends=support_ends(version.python),
        impact=impact(version),
        renewals=tuple(renewals_of(version)) if version.renewed_at else (),
    )


def _licences(names: Collection[str]) -> dict[tuple[str, str], str]:
    """Return the licences of all releases of these libraries that a build has seen: one query."""
    rows = LockedFile.objects.filter(name__in=list(names)).exclude(licence="")
    return {(name, version): licence for name, version, licence in rows.values_list("name", "version", "licence")}


def remind_of_approvals() -> int:
    """Record an event for each approval that ends within 30 days, once for each end; return how many.

    Only versions without a newer published one: the owners of others have nothing to renew.
    """
    return sum(_remind_in(one) for one in Workspace.objects.all() if validity_of(one.approval_validity).used)


def _remind_in(workspace: Workspace) -> int:
    validity, today = validity_of(workspace.approval_validity), timezone.now().date()
    versions = Version.objects.filter(
        environment__workspace=workspace, status=Status.PUBLISHED, published_at__isnull=False
    )
    newest: dict[int, Version] = {}
    for version in versions.select_related("environment").defer("spec").order_by("number"):
        newest[version.environment_id] = version
    due: dict[tuple[str, int], ApprovalEnd] = {}
    for version in newest.values():
        end = approval_end(version, today, validity)
        if end and end.due:
            due[version.environment.slug, version.number] = end
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        for key in _reminded(workspace.pk, due):
            del due[key]
        entries = [_reminder(slug, number, end) for (slug, number), end in due.items()]
        if entries:
            record_many(entries, workspace_id=workspace.pk, actor=AUTOMATIC)
    return len(entries)


def _reminder(slug: str, number: int, end: ApprovalEnd) -> Entry:
    words = f"{end.words}, on {end.ends:%Y-%m-%d}"
    detail = {"words": words, "ends": end.ends.isoformat(), "rule": "approval validity"}
    return Entry(name=EventName.APPROVAL_EXPIRES, environment=slug, number=number, detail=detail)


def _reminded(workspace_id: int, due: dict[tuple[str, int], ApprovalEnd]) -> set[tuple[str, int]]:
    """Return the versions whose present end is in an event already."""
    slugs = sorted({slug for slug, _ in due})
    found: set[tuple[str, int]] = set()
    for start in range(0, len(slugs), BATCH_SIZE):
        events = Event.objects.filter(
            workspace_id=workspace_id,
            environment__in=slugs[start : start + BATCH_SIZE],
            name=EventName.APPROVAL_EXPIRES,
        )
        for slug, number, detail in events.values_list("environment", "number", "detail"):
            key = (slug, int(number or 0))
            if key in due and detail["ends"] == due[key].ends.isoformat():
                found.add(key)
    return found
