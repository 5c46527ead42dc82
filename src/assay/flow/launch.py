"""Launching: the one question whether a person may start a version, and the record of each use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from assay.core.lifecycle import Health, Status, check_launch
from assay.core.roles import Actor
from assay.engine.seal import check_sealed
from assay.flow.access import find_reference, standing
from assay.flow.places import prefix
from assay.store.models import Launch, Version


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The permission to start one version now. `notice` is what the person should know, '' for nothing."""

    version: Version
    digest: str
    prefix: Path
    personal: bool
    notice: str


def admit(actor: Actor, reference: str) -> Pass:
    """Return a pass for `name@number` or `name`, with the files checked (law 1). Raises why not."""
    version = find_reference(actor, reference)
    kind = check_launch(standing(version), Health(version.health), actor)
    directory = prefix(version.digest)
    check_sealed(directory, version.digest)
    return Pass(
        version=version,
        digest=version.digest,
        prefix=directory,
        personal=bool(kind),
        notice=notice_of(version),
    )


def notice_of(version: Version) -> str:
    """Say what a person who starts this version should know."""
    if version.status == Status.DEPRECATED:
        instead = f" Use {version.successor} instead." if version.successor else ""
        return f"{version.reference} is deprecated: {version.reason}{instead}"
    newest = version.environment.newest
    if version.status == Status.PUBLISHED and newest and newest.number > version.number:
        return f"A newer version is published: {version.environment.slug}@{newest.number}."
    return ""


def record_launch(ticket: Pass, actor: Actor, *, kind: str, thing: str) -> Launch:
    """Record one use of a version."""
    return Launch.objects.create(
        person_id=actor.id,
        environment=ticket.version.environment,
        version=ticket.version,
        kind=kind,
        digest=ticket.digest,
        thing=thing,
        started_at=timezone.now(),
    )


def end_launch(kind: str, thing: str) -> None:
    """Record the end of a use."""
    Launch.objects.filter(kind=kind, thing=thing, ended_at=None).update(ended_at=timezone.now())
