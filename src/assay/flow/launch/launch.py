"""Launches: check whether a person may start a version, and record each launch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from assay.core.errors import ForbiddenError
from assay.core.lifecycle import Health, Status, check_launch
from assay.core.maintenance.notices import deprecation_notice
from assay.core.roles import Actor
from assay.engine.installing.seal import check_sealed
from assay.flow.access import find_reference, meant_version, version_state
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.redirects import redirect_of
from assay.flow.paths import prefix
from assay.flow.watch.quarantine import ends_at
from assay.store.models import Launch, Runtime, Version
from assay.store.reads.version_identity import VersionIdentity
from assay.store.statements import Parameter, Statement

PULL_AGAIN = timedelta(hours=1)  # a repeated download of the same lock within this time counts as the same use


@dataclass(frozen=True, kw_only=True)
class LaunchPermission:
    """The permission to start one version now. `notice` is a message for the person, '' for none."""

    version: Version
    digest: str
    prefix: Path
    personal: bool
    notice: str


def authorize_launch(actor: Actor, reference: str) -> LaunchPermission:
    """Return the permission for `name@number` or `name`, after checking that it is sealed. Raises AssayError."""
    version = find_reference(actor, reference)
    _refuse_retired(version)
    kind = check_launch(version_state(version), Health(version.health), actor)
    _refuse_expired(version)
    directory = prefix(version.digest)
    check_sealed(directory, version.digest)
    return LaunchPermission(
        version=version,
        digest=version.digest,
        prefix=directory,
        personal=bool(kind),
        notice=notice_of(actor, version),
    )


def _refuse_retired(version: Version) -> None:
    if version.status == Status.RETIRED:
        instead = redirect_of(version)
        raise ForbiddenError(
            f"This version is retired; it cannot be launched. {version.reason}".strip(),
            hint=f"Use {instead} instead." if instead else "Choose another version.",
        )


def _refuse_expired(version: Version) -> None:
    """Refuse a version whose approval has expired, where its workspace wants that."""
    if not version.environment.workspace.approval_validity.get("refuse"):
        return
    end = approval_end(version)
    if end and end.expired:
        raise ForbiddenError(
            f"The {end.words}; this workspace refuses new launches of {version.reference}.",
            hint="Ask a reviewer to renew its approval, or choose another version.",
        )


def notice_of(actor: Actor, version: Version) -> str:
    """Return the message for a person who starts this version, '' for none.

    It says that the version is retired or deprecated, that its approval has expired, or that the environment's name
    stands for another one.
    """
    if version.status == Status.RETIRED:
        return _retired(version)
    if version.status == Status.DEPRECATED:
        return deprecation_notice(
            version.reference, version.reason, ends_at=version.ends_at, instead=redirect_of(version)
        )
    other = _other_meant(actor, version) if version.status == Status.PUBLISHED else ""
    return " ".join(filter(None, (_expired(version), other)))


def _expired(version: Version) -> str:
    """Return that the approval of a version has expired, '' while it has not."""
    end = approval_end(version)
    return f"The {end.words}.".replace("approval", f"approval of {version.reference}") if end and end.expired else ""


def _other_meant(actor: Actor, version: Version) -> str:
    """Return which other version the environment's name stands for, '' for none."""
    environment = version.environment
    if environment.active_id == version.pk and environment.rollout_id is None:
        return ""  # without reading the active version
    slug, meant = environment.slug, meant_version(actor, environment)
    if meant is None or meant.pk == version.pk:
        return ""
    reference = f"{slug}@{meant.number}"
    if meant.pk != version.environment.active_id:
        return f"You are in its pilot group: {slug} means {reference} for you."
    newer = meant.number > version.number
    return f"A newer version is active: {reference}." if newer else f"{slug} means {reference} now."


def _retired(version: Version) -> str:
    ends, instead = ends_at(version), redirect_of(version)
    stops = f" What runs in it is stopped on {ends:%Y-%m-%d %H:%M} UTC." if ends else ""
    use = f" Use {instead} instead." if instead else ""
    return f"{version.reference} is retired: {version.reason}{stops}{use}"


def instead_of(actor: Actor, version: Version) -> str:
    """Return the reference of the version to move to, '' for none: its successor, else what its name stands for."""
    if version.status in {Status.DEPRECATED, Status.RETIRED} and (instead := redirect_of(version)):
        return instead
    if version.status in {Status.DRAFT, Status.PENDING}:
        return ""
    meant = meant_version(actor, version.environment)
    return f"{version.environment.slug}@{meant.number}" if meant and meant.pk != version.pk else ""


def record_launch(
    permission: LaunchPermission,
    actor: Actor,
    *,
    kind: str,
    target_id: str,
    runtime: Runtime | None = None,
    size: str = "",
) -> Launch:
    """Record one use of a version, with its runtime if it is a run, and its size if it is a Studio server."""
    return Launch.objects.create(
        person_id=actor.id,
        environment=permission.version.environment,
        version=permission.version,
        kind=kind,
        digest=permission.digest,
        target_id=target_id,
        runtime=runtime,
        size=size,
        started_at=timezone.now(),
    )


PULLED = Statement(
    lambda: Launch.objects.filter(
        person_id=Parameter("person"), version_id=Parameter("version"), kind="pull", started_at__gt=Parameter("since")
    ).values_list("pk", flat=True)
)


def record_pull(actor: Actor, version: Version | VersionIdentity) -> None:
    """Record the download of a published lock, once per person, version and hour."""
    now = timezone.now()
    if version.status not in {Status.PUBLISHED, Status.DEPRECATED}:
        return
    if PULLED.first(person=actor.id, version=version.pk, since=now - PULL_AGAIN) is None:
        Launch.objects.create(
            person_id=actor.id,
            environment_id=version.environment_id,
            version_id=version.pk,
            kind="pull",
            digest=version.digest,
            target_id=version.reference,
            started_at=now,
            ended_at=now,
        )


def end_launch(kind: str, target_id: str) -> None:
    """Record the end of a use. What is left of it is counted, also when it was taken to have ended before."""
    Launch.objects.filter(kind=kind, target_id=target_id, ended_at=None).update(
        ended_at=timezone.now(), counted=False
    )
