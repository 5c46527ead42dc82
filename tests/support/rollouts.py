"""Versions with a pilot group, and starts in them as rows, without Studio and without runs."""

from __future__ import annotations

import itertools
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assay.core.applications import APP_NOT_RESPONDING
from assay.core.events import EventName
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.roles import Actor
from assay.flow.compose.draft import new_version
from assay.flow.people import find_person
from assay.flow.review import review
from assay.store.audit_log import record_version
from assay.store.models import Run, Runtime, Server, Version
from support.people import built, draft, lock_of

PILOT = RolloutPlan(people=("eve",), starts=5)
_serial = itertools.count(1)


def submitted(author: Actor, slug: str, plan: RolloutPlan | None = None) -> Version:
    """Build and submit the first or next version of an environment, with a lock of its own."""
    exists = Version.objects.filter(environment__slug=slug, environment__active__isnull=False).exists()
    number = new_version(author, slug).number if exists else draft(author, slug).number
    built(author, slug, number, lock_of({"six": f"1.{next(_serial)}.0"}))
    return review.submit(author, slug, number, "please", rollout=plan)


def rolled_out(author: Actor, reviewer: Actor, slug: str, plan: RolloutPlan | None = None) -> Version:
    """Publish the first or next version of an environment, with this roll-out."""
    version = submitted(author, slug, plan)
    return review.approve(reviewer, slug, version.number, digest=version.digest)


def server(version: Version, name: str = "eve", *, state: str = "ready", minutes_ago: float = 0) -> Server:
    """Let a Studio server become ready, or fail to start."""
    now = timezone.now() - timedelta(minutes=minutes_ago)
    ready = state == "ready"
    made = Server.objects.create(
        id=f"s{secrets.token_hex(6)}",
        workspace=version.environment.workspace,
        person=find_person(name),
        version=version,
        digest=version.digest,
        state=state,
        created_at=now,
        ready_at=now if ready else None,
        stopped_at=None if ready else now,
    )
    if ready:
        with transaction.atomic():
            record_version(EventName.SERVER_LAUNCHED, version, name, server=made.pk)
    return made


def project(owner: Actor, slug: str, environment: str, kind: str = "script") -> Runtime:
    """Make a project without running anything."""
    now = timezone.now()
    return Runtime.objects.create(
        workspace_id=owner.workspace_id,
        slug=slug,
        title=slug,
        kind=kind,
        owner_id=owner.id,
        environment=environment,
        source={"kind": "inline", "files": {"main.py": "print(1)"}},
        created_at=now,
        updated_at=now,
    )


def run(runtime: Runtime, version: Version, state: str, *, healthy: bool = False, late: bool = False) -> Run:
    """Let a run end in a state; an app may have been healthy, or was ended because it did not respond."""
    now = timezone.now()
    return Run.objects.create(
        runtime=runtime,
        person=runtime.owner,
        version=version,
        digest=version.digest,
        source=runtime.source,
        entry="main.py",
        state=state,
        created_at=now,
        started_at=now,
        finished_at=now,
        healthy_at=now if healthy else None,
        message=APP_NOT_RESPONDING if late else "",
    )
