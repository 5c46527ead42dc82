"""People and versions for tests of the use cases, without a browser and without uv."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime

from django.test import Client

from assay.core.events import EventName
from assay.core.lifecycle import Health
from assay.core.lock import File, Lock, LockedLibrary
from assay.core.report import Check, LibraryFacts, Report
from assay.core.roles import Actor, Role
from assay.engine.interface import Outcome
from assay.flow.access import actor_in, find_version
from assay.flow.build.build import request_build, store_outcome
from assay.flow.compose.draft import SpecInput, create_environment, edit_spec, new_version
from assay.flow.paths import prefix
from assay.flow.people import create_person, ensure_workspace, find_person
from assay.flow.review import review
from assay.store.audit_log import record
from assay.store.models import Build, Environment, Version

PASSWORD = "a-long-password-1"


def person(name: str, role: Role = Role.MEMBER, workspace: str = "default") -> Actor:
    """Make somebody and return them as the workspace knows them."""
    ensure_workspace(workspace, workspace.title())
    create_person(name, PASSWORD, role, workspace)
    return actor_in(find_person(name), workspace)


def visitor(actor: Actor) -> Client:
    """Return a client in which somebody is signed in."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(find_person(actor.name), "allauth.account.auth_backends.AuthenticationBackend")
    return client


def spec_input(*libraries: str, base: str | None = None) -> SpecInput:
    """Return a wish for these libraries on Python 3.11, or on a base."""
    return SpecInput(base=base, python=None if base else "3.11", libraries=libraries or ("six",))


def draft(actor: Actor, slug: str, *libraries: str, base: str | None = None) -> Version:
    """Make a draft."""
    return create_environment(
        actor, slug=slug, title=slug.title(), description="", spec_input=spec_input(*libraries, base=base)
    )


def lock_of(names: dict[str, str], python: str = "3.11") -> Lock:
    """Return a lock that pins these versions, with made-up files."""
    return Lock(
        python=python,
        platform="linux-x86_64",
        libraries=tuple(
            LockedLibrary(
                name=name,
                version=version,
                index="https://index.example/simple",
                file=File(
                    name=f"{name}-{version}-py3-none-any.whl",
                    url=f"https://index.example/{name}-{version}-py3-none-any.whl",
                    size=1000,
                    sha256=hashlib.sha256(f"{name}=={version}".encode()).hexdigest(),
                ),
            )
            for name, version in names.items()
        ),
    )


def outcome_of(lock: Lock) -> Outcome:
    """Return what a build of this lock leaves, with its sealed directory on disk."""
    report = Report(
        python=lock.python,
        python_path="/usr/bin/python3",
        size=5000,
        files=10,
        isolation="bubblewrap",
        libraries=tuple(LibraryFacts(name=one.name, version=one.version, size=500) for one in lock.libraries),
        checks=(Check(name="imports", state="passed", detail="all import"),),
        startup_files=(),
        file_conflicts=(),
        record_mismatches=(),
    )
    sealed(lock)
    return Outcome(lock=lock.to_toml(), digest=lock.digest, report=report.to_dict())


def sealed(lock: Lock) -> None:
    """Make the directory that a launch checks."""
    folder = prefix(lock.digest)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "pylock.toml").write_text(lock.to_toml())
    (folder / "assay.json").write_text(json.dumps({"digest": lock.digest}))
    python = folder / "bin" / "python"
    if not python.exists():
        python.symlink_to("/bin/true")


def built(actor: Actor, slug: str, number: int = 1, lock: Lock | None = None) -> Version:
    """Let a build of the draft end well, as the worker would take it in."""
    build = request_build(actor, slug, number)
    store_outcome(Build.objects.get(pk=build.pk), outcome_of(lock or lock_of({"six": "1.17.0"})))
    return find_version(actor, slug, number)


def changed(lock: Lock, name: str, version: str) -> Lock:
    """Return the lock with one library at another version."""
    new = lock_of({name: version}).libraries[0]
    return replace(lock, libraries=tuple(new if one.name == name else one for one in lock.libraries))


def published(author: Actor, reviewer: Actor, slug: str, libraries: list[str], pins: dict[str, str]) -> Version:
    """Make an environment, or its next version, that asks for these libraries and holds these; publish it."""
    if Environment.objects.filter(workspace_id=author.workspace_id, slug=slug).exists():
        number = new_version(author, slug).number
        edit_spec(author, slug, number, spec_input(*libraries))
    else:
        number = draft(author, slug, *libraries).number
    found = built(author, slug, number, lock_of(pins))
    review.submit(author, slug, number, "please")
    return review.approve(reviewer, slug, number, digest=found.digest)


def quarantined_by_rule(version: Version, ends: datetime) -> None:
    """Quarantine a version as the watch does, with the moment at which what runs in it ends."""
    environment = version.environment
    Version.objects.filter(pk=version.pk).update(health=Health.QUARANTINED)
    record(
        EventName.VERSION_QUARANTINED,
        workspace_id=environment.workspace_id,
        actor="assay",
        environment=environment.slug,
        number=version.number,
        detail={"reason": "malware", "ends": ends.isoformat()},
    )
